//! Any text gives entities in order, each of them a piece of the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::entities::{dates, email_addresses, money_amounts, phone_numbers, urls, wallets};

fuzz_target!(|text: &str| {
    let mut pieces = Vec::new();
    pieces.extend(phone_numbers(text).into_iter().map(|found| (found.start, found.end, found.text)));
    pieces.extend(money_amounts(text).into_iter().map(|found| (found.start, found.end, found.text)));
    pieces.extend(email_addresses(text).into_iter().map(|found| (found.start, found.end, found.text)));
    pieces.extend(urls(text).into_iter().map(|found| (found.start, found.end, found.text)));
    pieces.extend(wallets(text).into_iter().map(|found| (found.start, found.end, found.text)));
    pieces.extend(dates(text).into_iter().map(|found| (found.start, found.end, found.text)));
    for (start, end, found) in pieces {
        assert_eq!(text.get(start..end), Some(&*found));
    }
});
