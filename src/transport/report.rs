//! `X-Forefront-Antispam-Report`: what Exchange Online's filter decided.
//!
//! Source of names and meanings: Microsoft, "Anti-spam message headers in Microsoft 365"
//! (defender-office-365/message-headers-eop-mdo).

use super::known;
use std::net::IpAddr;
use std::sync::Arc;

/// The report of Exchange Online's filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AntispamReport {
    /// The message carries the field.
    pub present: bool,
    /// Spam confidence level, -1 (not filtered) to 9.
    pub scl: Option<i64>,
    /// The filter's verdict: one of [`SPAM_VERDICTS`].
    pub sfv: &'static str,
    /// The category: one of [`CATEGORIES`].
    pub cat: &'static str,
    /// The connecting address's standing: one of [`IP_VERDICTS`].
    pub ipv: &'static str,
    /// The direction: one of [`DIRECTIONS`].
    pub dir: &'static str,
    /// Safety tips, such as `9.19`.
    pub sfty: Option<Arc<str>>,
    /// The connecting address.
    pub cip: Option<IpAddr>,
    /// Country of the connecting address.
    pub ctry: Option<Arc<str>>,
    /// Language of the text.
    pub lang: Option<Arc<str>>,
    /// The name with which the client introduced itself.
    pub helo: Option<Arc<str>>,
    /// Reverse name of the connecting address.
    pub ptr: Option<Arc<str>>,
}

/// Spam filter verdicts (`SFV`).
pub const SPAM_VERDICTS: &[&str] = &["nspm", "spm", "skn", "ska", "skb", "ski", "skq", "sks", "sfe", "blk", "unknown"];
/// Categories (`CAT`).
pub const CATEGORIES: &[&str] = &[
    "none", "spm", "hspm", "phsh", "hphsh", "hphish", "spoof", "bulk", "malw", "dimp", "uimp", "gimp", "bimp", "intos",
    "ospm", "amp", "sap", "ftbp", "unknown",
];
/// Standing of the connecting address (`IPV`).
pub const IP_VERDICTS: &[&str] = &["cal", "nli", "unknown"];
/// Directions (`DIR`).
pub const DIRECTIONS: &[&str] = &["inb", "out", "int", "unknown"];
/// What a DMARC policy made Exchange Online do (`action=`).
pub const ACTIONS: &[&str] =
    &["none", "quarantine", "reject", "oreject", "pct.quarantine", "pct.reject", "permerror", "temperror", "unknown"];

impl AntispamReport {
    /// Reads the field's value; `None` gives a report of which nothing is known.
    pub fn parse(value: Option<&str>) -> Self {
        let of = |name: &str| {
            let pairs = value.unwrap_or("").split(';').filter_map(|pair| pair.split_once(':'));
            let mut found = pairs.filter(|(known, _)| known.trim().eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
        };
        let text = |name: &str| of(name).map(Arc::from);
        Self {
            present: value.is_some(),
            scl: of("SCL").and_then(|number| number.parse().ok()).filter(|level| (-1..=9).contains(level)),
            sfv: known(SPAM_VERDICTS, of("SFV")),
            cat: known(CATEGORIES, of("CAT")),
            ipv: known(IP_VERDICTS, of("IPV")),
            dir: known(DIRECTIONS, of("DIR")),
            sfty: text("SFTY"),
            cip: of("CIP").and_then(|ip| ip.trim_matches(['[', ']']).parse().ok()),
            ctry: text("CTRY"),
            lang: text("LANG"),
            helo: text("H"),
            ptr: text("PTR"),
        }
    }
}
