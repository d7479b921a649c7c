//! The faithful tree: every construct of MQL and ours, precedence, recovery, hostile input.

use proptest::prelude::*;
use ruleeval::source::SourceId;
use ruleeval::syntax::{dump, dump_expr, format, parse, parse_expr};

const SOURCE: SourceId = SourceId(0);

/// The tree of an expression, or the codes of what is wrong.
fn tree(text: &str) -> String {
    let (expr, diagnostics) = parse_expr(SOURCE, text);
    match expr {
        Some(expr) => dump_expr(&expr),
        None => diagnostics.iter().map(|diagnostic| diagnostic.code.to_string()).collect::<Vec<_>>().join(" "),
    }
}

fn table(rows: &[(&str, &str)]) {
    let wrong: Vec<String> = rows
        .iter()
        .map(|(text, wanted)| (text, wanted, tree(text)))
        .filter(|(_, wanted, found)| *wanted != found)
        .map(|(text, wanted, found)| format!("{text}\n    wanted {wanted}\n    found  {found}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn precedence() {
    table(&[
        ("a and b or c", "(or (and a b) c)"),
        ("a or b and c", "(or a (and b c))"),
        ("not a and b", "(and (not a) b)"),
        ("not a == b", "(not (cmp a == b))"),
        ("not x in y", "(not (in x y))"),
        ("not not a", "(not (not a))"),
        ("a + b * c", "(+ a (* b c))"),
        ("a - b - c", "(- (- a b) c)"),
        ("a / b % c", "(% (/ a b) c)"),
        ("a + b < c", "(cmp (+ a b) < c)"),
        ("a ?? b == c", "(cmp (?? a b) == c)"),
        ("0 < length(x) < 10", "(cmp 0 < (call length x) < 10)"),
        ("-a * b", "(* (neg a) b)"),
        ("not 2 of (a, b)", "(not (of 2 a b))"),
        ("a and b and c", "(and a b c)"),
        ("(a or b) and c", "(and (paren (or a b)) c)"),
        ("if a then b else c or d", "(if a b (or c d))"),
    ]);
}

#[test]
fn constructs_of_mql() {
    table(&[
        ("x in (\"a\")", "(in x (tuple \"a\"))"),
        ("x in (\"a\", \"b\",)", "(in x (tuple \"a\" \"b\"))"),
        ("x not in $list", "(not-in x $list)"),
        ("x in~ $list", "(in~ x $list)"),
        ("x not in~ (\"a\")", "(not-in~ x (tuple \"a\"))"),
        ("\"url\" in~ keys(x)", "(in~ \"url\" (call keys x))"),
        ("x in map(y, .z)", "(in x (call map y (. (scope 1) z)))"),
        ("x is null", "(is-null x)"),
        ("x is not null", "(is-not-null x)"),
        ("x == null", "(cmp x == null)"),
        ("x =~ y", "(cmp x =~ y)"),
        ("x !~ y", "(cmp x !~ y)"),
        ("any(a.b, .c == ..d)", "(call any (. a b) (cmp (. (scope 1) c) == (. (scope 2) d)))"),
        ("any(a, . == ..)", "(call any a (cmp (scope 1) == (scope 2)))"),
        ("any(a, ...x)", "(call any a (. (scope 3) x))"),
        ("filter(a, .b)[0].c", "(. ([] (call filter a (. (scope 1) b)) 0) c)"),
        ("x[length(x) - 1]", "([] x (- (call length x) 1))"),
        (".named_groups[\"d\"]", "([] (. (scope 1) named_groups) \"d\")"),
        ("strings.parse_json(x)[\"a\"][\"b\"]", "([] ([] (call (. strings parse_json) x) \"a\") \"b\")"),
        (
            "ml.link_analysis(., mode=\"aggressive\").credphish",
            "(. (call (. ml link_analysis) (scope 1) mode=\"aggressive\") credphish)",
        ),
        ("sum([length(a), length(b)]) == 1", "(cmp (call sum (array (call length a) (call length b))) == 1)"),
        ("3 of (a, b, c,)", "(of 3 a b c)"),
        ("'raw \\d ''quoted'''", "\"raw \\\\d 'quoted'\""),
        ("\"\\u{200F}\\n\\\"\"", "\"\\u{200f}\\n\\\"\""),
        ("true or false // why", "(or true false)"),
        ("f(a, // first\n b)", "(call f a b)"),
        ("(regex.icontains(x, ('re')))", "(paren (call (. regex icontains) x (paren \"re\")))"),
        ("headers.in_reply_to is null", "(is-null (. headers in_reply_to))"),
        ("android or order", "(or android order)"),
        ("a.not.in.is", "(. (. (. a not) in) is)"),
    ]);
}

#[test]
fn constructs_of_our_own() {
    table(&[
        ("x contains~ (\"a\", \"b\")", "(contains~ x (tuple \"a\" \"b\"))"),
        ("x not contains \"a\"", "(not (contains x \"a\"))"),
        ("x starts_with \"a\" and y ends_with \"b\"", "(and (starts_with x \"a\") (ends_with y \"b\"))"),
        ("x like \"*a*\"", "(like x \"*a*\")"),
        ("x matches /a\\/b[/]/i", "(matches x (regex \"a/b[/]\" \"i\"))"),
        ("x matches~ $patterns", "(matches~ x $patterns)"),
        ("x matches_whole /a/", "(matches_whole x (regex \"a\" \"\"))"),
        ("any(body.links, l => l.visible)", "(call any (. body links) (=> l (. l visible)))"),
        ("any of (a, b)", "(of any a b)"),
        ("none of (a, b)", "(of none a b)"),
        ("any(a, b)", "(call any a b)"),
        ("x is empty", "(is-empty x)"),
        ("x is not empty", "(is-not-empty x)"),
        ("5m", "300000ms"),
        ("30d", "2592000000ms"),
        ("2026-05-21", "@1779321600000"),
        ("2026-05-21T10:00:00Z", "@1779357600000"),
        ("2026-05-21T12:00:00+02:00", "@1779357600000"),
        ("ip in 192.0.2.0/24", "(in ip (address 192.0.2.0/24))"),
        ("ip in (2001:db8::/32, ::1)", "(in ip (tuple (address 2001:db8::/32) (address ::1)))"),
        ("a /* block */ and b", "(and a b)"),
        ("a / b", "(/ a b)"),
        ("(a) / 2", "(/ (paren a) 2)"),
        ("1.5 * x", "(* 1.5 x)"),
        ("$list", "$list"),
        ("rule.other and common.f(x)", "(and (. rule other) (call (. common f) x))"),
    ]);
}

#[test]
fn mistakes() {
    table(&[
        ("", "E001"),
        ("a and", "E001"),
        ("a = b", "E001"),
        ("a || b", "E001"),
        ("a contians b", "E001"),
        ("a == b == c", "E001"),
        ("(a", "E002"),
        ("a)", "E002"),
        ("'a", "E002"),
        ("a matches /b", "E002"),
        ("\"\\d\"", "E003"),
        ("'a\u{200d}'", "E004"),
        ("2026-13-01", "E008"),
    ]);
}

#[test]
fn one_broken_item_hides_no_other() {
    let text = "rule a { when: true and }\nrule b { when: x }\ndef c = (\nrule d { when: y }\nnonsense\nlist e: string = [\"x\"]\n";
    let (file, diagnostics) = parse(SOURCE, text);
    assert_eq!(
        dump(&file),
        "(rule b []\n  (when x)\n)\n(list e string \"x\")\n"
            .replace("(list", "(rule d []\n  (when y)\n)\n(list")
            .replace("(rule d []\n  (when y)\n)\n", "")
    );
    let lines: Vec<usize> =
        diagnostics.iter().map(|d| text[..d.primary.span.start as usize].matches('\n').count() + 1).collect();
    assert!(lines.contains(&1) && lines.contains(&3), "{diagnostics:#?}");
}

/// Runs in a small stack, as a host's worker thread may have.
fn in_small_stack(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).expect("a thread").join().expect("no overflow");
}

#[test]
fn hostile_nesting_is_an_error_not_a_crash() {
    in_small_stack(|| {
        for text in [
            "(".repeat(100_000),
            "[".repeat(50_000) + &"]".repeat(50_000),
            "not ".repeat(50_000) + "a",
            "-".repeat(50_000) + "1",
            "a".to_owned() + &".b".repeat(50_000),
            "a".to_owned() + &"[0]".repeat(50_000),
            "if a then ".repeat(5_000) + "b",
            "a".to_owned() + &" + a".repeat(50_000),
            "a".to_owned() + &" < a".repeat(50_000),
            "any(a, ".repeat(5_000),
        ] {
            let (expr, diagnostics) = parse_expr(SOURCE, &text);
            assert!(expr.is_none() && !diagnostics.is_empty(), "{}", &text[..20]);
        }
    });
}

#[test]
fn long_chains_work() {
    in_small_stack(|| {
        let (expr, diagnostics) = parse_expr(SOURCE, &vec!["x"; 10_000].join(" and "));
        assert!(expr.is_some(), "{diagnostics:?}");
        let (expr, diagnostics) = parse_expr(SOURCE, &vec!["x"; 200_000].join(" and "));
        assert!(expr.is_none());
        assert_eq!(diagnostics[0].code.to_string(), "E005");
        let many = format!("x in ({})", vec!["\"a\""; 5_000].join(", "));
        assert!(parse_expr(SOURCE, &many).0.is_some());
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in "\\PC{0,200}") {
        let _ = parse(SOURCE, &text);
        let _ = parse_expr(SOURCE, &text);
    }

    #[test]
    fn token_soup_is_survived_and_what_formats_formats_again(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "rule a {", "}", "when:", "meta:", "let:", "unless:", "tests:", "x", "y", "=", "==", "and", "or", "not", "in", "(", ")",
            "[", "]", ",", ".", "..", "\"s\"", "'r'", "/re/i", "1", "5m", "$l", "any(", "=>", "is null", "contains~", "// c\n", "/* b */",
            "def d =", "list l: string =", "\n", "matches", "if", "then", "else", ":", "2 of (", "exception e {", "??",
        ]), 0..40)
    ) {
        let text = tokens.join(" ");
        if let Ok(once) = format(SOURCE, &text) {
            let twice = format(SOURCE, &once);
            prop_assert_eq!(Ok(&once), twice.as_ref().map_err(|_| ()), "{}", text);
            prop_assert_eq!(dump(&parse(SOURCE, &text).0), dump(&parse(SOURCE, &once).0), "{}", text);
        }
    }

    #[test]
    fn comments_anywhere_are_kept_and_the_layout_stays(
        places in prop::collection::vec((0usize..400, prop::sample::select(vec!["// c\n", "/* b */", "\n\n", "\n// c\n", "/* b\nb */"])), 0..6)
    ) {
        let tokens: Vec<&str> = ALL_CONSTRUCTS.split_whitespace().collect();
        let begins_item = |index: usize| tokens.get(index).is_some_and(|token| ["rule", "def", "list", "exception"].contains(token));
        let mut text = String::new();
        for (index, token) in tokens.iter().enumerate() {
            // The word, the name and what follows make the head of an item together.
            let in_head = index > 0 && begins_item(index - 1) || index > 1 && begins_item(index - 2);
            for (_, insert) in places.iter().filter(|(place, _)| place % tokens.len() == index && !in_head) {
                text.push_str(insert);
            }
            // Items begin on a line of their own.
            text.push_str(if begins_item(index) { "\n" } else { " " });
            text.push_str(token);
        }
        let once = format(SOURCE, &text);
        prop_assert!(once.is_ok(), "{text}\n{once:?}");
        let once = once.unwrap_or_default();
        prop_assert_eq!(&once, &format(SOURCE, &once).unwrap_or_default(), "{}", text);
        prop_assert_eq!(dump(&parse(SOURCE, &text).0), dump(&parse(SOURCE, &once).0), "{}", text);
        let comments = |text: &str| text.matches("// c").count() + text.matches("/* b").count();
        prop_assert_eq!(comments(&text), comments(&once), "{}\n{}", text, once);
    }
}

const ALL_CONSTRUCTS: &str = r#"
def d ( a : string , b : int ) = a == "x" and b > 1
def e = any ( body.links , .href_url.domain.domain in ( "a.example" , "b.example" ) or .mismatched )
list l : string = [ "a" , "b" ]
list f : address = "lists/a.txt"
exception x { rules: [ "r" ] when: sender.email.email == "a@example.com" or d ( "x" , 2 ) reason: "known" }
rule r : t u {
  meta: title = "T" severity = high attack = [ "T1566.001" , "T1566.003" ]
  let: n = filter ( body.links , x => not .visible )
       m = if n is empty then 1 else 2
  when: 2 of ( d ( "x" , 1 ) , m > 1 , subject.base matches~ /a+b/ ) and ( length ( n ) > 2 or not ( e or subject.subject is null ) )
        and "x" not in~ $l and regex.icontains ( body.current_thread.text , 'a' , "b" )
  unless: own: sender.email.email in $f other: d ( a = "x" , b = 3 )
  tests: matches "m/a.eml" given { clock: 2026-01-01T00:00:00Z } ignores "m/b.eml"
}
"#;
