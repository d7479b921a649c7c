//! What typed slots look like. Patterns run over the clean text.

use crate::value::SlotKind;
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Longest text of a typed slot, in bytes of the clean text.
fn longest(kind: SlotKind) -> usize {
    match kind {
        SlotKind::Digits | SlotKind::Money | SlotKind::Phone => 64,
        SlotKind::Date => 128,
        SlotKind::Email | SlotKind::Domain => 320,
        SlotKind::Url => 2_048,
        SlotKind::Text | SlotKind::Line | SlotKind::Rest => usize::MAX,
    }
}

const AMOUNT: &str = r"[-+]?(?:\d{1,3}(?:[ ',.\u{2019}]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?)";
const SYMBOL: &str = r"(?:(?:[A-Z]{1,3} ?)?[$€£¥₹₩₽₺₫₴₦฿₱₪]|R\$|Rs\.?|kr\.?|zł|Kč|Ft|lei|лв\.?|руб\.?|元|円|원)";
const CODE: &str = r"(?:USD|EUR|GBP|JPY|CNY|INR|AUD|CAD|NZD|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|BRL|MXN|ARS|CLP|COP|PEN|ZAR|SGD|HKD|TWD|KRW|THB|MYR|IDR|PHP|VND|AED|SAR|ILS|RUB|UAH|NGN|KES|EGP|BTC|ETH|USDT|USDC)";
const MONTH: &str = r"\p{L}{3,12}\.?";
const CLOCK: &str = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:\s?[AaPp]\.?[Mm]\b\.?)?";
const ZONE: &str = r"(?:\s?(?:UTC|GMT|[A-Z]{2,4}T|Z)\b|\s?\([^()\n]{1,40}\)|\s?[+-]\d{2}:?\d{2}\b)";

/// The patterns of one kind.
pub(super) struct Kind {
    /// At the beginning of a text.
    here: Regex,
    /// Anywhere.
    anywhere: Regex,
    /// The whole text.
    whole: Regex,
    /// Longest text, in bytes of the clean text.
    pub(super) longest: usize,
}

impl Kind {
    fn new(kind: SlotKind, pattern: &str) -> Option<Self> {
        Some(Self {
            here: Regex::new(&format!(r"\A(?:{pattern})")).ok()?,
            anywhere: Regex::new(pattern).ok()?,
            whole: Regex::new(&format!(r"\A(?:{pattern})\z")).ok()?,
            longest: longest(kind),
        })
    }

    /// The longest that begins a text.
    pub(super) fn here(&self, text: &str) -> Option<usize> {
        self.here.find(text).map(|found| found.end())
    }

    /// The first in a text, from an offset.
    pub(super) fn find(&self, text: &str, from: usize) -> Option<Range<usize>> {
        self.anywhere.find_at(text, from).map(|found| found.range())
    }

    /// True if a text is one as a whole.
    pub(super) fn is_whole(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }
}

fn pattern(kind: SlotKind) -> Option<String> {
    Some(match kind {
        SlotKind::Digits => r"\d{2,4}(?: \d{3,4})+\b|\d+(?:[-.]\d+)*".into(),
        SlotKind::Money => {
            format!(r"{SYMBOL} ?{AMOUNT}(?: ?{CODE}\b)?|\b{CODE} ?{SYMBOL}? ?{AMOUNT}|{AMOUNT} ?(?:{SYMBOL}|{CODE}\b)")
        }
        SlotKind::Email => r"[\w.!#$%&'*+/=?^`{|}~-]+@(?:[\w-]+\.)+[\p{L}\d-]+".into(),
        SlotKind::Url => r#"(?i:https?://|www\.)[^\s<>"]*[^\s<>"'.,;:!?)\]]"#.into(),
        SlotKind::Domain => r"(?:[\p{L}\d](?:[\p{L}\d_-]*[\p{L}\d])?\.)+(?:xn--[a-z\d-]+|\p{L}{2,})".into(),
        SlotKind::Phone => r"\+?(?:\(\d{1,5}\)|\d)(?:[ ().\-/]{0,3}\d){5,16}".into(),
        SlotKind::Date => format!(
            r"(?:(?:\p{{L}}{{2,12}}\.?,?\s+)?(?:\d{{4}}-\d{{1,2}}-\d{{1,2}}|\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}|\d{{1,2}}(?:st|nd|rd|th|\.|º)?(?:\s+(?:de|of))?[\s-]+{MONTH},?(?:\s+(?:de|of))?[\s-]+\d{{4}}|{MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}|\d{{4}}[年년]\s?\d{{1,2}}[月월]\s?\d{{1,2}}[日일]))(?:(?:,?\s+|T)(?:at\s+|um\s+|à\s+|a las\s+)?{CLOCK}{ZONE}*)?"
        ),
        SlotKind::Text | SlotKind::Line | SlotKind::Rest => return None,
    })
}

static KINDS: LazyLock<Vec<Option<Kind>>> = LazyLock::new(|| {
    SlotKind::ALL.iter().map(|kind| pattern(*kind).and_then(|pattern| Kind::new(*kind, &pattern))).collect()
});

/// The patterns of a typed kind.
pub(super) fn of(kind: SlotKind) -> Option<&'static Kind> {
    let index = SlotKind::ALL.iter().position(|known| *known == kind)?;
    KINDS.get(index)?.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_typed_kind_has_patterns() {
        for kind in SlotKind::ALL {
            assert_eq!(of(kind).is_some(), !kind.is_free(), "{}", kind.name());
        }
    }

    #[test]
    fn kinds_take_the_forms_that_mail_has() {
        let rows: &[(SlotKind, &[&str], &[&str])] = &[
            (SlotKind::Digits, &["402918", "402 918", "12-34"], &["x1", ""]),
            (
                SlotKind::Money,
                &[
                    "$12.50",
                    "$1,299.00 USD",
                    "USD 389.90",
                    "12,50 €",
                    "1 299,00 EUR",
                    "¥1000",
                    "A$5",
                    "R$ 10,00",
                    "€ 3",
                    "500円",
                ],
                &["12", "USD", "twelve dollars"],
            ),
            (SlotKind::Email, &["a.b+c@mail.example.com"], &["a@b", "example.com"]),
            (SlotKind::Url, &["https://a.example/x?y=1", "www.example.com"], &["example.com"]),
            (SlotKind::Domain, &["mail.example.com", "xn--bcher-kva.example"], &["example", "1.2"]),
            (SlotKind::Phone, &["+1 (805) 555-0142", "0221 123456", "805-555-0142"], &["12345", "phone"]),
            (
                SlotKind::Date,
                &[
                    "2026-05-21",
                    "May 21, 2026",
                    "Thu, May 21, 2026 at 10:00 AM",
                    "21 May 2026",
                    "21. Mai 2026 um 10:00",
                    "21/05/2026",
                    "21 de mayo de 2026",
                    "2026年5月21日",
                    "2026-05-21T10:00:00Z",
                    "21 May 2026 10:00:00 PDT",
                ],
                &["May", "2026"],
            ),
        ];
        for (kind, good, bad) in rows {
            let patterns = of(*kind).expect("a typed kind");
            for text in *good {
                assert!(patterns.is_whole(text), "{} should take {text}", kind.name());
            }
            for text in *bad {
                assert!(!patterns.is_whole(text), "{} should not take {text}", kind.name());
            }
        }
    }
}
