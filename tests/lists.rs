//! Lists: formats, layers, expiry, hostile files, lists that are swapped under the rules, importers.

use proptest::prelude::*;
use ruleeval::diagnostic::Diagnostic;
use ruleeval::engine::{Compiler, Engine, LayerSpec, Options, Reloaded};
use ruleeval::lists::import::{Format, Imported, MapKind, import};
use ruleeval::lists::{Layer, List, ListData, ListType, Lists, Scope, Search, expired_lines};
use ruleeval::message::Envelope;
use ruleeval::source::{SourceId, Span};
use ruleeval::value::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const JUNE: i64 = 1_780_272_000_000; // 2026-06-01

fn parse(kind: ListType, text: &str) -> (Arc<ListData>, Vec<Diagnostic>) {
    let (data, problems) = ListData::parse(kind, SourceId(0), &text.into(), Some(JUNE));
    (Arc::new(data), problems)
}

fn list(kind: ListType, text: &str) -> List {
    let (data, problems) = parse(kind, text);
    assert!(problems.is_empty(), "{problems:?}");
    data.into()
}

fn holds(list: &List, value: &str) -> bool {
    list.contains(&Value::from(value), false, Some(JUNE))
}

#[test]
fn every_type_compares_in_its_own_way() {
    for (kind, entries, inside, outside) in [
        (ListType::String, "Alpha\n", "Alpha", "alpha"),
        (ListType::Domain, "BÜCHER.example.\n", "xn--bcher-kva.example", "cher.example"),
        (ListType::Email, "Ann@Example.com\n", "ANN@example.com", "bob@example.com"),
        (ListType::Url, "https://a.example/x\n", "https://a.example/x", "https://a.example/X"),
        (ListType::Ip, "2001:DB8::1\n192.0.2.7\n", "::ffff:192.0.2.7", "192.0.2.8"),
        (ListType::Cidr, "192.0.2.9/24\n2001:db8::/32\n", "2001:db8:1::", "198.51.100.1"),
        (ListType::Hash, "D41D8CD98F00B204E9800998ECF8427E\n", "d41d8cd98f00b204e9800998ecf8427e", "d41d8cd9"),
    ] {
        let list = list(kind, entries);
        assert!(holds(&list, inside) && !holds(&list, outside), "{kind:?}");
    }
    let numbers = list(ListType::Int, "007\n-5\n");
    assert!(numbers.contains(&Value::Int(7), false, None) && numbers.contains(&Value::Int(-5), false, None));
    let words = list(ListType::String, "Straße\nÄrger\n");
    assert!(["ÄRGER", "ärger", "STRAßE"].iter().all(|word| words.contains(&Value::from(*word), true, None)));
    assert!(!words.contains(&Value::from("ärger"), false, None));
}

#[test]
fn formats_carry_comment_source_and_expiry() {
    let csv = "value,comment,source,expires\n\"a,b\",\"said \"\"so\"\"\",https://s.example,2027-01-31\nplain,,,\n";
    let (data, problems) = parse(ListType::String, csv);
    assert!(problems.is_empty(), "{problems:?}");
    let entry = data.entry(0).expect("an entry");
    assert_eq!((&*entry.text, entry.line, entry.comment.as_deref()), ("a,b", 2, Some("said \"so\"")));
    assert_eq!((entry.source.as_deref(), entry.expires), (Some("https://s.example"), Some(1_801_353_600_000)));
    let json = "{\"value\": \"x\\ty\", \"comment\": \"c\"}\n# no entry\n{\"value\": \"z\"}\n";
    let (data, problems) = parse(ListType::String, json);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!((data.text(0), data.entry(1).map(|entry| entry.line)), ("x\ty", Some(3)));
    let (data, _) = parse(ListType::Domain, "\u{feff}a.example # why\r\n\r\nb.example\r\n");
    assert_eq!((data.text(0), data.entry(0).and_then(|entry| entry.comment).as_deref()), ("a.example", Some("why")));
    assert_eq!(data.entry(1).map(|entry| entry.line), Some(3));
}

#[test]
fn entries_expire_by_the_clock_of_the_question() {
    let text = "value,expires\nold.example,2026-05-31\nnew.example,2026-12-31\nold.example,2026-06-15\n";
    let (data, _) = parse(ListType::Domain, text);
    let list = List::from(Arc::clone(&data));
    let at = |name: &str, now| list.contains(&Value::from(name), false, now);
    let day = 86_400_000;
    // Of two lines of one entry the later expiry counts.
    assert!(at("old.example", Some(JUNE)) && !at("old.example", Some(JUNE + 15 * day)));
    assert!(at("new.example", Some(JUNE + 15 * day)) && at("old.example", None));
    assert_eq!(data.duplicates().collect::<Vec<_>>(), vec![(4, 0)]);
    let shown = list.values(Some(JUNE + 15 * day));
    assert_eq!(shown.as_list().map(<[Value]>::len), Some(1));
    let hit = |now| list.any_in_text(Search::Contains, false, "see old.example and new.example", now);
    let entry = |now| hit(now).and_then(|hit| list.entry(&hit)).map(|entry| entry.text.to_string());
    assert_eq!(entry(Some(JUNE)).as_deref(), Some("old.example"));
    assert_eq!(entry(Some(JUNE + 15 * day)).as_deref(), Some("new.example"));
    let (_, problems) = parse(ListType::Domain, "value,expires\na.example,2026-02-30\nb.example,soon\n");
    assert_eq!(problems.iter().filter(|problem| problem.message.contains("is not a date")).count(), 2);
}

#[test]
fn searches_fold_as_literals_do() {
    let list = list(ListType::String, "Ärger\ncall us\nKelvin\n");
    let found = |search, text: &str| {
        let hit = list.any_in_text(search, true, text, None)?;
        Some((list.entry(&hit)?.text.to_string(), text[hit.bytes].to_owned()))
    };
    let pair = |entry: &str, text: &str| Some((entry.to_owned(), text.to_owned()));
    assert_eq!(found(Search::Contains, "GROẞER ÄRGER hier"), pair("Ärger", "ÄRGER"));
    assert_eq!(found(Search::Contains, "\u{212a}elvin"), pair("Kelvin", "\u{212a}elvin"));
    assert_eq!(found(Search::StartsWith, "CALL US now"), pair("call us", "CALL US"));
    assert_eq!(found(Search::EndsWith, "viel ÄRGER"), pair("Ärger", "ÄRGER"));
    assert_eq!(found(Search::EndsWith, "ÄRGER viel"), None);
    assert_eq!(list.any_in_text(Search::StartsWith, false, "CALL US", None), None);
}

#[test]
fn hostile_files_are_bounded_and_told_by_line() {
    let long = format!("a.example\n{}\nb.example\n", "x".repeat(1 << 20));
    let (data, problems) = parse(ListType::Domain, &long);
    assert_eq!((data.len(), problems.len()), (2, 1));
    assert!(problems[0].message.contains("the line has 1048576 bytes"), "{}", problems[0].message);
    let (data, problems) = parse(ListType::String, "ok\nnul\0byte\n");
    assert_eq!(data.len(), 1);
    assert!(problems[0].message.contains("NUL"));
    let many: String = (0..100_000).map(|n| format!("not an address {n}\n")).collect();
    let (data, problems) = parse(ListType::Ip, &many);
    assert!(data.is_empty() && problems.len() == 21, "{}", problems.len());
    assert!(problems[20].message.contains("99980 more lines"), "{}", problems[20].message);
    let folder = folder("hostile", &[("pack.yaml", "name: hostile\n"), ("r.rule", RULE)]);
    fs::write(folder.join("lists/senders.txt"), b"a.example\nb\xff.example\n").expect("written");
    let mut compiler = Compiler::new();
    compiler.load(&folder);
    let compiled = compiler.compile();
    let told = compiled.diagnostics.iter().any(|problem| problem.message.contains("line 2"));
    assert!(compiled.engine.is_none() && told, "{:?}", compiled.diagnostics);
}

const RULE: &str =
    "list senders: domain = \"lists/senders.txt\"\nrule listed { when: sender.email.domain.domain in $senders }\n";

fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lists").join(name);
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(root.join("lists")).expect("created");
    for (file, text) in files {
        fs::write(root.join(file), text).expect("written");
    }
    root
}

fn matches(engine: &Engine, from: &str, recipients: &[&str]) -> bool {
    let rcpt_to = recipients.iter().map(ToString::to_string).collect();
    let mail = format!("From: a@{from}\r\nTo: forged@user.example\r\n\r\n.");
    let message = engine.parse_with(mail.into_bytes(), Envelope { rcpt_to, ..Envelope::default() });
    let verdict = engine.evaluate(&message, &mut engine.scratch(), Options { evidence: false, now: Some(JUNE) });
    !verdict.matches.is_empty()
}

#[test]
fn lists_are_swapped_without_the_rules() {
    let folder =
        folder("swap", &[("pack.yaml", "name: swap\n"), ("r.rule", RULE), ("lists/senders.txt", "old.example\n")]);
    let mut compiler = Compiler::new();
    compiler.load(&folder);
    let first = compiler.compile().engine.expect("it compiles");
    assert!(matches!(first.reload_lists(None), Reloaded::Same));
    fs::write(folder.join("lists/senders.txt"), "new.example\n").expect("written");
    let Reloaded::Lists(second, _, _) = first.reload_lists(None) else { panic!("only a list has changed") };
    assert!(matches(&first, "old.example", &[]) && !matches(&first, "new.example", &[]), "the first stays as it was");
    assert!(matches(&second, "new.example", &[]) && !matches(&second, "old.example", &[]));
    assert_ne!(first.packs()[0].digest, second.packs()[0].digest);
    fs::write(folder.join("lists/senders.txt"), "not a \0 name\n").expect("written");
    assert!(matches!(second.reload_lists(None), Reloaded::Refused(..)));
    fs::write(folder.join("lists/senders.txt"), "new.example\n").expect("written");
    fs::write(folder.join("r.rule"), RULE.replace("listed", "renamed")).expect("written");
    assert!(matches!(second.reload_lists(None), Reloaded::Rules));
    let other = Lists::new(vec![None; second.list_infos().count()]);
    let bare = second.with_lists(Arc::new(other));
    assert!(!matches(&bare, "new.example", &[]), "a list that nobody gives leaves the rule undecided");
}

/// One value, said in every subset of the layers: the strongest that names it decides.
#[test]
fn the_strongest_layer_that_names_a_value_decides() {
    let text = |yes: bool, wanted: bool| if yes == wanted { "v.example\n" } else { "" };
    let scopes = [
        (Scope::Global, true),
        (Scope::Domain("user.example".into()), true),
        (Scope::User("ann@user.example".into()), false),
        (Scope::Domain("user.example".into()), false),
        (Scope::Global, false),
    ];
    // Each layer says yes, no or nothing: 3^5 combinations, with the list itself saying yes or no.
    for code in 0..3_u32.pow(5) {
        let says: Vec<u32> = (0..5).map(|at| code / 3_u32.pow(at) % 3).collect();
        for base in [true, false] {
            let mut layers: Vec<(u32, Layer)> = Vec::new();
            for ((scope, enforced), says) in scopes.iter().zip(&says).rev() {
                if *says < 2 {
                    let side = |wanted| parse(ListType::Domain, text(*says == 1, wanted)).0;
                    let (add, remove) = (side(true), side(false));
                    layers.push((0, Layer { scope: scope.clone(), enforced: *enforced, add, remove }));
                }
            }
            let own = parse(ListType::Domain, text(base, true)).0;
            let lists = Lists::layered(vec![Some(own)], layers);
            let ask = |recipients: &[&str]| {
                let recipients: Vec<String> = recipients.iter().map(ToString::to_string).collect();
                holds(lists.for_recipients(&recipients).get(0).expect("the list"), "v.example")
            };
            let expected = |allowed: &[usize]| {
                let first = allowed.iter().map(|at| says[*at]).find(|says| *says < 2);
                first.map_or(base, |says| says == 1)
            };
            assert_eq!(ask(&["Ann@User.example"]), expected(&[0, 1, 2, 3, 4]), "{says:?} {base}");
            assert_eq!(ask(&["bob@user.example"]), expected(&[0, 1, 3, 4]), "{says:?} {base}");
            assert_eq!(ask(&["ann@user.example", "bob@user.example"]), expected(&[0, 1, 3, 4]), "{says:?} {base}");
            assert_eq!(ask(&["ann@user.example", "x@other.example"]), expected(&[0, 4]), "{says:?} {base}");
            assert_eq!(ask(&[]), expected(&[0, 4]), "{says:?} {base}");
        }
    }
}

#[test]
fn recipients_of_the_envelope_choose_the_layer_and_header_fields_do_not() {
    let folder =
        folder("layers", &[("pack.yaml", "name: layers\n"), ("r.rule", RULE), ("lists/senders.txt", "bad.example\n")]);
    let mut compiler = Compiler::new();
    compiler.load(&folder);
    let spec = |scope, add: &str, remove: &str| LayerSpec {
        list: "layers/senders".into(),
        scope,
        enforced: false,
        add: add.into(),
        remove: remove.into(),
    };
    compiler.layer(spec(Scope::Domain("user.example".into()), "", "bad.example\n"));
    compiler.layer(spec(Scope::User("ann@user.example".into()), "bad.example\n", ""));
    let engine = compiler.compile().engine.expect("it compiles");
    assert!(matches(&engine, "bad.example", &[]), "the To field chooses nothing");
    assert!(!matches(&engine, "bad.example", &["bob@user.example"]));
    assert!(matches(&engine, "bad.example", &["ANN@user.example"]));
    let mut wrong = Compiler::new();
    wrong.load(&folder);
    wrong.layer(LayerSpec { list: "layers/sender".into(), ..spec(Scope::Global, "", "") });
    let compiled = wrong.compile();
    let problem = compiled.diagnostics.iter().find(|problem| problem.code.to_string() == "E014").expect("told");
    assert_eq!(problem.help.as_deref(), Some("did you mean `layers/senders`?"));
}

#[test]
fn searches_obey_layers_too() {
    let base = parse(ListType::String, "call now\ncall\n").0;
    let layer = Layer {
        scope: Scope::Global,
        enforced: false,
        add: parse(ListType::String, "dial\n").0,
        remove: parse(ListType::String, "call now\n").0,
    };
    let lists = Lists::layered(vec![Some(base)], vec![(0, layer)]);
    let list = lists.get(0).expect("the list");
    let found = |text: &str| {
        let hit = list.any_in_text(Search::Contains, false, text, None)?;
        list.entry(&hit).map(|entry| entry.text.to_string())
    };
    assert_eq!(found("please call now").as_deref(), Some("call"), "the shorter entry within the removed one counts");
    assert_eq!(found("please dial").as_deref(), Some("dial"));
    assert_eq!(list.values(None).as_list().map(<[Value]>::len), Some(2));
}

fn taken(imported: &Imported, kind: ListType) -> Vec<&str> {
    imported.entries.get(&kind).into_iter().flatten().map(|found| found.value.as_str()).collect()
}

fn options(kind: Option<ListType>) -> ruleeval::lists::import::Options {
    ruleeval::lists::import::Options { kind, ..ruleeval::lists::import::Options::default() }
}

#[test]
fn maps_of_rspamd_become_lists() {
    let map = "# comment\n/call\\/now/i 4.0 # loud\n/(?=look)x/ 1\n/a/Q\n{braces}\n/open\n/dup/\n/dup/ 2\n";
    let found = import(Format::Rspamd(MapKind::Regexp), map.as_bytes(), &options(None)).expect("read");
    assert_eq!(taken(&found, ListType::Pattern), ["(?i)call/now", "dup"]);
    assert_eq!(found.entries[&ListType::Pattern][0].comment, "rspamd: 4.0; loud");
    assert_eq!((found.duplicates, found.skipped.values().sum::<usize>()), (1, 4), "{:?}", found.skipped);
    let hosts = "Mail.Example\n.wild.example\n*.glob.example 2\n";
    let found = import(Format::Rspamd(MapKind::Host), hosts.as_bytes(), &options(None)).expect("read");
    assert_eq!((taken(&found, ListType::Domain), found.skipped.values().sum::<usize>()), (vec!["mail.example"], 2));
    let ips = "192.0.2.1\n198.51.100.0/24 5.0\n\"2001:db8::1\"\nnot-an-address\n";
    let found = import(Format::Rspamd(MapKind::Ip), ips.as_bytes(), &options(None)).expect("read");
    assert_eq!(taken(&found, ListType::Ip), ["192.0.2.1", "2001:db8::1"]);
    assert_eq!(taken(&found, ListType::Cidr), ["198.51.100.0/24"]);
}

#[test]
fn events_of_misp_become_lists() {
    let event = r#"{"response": [{"Event": {"uuid": "5c0b", "info": "Campaign", "Attribute": [
        {"type": "domain", "value": "Bad.Example", "to_ids": true, "comment": "c2", "timestamp": "1767225600"},
        {"type": "domain|ip", "value": "two.example|192.0.2.9", "to_ids": true},
        {"type": "ip-src", "value": "198.51.100.0/24", "to_ids": "1"},
        {"type": "comment", "value": "text", "to_ids": true},
        {"type": "url", "value": "https://x.example/", "to_ids": false},
        {"type": "md5", "value": "d41d8cd98f00b204e9800998ecf8427e", "to_ids": true, "deleted": true}],
        "Object": [{"name": "file", "Attribute": [
        {"type": "filename|sha256", "value": "a.exe|E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", "to_ids": true}]}]}}]}"#;
    let mut wanted = options(None);
    wanted.lifetime = Some(30 * 86_400_000);
    let found = import(Format::Misp, event.as_bytes(), &wanted).expect("read");
    assert_eq!(taken(&found, ListType::Domain), ["bad.example", "two.example"]);
    assert_eq!(
        (taken(&found, ListType::Ip), taken(&found, ListType::Cidr)),
        (vec!["192.0.2.9"], vec!["198.51.100.0/24"])
    );
    assert_eq!(taken(&found, ListType::Hash).len() + taken(&found, ListType::String).len(), 2);
    let first = &found.entries[&ListType::Domain][0];
    assert_eq!((first.comment.as_str(), first.source.as_str()), ("c2", "MISP event 5c0b: Campaign"));
    assert_eq!(first.expires, Some(1_767_225_600_000 + 30 * 86_400_000));
    assert_eq!(found.skipped.values().sum::<usize>(), 3, "{:?}", found.skipped);
    assert!(found.csv(ListType::Domain).contains("bad.example,c2,MISP event 5c0b: Campaign,2026-01-31\n"));
}

#[test]
fn indicators_of_stix_become_lists_as_far_as_they_stand_alone() {
    let indicator = |pattern: &str, more: &str| {
        let pattern = serde_json::Value::from(pattern);
        format!(r#"{{"type": "indicator", "id": "indicator--1", "pattern_type": "stix", "pattern": {pattern}{more}}}"#)
    };
    let objects = [
        indicator("[domain-name:value = 'bad.example']", r#", "valid_until": "2026-12-31T00:00:00.000Z", "name": "n""#),
        indicator("[url:value = 'https://x.example/it\\'s'] OR [email-addr:value='A@b.example']", ""),
        indicator("[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value IN ('192.0.2.2', '198.51.100.0/24')]", ""),
        indicator("[file:hashes.'SHA-256' = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']", ""),
        indicator("[ipv6-addr:value = '2001:db8::1' OR process:name = 'x']", ""),
        indicator("[domain-name:value = 'a.example' AND url:value = 'b']", ""),
        indicator("[domain-name:value LIKE '%.example']", ""),
        indicator("[domain-name:value = 'a.example'] FOLLOWEDBY [url:value = 'b']", ""),
        indicator("[domain-name:value = 'open", ""),
        indicator("[domain-name:value != 'a.example']", ""),
        indicator("[domain-name:value = 'gone.example']", r#", "revoked": true"#),
        r#"{"type": "malware", "name": "m"}"#.into(),
    ];
    let bundle = format!(r#"{{"type": "bundle", "objects": [{}]}}"#, objects.join(","));
    let found = import(Format::Stix, bundle.as_bytes(), &options(None)).expect("read");
    assert_eq!(taken(&found, ListType::Domain), ["bad.example"]);
    assert_eq!(found.entries[&ListType::Domain][0].expires, Some(1_798_675_200_000));
    assert_eq!(taken(&found, ListType::Url), ["https://x.example/it's"]);
    assert_eq!(taken(&found, ListType::Email), ["a@b.example"]);
    assert_eq!(taken(&found, ListType::Ip), ["192.0.2.1", "192.0.2.2", "2001:db8::1"]);
    assert_eq!(taken(&found, ListType::Cidr), ["198.51.100.0/24"]);
    assert_eq!(taken(&found, ListType::Hash).len(), 1);
    assert_eq!(found.skipped.values().sum::<usize>(), 8, "{:?}", found.skipped);
    assert!(found.skipped.keys().any(|reason| reason.contains("`AND`")), "{:?}", found.skipped);
}

#[test]
fn tables_become_lists() {
    let csv = "Date,Indicator,comment\n2026-01-01,bad.example,\"a, b\"\n2026-01-02,,x\n2026-01-03,\"open\n";
    let found = import(Format::Csv, csv.as_bytes(), &options(Some(ListType::Domain))).expect("read");
    assert_eq!((taken(&found, ListType::Domain), found.skipped.values().sum::<usize>()), (vec!["bad.example"], 2));
    let error = import(Format::Csv, b"a,b\n1,2\n", &options(Some(ListType::Domain))).expect_err("no column");
    assert!(error.line == 1 && error.reason.contains("no column"), "{error}");
    let lines = b"{\"value\": \"a.example\"}\n[1]\n{\"value\": 4}\nnot json\n";
    let found = import(Format::JsonLines, lines, &options(Some(ListType::Domain))).expect("read");
    assert_eq!((taken(&found, ListType::Domain).len(), found.skipped.values().sum::<usize>()), (1, 3));
    let error = import(Format::Plain, b"ok\nbad\xff\n", &options(Some(ListType::String))).expect_err("not UTF-8");
    assert_eq!(error.line, 2);
    assert!(import(Format::Plain, b"ok\n", &options(None)).is_err(), "the type is not said");
    // What was written is read again as it was.
    let found = import(Format::Plain, b"say \"hi\", you\n", &options(Some(ListType::String))).expect("read");
    let (data, problems) = parse(ListType::String, &found.csv(ListType::String));
    assert!(problems.is_empty() && data.text(0) == "say \"hi\", you", "{problems:?}");
}

#[test]
fn places_of_inline_entries_are_kept() {
    let entries: Vec<(Arc<str>, Span)> = vec![("a.example".into(), Span::new(SourceId(0), 5, 14))];
    let (data, problems) = ListData::from_entries(ListType::Domain, &entries);
    assert!(problems.is_empty());
    assert_eq!(data.entry(0).map(|entry| (entry.text.to_string(), entry.line)), Some(("a.example".into(), 0)));
}

/// Lines that look like entries of every format, whole and broken.
fn lines() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("value,comment,source,expires"),
        Just("a.example"),
        Just("192.0.2.1/24"),
        Just("{\"value\": \"x\"}"),
        Just(","),
        Just("\"a\"\"b\","),
        Just(" # c"),
        Just("/a(b/i 4"),
        Just("2026-01-01"),
        Just("\u{feff}"),
        Just("\0"),
        Just("Ä\u{212a}"),
        Just("-9223372036854775808"),
        Just("a@B.example"),
        Just("deadbeefDEADBEEF"),
        Just("\r"),
        Just("\""),
        Just("*.?"),
        Just("x"),
    ];
    let line = prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat());
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn any_text_is_a_list_whose_entries_are_found_again(text in lines(), kind in 0..ListType::ALL.len()) {
        let kind = ListType::ALL[kind];
        let (data, problems) = parse(kind, &text);
        prop_assert!(problems.len() < 30);
        prop_assert!(expired_lines(kind, &text, i64::MAX).len() <= text.lines().count());
        let list = List::from(Arc::clone(&data));
        for entry in 0..data.len() {
            prop_assert!(data.entry(entry).is_some());
            let comparable = !matches!(kind, ListType::Cidr | ListType::Pattern);
            prop_assert!(!comparable || data.find(&data.value(entry), false).is_some());
            if kind == ListType::String {
                prop_assert!(list.any_in_text(Search::Contains, true, data.text(entry), None).is_some());
                prop_assert!(list.any_in_text(Search::EndsWith, true, data.text(entry), None).is_some());
            }
        }
    }

    #[test]
    fn what_is_brought_in_is_a_list_without_problems(text in lines(), format in 0..10_usize, kind in 0..11_usize) {
        let formats = [
            Format::Plain, Format::Csv, Format::JsonLines, Format::Misp, Format::Stix, Format::Rspamd(MapKind::Set),
            Format::Rspamd(MapKind::Host), Format::Rspamd(MapKind::Ip), Format::Rspamd(MapKind::Regexp), Format::Rspamd(MapKind::Glob),
        ];
        let wanted = options(ListType::ALL.get(kind).copied());
        if let Ok(imported) = import(formats[format], text.as_bytes(), &wanted) {
            for (kind, entries) in &imported.entries {
                let (data, problems) = parse(*kind, &imported.csv(*kind));
                prop_assert!(problems.is_empty(), "{:?}", problems);
                prop_assert_eq!(data.len(), entries.len());
            }
        }
    }

    #[test]
    fn patterns_of_stix_are_read_or_counted(pattern in "(\\[|\\]|\\(|\\)|'|=|,| |OR|AND|IN|domain-name:value|url:value|'a\\.example'|\\\\){0,20}") {
        let object = serde_json::json!({"type": "indicator", "id": "i", "pattern_type": "stix", "pattern": pattern});
        let imported = import(Format::Stix, object.to_string().as_bytes(), &options(None)).expect("JSON");
        prop_assert!(!imported.entries.is_empty() || !imported.skipped.is_empty());
    }
}
