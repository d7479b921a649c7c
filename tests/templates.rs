//! Templates end to end: slots, variants, optional parts, residue, what a hostile sender tries.

use ruleeval::engine::{Compiler, Engine};
use serde_json::{Value, json};

const SENDER: &str = "notice@service.example";

fn engine(rules: &str) -> Engine {
    let mut compiler = Compiler::new();
    compiler.rules("test", rules);
    let compiled = compiler.compile();
    let text = ruleeval::diagnostic::render::render(
        ruleeval::diagnostic::render::Format::Concise,
        &compiled.diagnostics,
        &compiled.sources,
        false,
    );
    compiled.engine.unwrap_or_else(|| panic!("{text}"))
}

/// A template whose text is given; `t` is its name.
fn template(subject: &str, body: &str) -> String {
    let subject = if subject.is_empty() { String::new() } else { format!("subject: '{subject}'") };
    let body = if body.is_empty() { String::new() } else { format!("body: \"\"\"\n{body}\n\"\"\"") };
    format!("template t {{ from: \"{SENDER}\" {subject} {body} links: [\"service.example\"] }}")
}

fn plain(subject: &str, body: &str) -> String {
    format!(
        "From: Service <{SENDER}>\r\nTo: b@example.org\r\nSubject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
    )
}

fn html(subject: &str, body: &str) -> String {
    plain(subject, body).replacen("text/plain", "text/html", 1)
}

fn read(rules: &str, message: &str) -> Value {
    let engine = engine(rules);
    let message = engine.parse(message.as_bytes().to_vec());
    engine.eval_expr("template(t)", &message, None).expect("a valid expression").0
}

/// Fields that a template gives, those named.
fn fields(rules: &str, message: &str, wanted: &Value) {
    let found = read(rules, message);
    for (name, value) in wanted.as_object().expect("an object") {
        assert_eq!(&found[name], value, "{name} of {found:#}\nin {message}");
    }
}

const CODE: &str = "Verify your email address
To finish setting up your {org} account ... Account verification code: {code: digits}
Sincerely, {org}";

fn code_mail(org: &str, extra: &str) -> String {
    format!(
        "Verify your email address\r\n\r\nTo finish setting up your {org} account, we need to make sure this email address is yours.\r\n\r\nAccount verification code: 402918\r\n{extra}\r\nSincerely,\r\n{org}"
    )
}

#[test]
fn slots_hold_exactly_what_the_sender_put_in() {
    let rules = template("{org} account email verification code", CODE);
    for org in ["Contoso", "Order of USD 389.90, dial 802 555 0142", "Ünï & Söhne (GmbH)", "a", "Verify your"] {
        let subject = format!("=?utf-8?Q?{}?=", quoted_printable(&format!("{org} account email verification code")));
        fields(
            &rules,
            &plain(&subject, &code_mail(org, "")),
            &json!({"matched": true, "org": org, "code": "402918", "conflicts": [], "links_outside": [],
                "residue": ", we need to make sure this email address is yours."}),
        );
    }
}

/// RFC 2047's Q encoding.
fn quoted_printable(text: &str) -> String {
    let one = |byte: u8| match byte {
        b' ' => "_".to_owned(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("={byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[test]
fn other_senders_do_not_match() {
    let rules = template("", CODE);
    let message = plain("x", &code_mail("Contoso", ""));
    fields(&rules, &message, &json!({"matched": true}));
    let other = message.replacen(SENDER, "notice@service.example.org", 1);
    fields(
        &rules,
        &other,
        &json!({"matched": false, "org": null, "code": null, "residue": null, "coverage": 0.0, "links_outside": [], "conflicts": []}),
    );
    for (from, matched) in
        [("*@service.example", true), ("NOTICE@service.example", true), ("not?@service.example", false)]
    {
        let rules = rules.replacen(SENDER, from, 1);
        fields(&rules, &message, &json!({"matched": matched}));
    }
}

#[test]
fn what_is_injected_is_told_from_the_genuine() {
    let rules = template("{org} account email verification code", CODE);
    let subject = "Contoso account email verification code";
    let genuine = read(&rules, &plain(subject, &code_mail("Contoso", "")));
    let sentence = read(&rules, &plain(subject, &code_mail("Contoso", "Call 802 555 0142 to cancel.\r\n")));
    assert_eq!(sentence["matched"], true);
    assert_ne!(sentence["residue"], genuine["residue"]);
    assert!(sentence["residue"].as_str().expect("text").ends_with("\nCall 802 555 0142 to cancel."), "{sentence:#}");
    assert!(sentence["coverage"].as_f64() < genuine["coverage"].as_f64());
    let link = read(&rules, &plain(subject, &code_mail("Contoso", "https://evil.example/login\r\n")));
    assert_eq!(link["links_outside"][0]["href_url"]["domain"]["domain"], "evil.example");
    let before = read(&rules, &plain(subject, &format!("Urgent notice.\r\n{}", code_mail("Contoso", ""))));
    assert!(before["residue"].as_str().expect("text").starts_with("Urgent notice."), "{before:#}");
    let after = read(&rules, &plain(subject, &format!("{}\r\nPS: dial 5", code_mail("Contoso", ""))));
    assert!(after["residue"].as_str().expect("text").ends_with("PS: dial 5"), "{after:#}");
    let conflict = code_mail("Contoso", "").replace("Sincerely,\r\nContoso", "Sincerely,\r\nFabrikam");
    fields(&rules, &plain(subject, &conflict), &json!({"matched": true, "org": "Contoso", "conflicts": ["org"]}));
}

#[test]
fn literals_see_through_disguise() {
    let rules = template("", "Your verification code is {code: digits} for {org: line}");
    for body in [
        "Your verification code is 402918 for Contoso",
        "YOUR  VERIFICATION\r\ncode is\u{00A0}402918 for Contoso",
        "Yo\u{200B}ur veri\u{00AD}fication c\u{043E}de is 402918 for Contoso",
        "\u{FF39}our verification code \u{FE0F}is 402918 for Contoso",
    ] {
        fields(&rules, &plain("x", body), &json!({"matched": true, "code": "402918", "org": "Contoso"}));
    }
    fields(
        &rules,
        &html("x", "<p>Your <b>verification</b>&nbsp;code is <span>402918</span> for Con&shy;toso</p>"),
        &json!({"matched": true, "code": "402918", "org": "Con\u{00AD}toso"}),
    );
    // Part of another word is no word of the template.
    fields(&rules, &plain("x", "Your verification code is 402918 fortune"), &json!({"matched": false}));
}

#[test]
fn variants_share_their_slots() {
    let rules = format!(
        "template t {{ from: \"{SENDER}\"
          variant en {{ subject: \"{{owner}} shared a document with you\" body: \"Open it before {{day: date}} to read it\" }}
          variant de {{ subject: \"{{owner}} hat ein Dokument mit Ihnen geteilt\" }}
        }}"
    );
    fields(
        &rules,
        &plain("Ann shared a document with you", "Open it before May 21, 2026 to read it"),
        &json!({"matched": true, "variant": "en", "owner": "Ann", "day": "May 21, 2026", "coverage": 1.0, "residue": ""}),
    );
    fields(
        &rules,
        &plain("WG: Ann B. hat ein Dokument mit Ihnen geteilt", "irgendetwas"),
        &json!({"matched": true, "variant": "de", "owner": "Ann B.", "day": null}),
    );
    fields(&rules, &plain("Ann shared a document with you", "nothing"), &json!({"matched": false, "variant": null}));
}

#[test]
fn optional_parts_may_be_missing() {
    let rules = template(
        "",
        "Hello[[ {name}]], you have a new invoice
[[Note from {seller}: {note}]]
Amount due: {amount: money}
[[Due [[on {day: date}]][[at once]]]]
View and pay your invoice",
    );
    let tail = "View and pay your invoice";
    fields(
        &rules,
        &plain("x", &format!("Hello, you have a new invoice\r\nAmount due: $12.50\r\n{tail}")),
        &json!({"matched": true, "name": null, "note": null, "amount": "$12.50", "residue": "", "coverage": 1.0}),
    );
    fields(
        &rules,
        &plain(
            "x",
            &format!(
                "Hello Ann, you have a new invoice\r\nNote from Shop: call 5\r\nand 6\r\nAmount due: 1,299.00 USD\r\nDue on 2026-05-21\r\n{tail}"
            ),
        ),
        &json!({"matched": true, "name": "Ann", "seller": "Shop", "note": "call 5 and 6", "amount": "1,299.00 USD", "day": "2026-05-21", "residue": ""}),
    );
    fields(
        &rules,
        &plain("x", &format!("Hello, you have a new invoice\r\nAmount due: 5 €\r\nDue at once\r\n{tail}")),
        &json!({"matched": true, "amount": "5 €", "day": null, "residue": ""}),
    );
    fields(
        &rules,
        &plain("x", &format!("Hello, you have a new invoice\r\nAmount due: soon\r\n{tail}")),
        &json!({"matched": false, "amount": null}),
    );
}

#[test]
fn free_slots_end_where_the_template_goes_on() {
    let rules = template(
        "",
        "{sender} sent you a payment request\nNote from them: {note}\nPay now with one click\nSent by {who: line}\n{footer: rest}",
    );
    fields(
        &rules,
        &html(
            "x",
            "<div>Logo</div><div>Ann Example sent you a payment request</div><div>Note from them: first</div><div>second</div><div>Pay now with one click</div><div>Sent by Ann</div><div>Street 1</div><div>City</div>",
        ),
        &json!({"matched": true, "sender": "Ann Example", "note": "first second", "who": "Ann", "footer": "Street 1 City", "residue": "Logo"}),
    );
}

#[test]
fn quoted_text_is_literal() {
    let rules = template("", "Set {'{'}x{'}'} {\"[[\"}now{']]'} and wait {'...'} for {code: digits}");
    fields(
        &rules,
        &plain("x", "Set {x} [[now]] and wait ... for 12"),
        &json!({"matched": true, "code": "12", "coverage": 1.0}),
    );
}

#[test]
fn links_of_plain_text_stand_behind_their_texts() {
    let rules = template("", "Your file is ready, open it here or read the help pages");
    fields(
        &rules,
        &plain(
            "x",
            "Your file is ready, open it here <https://service.example/a> or read the\r\nhelp pages [https://help.service.example/b]",
        ),
        &json!({"matched": true, "residue": "", "links_outside": [], "coverage": 1.0}),
    );
}

/// Blocks of a language in a text, with where they end.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<(usize, &'t str)> {
    let opening = format!("```{language}\n");
    let starts = text.match_indices(&opening).map(|(at, _)| at + opening.len());
    starts.map(|start| (start, text[start..].split("```").next().unwrap_or(""))).collect()
}

#[test]
fn the_documentation_keeps_its_word() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/templates.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let (rules, mails, values) = (blocks(&page, "rule"), blocks(&page, "eml"), blocks(&page, "json"));
    assert!(rules.len() >= 2 && rules.len() == mails.len() && mails.len() == values.len());
    for (((_, rule), (_, mail)), (_, value)) in rules.iter().zip(&mails).zip(&values) {
        let name = rule.split("template ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a name");
        let engine = engine(rule);
        let message = engine.parse(mail.as_bytes().to_vec());
        let (found, _) = engine.eval_expr(&format!("template({name})"), &message, None).expect("a valid expression");
        let wanted: Value = serde_json::from_str(value).expect("JSON");
        for (field, wanted) in wanted.as_object().expect("an object") {
            assert_eq!(&found[field], wanted, "{name}.{field} of {found:#}");
        }
    }
}
