//! Generated rules, shaped like real ones: a sender gate, text predicates, a quantifier over
//! links, suppressions. Deterministic.

use std::fmt::Write;

/// A step of a linear congruential generator (Knuth's MMIX constants).
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

const WORDS: [&str; 24] = [
    "invoice",
    "payment",
    "verify",
    "account",
    "suspended",
    "password",
    "urgent",
    "delivery",
    "parcel",
    "wallet",
    "bitcoin",
    "refund",
    "order",
    "subscription",
    "renewal",
    "support",
    "helpdesk",
    "mailbox",
    "storage",
    "voicemail",
    "document",
    "signature",
    "statement",
    "security",
];
const TLDS: [&str; 8] = ["com", "net", "top", "xyz", "click", "link", "zip", "dev"];

/// `count` rules; each has a warning if asked for.
#[allow(clippy::many_single_char_names)] // five words of no meaning
pub(crate) fn rules(count: usize, with_warning: bool) -> String {
    let mut state = 7;
    let mut out = String::new();
    for index in 0..count {
        let mut word = || format!("{}{}", WORDS[next(&mut state) % WORDS.len()], next(&mut state) % 400);
        let [a, b, c, d, e] = std::array::from_fn(|_| word());
        let tld = TLDS[index % TLDS.len()];
        let warning = if with_warning {
            "\n    and (sender.display_name contains \"x\" or sender.display_name contains \"x\")"
        } else {
            ""
        };
        let _ = write!(
            out,
            "rule generated_{index} {{\n  meta:\n    severity = medium\n  when:\n    type.inbound\n    and 2 of (\n      subject.subject contains~ (\"{a}\", \"{b}\"),\n      body.current_thread.text contains~ \"{c}\",\n      regex.icontains(body.current_thread.text, '\\b{d}\\W{{1,4}}{e}\\b'),\n      any(body.links, .href_url.domain.tld == \"{tld}\" and .display_text contains~ \"{b}\"),\n    )\n    and sender.email.domain.root_domain not in (\"{a}.com\", \"{c}.org\"){warning}\n  unless:\n    reply: subject.is_reply and length(body.previous_threads) > {}\n}}\n",
            index % 3
        );
    }
    out
}
