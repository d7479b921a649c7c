//! Steps of rules, as counts in buckets: sums and quantiles that do not depend on the order.

use super::run::Cost;
use std::collections::BTreeMap;

/// What all rules cost.
#[derive(Debug, Default)]
pub(super) struct Costs {
    rules: Vec<Buckets>,
    messages: u64,
}

#[derive(Clone, Debug, Default)]
struct Buckets {
    counts: BTreeMap<u64, u64>,
    sum: u64,
    max: u64,
    messages: u64,
}

impl Costs {
    /// Adds the steps of one message, by rule; rules that are not named cost none.
    pub(super) fn add(&mut self, steps: &[(u32, u64)]) {
        self.messages += 1;
        for (rule, steps) in steps {
            let index = *rule as usize;
            if self.rules.len() <= index {
                self.rules.resize(index + 1, Buckets::default());
            }
            let rule = &mut self.rules[index];
            *rule.counts.entry(ceiling(*steps)).or_default() += 1;
            rule.sum = rule.sum.saturating_add(*steps);
            rule.max = rule.max.max(*steps);
            rule.messages += 1;
        }
    }

    /// What a rule cost.
    pub(super) fn of(&self, rule: usize) -> Cost {
        self.rules.get(rule).map_or_else(Cost::default, |buckets| Cost {
            evaluated: buckets.messages,
            steps: buckets.sum,
            p50: buckets.quantile(50, self.messages),
            p99: buckets.quantile(99, self.messages),
            max: buckets.max,
        })
    }
}

impl Buckets {
    fn quantile(&self, percent: u64, messages: u64) -> u64 {
        let rank = (messages * percent).div_ceil(100);
        let mut below = messages - self.messages;
        if below >= rank {
            return 0;
        }
        let found = self.counts.iter().find(|(_, count)| {
            below += **count;
            below >= rank
        });
        found.map_or(0, |(steps, _)| (*steps).min(self.max))
    }
}

/// The upper end of a number's bucket: exact below 16, else at most an eighth above it.
fn ceiling(steps: u64) -> u64 {
    let bits = 64 - steps.leading_zeros();
    if bits <= 4 {
        return steps;
    }
    let mask = (1_u64 << (bits - 4)) - 1;
    steps | mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_narrow() {
        for steps in [0, 1, 15, 16, 17, 100, 1000, 123_456_789, u64::MAX / 2, u64::MAX] {
            let ceiling = ceiling(steps);
            assert!(ceiling >= steps && ceiling - steps <= steps / 8, "{steps}: {ceiling}");
        }
    }

    #[test]
    fn quantiles() {
        let mut costs = Costs::default();
        (1..=100).for_each(|steps| costs.add(&[(1, steps)]));
        let cost = costs.of(1);
        assert_eq!((cost.steps, cost.max), (5050, 100));
        assert!((50..=56).contains(&cost.p50) && (99..=100).contains(&cost.p99), "{cost:?}");
        assert_eq!(costs.of(7), Cost::default());
        // Messages that did not evaluate the rule cost nothing.
        (0..100).for_each(|_| costs.add(&[]));
        let cost = costs.of(1);
        assert_eq!((cost.evaluated, cost.steps, cost.p50), (100, 5050, 0));
    }
}
