//! How often rules match on their corpus: what a live rate is held against.

use crate::engine::PackInfo;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The rates of one corpus run, as a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// Names this form.
    pub schema: String,
    /// The packs that ran.
    #[serde(default)]
    pub packs: Vec<PackInfo>,
    /// By the rule's name, `pack/name`.
    pub rules: BTreeMap<String, Rate>,
}

/// Of so many messages a rule matched so many.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Messages that it matched.
    pub hits: u64,
    /// Messages that it was asked about.
    pub of: u64,
    /// Lower end of the interval of its rate (Clopper-Pearson), 0 to 1.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Rates {
    /// The name under which a pack carries its own.
    pub const FILE: &'static str = "rates.json";

    /// The form that is read and written.
    pub const SCHEMA: &'static str = "ruleeval-rates/1";

    /// What several packs recorded. Of a rule its own pack's word counts before that of others.
    pub fn merge(recorded: impl IntoIterator<Item = (String, Self)>) -> Self {
        let mut merged = Self { schema: Self::SCHEMA.into(), ..Self::default() };
        for (pack, rates) in recorded {
            for (name, rate) in rates.rules {
                let own = name.split('/').next() == Some(&pack);
                match merged.rules.entry(name) {
                    Entry::Occupied(mut known) if own => *known.get_mut() = rate,
                    Entry::Occupied(_) => {}
                    Entry::Vacant(new) => {
                        new.insert(rate);
                    }
                }
            }
            merged.packs.extend(rates.packs);
        }
        merged
    }

    /// Reads the file's text; the reason if it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rates: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if rates.schema != Self::SCHEMA {
            return Err(format!("the schema is `{}`, not `{}`", rates.schema, Self::SCHEMA));
        }
        let odd = |rate: &Rate| !(0.0 <= rate.low && rate.low <= rate.high && rate.high <= 1.0) || rate.hits > rate.of;
        match rates.rules.iter().find(|(_, rate)| odd(rate)) {
            Some((name, _)) => Err(format!("the interval of `{name}` is none within 0 to 1")),
            None => Ok(rates),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_rule_its_own_pack_is_believed() {
        let rates = |rules: &[(&str, u64)]| Rates {
            rules: rules
                .iter()
                .map(|(name, hits)| ((*name).to_owned(), Rate { hits: *hits, of: 10, low: 0.0, high: 1.0 }))
                .collect(),
            ..Rates::default()
        };
        for turned in [false, true] {
            let mut all = vec![
                ("a".to_owned(), rates(&[("a/r", 1), ("b/r", 2)])),
                ("b".to_owned(), rates(&[("a/r", 3), ("b/r", 4), ("c/r", 5)])),
            ];
            if turned {
                all.reverse();
            }
            let merged = Rates::merge(all);
            let hits: Vec<u64> = merged.rules.values().map(|rate| rate.hits).collect();
            assert_eq!(hits, [1, 4, 5]);
        }
    }

    #[test]
    fn only_intervals_are_read() {
        let file = |low: &str, high: &str| {
            format!(
                r#"{{"schema":"ruleeval-rates/1","rules":{{"p/r":{{"hits":1,"of":9,"low":{low},"high":{high}}}}}}}"#
            )
        };
        assert_eq!(Rates::parse(&file("0.1", "0.4")).expect("rates").rules["p/r"].of, 9);
        for (low, high) in [("0.4", "0.1"), ("-1", "0.1"), ("0.1", "1.5")] {
            assert!(Rates::parse(&file(low, high)).is_err(), "{low} {high}");
        }
        assert!(Rates::parse(r#"{"schema":"other","rules":{}}"#).is_err());
        assert!(Rates::parse("[").is_err());
    }
}
