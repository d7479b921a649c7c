//! What texts name, and what only looks like it. All numbers are reserved for fiction
//! (555-01xx, Ofcom's drama ranges and their kind) unless they are meant to be none.

use ruleeval::entities::{dates, email_addresses, money_amounts, phone_numbers, urls, wallets};

fn numbers(text: &str) -> Vec<String> {
    phone_numbers(text).iter().map(|found| found.number.to_string()).collect()
}

fn check(rows: &[(&str, &[&str])], found: fn(&str) -> Vec<String>) {
    let wrong: Vec<String> = rows
        .iter()
        .map(|(text, wanted)| (text, wanted, found(text)))
        .filter(|(_, wanted, found)| found != *wanted)
        .map(|(text, wanted, found)| format!("{text}\n    wanted {wanted:?}\n    found  {found:?}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn phone_numbers_as_people_write_them() {
    check(
        &[
            ("802-555-0142", &["+18025550142"]),
            ("802 555 0142", &["+18025550142"]),
            ("802.555.0142", &["+18025550142"]),
            ("(802) 555-0142", &["+18025550142"]),
            ("(802)555-0142", &["+18025550142"]),
            ("(802)5550142", &["+18025550142"]),
            ("1-888-555-0142", &["+18885550142"]),
            ("1 (888) 555-0142", &["+18885550142"]),
            ("1(888)555 0142", &["+18885550142"]),
            ("+1 (888) 555 0142", &["+18885550142"]),
            ("+1(888)555-0142", &["+18885550142"]),
            ("+18885550142", &["+18885550142"]),
            ("+1.888.555.0142.", &["+18885550142"]),
            ("001 888 555 0142", &["+18885550142"]),
            ("Call us at 8885550142 now", &["+18885550142"]),
            ("dial 1-8885550142", &["+18885550142"]),
            ("tel:+1-888-555-0142", &["+18885550142"]),
            ("Tel.: 888 5550142", &["+18885550142"]),
            ("Tel/Fax: 802-555-0142", &["+18025550142"]),
            ("Desk at 802 555 0142 to CanceI", &["+18025550142"]),
            ("USD 498.95 802 555 0142", &["+18025550142"]),
            ("802 555 0142 or 802 555 0143", &["+18025550142", "+18025550143"]),
            ("802-555-0142/802-555-0143", &[]),
            ("802 – 555 – 0142", &["+18025550142"]),
            ("802\u{a0}555\u{2011}0142", &["+18025550142"]),
            ("[802] 555-0142", &["+18025550142"]),
            ("+44 20 7946 0018", &["+442079460018"]),
            ("+44 (0)20 7946 0018", &["+442079460018"]),
            ("+44 (0) 7700 900123", &["+447700900123"]),
            ("0044 20 7946 0018", &["+442079460018"]),
            ("020 7946 0018", &["02079460018"]),
            ("(020) 7946 0018", &["02079460018"]),
            ("07700 900123", &["07700900123"]),
            ("0161 496 0000", &["01614960000"]),
            ("0808 157 0192", &["08081570192"]),
            ("+49 30 23125 000", &["+493023125000"]),
            ("030/23125 000", &["03023125000"]),
            ("+33 1 99 00 12 34", &["+33199001234"]),
            ("01 99 00 12 34", &["0199001234"]),
            ("01.99.00.12.34", &["0199001234"]),
            ("+34 900 12 34 56", &["+34900123456"]),
            ("+55 (11) 91234-5678", &["+5511912345678"]),
            ("(11) 91234-5678", &["11912345678"]),
            ("+91 98765 43210", &["+919876543210"]),
            ("+61 2 5550 1234", &["+61255501234"]),
            ("(02) 5550 1234", &["0255501234"]),
            ("1300 975 707", &["1300975707"]),
            ("03-1234-5678", &["0312345678"]),
            ("電話03-1234-5678まで", &["0312345678"]),
            ("０３－１２３４－５６７８", &["0312345678"]),
            ("+354 555 0142", &["+3545550142"]),
            ("+971 4 555 0142", &["+97145550142"]),
            ("WhatsApp 98765 43210", &["9876543210"]),
            ("Llame al 900 123 456", &["900123456"]),
            ("тел: 8 (495) 123-45-67", &["84951234567"]),
            ("+7 (495) 123-45-67", &["+74951234567"]),
            ("☎ 802-555-0142 📞", &["+18025550142"]),
            ("Case ID 1 (888) 555-0142", &["+18885550142"]),
        ],
        numbers,
    );
}

#[test]
fn phone_numbers_that_hide() {
    check(
        &[
            ("8O2 555 O142", &["+18025550142"]),
            ("I-8OO-555-OI42", &["+18005550142"]),
            ("1-8OO-SSS-0142", &[]),
            ("+1 8O5 55S O142", &["+18055550142"]),
            ("(8O5) 555-0142", &["+18055550142"]),
            ("(8O5) 555-0l42", &["+18055550142"]),
            ("𝟖𝟎𝟐 𝟓𝟓𝟓 𝟎𝟏𝟒𝟐", &["+18025550142"]),
            ("⑧⓪② ⑤⑤⑤ ⓪①④②", &["+18025550142"]),
            ("❽0❷-❺❺❺-⓿❶❹❷", &["+18025550142"]),
            ("８０２－５５５－０１４２", &["+18025550142"]),
            ("8\u{fe0f}\u{20e3}0\u{fe0f}\u{20e3}2\u{fe0f}\u{20e3} 555 0142", &["+18025550142"]),
            ("8\u{200b}02\u{2060}-55\u{ad}5-01\u{200d}42", &["+18025550142"]),
            ("8 0 2 5 5 5 0 1 4 2", &["+18025550142"]),
            ("+1 8 0 2 5 5 5 0 1 4 2", &["+18025550142"]),
            ("8-0-2-5-5-5-0-1-4-2", &["+18025550142"]),
            ("1 (8 0 2) 5 5 5 - 0 1 4 2", &["+18025550142"]),
            ("8 0 2 - 5 5 5 - 0 1 4 2", &["+18025550142"]),
            ("8 0-2 5 5-5 0 1 4 2", &[]),
            ("(802)-555~0142", &["+18025550142"]),
            ("802*555*0142", &["+18025550142"]),
            ("802~555~0142", &["+18025550142"]),
            ("802_555_0142", &[]),
            ("802 - 555 - 0142", &["+18025550142"]),
            ("call 80 25 55 01 42", &["+18025550142"]),
            ("8ο2 555 О142", &["+18025550142"]),
            ("eight zero two five five five zero one four two", &["+18025550142"]),
            ("Eight-oh-two, triple five, oh one four two", &["+18025550142"]),
            ("one eight hundred five", &[]),
            ("eight 0 two 555 zero one 4 2", &["+18025550142"]),
            ("ocho cero dos cinco cinco cinco cero uno cuatro dos", &["+18025550142"]),
        ],
        numbers,
    );
    let odd = |text: &str| phone_numbers(text).iter().any(|found| found.obfuscated);
    assert!(odd("8O2 555 O142") && odd("𝟖𝟎𝟐 555 0142") && odd("8\u{200b}02 555 0142") && odd("802*555*0142"));
    assert!(!odd("(802) 555-0142") && !odd("０３－１２３４－５６７８") && !odd("+44 20 7946 0018"));
}

#[test]
fn phone_numbers_spaced_and_half_in_words() {
    check(
        &[
            ("Call 1 - 800 - 555 - 0142 now", &["+18005550142"]),
            ("Call 1 \u{2013} 888 \u{2013} 555 \u{2013} 0143 now", &["+18885550143"]),
            ("desk: 800 - 555 - 0142", &["+18005550142"]),
            ("1 . 800 . 555 . 0142", &["+18005550142"]),
            ("call one eight hundred 555 0142", &["+18005550142"]),
            ("dial eight hundred, five five five, 0142", &["+18005550142"]),
            ("dial 888-five five five-0143", &["+18885550143"]),
            ("one 888 five five five 0143", &["+18885550143"]),
            ("one hundred people met two times in three rooms", &[]),
            ("four or five of six", &[]),
        ],
        numbers,
    );
}

#[test]
fn what_is_no_phone_number() {
    let none = [
        "Order 112-4567890-1234567",
        "Order number: 802-555-0142",
        "order #8025550142",
        "Invoice 8025550142",
        "8025550142",
        "Your code is 482913",
        "482 913",
        "Account verification code: 482913",
        "2026-05-21 10:00:00",
        "21.05.2026 10:30",
        "05/21/2026",
        "05/12/2024 1030",
        "20260521",
        "Call me on 2026-05-21",
        "call 20260521",
        "192.168.100.100",
        "call 192.168.100.100",
        "203.0.113.14",
        "2001:db8:555:142::1",
        "123e4567-e89b-12d3-a456-426614174000",
        "12345678-1234-1234-1234-123456789012",
        "/subscriptions/80255501-4280-2555-0142-802555014280/resourceGroups/rg-802-555-0142",
        "https://example.com/802-555-0142",
        "https://example.com/?p=802-555-0142",
        "www.example.com/8025550142",
        "802-555-0142@example.com",
        "a802-555-0142",
        "802-555-0142-9",
        "1-802-555-0142-33-1",
        "$802 555 0142",
        "$1,234,567.89",
        "1,234,567,890",
        "1 234 567 890 EUR",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "DE89 3704 0044 0532 0130 00",
        "GB29 NWBK 6016 1331 9268 19",
        "1Z 999 AA1 01 2345 6784",
        "9400 1000 0000 0000 0000 00",
        "1716285600",
        "1716285600.123",
        "+0200",
        "Thu, 21 May 2026 10:00:00 +0200",
        "000 000 0000",
        "555 555 5555",
        "1234567890",
        "123 456 7890",
        "012 345",
        "1 2 3 4 5 6 7 8 9 10",
        "5 3 4 6 7 8 9 1 2 6 7 2 1 9 5",
        "one two three four five six seven eight nine ten",
        "version 10.0.19041.1234",
        "978-3-16-148410-0",
        "SSN 123-45-6789",
        "ISBN 802-555-0142",
        "0x8025550142",
        "Solo Bill Oslo 802",
        "100 200 300 400",
        "+20 500 000 points",
        "802\n555\n0142",
        "Call Trace: 0000000012345678",
        "contact us about order 12345678",
        "SHA 8025550142abcdef",
        "be 04 00 00 00 48 89 ef",
        "03 01 01 01 03 01 05 0d",
        "free_ts 25023027630",
        "612, 614 (4069)",
    ];
    let wrong: Vec<String> = none
        .iter()
        .filter(|text| !numbers(text).is_empty())
        .map(|text| format!("{text}: {:?}", numbers(text)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), none.len(), wrong.join("\n"));
}

#[test]
fn places_and_kinds_of_phone_numbers() {
    let text = "Rufen Sie (bitte) +1 (888) 555-0142 an.";
    let found = phone_numbers(text);
    assert_eq!(&*found[0].text, "+1 (888) 555-0142");
    assert_eq!(&text[found[0].start..found[0].end], &*found[0].text);
    assert!(found[0].international && found[0].toll_free && !found[0].obfuscated);
    let local = phone_numbers("(802) 555-0142");
    assert_eq!(&*local[0].text, "(802) 555-0142");
    assert!(!local[0].international && !local[0].toll_free);
}

fn amounts(text: &str) -> Vec<String> {
    money_amounts(text).iter().map(|found| format!("{} {}", found.amount, found.currency)).collect()
}

#[test]
fn a_currency_whose_letters_look_like_digits_is_no_second_number() {
    let found = money_amounts("начислено 148 900 руб. получить");
    assert_eq!(found.iter().map(|amount| (amount.amount, amount.currency)).collect::<Vec<_>>(), [(148_900.0, "RUB")]);
}

#[test]
fn amounts_of_money() {
    check(
        &[
            ("USD 498.95", &["498.95 USD"]),
            ("498.95 USD", &["498.95 USD"]),
            ("$499", &["499 USD"]),
            ("$ 499.99", &["499.99 USD"]),
            ("499.99$", &["499.99 USD"]),
            ("US$1,234.56", &["1234.56 USD"]),
            ("USD$499", &["499 USD"]),
            ("+$4,811", &["4811 USD"]),
            ("-$12", &["12 USD"]),
            ("€1.234,56", &["1234.56 EUR"]),
            ("1.234,56 €", &["1234.56 EUR"]),
            ("1 234,56 €", &["1234.56 EUR"]),
            ("1'234.50 CHF", &["1234.5 CHF"]),
            ("EUR 50.000", &["50000 EUR"]),
            ("150 072 EURO", &["150072 EUR"]),
            ("£20", &["20 GBP"]),
            ("R$ 1.500,00", &["1500 BRL"]),
            ("A$20", &["20 AUD"]),
            ("₹25,00,000", &["2500000 INR"]),
            ("Rs. 500", &["500 INR"]),
            ("¥10,000", &["10000 JPY"]),
            ("10000円", &["10000 JPY"]),
            ("0.05 BTC", &["0.05 BTC"]),
            ("2.5 ETH", &["2.5 ETH"]),
            ("$1.5k", &["1500 USD"]),
            ("$2 million", &["2000000 USD"]),
            ("500 dollars", &["500 USD"]),
            ("500 kr", &["500 SEK"]),
            ("120,50 zł", &["120.5 PLN"]),
            ("689.9O USD", &["689.9 USD"]),
            ("$𝟒𝟗𝟗.𝟗𝟗", &["499.99 USD"]),
            ("＄４９９", &["499 USD"]),
            ("$4\u{200b}99.00", &["499 USD"]),
            ("399.99 USD will be charged. Call 802 555 0142", &["399.99 USD"]),
            ("0.00 USD and $689.89", &["0 USD", "689.89 USD"]),
            ("$5 $6", &["5 USD", "6 USD"]),
            ("USD 5, EUR 6", &["5 USD", "6 EUR"]),
            ("Total: $499.99.", &["499.99 USD"]),
            ("$499,99", &["499.99 USD"]),
            ("$1,000", &["1000 USD"]),
            ("$1.000", &["1000 USD"]),
            ("$0.125", &["0.125 USD"]),
            ("room 499", &[]),
            ("CPU above 90 % for 5 min", &[]),
            ("page 7 of 10", &[]),
            ("php 8.3", &[]),
            ("sol 2", &[]),
            ("10 ft", &[]),
            ("2026-05-21", &[]),
            ("$HOME/x", &[]),
            ("$", &[]),
            ("nis 2", &[]),
            ("commit cad75ce11002", &[]),
            ("add $0x30,%rsp", &[]),
            ("PHP 3.0.9", &[]),
            ("%xmm0$(comma)", &[]),
            ("install -m 0644 ${WORKDIR}/x", &[]),
            ("$1.6\nbillion", &["1600000000 USD"]),
            ("$7.2B", &["7200000000 USD"]),
            ("version 2 sek", &["2 SEK"]),
            ("hours 5", &[]),
            ("499.99 US dollars", &["499.99 USD"]),
            ("500 U.S. dollars.", &["500 USD"]),
            ("20 Hong Kong dollars", &["20 HKD"]),
            ("20 us", &[]),
            ("$ 499 . 99 USD", &["499.99 USD"]),
            ("499 .99 €", &["499.99 EUR"]),
            ("$499 . 995", &["499 USD"]),
            ("$499. 99 people", &["499 USD"]),
        ],
        amounts,
    );
    assert!(money_amounts("$ 499 . 99")[0].obfuscated);
    let found = money_amounts("pay USD 689.9O now");
    assert_eq!((&*found[0].text, found[0].obfuscated), ("USD 689.9O", true));
}

fn chains(text: &str) -> Vec<String> {
    wallets(text).iter().map(|found| format!("{} {}", found.chain, found.verified)).collect()
}

#[test]
fn wallets_with_their_checksums() {
    // Addresses of the standards' own examples.
    check(
        &[
            ("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", &["BTC true"]),
            ("1BoatSLRHtKNngkdXEeobR76b53LETtpyU", &[]),
            ("3P14159f73E4gFr7JterCCQh9QjiTjiZrG", &["BTC true"]),
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", &["BTC true"]),
            ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", &["BTC true"]),
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", &[]),
            ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", &["BTC true"]),
            ("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", &["BCH true"]),
            ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", &["ETH false"]),
            ("0x0000000000000000000000000000000000000000", &[]),
            ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", &[]),
            ("rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", &["XRP true"]),
            ("pay to (1BoatSLRHtKNngkdXEeobR76b53LETtpyT), thanks", &["BTC true"]),
            ("da39a3ee5e6b4b0d3255bfef95601890afd80709", &[]),
            ("aVeryLongWordWithoutAnyChecksumAtAll", &[]),
        ],
        chains,
    );
}

#[test]
fn addresses_and_urls_in_texts() {
    let emails = |text: &str| -> Vec<String> {
        email_addresses(text).iter().map(|found| found.email.email.to_string()).collect()
    };
    check(
        &[
            ("Write to Ann@Example.com.", &["ann@example.com"]),
            ("<ann@example.com>, bob@example.org", &["ann@example.com", "bob@example.org"]),
            ("ann [at] example [dot] com", &["ann@example.com"]),
            ("ann(at)example.com", &["ann@example.com"]),
            ("ann@exam\u{200b}ple.com", &["ann@example.com"]),
            ("ann@localhost", &[]),
            ("see @example", &[]),
            ("ａｎｎ＠ｅｘａｍｐｌｅ．ｃｏｍ", &["ann@example.com"]),
        ],
        emails,
    );
    let found = |text: &str| -> Vec<String> { urls(text).iter().map(|found| found.url.url.to_string()).collect() };
    check(
        &[
            ("https://example.com/a", &["https://example.com/a"]),
            ("hxxps://evil[.]example/a", &["https://evil.example/a"]),
            ("hxxp://evil(.)example", &["http://evil.example/"]),
            ("evil[.]com", &["http://evil.com/"]),
            ("evil [dot] com/x", &["http://evil.com/x"]),
            ("ok.me/abc", &["http://ok.me/abc"]),
            ("www.example.com", &["http://www.example.com/"]),
            ("notes.txt and a.b.", &[]),
            ("e.g. this", &[]),
            ("exam\u{ad}ple.com/x", &["http://example.com/x"]),
            ("ｗｗｗ．ｅｘａｍｐｌｅ．ｃｏｍ", &["http://www.example.com/"]),
        ],
        found,
    );
    let text = "Ünter hxxps://evil[.]example/a los";
    let first = &urls(text)[0];
    assert_eq!((&*first.text, first.defanged), ("hxxps://evil[.]example/a", true));
    assert_eq!(&text[first.start..first.end], &*first.text);
    assert!(!urls("https://example.com/a")[0].defanged);
}

#[test]
fn dates_in_texts() {
    let found = |text: &str| -> Vec<String> {
        dates(text).iter().map(|found| format!("{} {}", found.text, found.millis.is_some())).collect()
    };
    check(
        &[
            ("due 2026-05-12.", &["2026-05-12 true"]),
            ("2026-05-12T10:00:00Z", &["2026-05-12 true"]),
            ("12.05.2026", &["12.05.2026 true"]),
            ("05/21/2026", &["05/21/2026 true"]),
            ("03/04/2026", &["03/04/2026 false"]),
            ("5/21/26", &["5/21/26 true"]),
            ("May 12, 2026", &["May 12, 2026 true"]),
            ("12 May 2026", &["12 May 2026 true"]),
            ("12th of May 2026", &["12th of May 2026 true"]),
            ("12. Mai 2026", &["12. Mai 2026 true"]),
            ("12 de mayo de 2026", &["12 de mayo de 2026 true"]),
            ("12 мая 2026", &["12 мая 2026 true"]),
            ("2026年5月12日", &["2026年5月12日 true"]),
            ("32.05.2026", &[]),
            ("1.2.3.4", &[]),
            ("10.0.2026.1", &[]),
            ("802-555-0142", &[]),
            ("version 12.05", &[]),
            ("29.02.2025", &[]),
        ],
        found,
    );
    assert_eq!(dates("2026-05-12")[0].millis, Some(1_778_544_000_000));
}

/// Work is linear: these would take minutes otherwise.
#[test]
fn hostile_texts_are_read_in_reasonable_time() {
    let seeds = [
        "1 ",
        "1",
        "+",
        "(",
        "8O",
        "call ",
        "$1",
        "$",
        "1,",
        "one ",
        "hxxp://",
        "a@",
        "[.]",
        "May 1 ",
        "\u{200b}",
        "1.",
        "802-555-0142 ",
        "0x",
        "bc1q",
    ];
    for seed in seeds {
        let text = seed.repeat(12_000 / seed.len());
        let found = [phone_numbers(&text).len(), money_amounts(&text).len(), dates(&text).len(), wallets(&text).len()];
        let more = [email_addresses(&text).len(), urls(&text).len()];
        assert!(found.iter().chain(&more).all(|count| *count <= text.len()), "{seed:?}");
    }
}

proptest::proptest! {
    #[test]
    fn what_is_found_is_a_piece_of_the_text(text in "[0-9OlI+()\\-. $€a-e@\\[\\]xX/:,\u{200b}𝟖⑤一\n]{0,120}") {
        let mut pieces = Vec::new();
        pieces.extend(phone_numbers(&text).into_iter().map(|found| (found.start, found.end, found.text)));
        pieces.extend(money_amounts(&text).into_iter().map(|found| (found.start, found.end, found.text)));
        pieces.extend(email_addresses(&text).into_iter().map(|found| (found.start, found.end, found.text)));
        pieces.extend(urls(&text).into_iter().map(|found| (found.start, found.end, found.text)));
        pieces.extend(dates(&text).into_iter().map(|found| (found.start, found.end, found.text)));
        for (start, end, found) in pieces {
            proptest::prop_assert_eq!(text.get(start..end), Some(&*found));
        }
    }
}
