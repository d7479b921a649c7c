//! What the grammar refused, in words for people.

use super::lower::Rule;
use super::scan::excerpt;
use crate::diagnostic::{Diagnostic, codes, suggest};
use crate::source::{SourceId, Span};
use pest::error::{Error, ErrorVariant, InputLocation};
use std::collections::BTreeSet;

const OPERATORS: [&str; 9] =
    ["contains", "starts_with", "ends_with", "like", "matches", "matches_whole", "and", "or", "not"];

/// Turns a parse error of the text at `base` into a diagnostic.
pub(super) fn diagnostic(source: SourceId, text: &str, base: usize, error: &Error<Rule>) -> Diagnostic {
    let at = base
        + match error.location {
            InputLocation::Pos(at) => at,
            InputLocation::Span((at, _)) => at,
        };
    let rest = text.get(at..).unwrap_or("");
    let found = token(rest);
    let span = Span::new(source, at, at + found.len().max(usize::from(at < text.len())));
    if let Some(hint) = hint(text, at, found, source) {
        return hint;
    }
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => expected_list(positives),
        ErrorVariant::CustomError { message } => message.clone(),
    };
    let found = if found.is_empty() { "the end".to_owned() } else { format!("`{}`", excerpt(found)) };
    Diagnostic::new(codes::SYNTAX, format!("expected {expected}, found {found}"), span, format!("expected {expected}"))
}

/// Mistakes that habits from other languages cause.
fn hint(text: &str, at: usize, found: &str, source: SourceId) -> Option<Diagnostic> {
    let replace = |wrong: &str, right: &str, start: usize| {
        let span = Span::new(source, start, start + wrong.len());
        Diagnostic::new(codes::SYNTAX, format!("there is no operator `{wrong}`"), span, "not an operator")
            .help(format!("write `{right}`"))
            .edit(span, right, format!("change `{wrong}` to `{right}`"))
    };
    let rest = text.get(at..)?;
    for (wrong, right) in [("&&", "and"), ("||", "or"), ("<>", "!="), ("===", "=="), ("!==", "!=")] {
        if rest.starts_with(wrong) {
            return Some(replace(wrong, right, at));
        }
    }
    if rest.starts_with('!') && !rest.starts_with("!=") && !rest.starts_with("!~") {
        return Some(replace("!", "not ", at));
    }
    if rest.starts_with('=') && !rest.starts_with("==") && !rest.starts_with("=~") && !rest.starts_with("=>") {
        return Some(replace("=", "==", at));
    }
    let word = found.trim_end_matches('~');
    let is_word = word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let near = is_word.then(|| suggest::nearest(word, OPERATORS)).flatten()?;
    (near != word).then(|| replace(word, near, at))
}

/// The token that begins a text.
fn token(rest: &str) -> &str {
    let word = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let first = rest.chars().next().map_or(0, char::len_utf8);
    &rest[..word.max(first)]
}

fn expected_list(positives: &[Rule]) -> String {
    let words: BTreeSet<&str> = positives.iter().filter_map(|rule| word(*rule)).collect();
    let words: Vec<&str> = words.into_iter().collect();
    match words.as_slice() {
        [] => "something else".into(),
        [only] => (*only).into(),
        // Where an operand is possible, the list of operand kinds says nothing more.
        _ if words.contains(&"an expression") => "an expression".into(),
        [most @ .., last] if words.len() <= 4 => format!("{} or {last}", most.join(", ")),
        _ => "an operator or the end of the expression".into(),
    }
}

/// One word of the reader's for every rule of the grammar.
fn word(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::EOI => "the end of the item",
        Rule::name | Rule::word | Rule::arg_name => "a name",
        Rule::dotted => "a key",
        Rule::type_name => "a type",
        Rule::item
        | Rule::item_only
        | Rule::rule_item
        | Rule::def_item
        | Rule::list_item
        | Rule::exception_item
        | Rule::template_item => "an item",
        Rule::kw_rule => "`rule`",
        Rule::kw_def => "`def`",
        Rule::kw_list => "`list`",
        Rule::kw_exception => "`exception`",
        Rule::kw_template => "`template`",
        Rule::template_variant | Rule::kw_variant => "`variant name { ... }`",
        Rule::tags => "tags",
        Rule::section
        | Rule::section_head
        | Rule::meta_section
        | Rule::let_section
        | Rule::when_section
        | Rule::unless_section
        | Rule::tests_section => "a section (`meta:`, `let:`, `when:`, `unless:`, `tests:`)",
        Rule::meta_entry | Rule::let_entry => "an entry `name = value`",
        Rule::unless_entry | Rule::exception_entry | Rule::given_entry | Rule::template_entry => {
            "an entry `name: value`"
        }
        Rule::test_entry | Rule::test_kind => "`matches` or `ignores`",
        Rule::given => "`given { ... }`",
        Rule::params | Rule::param => "a parameter",
        Rule::string | Rule::block_string | Rule::escaped_string | Rule::raw_string => "a string",
        Rule::list_inline => "`[...]`",
        Rule::kw_then => "`then`",
        Rule::kw_else => "`else`",
        Rule::of_op => "`of`",
        Rule::tuple => "`(...)`",
        Rule::lambda => "`name => ...`",
        Rule::or_op
        | Rule::and_op
        | Rule::cmp_op
        | Rule::cmp_tail
        | Rule::in_op
        | Rule::in_tail
        | Rule::text_op
        | Rule::text_tail
        | Rule::is_tail
        | Rule::sum_op
        | Rule::product_op => "an operator",
        Rule::call | Rule::index | Rule::field | Rule::arg => return None,
        Rule::expr
        | Rule::expr_only
        | Rule::if_expr
        | Rule::kw_if
        | Rule::or_expr
        | Rule::and_expr
        | Rule::not_expr
        | Rule::not_op
        | Rule::cmp_expr
        | Rule::coalesce
        | Rule::sum
        | Rule::product
        | Rule::unary
        | Rule::neg_op
        | Rule::postfix
        | Rule::primary
        | Rule::of_expr
        | Rule::of_count
        | Rule::paren
        | Rule::array
        | Rule::list_ref
        | Rule::scope_field
        | Rule::dots
        | Rule::scope
        | Rule::literal
        | Rule::kw_null
        | Rule::kw_true
        | Rule::kw_false
        | Rule::int
        | Rule::float
        | Rule::duration
        | Rule::time
        | Rule::address
        | Rule::regex => "an expression",
        Rule::WHITESPACE
        | Rule::COMMENT
        | Rule::line_comment
        | Rule::block_comment
        | Rule::idc
        | Rule::keyword
        | Rule::gap
        | Rule::arith_op
        | Rule::d2
        | Rule::ipv4
        | Rule::ipv6 => return None,
    })
}
