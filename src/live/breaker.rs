//! The circuit breaker: a rule that matches live mail far more often than it did on its corpus is
//! put in shadow, before it quarantines a day's mail. One that matches far less often is told of and left
//! alone: in shadow it would find nothing more, and what it still finds would be lost.
//!
//! The tests are CUSUMs of Bernoulli trials (Page 1954; Reynolds and Stoumbos 1999). With `p0` an end of
//! the recorded interval and `p1` the rate that must be noticed, `ratio` times the upper end or the same part of the
//! lower one, every message adds the logarithm of its likelihood ratio: `ln(p1 / p0)` for a match,
//! `ln((1 - p1) / (1 - p0))`, of the other sign, for none. A change is believed at `ln(1 / false_alarm)`: while the true
//! rate is within the interval the mean number of messages until a false alarm is at least `1 / false_alarm` (Lorden 1971).
//!
//! A rule is touched when it matches, and when the first of all could fall silent: a message costs nothing for
//! those that it does not concern.

use super::cusum::Cusum;
use super::moment::Moment;
use super::rates::{Rate, Rates};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How the breaker decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerSettings {
    /// The rate to notice, as a multiple of the upper end of the recorded interval, and the other way round of
    /// the lower; above 1.
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

/// A rule that has left its interval.
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
    /// Since when it has matched far less often than it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent_since: Option<Moment>,
}

/// What one message showed of the rules that are watched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Rules that match far more often than they did.
    pub tripped: Vec<Trip>,
    /// Rules that match far less often: nothing is done to them.
    pub silent: Vec<Trip>,
}

/// Watches the rates of rules. It has no clock: the time of a trip is given.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    settings: BreakerSettings,
    seen: u64,
    /// No rule falls silent before this message.
    silence: u64,
    rules: BTreeMap<Arc<str>, Rule>,
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
        (self.settings, self.silence) = (settings, 0);
        for (name, rate) in &rates.rules {
            let kept = old.remove(name.as_str()).filter(|kept| same && kept.recorded == *rate);
            let rule = kept.unwrap_or_else(|| Rule::new(*rate, settings.ratio, self.seen));
            self.rules.insert(name.as_str().into(), rule);
        }
    }

    /// Counts one message and the rules that matched it. The rules that leave their interval by it.
    pub fn observe<'r>(&mut self, matched: impl Iterator<Item = &'r Arc<str>>, now: Moment) -> Observed {
        self.seen += 1;
        let mut tripped = Vec::new();
        for name in matched {
            let Some(rule) = self.rules.get_mut(name) else { continue };
            // One that was silent may fall silent again: when that is must be asked anew.
            if rule.silent_since.is_some() {
                self.silence = 0;
            }
            rule.hit(self.seen);
            if rule.rises.at(self.seen) >= self.settings.limit() && self.seen >= self.settings.least {
                tripped.push(rule.trip(name, &rule.rises, self.seen, now));
                rule.rises.clear(self.seen);
            }
        }
        Observed { tripped, silent: self.fallen_silent(now) }
    }

    /// Rules that fall silent with this message. They are looked for when the first of them can.
    fn fallen_silent(&mut self, now: Moment) -> Vec<Trip> {
        let mut found = Vec::new();
        if self.seen < self.silence.max(self.settings.least) {
            return found;
        }
        let limit = self.settings.limit();
        self.silence = u64::MAX;
        for (name, rule) in self.rules.iter_mut().filter(|(_, rule)| rule.silent_since.is_none()) {
            let Some(message) = rule.falls.reaches(limit) else { continue };
            if message <= self.seen {
                found.push(rule.trip(name, &rule.falls, self.seen, now));
                rule.silent_since = Some(now);
            } else {
                self.silence = self.silence.min(message);
            }
        }
        found
    }

    /// Forgets what was counted of a rule.
    pub fn clear(&mut self, rule: &str) {
        if let Some(rule) = self.rules.get_mut(rule) {
            *rule = Rule::new(rule.recorded, self.settings.ratio, self.seen);
            self.silence = 0;
        }
    }

    /// All watched rules, by name.
    pub fn watched(&self) -> Vec<Watched> {
        let watched = |(name, rule): (&Arc<str>, &Rule)| Watched {
            rule: Arc::clone(name),
            hits: rule.hits,
            of: self.seen - rule.since,
            recorded: rule.recorded,
            pressure: (rule.rises.at(self.seen) / self.settings.limit()).clamp(0.0, 1.0),
            silent_since: rule.silent_since,
        };
        self.rules.iter().map(watched).collect()
    }

    /// Watched rules that have fallen silent and not matched since.
    pub fn silent(&self) -> impl Iterator<Item = &Arc<str>> {
        self.rules.iter().filter(|(_, rule)| rule.silent_since.is_some()).map(|(name, _)| name)
    }
}

impl BreakerSettings {
    /// The sum at which a change is believed.
    fn limit(&self) -> f64 {
        (1.0 / self.false_alarm).ln()
    }
}

/// A rule that is watched.
#[derive(Clone, Debug)]
struct Rule {
    recorded: Rate,
    rises: Cusum,
    falls: Cusum,
    silent_since: Option<Moment>,
    /// The message before the first that counts.
    since: u64,
    hits: u64,
}

/// Rates below this are taken for it: of a rate of zero no ratio is an alarm.
const LEAST_RATE: f64 = 1e-9;

impl Rule {
    fn new(recorded: Rate, ratio: f64, seen: u64) -> Self {
        let ratio = ratio.max(1.0);
        let high = recorded.high.clamp(LEAST_RATE, 1.0);
        // A rate has no room above 1: half way there is then what must be noticed.
        let risen = (ratio * high).min(f64::midpoint(high, 1.0));
        // One that always matched would have to fall from 1, which no sum can tell.
        let low = recorded.low.min(1.0 - LEAST_RATE);
        Self {
            recorded,
            rises: Cusum::new(high, risen, seen),
            falls: Cusum::new(low, low / ratio, seen),
            silent_since: None,
            since: seen,
            hits: 0,
        }
    }

    fn hit(&mut self, seen: u64) {
        self.rises.hit(seen);
        // One match after long silence is news, whatever the sum says: it counts anew.
        if self.silent_since.take().is_some() {
            self.falls.clear(seen);
        } else {
            self.falls.hit(seen);
        }
        self.hits += 1;
    }

    fn trip(&self, name: &Arc<str>, sum: &Cusum, seen: u64, at: Moment) -> Trip {
        let (hits, of) = sum.window(seen);
        Trip { rule: Arc::clone(name), at, hits, of, recorded: self.recorded }
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
            breaker.observe(matched.into_iter(), Moment(7)).tripped.pop()
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
            assert_eq!(breaker.observe(matched.into_iter(), Moment(0)), Observed::default());
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

    /// The messages after which the rule is told to be silent, when every so many match.
    fn silent_after(breaker: &mut Breaker, every: u64, messages: u64) -> Vec<u64> {
        let name: Arc<str> = "p/r".into();
        let silent = |message: &u64| {
            let matched = message.is_multiple_of(every).then_some(&name);
            breaker.observe(matched.into_iter(), Moment(7)).silent.len() == 1
        };
        (1..=messages).filter(silent).collect()
    }

    #[test]
    fn a_rule_that_falls_silent_is_told_of_once_and_counts_anew_when_it_matches() {
        let rate = Rate { hits: 20, of: 2000, low: 0.006, high: 0.015 };
        let rules = [("p/r".to_owned(), rate)].into_iter().collect();
        let rates = Rates { schema: Rates::SCHEMA.into(), packs: Vec::new(), rules };
        let new = || Breaker::new(BreakerSettings::default(), &rates);
        assert_eq!(silent_after(&mut new(), 1000 / 6, 1_000_000), [0; 0], "at the lower end of the interval");
        // ln 1e7 = 16.1; a message without a match adds 0.0045.
        let mut breaker = new();
        assert_eq!(silent_after(&mut breaker, u64::MAX, 100_000), [3569]);
        assert!(breaker.silent().count() == 1 && breaker.watched()[0].silent_since == Some(Moment(7)));
        let name: Arc<str> = "p/r".into();
        assert_eq!(breaker.observe([&name].into_iter(), Moment(8)), Observed::default());
        assert!(breaker.silent().count() == 0 && breaker.watched()[0].silent_since.is_none());
        assert_eq!(silent_after(&mut breaker, u64::MAX, 100_000).len(), 1);
        // Far too seldom: told of within two matches, and anew two matches later.
        assert_eq!(silent_after(&mut new(), 2000, 100_000).len(), 25);
        // Of a rule that never matched nothing is expected.
        assert_eq!(silent_after(&mut self::breaker(0.001, BreakerSettings::default()), u64::MAX, 1_000_000), [0; 0]);
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
