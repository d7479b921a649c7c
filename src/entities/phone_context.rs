//! What stands before digits says what they are.

use crate::text::look_alike;

/// What the words right before some digits say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Nothing.
    Open,
    /// A word that announces a telephone number.
    Announced,
    /// `tel:` and its kind stand right before.
    Scheme,
    /// A word that announces an identifier stands right before.
    Identifier,
    /// A currency sign stands right before.
    Amount,
}

/// Bytes before the digits that are looked at.
const REACH: usize = 40;

/// Words that announce a number, in the languages of common lures.
const ANNOUNCING: [&str; 58] = [
    "call",
    "calling",
    "dial",
    "phone",
    "telephone",
    "tel",
    "tfn",
    "ph",
    "mob",
    "mobile",
    "cell",
    "fax",
    "hotline",
    "helpline",
    "helpdesk",
    "desk",
    "whatsapp",
    "sms",
    "toll",
    "tollfree",
    "toll-free",
    "support",
    "care",
    "contact",
    "reach",
    "speak",
    "telefon",
    "anruf",
    "anrufen",
    "rufen",
    "handy",
    "hotline",
    "téléphone",
    "appelez",
    "appeler",
    "telefone",
    "telefono",
    "telefonu",
    "teléfono",
    "llame",
    "llamar",
    "llámenos",
    "llamenos",
    "ligue",
    "ligar",
    "celular",
    "chiama",
    "chiamare",
    "chiamaci",
    "bel",
    "zadzwoń",
    "telefoon",
    "puhelin",
    "тел",
    "телефон",
    "звоните",
    "電話",
    "电话",
];

/// Words that announce an identifier.
const IDENTIFYING: [&str; 44] = [
    "order",
    "invoice",
    "ref",
    "reference",
    "id",
    "tracking",
    "transaction",
    "account",
    "case",
    "ticket",
    "code",
    "pin",
    "otp",
    "serial",
    "iban",
    "bic",
    "vat",
    "ein",
    "ssn",
    "isbn",
    "issn",
    "sku",
    "po",
    "policy",
    "claim",
    "bug",
    "issue",
    "version",
    "build",
    "release",
    "commit",
    "port",
    "bestellung",
    "rechnung",
    "kundennummer",
    "commande",
    "facture",
    "pedido",
    "factura",
    "ordine",
    "fattura",
    "nr",
    "license",
    "key",
];

/// Words that may stand between: "call us now at", "order number:".
const BETWEEN: [&str; 34] = [
    "us",
    "our",
    "at",
    "on",
    "now",
    "the",
    "is",
    "number",
    "no",
    "nr",
    "num",
    "to",
    "for",
    "toll",
    "free",
    "team",
    "me",
    "immediately",
    "here",
    "directly",
    "via",
    "under",
    "unter",
    "uns",
    "au",
    "al",
    "para",
    "a",
    "us:",
    "center",
    "centre",
    "customer",
    "usa",
    "hours",
];

/// Reads the words before a place.
pub(super) fn context(text: &str, at: usize) -> Context {
    let mut from = at.saturating_sub(REACH);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let before = &text[from..at];
    let before = before.rsplit(['\n', '\r']).next().unwrap_or(before);
    let near = before.trim_end_matches(['(', '[', ' ', '+', '\u{a0}']);
    let lower = near.to_lowercase();
    if near.ends_with(['$', '€', '£', '¥', '₹', '₽', '₿']) {
        return Context::Amount;
    }
    if ["tel:", "callto:", "sms:", "phone="].iter().any(|scheme| lower.ends_with(scheme)) {
        return Context::Scheme;
    }
    if near.ends_with('#') {
        return Context::Identifier;
    }
    of_words(&lower)
}

/// The nearest word that announces something; words that say nothing may stand between.
fn of_words(lower: &str) -> Context {
    let folded: String =
        lower.chars().map(|c| look_alike(c).filter(char::is_ascii_alphanumeric).unwrap_or(c)).collect();
    let words =
        folded.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))).filter(|word| !word.is_empty());
    let original: Vec<&str> = words.collect();
    let mut neutral = 0;
    for word in original.iter().rev() {
        let word = word.trim_matches('-').replace(['0', '1'], "");
        if ANNOUNCING.contains(&word.as_str())
            || ANNOUNCING.iter().any(|known| !known.is_ascii() && word.ends_with(known))
        {
            return Context::Announced;
        }
        if IDENTIFYING.contains(&word.as_str()) {
            return Context::Identifier;
        }
        neutral += usize::from(!BETWEEN.contains(&word.as_str()));
        if neutral > 1 {
            break;
        }
    }
    Context::Open
}

/// True if the word before mixes letters and digits, as parts of identifiers do, or is a byte in
/// hexadecimal.
pub(super) fn follows_code(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches(' ');
    if before.len() == at {
        return false;
    }
    let word = before.bytes().rev().take(20).take_while(u8::is_ascii_alphanumeric);
    let (letters, digits) = word.fold((0, 0), |(letters, digits), byte| {
        (letters + usize::from(byte.is_ascii_alphabetic()), digits + usize::from(byte.is_ascii_digit()))
    });
    let is_hex = letters + digits == 2 && before.bytes().rev().take(2).all(|byte| byte.is_ascii_hexdigit());
    letters > 0 && digits > 0 || is_hex
}

/// True if what stands right before makes the digits part of something longer: a word, a path, a
/// URL, an address, a file name.
pub(super) fn is_glued(text: &str, at: usize) -> bool {
    let mut from = at.saturating_sub(200);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let token = text[from..at].rsplit(char::is_whitespace).next().unwrap_or("");
    let token = token.trim_end_matches(['(', '[', '+']);
    let Some(last) = token.chars().next_back() else { return false };
    let in_url = (token.contains("://") || token.starts_with("www.")) && !token.ends_with("tel://");
    let glue = matches!(last, '/' | '=' | '_' | '#' | '$' | '£' | '€' | '%' | '&' | '@' | '-' | '.' | '\\' | '~' | '?');
    // `Tel:`, `phone-`, `Call.` glue nothing.
    let named = || of_words(&token.to_lowercase()) == Context::Announced && !matches!(last, '/' | '=' | '_' | '@');
    in_url || (glue || last.is_ascii_alphanumeric()) && !named() || token.contains('@') && last != ':'
}
