//! The language end to end: expressions to values, null tables, examples of the reference.

use ruleeval::builtins::builtins;
use ruleeval::engine::{Compiler, Engine};

const MESSAGE: &str = "From: \"Ann Example\" <Ann@Example.com>\r\nTo: Bob <bob@example.org>, carol@example.net\r\nSubject: Re: Invoice 4711\r\nMessage-ID: <1@example.com>\r\n\r\nHello https://www.example.com/a?x=1&y=2 world\r\n";

fn engine() -> Engine {
    Compiler::new().compile().engine.expect("an empty engine")
}

/// The value as JSON, or the codes of the errors.
fn value(text: &str) -> String {
    let engine = engine();
    let message = engine.parse(MESSAGE.as_bytes().to_vec());
    match engine.eval_expr(text, &message, None) {
        Ok((value, _)) => value.to_string(),
        Err((diagnostics, _)) => {
            let codes: Vec<String> = diagnostics.iter().map(|diagnostic| diagnostic.code.to_string()).collect();
            codes.join(" ")
        }
    }
}

fn table(rows: &[(&str, &str)]) {
    let wrong: Vec<String> = rows
        .iter()
        .map(|(expr, wanted)| (expr, wanted, value(expr)))
        .filter(|(_, wanted, found)| *wanted != found)
        .map(|(expr, wanted, found)| format!("{expr}\n    wanted {wanted}\n    found  {found}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn the_declarations_have_no_problems() {
    assert_eq!(builtins().problems(), &[] as &[String]);
}

#[test]
fn examples_of_the_reference_hold() {
    let mut ran = 0;
    for (_, function) in builtins().catalog().functions() {
        for example in function.examples {
            ran += 1;
            let found = value(example.expr);
            if let Some(wanted) = example.value {
                assert_eq!(found, wanted, "{}: {}", function.name, example.expr);
            }
        }
    }
    assert!(ran > 40, "only {ran} examples");
}

#[test]
fn fields_read_what_a_person_reads() {
    table(&[
        ("sender.display_name", "\"Ann Example\""),
        ("sender.email.email", "\"ann@example.com\""),
        ("sender.email.local_part", "\"ann\""),
        ("sender.email.domain.root_domain", "\"example.com\""),
        ("subject.base", "\"Invoice 4711\""),
        ("subject.is_reply", "true"),
        ("length(recipients.to)", "2"),
        ("recipients.to[1].email.domain.tld", "\"net\""),
        ("recipients.to[2]", "null"),
        ("headers.message_id", "\"<1@example.com>\""),
        ("headers.reply_to", "[]"),
        ("body.links[0].href_url.domain.domain", "\"www.example.com\""),
        ("body.links[0].href_url.query_params_decoded[\"y\"]", "[\"2\"]"),
        ("auth.dmarc", "\"unknown\""),
        ("type.inbound", "true"),
        ("route.via_list or route.undisclosed or route.tenant_relay", "false"),
        ("route.first_external.ip", "null"),
        ("microsoft.auth_as", "\"unknown\""),
        ("microsoft.upstream.spf == fail or microsoft.antispam_untrusted.ipv == cal", "false"),
        ("google.group_id", "null"),
        ("none(headers.dkim_signatures, .aligned)", "true"),
        ("map(entities.urls, .url.domain.root_domain)", "[\"example.com\"]"),
        ("entities.phone_numbers is empty", "true"),
    ]);
}

#[test]
fn operators() {
    table(&[
        ("1 + 2 * 3", "7"),
        ("7 / 2", "3"),
        ("7 / 2.0", "3.5"),
        ("7 % 4", "3"),
        ("-3 + 1", "-2"),
        ("1 < 2 < 3", "true"),
        ("1 < 3 <= 2", "false"),
        ("\"a\" == \"A\"", "false"),
        ("\"a\" =~ \"A\"", "true"),
        ("\"a\" !~ \"A\"", "false"),
        ("\"b\" in (\"a\", \"b\",)", "true"),
        ("\"b\" in (\"a\")", "false"),
        ("\"B\" in~ (\"b\")", "true"),
        ("not \"b\" in (\"a\")", "true"),
        ("\"b\" not in (\"a\")", "true"),
        ("\"abc\" contains \"b\"", "true"),
        ("\"abc\" contains~ (\"X\", \"B\")", "true"),
        ("\"abc\" starts_with \"ab\"", "true"),
        ("\"abc\" ends_with~ \"C\"", "true"),
        ("\"abc\" like \"a*\"", "true"),
        ("\"abc\" like \"b*\"", "false"),
        ("\"abc\" matches /b./", "true"),
        ("\"abc\" matches_whole /b./", "false"),
        ("\"abc\" matches~ /B/", "true"),
        ("2 of (true, false, true)", "true"),
        ("any of (false, true)", "true"),
        ("all of (false, true)", "false"),
        ("none of (false, false)", "true"),
        ("if 1 < 2 then \"a\" else \"b\"", "\"a\""),
        ("[1, 2][0]", "1"),
        ("sender.email.domain.domain == \"EXAMPLE.com\"", "true"),
        ("recipients.cc is empty", "true"),
        ("recipients.to is not empty", "true"),
        ("any(recipients.to, any(recipients.to, ..email.email == .email.email))", "true"),
        ("any(recipients.to, x => x.display_name == \"Bob\")", "true"),
        ("length(\"é\u{1F600}\")", "2"),
        ("'it''s'", "\"it's\""),
        ("\"\\u{41}\\n\"", "\"A\\n\""),
        ("any(body.links[0].href_url.query_params_decoded, . == [\"2\"])", "true"),
        ("strings.parse_url(\"http://0x7f.010.1/\").ip.translation.encoders", "[\"hexadecimal\",\"octal\",\"short\"]"),
        ("strings.parse_url(\"http://u@127.0.0.1:80/a\").ip.translation.encoders", "[]"),
        ("strings.parse_url(\"http://[::ffff:1.2.3.4]/\").ip.translation.v4_to_v6", "true"),
        ("30d > 1h", "true"),
        ("2026-05-21 < 2026-05-21T10:00:00Z", "true"),
        ("strings.icontains(subject.subject, \"x\", \"INVOICE\")", "true"),
        ("regex.match(\"ab\", 'a')", "false"),
        ("regex.contains(\"a<b\", 'a\\<b')", "true"),
        ("regex.contains(\"\u{a0}\", '\\s')", "false"),
        ("\"\u{a0}\" matches /\\s/", "true"),
    ]);
}

/// `recipients.cc[0].display_name` is absent; so is everything computed from it.
#[test]
fn kleene_tables_cell_by_cell() {
    let (t, f, u) = ("true", "false", "(recipients.cc[0].display_name == \"x\")");
    let and = [[t, f, "null"], [f, f, f], ["null", f, "null"]];
    let or = [[t, t, t], [t, f, "null"], [t, "null", "null"]];
    let mut rows = Vec::new();
    for (i, a) in [t, f, u].iter().enumerate() {
        for (j, b) in [t, f, u].iter().enumerate() {
            rows.push((format!("{a} and {b}"), and[i][j]));
            rows.push((format!("{a} or {b}"), or[i][j]));
        }
    }
    rows.push((format!("not {u}"), "null"));
    let rows: Vec<(&str, &str)> = rows.iter().map(|(expr, wanted)| (expr.as_str(), *wanted)).collect();
    table(&rows);
}

#[test]
fn absence_through_every_operator_and_function() {
    let absent = "recipients.cc[0].display_name";
    let null = |expr: &str| (expr.replace("NULL", absent), "null");
    let is = |expr: &str, wanted: &'static str| (expr.replace("NULL", absent), wanted);
    let rows = [
        null("NULL"),
        null("NULL == \"x\""),
        null("NULL != \"x\""),
        null("NULL == NULL"),
        null("NULL < \"x\""),
        null("NULL in (\"x\")"),
        null("NULL not in (\"x\")"),
        null("NULL contains \"x\""),
        null("\"x\" contains NULL"),
        is("\"xy\" contains (NULL, \"y\")", "true"),
        null("NULL matches /x/"),
        null("NULL like \"*\""),
        is("NULL is null", "true"),
        is("NULL is not null", "false"),
        null("NULL is empty"),
        null("length(NULL)"),
        is("coalesce(NULL, \"x\")", "\"x\""),
        is("NULL ?? \"x\"", "\"x\""),
        null("strings.concat(\"a\", NULL)"),
        null("strings.levenshtein(NULL, \"a\")"),
        null("strings.count(NULL, \"a\")"),
        null("strings.replace_confusables(NULL)"),
        null("strings.parse_url(NULL)"),
        null("strings.parse_url(NULL).domain.root_domain"),
        null("regex.extract(NULL, 'a')"),
        null("regex.count(NULL, 'a')"),
        null("hash.sha256(NULL)"),
        is("any([NULL], . == \"x\")", "null"),
        is("any([NULL, \"x\"], . == \"x\")", "true"),
        is("all([NULL], . == \"x\")", "null"),
        is("all([NULL, \"y\"], . == \"x\")", "false"),
        is("2 of (true, true, NULL == \"x\")", "true"),
        null("2 of (true, false, NULL == \"x\")"),
        is("filter([NULL], . == \"x\")", "[]"),
        is("map([NULL], . == \"x\")", "[null]"),
        is("ratio([\"x\", NULL], . == \"x\")", "0.5"),
        null("if NULL == \"x\" then 1 else 2"),
        // Lists that a function does not give.
        null("any(regex.extract(NULL, 'a'), true)"),
        is("all(regex.extract(NULL, 'a'), true)", "true"),
        is("filter(regex.extract(NULL, 'a'), true)", "[]"),
        null("map(regex.extract(NULL, 'a'), .full_match)"),
        is("distinct(regex.extract(NULL, 'a'))", "[]"),
        null("length(regex.extract(NULL, 'a'))"),
        null("ratio(regex.extract(NULL, 'a'), true)"),
        is("all([], false)", "true"),
        is("any([], true)", "false"),
        null("ratio([], true)"),
        is("length([])", "0"),
        null("[1][1]"),
        null("[1][-1]"),
        null("1 / 0"),
        null("9223372036854775807 + 1"),
    ];
    let rows: Vec<(&str, &str)> = rows.iter().map(|(expr, wanted)| (expr.as_str(), *wanted)).collect();
    table(&rows);
}

#[test]
fn errors_have_their_codes() {
    table(&[
        ("sender.emial", "E012"),
        ("sendr.email", "E011"),
        ("strings.contians(\"a\", \"b\")", "E013"),
        ("\"a\" in $nothing", "E014"),
        (".x", "E018"),
        ("\"a\" + \"b\"", "E020"),
        ("subject.subject == 1", "E021"),
        ("subject.subject == null", "E022"),
        ("auth.dmarc == \"passed\"", "E023"),
        ("length()", "E024"),
        ("\"a\" matches /(/", "E025"),
        ("\"a\" matches subject.subject", "E026"),
        ("3 of (true, false)", "E027"),
        ("html.xpath(body.html, '//a[')", "E028"),
        ("template(x)", "E045"),
        ("\"\\q\"", "E003"),
        ("\"a", "E002"),
        ("\"a\u{200b}\"", "E004"),
        ("a && b", "E001"),
        ("99999999999999999999", "E008"),
    ]);
}
