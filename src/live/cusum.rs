//! A CUSUM of Bernoulli trials: whether a rate has changed, and since when.

/// Sums the logarithms of the likelihood ratio of one rate to another, message by message, never below zero. The
/// *window* is the run of messages since the sum last stood at zero.
#[derive(Clone, Debug)]
pub(super) struct Cusum {
    /// What a message with a match adds.
    hit: f64,
    /// What a message without one adds; of the other sign.
    miss: f64,
    sum: f64,
    /// The message at which the sum was last brought up to date.
    last: u64,
    /// The message before the window.
    opened: u64,
    /// Matches in the window.
    hits: u64,
}

impl Cusum {
    /// Notices a rate that has gone from one to the other, beginning after so many messages. Rates that no
    /// sum can tell apart are never noticed.
    pub(super) fn new(from: f64, to: f64, seen: u64) -> Self {
        let usable = [from, to].iter().all(|rate| *rate > 0.0 && *rate < 1.0);
        let (hit, miss) = if usable { ((to / from).ln(), ((1.0 - to) / (1.0 - from)).ln()) } else { (0.0, 0.0) };
        Self { hit, miss, sum: 0.0, last: seen, opened: seen, hits: 0 }
    }

    /// The sum after so many messages, the later ones without a match.
    pub(super) fn at(&self, seen: u64) -> f64 {
        (self.sum + self.miss * (seen - self.last) as f64).max(0.0)
    }

    /// Counts a match in this message.
    pub(super) fn hit(&mut self, seen: u64) {
        let before = self.at(seen - 1);
        if before == 0.0 {
            (self.opened, self.hits) = (seen - 1, 0);
        }
        (self.sum, self.last) = ((before + self.hit).max(0.0), seen);
        self.hits += 1;
        if self.sum == 0.0 {
            (self.opened, self.hits) = (seen, 0);
        }
    }

    /// The message at which the sum reaches the limit if none matches until then.
    pub(super) fn reaches(&self, limit: f64) -> Option<u64> {
        let messages = ((limit - self.sum) / self.miss).ceil().max(0.0);
        (self.miss > 0.0).then(|| self.last.saturating_add(messages as u64))
    }

    /// Matches and messages of the window.
    pub(super) fn window(&self, seen: u64) -> (u64, u64) {
        (self.hits, seen - self.opened)
    }

    /// Begins anew.
    pub(super) fn clear(&mut self, seen: u64) {
        (self.sum, self.last, self.opened, self.hits) = (0.0, seen, seen, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_risen_rate_is_noticed_by_matches_and_a_fallen_one_by_their_absence() {
        let mut rises = Cusum::new(0.001, 0.004, 0);
        (1..=12).for_each(|message| rises.hit(message));
        assert!(rises.at(12) > 16.1 && rises.at(11_000) == 0.0);
        assert_eq!((rises.window(12), rises.reaches(16.0)), ((12, 12), None));

        let mut falls = Cusum::new(0.004, 0.001, 0);
        let limit = falls.reaches(16.0).expect("some day");
        assert!(falls.at(limit) >= 16.0 && falls.at(limit - 1) < 16.0);
        falls.hit(100);
        assert!(falls.reaches(16.0) > Some(limit) && falls.window(200) == (0, 100));
    }

    #[test]
    fn what_cannot_be_told_apart_adds_nothing() {
        for (from, to) in [(0.0, 0.1), (0.1, 0.1), (1.0, 0.5), (0.5, 0.0)] {
            let mut sum = Cusum::new(from, to, 0);
            sum.hit(1);
            assert_eq!((sum.at(1_000_000), sum.reaches(1.0)), (0.0, None), "{from} {to}");
        }
    }
}
