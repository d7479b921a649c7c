//! What a text names: functions over any text, and `entities` over the message's own.

use super::{record, text};
use crate::builtins::Registry;
use crate::entities::{
    CHAINS, FoundDate, FoundEmail, FoundUrl, MoneyAmount, PhoneNumber, Wallet, dates, email_addresses, money_amounts,
    phone_numbers, urls, wallets,
};
use crate::message::Message;
use crate::value::{Cost, EnumDecl, Example, Value};
use std::any::Any;
use std::sync::{Arc, OnceLock};

/// What the message's own text names; each kind is looked for when it is first asked for.
pub(super) struct Entities {
    text: Arc<str>,
    phone_numbers: OnceLock<Value>,
    money_amounts: OnceLock<Value>,
    email_addresses: OnceLock<Value>,
    urls: OnceLock<Value>,
    wallets: OnceLock<Value>,
    dates: OnceLock<Value>,
}

/// The entities of a message, made once.
pub(super) fn of(message: &Message) -> Value {
    Value::record(message.once(|| Entities::new(message)))
}

impl Entities {
    fn new(message: &Message) -> Self {
        let name = message.sender().and_then(|sender| sender.display_name.clone());
        let subject = message.subject().subject.clone();
        let own = Arc::clone(&message.body().current_thread().text);
        let lines: Vec<Arc<str>> = name.into_iter().chain(subject).chain([own]).collect();
        Self {
            text: lines.join("\n").into(),
            phone_numbers: OnceLock::new(),
            money_amounts: OnceLock::new(),
            email_addresses: OnceLock::new(),
            urls: OnceLock::new(),
            wallets: OnceLock::new(),
            dates: OnceLock::new(),
        }
    }
}

/// Records of what was found.
fn list<T: Any + Send + Sync>(found: Vec<T>) -> Value {
    Value::list(found.into_iter().map(|item| Value::record(Arc::new(item))))
}

fn argument(args: &[Value]) -> &str {
    args.first().and_then(Value::as_str).unwrap_or("")
}

const fn example(expr: &'static str, value: &'static str) -> Example {
    Example { expr, value: Some(value) }
}

pub(super) fn declare(r: &mut Registry) {
    root(r);
    phones(r);
    money(r);
    addresses(r);
    others(r);
}

fn root(r: &mut Registry) {
    r.record::<Entities>(
        "Entities",
        "What the message itself names: in the sender's display name, the subject and the text that the sender wrote now.",
    )
    .field("text", "string", Cost::Expensive, "The text that is searched: display name, subject and current thread, one below the other.", |_, e| text(&e.text))
    .field("phone_numbers", "[PhoneNumber]", Cost::Expensive, "Telephone numbers: `phone_numbers(entities.text)`.", |_, e| {
        e.phone_numbers.get_or_init(|| list(phone_numbers(&e.text))).clone()
    })
    .field("money_amounts", "[MoneyAmount]", Cost::Expensive, "Amounts of money: `money_amounts(entities.text)`.", |_, e| {
        e.money_amounts.get_or_init(|| list(money_amounts(&e.text))).clone()
    })
    .field("email_addresses", "[FoundEmail]", Cost::Expensive, "E-mail addresses: `email_addresses(entities.text)`.", |_, e| {
        e.email_addresses.get_or_init(|| list(email_addresses(&e.text))).clone()
    })
    .field("urls", "[FoundUrl]", Cost::Expensive, "URLs written in the text, defanged ones too: `urls(entities.text)`. What links lead to is in `body.links`.", |_, e| {
        e.urls.get_or_init(|| list(urls(&e.text))).clone()
    })
    .field("wallets", "[Wallet]", Cost::Expensive, "Cryptocurrency addresses: `wallets(entities.text)`.", |_, e| {
        e.wallets.get_or_init(|| list(wallets(&e.text))).clone()
    })
    .field("dates", "[FoundDate]", Cost::Expensive, "Dates: `dates(entities.text)`.", |_, e| {
        e.dates.get_or_init(|| list(dates(&e.text))).clone()
    });
}

fn phones(r: &mut Registry) {
    r.record::<PhoneNumber>("PhoneNumber", "A telephone number found in a text.")
        .field("text", "string", Cost::Cheap, "As it is written.", |_, p| text(&p.text))
        .field("number", "string", Cost::Cheap, "`+` and digits where the country is known (E.164), else the digits.", |_, p| text(&p.number))
        .field("start", "int", Cost::Cheap, "Where it begins, in bytes of the text (UTF-8).", |_, p| Value::Int(p.start as i64))
        .field("end", "int", Cost::Cheap, "The byte after it.", |_, p| Value::Int(p.end as i64))
        .field("international", "bool", Cost::Cheap, "Written with its country code.", |_, p| p.international.into())
        .field("toll_free", "bool", Cost::Cheap, "Costs the caller nothing: 800, 888, 0800 ...", |_, p| p.toll_free.into())
        .field("obfuscated", "bool", Cost::Cheap, "Written so that programs overlook it: letters for digits, look-alikes, decorated digits, invisible or odd characters between digits, words.", |_, p| p.obfuscated.into());
    r.function(
        "phone_numbers(text: string) -> [PhoneNumber]",
        "Telephone numbers in a text, international and national, also in disguise (`8O2 555 O142`, circled digits, words). Dates, order numbers, card numbers, IP addresses, UUIDs and parts of URLs are none. Ten digits without separators count only after a word such as `call`.",
        Cost::Moderate,
        &[
            const { example("phone_numbers(\"Call +1 (888) 555-0142 now\")[0].number", "\"+18885550142\"") },
            const { example("map(phone_numbers(\"desk at 8O2 555 O142\"), .text)", "[\"8O2 555 O142\"]") },
            const { example("phone_numbers(\"8O2 555 O142\")[0].obfuscated", "true") },
            const { example("phone_numbers(\"Order 112-4567890-1234567 of 2026-05-21\")", "[]") },
        ],
        |_, args| list(phone_numbers(argument(args))),
    );
}

fn money(r: &mut Registry) {
    r.record::<MoneyAmount>("MoneyAmount", "An amount of money found in a text.")
        .field("text", "string", Cost::Cheap, "As it is written.", |_, m| text(&m.text))
        .field("amount", "float", Cost::Cheap, "The amount; of `1.5k` it is 1500.", |_, m| Value::Float(m.amount))
        .field("currency", "string", Cost::Cheap, "Code of the currency (ISO 4217, or `BTC`, `ETH`, `USDT` ...). A bare `$` is `USD`, `¥` is `JPY`, `kr` is `SEK`.", |_, m| m.currency.into())
        .field("start", "int", Cost::Cheap, "Where it begins, in bytes of the text (UTF-8).", |_, m| Value::Int(m.start as i64))
        .field("end", "int", Cost::Cheap, "The byte after it.", |_, m| Value::Int(m.end as i64))
        .field("obfuscated", "bool", Cost::Cheap, "Written with letters for digits, decorated digits or invisible characters.", |_, m| m.obfuscated.into());
    r.function(
        "money_amounts(text: string) -> [MoneyAmount]",
        "Amounts of money in a text: numbers with a currency's sign, code or name beside them.",
        Cost::Moderate,
        &[
            const { example("money_amounts(\"USD 498.95\")[0].amount", "498.95") },
            const { example("map(money_amounts(\"+$4,811 or 1.234,50 €\"), .currency)", "[\"USD\",\"EUR\"]") },
            const { example("money_amounts(\"room 499, page 7\")", "[]") },
        ],
        |_, args| list(money_amounts(argument(args))),
    );
}

fn addresses(r: &mut Registry) {
    r.record::<FoundEmail>("FoundEmail", "An e-mail address found in a text.")
        .field("text", "string", Cost::Cheap, "As it is written.", |_, e| text(&e.text))
        .field("email", "EmailAddress", Cost::Cheap, "The address.", |_, e| record(&e.email))
        .field("start", "int", Cost::Cheap, "Where it begins, in bytes of the text (UTF-8).", |_, e| {
            Value::Int(e.start as i64)
        })
        .field("end", "int", Cost::Cheap, "The byte after it.", |_, e| Value::Int(e.end as i64))
        .field(
            "obfuscated",
            "bool",
            Cost::Cheap,
            "Written as `ann [at] example [dot] com`, or with look-alikes.",
            |_, e| e.obfuscated.into(),
        );
    r.function(
        "email_addresses(text: string) -> [FoundEmail]",
        "E-mail addresses in a text, also as `ann [at] example [dot] com`.",
        Cost::Moderate,
        &[const { example("email_addresses(\"Write to Ann@Example.com.\")[0].email.email", "\"ann@example.com\"") }],
        |_, args| list(email_addresses(argument(args))),
    );
    r.record::<FoundUrl>("FoundUrl", "A URL or host name found in a text.")
        .field("text", "string", Cost::Cheap, "As it is written.", |_, u| text(&u.text))
        .field("url", "Url", Cost::Cheap, "The URL as meant.", |_, u| record(&u.url))
        .field("start", "int", Cost::Cheap, "Where it begins, in bytes of the text (UTF-8).", |_, u| {
            Value::Int(u.start as i64)
        })
        .field("end", "int", Cost::Cheap, "The byte after it.", |_, u| Value::Int(u.end as i64))
        .field(
            "defanged",
            "bool",
            Cost::Cheap,
            "Written so that programs make no link of it: `hxxps://`, `example[.]com`, look-alikes.",
            |_, u| u.defanged.into(),
        );
    r.function(
        "urls(text: string) -> [FoundUrl]",
        "URLs in a text, and host names under a known public suffix; also as `hxxps://example[.]com`.",
        Cost::Moderate,
        &[
            const { example("urls(\"see hxxps://evil[.]example/x\")[0].url.domain.domain", "\"evil.example\"") },
            const { example("map(urls(\"pay at ok.me/x, not notes.txt\"), .url.domain.domain)", "[\"ok.me\"]") },
        ],
        |_, args| list(urls(argument(args))),
    );
}

fn others(r: &mut Registry) {
    r.enumeration(EnumDecl {
        name: "WalletChain",
        doc: "The cryptocurrency of an address.",
        values: CHAINS,
        ordered: false,
        open: false,
    });
    r.record::<Wallet>("Wallet", "A cryptocurrency address found in a text.")
        .field("text", "string", Cost::Cheap, "The address.", |_, w| text(&w.text))
        .field(
            "chain",
            "WalletChain",
            Cost::Cheap,
            "The currency. Addresses of other Ethereum-like chains are `ETH` too.",
            |_, w| w.chain.into(),
        )
        .field(
            "verified",
            "bool",
            Cost::Cheap,
            "Its checksum holds. Ethereum and Monero addresses are told by their shape only.",
            |_, w| w.verified.into(),
        )
        .field("start", "int", Cost::Cheap, "Where it begins, in bytes of the text (UTF-8).", |_, w| {
            Value::Int(w.start as i64)
        })
        .field("end", "int", Cost::Cheap, "The byte after it.", |_, w| Value::Int(w.end as i64));
    r.function(
        "wallets(text: string) -> [Wallet]",
        "Cryptocurrency addresses in a text; those with a checksum only if it holds.",
        Cost::Moderate,
        &[const { example("map(wallets(\"to 1BoatSLRHtKNngkdXEeobR76b53LETtpyT\"), .chain)", "[\"BTC\"]") }],
        |_, args| list(wallets(argument(args))),
    );
    r.record::<FoundDate>("FoundDate", "A date found in a text.")
        .field("text", "string", Cost::Cheap, "As it is written.", |_, d| text(&d.text))
        .field(
            "time",
            "time?",
            Cost::Cheap,
            "Its beginning in UTC; absent where readers would disagree (`03/04/2026`).",
            |_, d| d.millis.map_or(Value::Null, Value::Time),
        )
        .field("start", "int", Cost::Cheap, "Where it begins, in bytes of the text (UTF-8).", |_, d| {
            Value::Int(d.start as i64)
        })
        .field("end", "int", Cost::Cheap, "The byte after it.", |_, d| Value::Int(d.end as i64));
    r.function(
        "dates(text: string) -> [FoundDate]",
        "Dates in a text, numeric or with the month's name in common languages.",
        Cost::Moderate,
        &[const { example("dates(\"due 12. Mai 2026\")[0].time", "\"2026-05-12T00:00:00Z\"") }],
        |_, args| list(dates(argument(args))),
    );
}
