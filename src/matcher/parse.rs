//! Reads the text of a regex, as `regex` does, but quickly.
//!
//! Without case, `[\W_]` asks for every character of `\W` in another case: a million look-ups, some
//! milliseconds. Classes of Perl have no character without its other case, so only what else
//! stands in the brackets is folded here, and the whole is read with case.

use super::PatternOptions;
use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{
    Ast, ClassBracketed, ClassSet, ClassSetBinaryOp, ClassSetItem, ClassSetRange, ClassSetUnion, Flag, Flags,
    FlagsItem, FlagsItemKind, Group, GroupKind, Literal, LiteralKind, Span,
};
use regex_syntax::hir::translate::TranslatorBuilder;
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange, Hir};

/// Deepest nesting of groups.
const NEST_LIMIT: u32 = 100;
/// Ranges up to this many characters are folded here; longer ones by `regex-syntax`.
const SHORT_RANGE: u32 = 512;

/// The syntax tree of a regex; an error is told in several lines.
pub(super) fn parse(text: &str, options: PatternOptions) -> Result<Hir, String> {
    let mut parser = ParserBuilder::new();
    let parser = parser.nest_limit(NEST_LIMIT).ignore_whitespace(options.verbose);
    let mut ast = parser.build().parse(text).map_err(|error| error.to_string())?;
    Scope { no_case: options.no_case, unicode: true }.fold(&mut ast);
    let mut translator = TranslatorBuilder::new();
    let translator = translator
        .case_insensitive(options.no_case)
        .dot_matches_new_line(options.dot_all)
        .multi_line(options.multi_line);
    translator.build().translate(text, &ast).map_err(|error| error.to_string())
}

/// The flags where a part of the regex stands.
#[derive(Clone, Copy)]
struct Scope {
    no_case: bool,
    unicode: bool,
}

impl Scope {
    fn fold(&mut self, ast: &mut Ast) {
        match ast {
            Ast::Flags(set) => self.set(&set.flags),
            Ast::Group(group) => {
                let outer = *self;
                if let GroupKind::NonCapturing(flags) = &group.kind {
                    self.set(flags);
                }
                self.fold(&mut group.ast);
                *self = outer;
            }
            Ast::Repetition(repetition) => self.fold(&mut repetition.ast),
            // Flags set in one branch count in those after it.
            Ast::Alternation(alternation) => alternation.asts.iter_mut().for_each(|ast| self.fold(ast)),
            Ast::Concat(concat) => concat.asts.iter_mut().for_each(|ast| self.fold(ast)),
            Ast::ClassBracketed(class) if self.no_case && self.unicode && wide_set(&class.kind) => {
                if let Some(class) = folded(class) {
                    *ast = with_case(class);
                }
            }
            Ast::Empty(_)
            | Ast::Literal(_)
            | Ast::Dot(_)
            | Ast::Assertion(_)
            | Ast::ClassUnicode(_)
            | Ast::ClassPerl(_)
            | Ast::ClassBracketed(_) => {}
        }
    }

    fn set(&mut self, flags: &Flags) {
        self.no_case = flags.flag_state(Flag::CaseInsensitive).unwrap_or(self.no_case);
        self.unicode = flags.flag_state(Flag::Unicode).unwrap_or(self.unicode);
    }
}

/// True if the set has many characters.
fn wide_set(set: &ClassSet) -> bool {
    match set {
        ClassSet::Item(item) => wide(item),
        ClassSet::BinaryOp(op) => wide_set(&op.lhs) || wide_set(&op.rhs),
    }
}

fn wide(item: &ClassSetItem) -> bool {
    match item {
        ClassSetItem::Perl(_) | ClassSetItem::Bracketed(_) => true,
        ClassSetItem::Union(union) => union.items.iter().any(wide),
        ClassSetItem::Empty(_)
        | ClassSetItem::Literal(_)
        | ClassSetItem::Range(_)
        | ClassSetItem::Ascii(_)
        | ClassSetItem::Unicode(_) => false,
    }
}

/// `(?-i:class)`.
fn with_case(class: ClassBracketed) -> Ast {
    let span = class.span;
    let item = |kind| FlagsItem { span, kind };
    let items = vec![item(FlagsItemKind::Negation), item(FlagsItemKind::Flag(Flag::CaseInsensitive))];
    let kind = GroupKind::NonCapturing(Flags { span, items });
    Ast::group(Group { span, kind, ast: Box::new(Ast::class_bracketed(class)) })
}

/// The class with every character that is another of its own without case; nothing if it holds
/// what is not folded here.
fn folded(class: &ClassBracketed) -> Option<ClassBracketed> {
    Some(ClassBracketed { span: class.span, negated: class.negated, kind: folded_set(&class.kind)? })
}

fn folded_set(set: &ClassSet) -> Option<ClassSet> {
    Some(match set {
        ClassSet::Item(item) => ClassSet::Item(folded_item(item)?),
        ClassSet::BinaryOp(op) => ClassSet::BinaryOp(ClassSetBinaryOp {
            span: op.span,
            kind: op.kind,
            lhs: Box::new(folded_set(&op.lhs)?),
            rhs: Box::new(folded_set(&op.rhs)?),
        }),
    })
}

fn folded_item(item: &ClassSetItem) -> Option<ClassSetItem> {
    Some(match item {
        ClassSetItem::Empty(_) | ClassSetItem::Perl(_) => item.clone(),
        ClassSetItem::Literal(literal) => folded_range(literal.span, literal.c, literal.c)?,
        ClassSetItem::Range(range) => folded_range(range.span, range.start.c, range.end.c)?,
        ClassSetItem::Bracketed(class) => ClassSetItem::Bracketed(Box::new(folded(class)?)),
        ClassSetItem::Union(union) => ClassSetItem::Union(ClassSetUnion {
            span: union.span,
            items: union.items.iter().map(folded_item).collect::<Option<_>>()?,
        }),
        ClassSetItem::Ascii(_) | ClassSetItem::Unicode(_) => return None,
    })
}

fn folded_range(span: Span, start: char, end: char) -> Option<ClassSetItem> {
    if end as u32 - start as u32 > SHORT_RANGE {
        return None;
    }
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(start, end)]);
    class.try_case_fold_simple().ok()?;
    let literal = |c| Literal { span, kind: LiteralKind::Verbatim, c };
    let range = |range: &ClassUnicodeRange| {
        ClassSetItem::Range(ClassSetRange { span, start: literal(range.start()), end: literal(range.end()) })
    };
    Some(ClassSetItem::Union(ClassSetUnion { span, items: class.ranges().iter().map(range).collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reference(text: &str, options: PatternOptions) -> Option<Hir> {
        let mut parser = regex_syntax::ParserBuilder::new();
        let parser = parser.case_insensitive(options.no_case).ignore_whitespace(options.verbose);
        parser.build().parse(text).ok()
    }

    #[test]
    fn perls_classes_have_every_case() {
        for class in [r"\w", r"\W", r"\d", r"\D", r"\s", r"\S"] {
            let alone = regex_syntax::parse(class).expect(class);
            let folded = regex_syntax::parse(&format!("(?i)[{class}]")).expect(class);
            assert_eq!(alone, folded, "{class}");
        }
    }

    #[test]
    fn reads_what_regex_syntax_reads() {
        let sources = [
            r"[\W_]",
            r"[^\W_k]",
            r"[[^0-9A-Za-z_]s]",
            r"[\w--k]x",
            r"[\w&&[^a-cS]]",
            r"(?-i)[\Wk]|(?i:[\Wk](?-i)[\Wk])[\Wk]",
            r"(?:a|(?-i)[k\s])[k\s]",
            r"(?-u:[a\s])[a\s]",
            r"[[:alpha:]\W]",
            r"[\pL\W]",
            "[\u{80}-\u{10ffff}\\s]",
            r"[\W",
        ];
        for no_case in [true, false] {
            let options = PatternOptions { no_case, ..PatternOptions::default() };
            for source in sources {
                assert_eq!(parse(source, options).ok(), reference(source, options), "{source}");
            }
        }
    }

    proptest! {
        #[test]
        fn classes_mean_the_same(source in r"(\(\?-?i:|\[|\[\^|\]|\\[wWdDsS]|[a-zkK]|ſ|é|-|&&|\||\)){1,12}") {
            for no_case in [true, false] {
                let options = PatternOptions { no_case, ..PatternOptions::default() };
                prop_assert_eq!(parse(&source, options).ok(), reference(&source, options), "{}", source);
            }
        }
    }
}
