//! The circuit breaker: a rule that matches live mail far more often than it did on its corpus is
//! put in shadow, before it quarantines a day's mail.
//!
//! The test is a one-sided CUSUM of Bernoulli trials (Page 1954; Reynolds and Stoumbos 1999). With
//! `p0` the upper end of the recorded interval and `p1 = ratio * p0` the rate that must be noticed,
//! every message adds the logarithm of its likelihood ratio: `ln(p1 / p0)` for a match,
//! `ln((1 - p1) / (1 - p0))`, which is negative, for none. The sum never falls below 0; the *window* is the run
//! of messages since it last stood there. It trips at `ln(1 / false_alarm)`: while the true rate is at most
//! `p0` the mean number of messages until a false alarm is at least `1 / false_alarm` (Lorden 1971).
//!
//! Between two matches the sum only falls, so a rule is touched when it matches and at no other time.

use super::moment::Moment;
use super::rates::{Rate, Rates};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How the breaker decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerSettings {
    /// The rate to notice, as a multiple of the upper end of the recorded interval; above 1.
    pub ratio: f64,
    /// One false alarm in so many messages of a rule, as its reciprocal; between 0 and 1.
    pub false_alarm: f64,
    /// Messages that must have been seen before any rule trips.
    pub least: u64,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { ratio: 4.0, false_alarm: 1e-7, least: 100 }
    }
}

/// A rule that was put in shadow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trip {
    /// `pack/name`.
    pub rule: Arc<str>,
    /// When.
    pub at: Moment,
    /// Matches in the window.
    pub hits: u64,
    /// Messages in the window.
    pub of: u64,
    /// What its corpus run recorded.
    pub recorded: Rate,
}

/// A rule that is watched, as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Watched {
    /// `pack/name`.
    pub rule: Arc<str>,
    /// Matches since it is watched.
    pub hits: u64,
    /// Messages since it is watched.
    pub of: u64,
    /// What its corpus run recorded.
    pub recorded: Rate,
    /// How near it is to tripping: 0 to 1.
    pub pressure: f64,
}

/// Watches the rates of rules. It has no clock: the time of a trip is given.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    settings: BreakerSettings,
    seen: u64,
    rules: BTreeMap<Arc<str>, Cusum>,
}

impl Breaker {
    /// A breaker for the rules whose rates were recorded; others are not watched.
    pub fn new(settings: BreakerSettings, rates: &Rates) -> Self {
        let mut breaker = Self { settings, ..Self::default() };
        breaker.record(settings, rates);
        breaker
    }

    /// Takes over newly recorded rates. Rules that are recorded as before keep what was counted.
    pub fn record(&mut self, settings: BreakerSettings, rates: &Rates) {
        let mut old = std::mem::take(&mut self.rules);
        let same = self.settings == settings;
        self.settings = settings;
        for (name, rate) in &rates.rules {
            let kept = old.remove(name.as_str()).filter(|kept| same && kept.recorded == *rate);
            let cusum = kept.unwrap_or_else(|| Cusum::new(*rate, settings.ratio, self.seen));
            self.rules.insert(name.as_str().into(), cusum);
        }
    }

    /// Counts one message and the rules that matched it. The rules that trip by it.
    pub fn observe<'r>(&mut self, matched: impl Iterator<Item = &'r Arc<str>>, now: Moment) -> Vec<Trip> {
        self.seen += 1;
        let limit = (1.0 / self.settings.false_alarm).ln();
        let mut trips = Vec::new();
        for name in matched {
            let Some(cusum) = self.rules.get_mut(name) else { continue };
            cusum.hit(self.seen);
            if cusum.sum >= limit && self.seen >= self.settings.least {
                trips.push(cusum.trip(Arc::clone(name), self.seen, now));
                cusum.clear(self.seen);
            }
        }
        trips
    }

    /// Forgets what was counted of a rule.
    pub fn clear(&mut self, rule: &str) {
        if let Some(cusum) = self.rules.get_mut(rule) {
            cusum.clear(self.seen);
        }
    }

    /// All watched rules, by name.
    pub fn watched(&self) -> Vec<Watched> {
        let limit = (1.0 / self.settings.false_alarm).ln();
        let watched = |(name, cusum): (&Arc<str>, &Cusum)| Watched {
            rule: Arc::clone(name),
            hits: cusum.hits,
            of: self.seen - cusum.since,
            recorded: cusum.recorded,
            pressure: (cusum.at(self.seen) / limit).clamp(0.0, 1.0),
        };
        self.rules.iter().map(watched).collect()
    }
}

/// The sum of one rule.
#[derive(Clone, Debug)]
struct Cusum {
    recorded: Rate,
    /// What a match adds.
    up: f64,
    /// What a message without a match adds: negative.
    down: f64,
    sum: f64,
    /// The message at which the sum was last brought up to date.
    last: u64,
    /// The message before the window.
    opened: u64,
    /// Matches in the window.
    window_hits: u64,
    /// The message before the first that counts.
    since: u64,
    hits: u64,
}

/// Rates below this are taken for it: of a rate of zero no ratio is an alarm.
const LEAST_RATE: f64 = 1e-9;

impl Cusum {
    fn new(recorded: Rate, ratio: f64, seen: u64) -> Self {
        let p0 = recorded.high.clamp(LEAST_RATE, 1.0);
        // A rate has no room above 1: half way there is then what must be noticed.
        let p1 = (ratio.max(1.0) * p0).min(f64::midpoint(p0, 1.0));
        let usable = p1 > p0 && p1 < 1.0;
        let (up, down) = if usable { ((p1 / p0).ln(), ((1.0 - p1) / (1.0 - p0)).ln()) } else { (0.0, 0.0) };
        Self { recorded, up, down, sum: 0.0, last: seen, opened: seen, window_hits: 0, since: seen, hits: 0 }
    }

    /// The sum after so many messages, the later ones without a match.
    fn at(&self, seen: u64) -> f64 {
        (self.sum + self.down * (seen - self.last) as f64).max(0.0)
    }

    fn hit(&mut self, seen: u64) {
        let before = self.at(seen - 1);
        if before == 0.0 {
            self.opened = seen - 1;
            self.window_hits = 0;
        }
        self.sum = before + self.up;
        self.last = seen;
        self.window_hits += 1;
        self.hits += 1;
    }

    fn trip(&self, rule: Arc<str>, seen: u64, at: Moment) -> Trip {
        Trip { rule, at, hits: self.window_hits, of: seen - self.opened, recorded: self.recorded }
    }

    fn clear(&mut self, seen: u64) {
        (self.sum, self.last, self.opened, self.window_hits, self.since, self.hits) = (0.0, seen, seen, 0, seen, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker(high: f64, settings: BreakerSettings) -> Breaker {
        let rate = Rate { hits: 0, of: 2500, low: 0.0, high };
        let rules = [("p/r".to_owned(), rate)].into_iter().collect();
        Breaker::new(settings, &Rates { schema: Rates::SCHEMA.into(), packs: Vec::new(), rules })
    }

    /// The messages until the rule trips, with a match in every so many; `None` if never.
    fn trips_after(breaker: &mut Breaker, every: u64, messages: u64) -> Option<Trip> {
        let name: Arc<str> = "p/r".into();
        (1..=messages).find_map(|message| {
            let matched = (message % every == 0).then_some(&name);
            breaker.observe(matched.into_iter(), Moment(7)).pop()
        })
    }

    /// 0.1 %, by a small generator, so that the test is the same everywhere.
    fn seldom(state: &mut u64, per_million: u64) -> bool {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % 1_000_000 < per_million
    }

    #[test]
    fn a_rule_within_its_interval_never_trips_and_one_far_above_does() {
        let mut calm = breaker(0.001, BreakerSettings::default());
        assert_eq!(trips_after(&mut calm, 1000, 1_000_000), None, "at the upper end of the interval");
        let mut loud = breaker(0.001, BreakerSettings::default());
        let trip = trips_after(&mut loud, 100, 10_000).expect("ten times the upper end");
        // ln 1e7 = 16.1; each 100 messages add ln 4 - 99 * 0.003 = 1.09: the fifteenth match.
        assert_eq!((trip.hits, trip.of), (15, 1401));
        assert_eq!((&*trip.rule, trip.at), ("p/r", Moment(7)));
    }

    #[test]
    fn random_mail_at_the_interval_s_end_raises_no_false_alarm() {
        let mut breaker = breaker(0.001, BreakerSettings::default());
        let name: Arc<str> = "p/r".into();
        let mut state = 1;
        for _ in 0..2_000_000 {
            let matched = seldom(&mut state, 1000).then_some(&name);
            assert_eq!(breaker.observe(matched.into_iter(), Moment(0)), []);
        }
        assert!(breaker.watched()[0].hits > 1800, "it does match");
    }

    #[test]
    fn a_rule_that_matches_everything_waits_for_the_least_sample_only() {
        let mut breaker = breaker(0.001, BreakerSettings::default());
        assert_eq!(trips_after(&mut breaker, 1, 1000).map(|trip| trip.of), Some(100));
        let mut breaker = self::breaker(0.001, BreakerSettings { least: 0, ..BreakerSettings::default() });
        assert_eq!(trips_after(&mut breaker, 1, 1000).map(|trip| trip.of), Some(12), "16.1 / ln 4");
    }

    #[test]
    fn a_change_late_in_a_long_calm_is_noticed_as_soon_as_an_early_one() {
        let mut breaker = breaker(0.001, BreakerSettings::default());
        assert_eq!(trips_after(&mut breaker, 2000, 1_000_000), None);
        assert_eq!(trips_after(&mut breaker, 1, 1000).map(|trip| trip.hits), Some(12));
    }

    #[test]
    fn a_rule_that_always_matched_cannot_leave_its_interval() {
        let mut breaker = breaker(1.0, BreakerSettings::default());
        assert_eq!(trips_after(&mut breaker, 1, 100_000), None);
    }

    #[test]
    fn after_a_trip_and_after_clearing_it_counts_anew() {
        let mut breaker = breaker(0.001, BreakerSettings { least: 0, ..BreakerSettings::default() });
        assert!(trips_after(&mut breaker, 1, 12).is_some());
        assert_eq!(trips_after(&mut breaker, 1, 11), None);
        breaker.clear("p/r");
        assert_eq!(trips_after(&mut breaker, 1, 11), None);
        assert!(trips_after(&mut breaker, 1, 1).is_some());
    }

    #[test]
    fn rates_recorded_as_before_keep_what_was_counted() {
        let settings = BreakerSettings { least: 0, ..BreakerSettings::default() };
        let mut breaker = breaker(0.001, settings);
        let rate = Rate { hits: 0, of: 2500, low: 0.0, high: 0.001 };
        let rates = |rate| Rates {
            schema: Rates::SCHEMA.into(),
            packs: Vec::new(),
            rules: [("p/r".to_owned(), rate)].into_iter().collect(),
        };
        assert_eq!(trips_after(&mut breaker, 1, 11), None);
        breaker.record(settings, &rates(rate));
        assert!(trips_after(&mut breaker, 1, 1).is_some());
        assert_eq!(trips_after(&mut breaker, 1, 11), None);
        breaker.record(settings, &rates(Rate { high: 0.002, ..rate }));
        assert_eq!(trips_after(&mut breaker, 1, 11), None);
    }
}
