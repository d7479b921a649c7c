//! Numbers and their uncertainty. Distributions come from `statrs`; each formula names its source
//! and is tested against published values.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, ChiSquared, ContinuousCDF, DiscreteCDF, Normal};
use statrs::function::beta::inv_beta_reg;

/// Two-sided level of every interval.
pub const LEVEL: f64 = 0.95;

/// `hits` of `of`, with the 95 % Wilson score interval (Wilson 1927; Brown, Cai and DasGupta
/// 2001). Of none at all the interval is everything, and there is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proportion {
    /// How many have the property.
    pub hits: u64,
    /// Of how many.
    pub of: u64,
    /// Their ratio, 0 to 1.
    pub rate: Option<f64>,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Proportion {
    /// The proportion with its interval.
    pub fn new(hits: u64, of: u64) -> Self {
        let hits = hits.min(of);
        let (low, high) = wilson(hits, of);
        Self { hits, of, rate: ratio(hits, of), low, high }
    }
}

/// A ratio, if there is one.
pub fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The quantile of the standard normal distribution.
fn z(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// The 95 % Wilson score interval.
pub fn wilson(hits: u64, of: u64) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    let z = z(f64::midpoint(1.0, LEVEL));
    let (n, p) = (of as f64, hits as f64 / of as f64);
    let (z2, scale) = (z * z, 1.0 + z * z / n);
    let centre = (p + z2 / (2.0 * n)) / scale;
    let half = z / scale * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // At the ends the formula is exact but for rounding.
    let low = if hits == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if hits == of { 1.0 } else { (centre + half).min(1.0) };
    (low, high)
}

/// The one-sided 95 % upper bound of a rate (Clopper and Pearson 1934): what a gate is held
/// against. 0 of 2,500 gives 0.12 %.
pub fn upper_bound(hits: u64, of: u64) -> f64 {
    if of == 0 || hits >= of {
        return 1.0;
    }
    inv_beta_reg(hits as f64 + 1.0, (of - hits) as f64, LEVEL)
}

/// The one-sided 95 % lower bound of a rate (Clopper and Pearson 1934).
pub fn lower_bound(hits: u64, of: u64) -> f64 {
    if of == 0 || hits == 0 {
        return 0.0;
    }
    let hits = hits.min(of);
    inv_beta_reg(hits as f64, (of - hits) as f64 + 1.0, 1.0 - LEVEL)
}

/// The harmonic mean of precision and recall, with an interval: F\* = TP / (TP + FP + FN) is a
/// proportion, and F1 = 2F\* / (1 + F\*) grows with it (Hand, Christen and Kirielle 2021).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FMeasure {
    /// F1, if there is anything to find or anything found.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

impl FMeasure {
    /// F1 of true positives, false positives and false negatives.
    pub fn new(tp: u64, fp: u64, fn_: u64) -> Self {
        let jaccard = Proportion::new(tp, tp + fp + fn_);
        let f1 = |f: f64| 2.0 * f / (1.0 + f);
        Self { value: jaccard.rate.map(f1), low: f1(jaccard.low), high: f1(jaccard.high) }
    }
}

/// McNemar's test of two decisions on the same messages (McNemar 1947).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct McNemar {
    /// Only the old one was right.
    pub lost: u64,
    /// Only the new one was right.
    pub gained: u64,
    /// Two-sided probability of a difference at least as large if there were none.
    pub p: f64,
    /// `exact` for the binomial test, `chi-squared` with continuity correction (Edwards 1948).
    pub method: Method,
}

/// How a probability was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Binomial.
    Exact,
    /// Chi-squared with one degree of freedom.
    ChiSquared,
}

/// Most differing pairs for which the binomial test is used.
const EXACT_UP_TO: u64 = 1000;

impl McNemar {
    /// The test for the pairs in which only one of the two was right.
    pub fn new(lost: u64, gained: u64) -> Self {
        let n = lost + gained;
        if n <= EXACT_UP_TO {
            return Self { lost, gained, p: binomial_two_sided(lost.min(gained), n), method: Method::Exact };
        }
        let difference = lost.abs_diff(gained) as f64;
        let statistic = (difference - 1.0).max(0.0).powi(2) / n as f64;
        let p = ChiSquared::new(1.0).map_or(1.0, |distribution| distribution.sf(statistic));
        Self { lost, gained, p, method: Method::ChiSquared }
    }
}

/// Twice the smaller tail of a fair coin, at most 1.
fn binomial_two_sided(smaller: u64, n: u64) -> f64 {
    if n == 0 {
        return 1.0;
    }
    Binomial::new(0.5, n).map_or(1.0, |coin| (2.0 * coin.cdf(smaller)).min(1.0))
}

/// The area under the ROC curve: the probability that a positive message scores higher than a
/// negative one, ties counting half (Mann and Whitney 1947), with the standard error of Hanley
/// and McNeil (1982).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Auc {
    /// The area, 0.5 for chance.
    pub value: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

impl Auc {
    /// From the counts of (positive, negative) messages at each distinct score, lowest first;
    /// `None` without both kinds.
    pub fn new(counts: &[(u64, u64)]) -> Option<Self> {
        let positives: u64 = counts.iter().map(|(positive, _)| positive).sum();
        let negatives: u64 = counts.iter().map(|(_, negative)| negative).sum();
        if positives == 0 || negatives == 0 {
            return None;
        }
        let (mut below, mut wins) = (0_u64, 0.0);
        for (positive, negative) in counts {
            wins += *positive as f64 * (below as f64 + *negative as f64 / 2.0);
            below += negative;
        }
        let (p, n) = (positives as f64, negatives as f64);
        let a = wins / (p * n);
        let (q1, q2) = (a / (2.0 - a), 2.0 * a * a / (1.0 + a));
        let variance = (a * (1.0 - a) + (p - 1.0) * (q1 - a * a) + (n - 1.0) * (q2 - a * a)) / (p * n);
        let half = z(f64::midpoint(1.0, LEVEL)) * variance.max(0.0).sqrt();
        Some(Self { value: a, low: (a - half).max(0.0), high: (a + half).min(1.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64, within: f64) {
        assert!((a - b).abs() <= within, "{a} is not {b}");
    }

    #[test]
    fn wilson_matches_published_values() {
        // Newcombe 1998, table I: method 3, and Brown, Cai, DasGupta 2001.
        for (hits, of, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (29, 29, 0.8830, 1.0),
        ] {
            let (l, h) = wilson(hits, of);
            near(l, low, 5e-5);
            near(h, high, 5e-5);
        }
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }

    #[test]
    fn clopper_pearson_matches_published_values() {
        near(upper_bound(0, 2500), 0.001_197_6, 1e-7);
        // The closed form for no hits: 1 - 0.05^(1/n), and the rule of three.
        for n in [1, 10, 100, 2500, 1_000_000] {
            near(upper_bound(0, n), 1.0 - 0.05_f64.powf(1.0 / n as f64), 1e-9);
        }
        // One-sided 95 % is the upper end of the two-sided 90 % interval: 10 of 100 gives
        // 0.0553 to 0.1637, 1 of 20 0.0026 to 0.2161 (tables of exact binomial limits).
        near(upper_bound(10, 100), 0.1637, 5e-5);
        near(lower_bound(10, 100), 0.0553, 5e-5);
        near(upper_bound(1, 20), 0.2161, 5e-5);
        near(lower_bound(1, 20), 0.0026, 5e-5);
        near(upper_bound(5, 5), 1.0, 0.0);
        near(upper_bound(0, 0), 1.0, 0.0);
    }

    #[test]
    fn the_bound_is_the_rate_at_which_so_few_hits_come_one_time_in_twenty() {
        for (hits, of) in [(0, 50), (3, 2500), (17, 400), (399, 400)] {
            let bound = upper_bound(hits, of);
            let tail = Binomial::new(bound, of).expect("a probability").cdf(hits);
            near(tail, 0.05, 1e-6);
        }
    }

    #[test]
    fn mcnemar_matches_published_values() {
        // Exact: 2 * (1 + 10 + 45) / 1024 for 2 of 10; 6 of 16 is 0.4545 (Agresti's small sample
        // form); equal counts are no evidence at all.
        near(McNemar::new(2, 8).p, 0.109_375, 1e-12);
        near(McNemar::new(6, 10).p, 0.454_498, 1e-6);
        near(McNemar::new(5, 5).p, 1.0, 1e-12);
        near(McNemar::new(0, 0).p, 1.0, 0.0);
        near(McNemar::new(0, 5).p, 0.0625, 1e-12);
        // Agresti 2002, table 10.1: approval of the prime minister, 150 and 86 changed.
        let test = McNemar::new(150, 86);
        assert_eq!(test.method, Method::Exact);
        near(test.p, 3.716e-5, 2e-8);
        // Beyond the exact range: (|600 - 500| - 1)^2 / 1100 = 8.91, p = 0.002837.
        let test = McNemar::new(600, 500);
        assert_eq!(test.method, Method::ChiSquared);
        near(test.p, 0.002_837, 2e-6);
    }

    #[test]
    fn auc_matches_published_values() {
        // Hanley and McNeil 1982, table I: 58 normal and 51 abnormal images in five categories;
        // the Wilcoxon statistic is 0.893, its standard error 0.032.
        let ratings = [(3, 33), (2, 6), (2, 6), (11, 11), (33, 2)];
        let auc = Auc::new(&ratings).expect("both kinds");
        near(auc.value, 0.893, 5e-4);
        near((auc.high - auc.value) / 1.959_964, 0.032, 1e-3);
        near(Auc::new(&[(5, 5)]).expect("both").value, 0.5, 1e-12);
        near(Auc::new(&[(0, 4), (4, 0)]).expect("both").value, 1.0, 1e-12);
        assert_eq!(Auc::new(&[(3, 0)]), None);
    }

    #[test]
    fn f1_is_the_harmonic_mean_and_lies_in_its_interval() {
        let f = FMeasure::new(80, 20, 40);
        let (precision, recall) = (80.0 / 100.0, 80.0 / 120.0);
        near(f.value.expect("a value"), 2.0 * precision * recall / (precision + recall), 1e-12);
        assert!(f.low < f.value.expect("a value") && f.value.expect("a value") < f.high);
        assert_eq!(FMeasure::new(0, 0, 0).value, None);
    }
}
