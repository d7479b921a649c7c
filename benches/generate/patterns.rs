//! Generated patterns, shaped like those of public rule sets: a phrase, words with a gap, words
//! behind disguises, alternatives, addresses of files and hosts; one in eight is drawn from shapes
//! without a literal, as long as these give new ones (some hundreds). Deterministic.

use ruleeval::matcher::{Dialect, Pattern, PatternOptions};
use std::collections::BTreeSet;
use std::sync::Arc;

const WORDS: [&str; 112] = [
    "account",
    "access",
    "activity",
    "address",
    "agreement",
    "alert",
    "amount",
    "approve",
    "attached",
    "balance",
    "bank",
    "benefit",
    "billing",
    "bitcoin",
    "bonus",
    "business",
    "cancel",
    "card",
    "change",
    "charge",
    "claim",
    "click",
    "code",
    "company",
    "complete",
    "confirm",
    "contact",
    "contract",
    "courier",
    "credit",
    "customer",
    "deadline",
    "debit",
    "delivery",
    "department",
    "deposit",
    "device",
    "director",
    "document",
    "download",
    "email",
    "employee",
    "expire",
    "failed",
    "file",
    "finance",
    "folder",
    "form",
    "funds",
    "gift",
    "help",
    "identity",
    "immediately",
    "important",
    "information",
    "invoice",
    "invitation",
    "language",
    "legal",
    "license",
    "limited",
    "link",
    "locked",
    "login",
    "mailbox",
    "manager",
    "meeting",
    "message",
    "mobile",
    "notice",
    "number",
    "offer",
    "office",
    "online",
    "order",
    "overdue",
    "owner",
    "package",
    "parcel",
    "password",
    "payment",
    "payroll",
    "pending",
    "permission",
    "phone",
    "policy",
    "portal",
    "privacy",
    "prize",
    "profile",
    "purchase",
    "quota",
    "receipt",
    "recover",
    "refund",
    "release",
    "remittance",
    "renewal",
    "request",
    "review",
    "salary",
    "secure",
    "server",
    "settlement",
    "shared",
    "shipment",
    "signature",
    "statement",
    "storage",
    "subscription",
    "suspended",
    "transfer",
];
const SHORT: [&str; 10] = ["your", "the", "our", "this", "a new", "my", "all", "any", "one", "final"];
const TOPS: [&str; 8] = ["com", "net", "top", "xyz", "ru", "click", "info", "dev"];

/// A step of a linear congruential generator (Knuth's MMIX constants).
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

struct Maker(u64);

impl Maker {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[next(&mut self.0) % from.len()]
    }

    fn number(&mut self, below: usize) -> usize {
        next(&mut self.0) % below
    }

    fn word(&mut self) -> &'static str {
        self.pick(&WORDS)
    }

    /// `p[a4@]yment` and its kind.
    fn disguised(&mut self) -> String {
        let letter = |c: char| match c {
            'a' => "[a4@]".to_owned(),
            'e' => "[e3]".to_owned(),
            'i' | 'l' => "[il1!|]".to_owned(),
            'o' => "[o0]".to_owned(),
            's' => "[s5$]".to_owned(),
            c => c.to_string(),
        };
        let gap = self.pick(&["", r"[\W_]?", r"[\W_]{0,3}", r"\s?"]);
        self.word().chars().map(letter).collect::<Vec<_>>().join(gap)
    }

    #[allow(clippy::many_single_char_names)] // words of no meaning
    fn with_literal(&mut self) -> String {
        let (a, b, c, d) = (self.word(), self.word(), self.word(), self.word());
        let (short, top, n) = (self.pick(&SHORT), self.pick(&TOPS), self.number(60) + 5);
        match self.number(16) {
            0 => format!("{a} {b}"),
            1 => format!("{short} {a} {b}"),
            2 => format!(r"\b{a}\s+{b}\b"),
            3 => format!(r"\b{a}\W{{1,4}}{b}\b"),
            4 => format!(r"{a}.{{0,{n}}}{b}"),
            5 => format!(r"(?:{a}|{b}|{c}) (?:has|have|was) (?:been )?{d}"),
            6 => format!(r"\b(?:{a}|{b})s?\s(?:{c}|{d})(?:ed|ing)?\b"),
            7 => format!(r"^{a} (?:{b}|{c})"),
            8 => self.disguised(),
            9 => format!(r"https?://[^/\s]{{1,40}}{a}[^/\s]*\.{top}/"),
            10 => format!(r"{a}[-_.]{b}\.(?:{top}|html?|pdf)"),
            11 => format!(r"{short}\s{a}\s(?:will|is|was)\s(?:be\s)?{b}"),
            12 => format!(r"(?:please|kindly) (?:{a}|{b}) .*{c}"),
            13 => format!(r"{a} ?(?:#|no\.?|:) ?\d{{3,{n}}}"),
            14 => format!(r"\b{a}\b[^.]{{0,{n}}}\b(?:{b}|{c})\b"),
            _ => format!("{a}{}", self.number(500)),
        }
    }

    fn without_literal(&mut self) -> String {
        let (n, m) = (self.number(30) + 3, self.number(12) + 2);
        match self.number(10) {
            0 => format!(r"\b\d{{3}}[-. ]?\d{{3}}[-. ]?\d{{{m}}}\b"),
            1 => format!(r"[a-z0-9]{{{},}}", n + 12),
            2 => format!(r"\b[A-Z]{{2,{m}}}\d{{{m},{n}}}\b"),
            3 => format!(r"^.{{1,{n}}}$"),
            4 => format!(r"[bcdfghjklmnpqrstvwxz]{{{m}}}"),
            5 => format!(r"(?:[A-Z]\s){{{m},}}"),
            6 => format!(r"^[^a-z]{{{n},}}$"),
            7 => format!(r"\b[a-f\d]{{{}}}\b", n + 8),
            8 => format!(r"[\x{{400}}-\x{{4ff}}]{{{m}}}"),
            _ => format!(r"\$\s?\d{{1,{m}}}[,.]\d{{{},}}", n % 3 + 1),
        }
    }
}

/// `count` different patterns.
pub(crate) fn patterns(count: usize) -> Vec<Arc<Pattern>> {
    let mut maker = Maker(11);
    let mut seen = BTreeSet::new();
    let mut made = Vec::new();
    while made.len() < count {
        let source = if maker.number(8) == 0 { maker.without_literal() } else { maker.with_literal() };
        let no_case = maker.number(4) > 0;
        let options = PatternOptions { dialect: Dialect::Re2, no_case, ..PatternOptions::default() };
        if seen.insert((source.clone(), no_case)) {
            made.extend(Pattern::new(&source, options).map(Arc::new));
        }
    }
    made
}
