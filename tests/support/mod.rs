//! Rules and messages made from a seed: every operator, nested quantifiers, absent values.

use std::fmt::Write;

/// A deterministic source of choices.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678)
    }

    fn next(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }
}

const WORDS: [&str; 16] = [
    "invoice",
    "Invoice",
    "paypal",
    "re",
    "e",
    "urgent",
    "Rechnung",
    "straße",
    "STRASSE",
    "kelvin",
    "\u{212A}elvin",
    "x",
    "click",
    "here",
    "1.99",
    "",
];
const HOSTS: [&str; 8] = [
    "example.com",
    "Example.COM",
    "example.org",
    "bücher.example",
    "xn--bcher-kva.example",
    "pay.example.top",
    "a.example",
    "example.com.",
];

/// What an expression may name.
#[derive(Clone, Default)]
struct Scope {
    /// Bound elements with the kind of their list.
    elements: Vec<(String, List)>,
    /// Bound texts.
    texts: Vec<String>,
}

#[derive(Clone, Copy)]
enum List {
    Links,
    Attachments,
    Mailboxes,
    Hops,
    Fields,
    Threads,
    Texts,
}

/// The text of a pack: lists, definitions, rules that refer to earlier ones, exceptions.
pub(crate) fn rules(seed: u64, count: usize) -> String {
    let mut dice = Dice::new(seed);
    let mut out = String::from(
        "list words: string = [\"invoice\", \"paypal\", \"urgent\"]\n\
         list hosts: domain = [\"example.com\", \"b\u{fc}cher.example\"]\n\
         list shapes: pattern = [\"\\\\d{3}\", \"invo[i1]ce\"]\n\
         list nets: cidr = [\"192.0.2.0/24\", \"2001:db8::/32\"]\n\
         def lure(text: string) = text contains~ $words or text matches~ /\\d{3}-\\d{4}/\n\
         def from_here = sender.email.domain.root_domain in $hosts\n\
         template notice {\n  from: \"a@example.com\"\n  variant v {\n    subject: \"Your own notice: {what}\"\n  }\n}\n",
    );
    let common = [0; 3].map(|_| dice.pick(&COMMON));
    for index in 0..count {
        let mut scope = Scope::default();
        let _ = writeln!(out, "rule r{index} {{");
        if dice.below(3) == 0 {
            let value = text(&mut dice, &scope, 2);
            let _ = write!(out, "  let:\n    bound = {value}\n");
            scope.texts.push("bound".into());
        }
        let mut when = if dice.below(2) == 0 { shaped(&mut dice, &common) } else { condition(&mut dice, &scope, 4) };
        if index > 0 && dice.below(4) == 0 {
            let other = dice.below(index);
            let glue = dice.pick(&["and", "or", "and not"]);
            when = format!("({when}) {glue} rule.r{other}");
        }
        let _ = writeln!(out, "  when: {when}");
        if dice.below(4) == 0 {
            let _ = write!(out, "  unless:\n    own: {}\n", condition(&mut dice, &Scope::default(), 2));
        }
        out.push_str("}\n");
    }
    let _ = write!(
        out,
        "exception quiet {{\n  for: \"*r1*\"\n  when: {}\n  owner: \"me\"\n  reason: \"test\"\n  expires: 2099-01-01\n}}\n",
        condition(&mut dice, &Scope::default(), 2)
    );
    out
}

/// Conditions that many rules of a pack share.
const COMMON: [&str; 10] = [
    "type.inbound",
    "not profile.by_sender().solicited and not profile.by_sender().any_messages_benign",
    "(sender.email.domain.root_domain not in $hosts or not (auth.dmarc == pass))",
    "length(body.links) < 3",
    "subject.is_reply",
    "not (sender.email.email in~ (\"a@example.com\", \"b@example.org\"))",
    "sender.display_name is not null",
    "any(body.links, .visible)",
    "(body.html.raw contains \"p\" or subject.subject contains \"e\")",
    "from_here",
];

/// A rule as people write them: what all of a pack ask, what is looked for, what is excluded.
fn shaped(dice: &mut Dice, common: &[&str]) -> String {
    let plain = Scope::default();
    let mut clauses: Vec<String> = common.iter().filter(|_| dice.below(3) > 0).map(|one| (*one).to_owned()).collect();
    for _ in 0..=dice.below(2) {
        let (a, b) = (text(dice, &plain, 0), text(dice, &plain, 0));
        let (one, other) = (word(dice), word(dice));
        let clause = match dice.below(9) {
            0 | 1 => format!("{a} contains~ ({one}, {other})"),
            2 => format!("any([{a}, {b}], . contains~ {one})"),
            3 => format!("2 of ({a} contains~ {one}, {b} contains~ {other}, {a} matches /\\w+/)"),
            4 => format!("length(filter(body.links, .display_text contains~ {one})) > 0"),
            5 => format!("any(filter(body.links, .href_url.path == \"/\"), .display_text contains~ {one})"),
            6 => values_of_elements(dice),
            7 => format!("{a} == {one}"),
            _ => format!("length(attachments) == {}", dice.below(2)),
        };
        clauses.push(clause);
    }
    if dice.below(2) == 0 {
        let excluded = text(dice, &plain, 0);
        clauses.push(match dice.below(3) {
            0 => format!("{excluded} != {}", word(dice)),
            1 => format!("sender.email.domain.domain != {}", quoted(dice.pick(&HOSTS))),
            _ => format!(
                "sender.email.domain.root_domain not in ({}, {})",
                quoted(dice.pick(&HOSTS)),
                quoted(dice.pick(&HOSTS))
            ),
        });
    }
    let at = dice.below(clauses.len());
    clauses.rotate_left(at);
    clauses.join("\n    and ")
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

fn word(dice: &mut Dice) -> String {
    quoted(dice.pick(&WORDS))
}

/// A condition of bounded depth.
fn condition(dice: &mut Dice, scope: &Scope, depth: usize) -> String {
    if depth == 0 {
        return atom(dice, scope);
    }
    let next = depth - 1;
    match dice.below(16) {
        0..=3 => junction(dice, scope, next, " and "),
        4 | 5 => junction(dice, scope, next, " or "),
        6 => format!("not ({})", condition(dice, scope, next)),
        7 => {
            let operands: Vec<String> = (0..2 + dice.below(3)).map(|_| condition(dice, scope, next)).collect();
            format!("{} of ({})", 1 + dice.below(operands.len()), operands.join(", "))
        }
        8..=11 => quantified(dice, scope, next),
        12 => format!("(({}) ?? {})", condition(dice, scope, next), dice.pick(&["false", "true"])),
        13 => format!(
            "(if {} then {} else {})",
            condition(dice, scope, next),
            condition(dice, scope, next),
            condition(dice, scope, next)
        ),
        14 => format!("(({}) and {})", condition(dice, scope, next), dice.pick(&["true", "false"])),
        _ => atom(dice, scope),
    }
}

fn junction(dice: &mut Dice, scope: &Scope, depth: usize, glue: &str) -> String {
    let operands: Vec<String> = (0..2 + dice.below(3)).map(|_| condition(dice, scope, depth)).collect();
    format!("({})", operands.join(glue))
}

fn quantified(dice: &mut Dice, scope: &Scope, depth: usize) -> String {
    let (list, kind) = collection(dice, scope, 1);
    let name = format!("e{}", scope.elements.len());
    let mut inner = scope.clone();
    inner.elements.push((name.clone(), kind));
    let body = condition(dice, &inner, depth);
    match dice.below(10) {
        0..=3 => format!("any({list}, {name} => {body})"),
        4 => format!("all({list}, {name} => {body})"),
        5 => format!("none({list}, {name} => {body})"),
        6 => {
            format!("length(filter({list}, {name} => {body})) {} {}", dice.pick(&[">", ">=", "==", "<"]), dice.below(3))
        }
        7 => format!("at_least({}, {list}, {name} => {body})", 1 + dice.below(2)),
        8 => format!("exactly({}, {list}, {name} => {body})", dice.below(3)),
        _ => format!("ratio({list}, {name} => {body}) > 0.4"),
    }
}

/// A list and what it holds.
fn collection(dice: &mut Dice, scope: &Scope, depth: usize) -> (String, List) {
    if let Some((name, List::Hops)) = scope.elements.last().cloned() {
        return (format!("{name}.fields"), List::Fields);
    }
    let (list, kind) = match dice.below(9) {
        0..=2 => ("body.links".to_owned(), List::Links),
        3 => ("attachments".to_owned(), List::Attachments),
        4 => (dice.pick(&["recipients.to", "recipients.cc", "headers.reply_to"]).to_owned(), List::Mailboxes),
        5 => ("headers.hops".to_owned(), List::Hops),
        6 => ("body.previous_threads".to_owned(), List::Threads),
        7 => (format!("[{}, {}]", text(dice, scope, 1), text(dice, scope, 1)), List::Texts),
        _ => ("headers.references".to_owned(), List::Texts),
    };
    if depth > 0 && dice.below(5) == 0 {
        let name = format!("f{}", scope.elements.len());
        let mut inner = scope.clone();
        inner.elements.push((name.clone(), kind));
        return (format!("filter({list}, {name} => {})", atom(dice, &inner)), kind);
    }
    (list, kind)
}

/// A condition without conditions in it.
fn atom(dice: &mut Dice, scope: &Scope) -> String {
    let text = text(dice, scope, 2);
    let no_case = dice.pick(&["", "~"]);
    match dice.below(23) {
        22 => values_of_elements(dice),
        0..=2 => format!("{text} contains{no_case} {}", word(dice)),
        3 => format!("{text} contains{no_case} ({}, {})", word(dice), word(dice)),
        4 => format!("{text} {}{no_case} {}", dice.pick(&["starts_with", "ends_with"]), word(dice)),
        5 => {
            format!("{text} like{no_case} {}", quoted(&format!("{}{}*", dice.pick(&["*", "?", ""]), dice.pick(&WORDS))))
        }
        6 => format!(
            "{text} matches{no_case} /{}/",
            dice.pick(&["inv.ice", r"\d+", "^re", "e$", "k", r"(paypal|urgent) ?x*"])
        ),
        7 => format!("regex.imatch({text}, '{}')", dice.pick(&["[a-z]+", ".*voice.*", "Re: .+"])),
        8 => format!("{text} {} {}", dice.pick(&["==", "!=", "=~"]), word(dice)),
        9 => format!("{text} {}{no_case} ({}, {})", dice.pick(&["in", "not in"]), word(dice), word(dice)),
        10 => format!("{text} contains~ $words"),
        11 => format!("{text} matches $shapes"),
        12 => format!("lure({text})"),
        13 => format!("{text} is {}", dice.pick(&["null", "not null", "empty", "not empty"])),
        14 => format!("length({text}) {} {}", dice.pick(&["<", ">=", "==", "!="]), dice.below(12)),
        15 => host(dice, scope),
        16 => number(dice, scope),
        17 => flag(dice, scope),
        18 => format!("strings.ilevenshtein({text}, {}) <= {}", word(dice), dice.below(3)),
        19 => format!("{text} contains {}", self::text(dice, scope, 1)),
        20 => dice
            .pick(&[
                "profile.by_sender().solicited",
                "from_here",
                "headers.date > 2020-01-01",
                "headers.date - headers.date < 1d",
                "sender in (sender, sender)",
                "any(headers.ips, .ip in $nets)",
                "template(notice).matched",
                "not template(notice).matched",
                "template(notice).what contains~ \"invoice\"",
                "any(headers.hops, any(.fields, .name =~ \"received\" and .value contains \"a\"))",
                "any(headers.hops, length(.fields) > 2 and any(.fields, .name in~ (\"subject\", \"message-id\")))",
            ])
            .to_owned(),
        _ => format!("{text} in {}", dice.pick(&["[\"invoice\", subject.base]", "headers.references", "$words"])),
    }
}

/// Values of one element that are asked together; each may be absent.
fn values_of_elements(dice: &mut Dice) -> String {
    let part = |dice: &mut Dice| match dice.below(5) {
        0 => format!(".href_url.domain.root_domain == {}", quoted(dice.pick(&HOSTS))),
        1 => format!(".href_url.domain.domain in ({}, {})", quoted(dice.pick(&HOSTS)), quoted(dice.pick(&HOSTS))),
        2 => format!(".display_text contains~ {}", word(dice)),
        3 => ".display_text matches~ /inv.ice|click h/".to_owned(),
        _ => format!(".href_url.path like {}", quoted("/*")),
    };
    let (a, b) = (part(dice), part(dice));
    format!("any(body.links, {a} and {b})")
}

fn host(dice: &mut Dice, scope: &Scope) -> String {
    let mut hosts = vec!["sender.email.domain.domain".to_owned(), "headers.return_path.domain.root_domain".to_owned()];
    for (name, kind) in &scope.elements {
        match kind {
            List::Links => hosts.push(format!("{name}.href_url.domain.domain")),
            List::Mailboxes => hosts.push(format!("{name}.email.domain.domain")),
            _ => {}
        }
    }
    let left = hosts.swap_remove(dice.below(hosts.len()));
    match dice.below(4) {
        0 => format!("{left} == {}", quoted(dice.pick(&HOSTS))),
        1 => format!("{left} != {}", quoted(dice.pick(&HOSTS))),
        2 => format!(
            "{left} {} ({}, {})",
            dice.pick(&["in", "not in"]),
            quoted(dice.pick(&HOSTS)),
            quoted(dice.pick(&HOSTS))
        ),
        _ => format!("{left} in $hosts"),
    }
}

fn number(dice: &mut Dice, scope: &Scope) -> String {
    let (list, _) = collection(dice, scope, 0);
    let left = match dice.below(5) {
        0 => format!("length({list})"),
        1 => "sum(map(attachments, .size))".to_owned(),
        2 => format!("length({list}) + 1"),
        3 => format!("-length({list})"),
        _ => "length(distinct(map(body.links, .href_url.domain.root_domain)))".to_owned(),
    };
    format!("{left} {} {}", dice.pick(&["<", "<=", ">", ">=", "==", "!="]), dice.below(4))
}

fn flag(dice: &mut Dice, scope: &Scope) -> String {
    let mut flags = vec!["type.inbound".to_owned(), "subject.is_reply".to_owned(), "auth.dmarc == pass".to_owned()];
    for (name, kind) in &scope.elements {
        if matches!(kind, List::Links) {
            flags.push(format!("{name}.mismatched"));
            flags.push(format!("{name}.visible"));
            flags.push(format!("{name}.href_url.domain.valid"));
        }
    }
    flags.swap_remove(dice.below(flags.len()))
}

/// A text, often one that may be absent.
fn text(dice: &mut Dice, scope: &Scope, depth: usize) -> String {
    if let Some((name, kind)) = scope.elements.get(dice.below(scope.elements.len() + 1)) {
        return match kind {
            List::Links => format!(
                "{name}.{}",
                dice.pick(&["display_text", "href_url.url", "href_url.path", "href_url.domain.root_domain"])
            ),
            List::Attachments => format!("{name}.{}", dice.pick(&["file_name", "file_extension", "content_type"])),
            List::Mailboxes => format!("{name}.{}", dice.pick(&["display_name", "email.email"])),
            List::Hops => "headers.message_id".to_owned(),
            List::Fields => format!("{name}.{}", dice.pick(&["name", "value"])),
            List::Threads => format!("{name}.text"),
            List::Texts => name.clone(),
        };
    }
    if !scope.texts.is_empty() && dice.below(3) == 0 {
        return scope.texts[0].clone();
    }
    if depth > 0 && dice.below(6) == 0 {
        let inner = text(dice, scope, depth - 1);
        return match dice.below(4) {
            0 => format!("strings.concat({inner}, {})", word(dice)),
            1 => format!("strings.replace_confusables({inner})"),
            2 => format!("({inner} ?? {})", word(dice)),
            _ => "headers.references[0]".to_owned(),
        };
    }
    dice.pick(&[
        "subject.subject",
        "subject.base",
        "sender.display_name",
        "sender.email.email",
        "sender.email.domain.root_domain",
        "headers.message_id",
        "headers.in_reply_to",
        "headers.return_path.email",
        "body.current_thread.text",
        "body.html.display_text",
        "body.html.raw",
        "body.plain.raw",
    ])
    .to_owned()
}

/// A message in which much may be absent.
pub(crate) fn message(seed: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed ^ 0xABCD);
    let mut out = String::new();
    let mut maybe = |out: &mut String, line: String| {
        if dice.below(4) > 0 {
            out.push_str(&line);
            out.push_str("\r\n");
        }
    };
    let mut words = Dice::new(seed ^ 0x77);
    let mut phrase = |most: usize| {
        let count = 1 + words.below(most);
        (0..count).map(|_| words.pick(&WORDS)).collect::<Vec<_>>().join(" ")
    };
    let (name, subject, body, link) = (phrase(2), phrase(4), phrase(8), phrase(3));
    let mut more = Dice::new(seed ^ 0x99);
    let host = more.pick(&HOSTS).trim_end_matches('.').to_owned();
    maybe(&mut out, format!("From: \"{name}\" <a@{host}>"));
    maybe(&mut out, format!("To: {} <b@example.org>, c@example.com", more.pick(&WORDS)));
    maybe(&mut out, format!("Subject: {}{subject}", more.pick(&["", "Re: ", "FW: ", "Your own notice: "])));
    maybe(&mut out, "Date: Mon, 02 Feb 2026 10:00:00 +0000".into());
    maybe(&mut out, format!("Message-ID: <1@{host}>"));
    maybe(&mut out, "References: <invoice@x> <2@y>".into());
    maybe(&mut out, "Return-Path: <bounce@example.com>".into());
    maybe(&mut out, "Received: from a (a [192.0.2.7]) by b; Mon, 02 Feb 2026 10:00:00 +0000".into());
    out.push_str("MIME-Version: 1.0\r\n");
    match more.below(4) {
        0 => out.push_str(&format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{body} http://{host}/x\r\n")),
        1 => out.push_str("\r\n"),
        kind => {
            let mut html = format!("<p>{body}</p>");
            for _ in 0..more.below(4) {
                let target = more.pick(&[
                    "https://example.com/a?b=1",
                    "mailto:a@example.com",
                    "https://xn--bcher-kva.example/",
                    "#x",
                    "",
                ]);
                html.push_str(&format!("<a href=\"{target}\">{link}</a> "));
            }
            if kind == 2 {
                out.push_str(&format!("Content-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"));
            } else {
                out.push_str(&format!(
                    "Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--q\r\nContent-Type: application/pdf; name=\"{}.pdf\"\r\nContent-Disposition: attachment; filename=\"invoice.pdf\"\r\n\r\n%PDF-1.4 x\r\n--q--\r\n",
                    more.pick(&["invoice", "x"])
                ));
            }
        }
    }
    out.into_bytes()
}
