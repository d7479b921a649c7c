//! Templates: what they declare, whether it can be told apart, and what `template(name)` means.

use super::expr::did_you_mean;
use super::hir::{Expr, ExprKind, TemplateId};
use super::scope::Scope;
use super::symbols::Symbols;
use super::{Checker, PackInput};
use crate::diagnostic::{Diagnostic, codes, suggest};
use crate::source::Span;
use crate::syntax::ast::{self, Arg, Piece, PieceKind, TemplateEntry, TemplatePart};
use crate::value::{Element, Shape, SlotKind, TEMPLATE_FIELDS, TemplateDecl, Type, Value, VariantDecl};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Letters and digits of its own that a template must have at least; others than ASCII's count
/// twice.
const MIN_LETTERS: usize = 12;
/// Most pieces of one text.
const MAX_PIECES: usize = 1_000;

/// Checks every template of all packs, in the order of their ids.
pub(super) fn declare(
    checker: &mut Checker<'_>,
    packs: &[PackInput<'_>],
    symbols: &Symbols<'_>,
) -> Vec<Arc<TemplateDecl>> {
    let mut found: BTreeMap<TemplateId, Arc<TemplateDecl>> = BTreeMap::new();
    for pack in packs {
        let Some(own) = symbols.packs.get(&pack.name) else { continue };
        for (id, template) in own.templates.values() {
            let before = checker.diagnostics.len();
            let decl = checker.declaration(&pack.name, template);
            let sound = !checker.diagnostics[before..].iter().any(Diagnostic::is_error);
            let shape = sound.then(|| Arc::new(checker.shape(&decl)));
            checker.shapes.insert(*id, shape);
            found.insert(*id, Arc::new(decl));
        }
    }
    found.into_values().collect()
}

/// A text of a template.
type Text<'t> = Option<(&'t [Piece], Span)>;

/// The slots of a template while they are collected.
#[derive(Default)]
struct Slots {
    /// Names, kinds and where each was first named; `None`: no kind was given yet.
    found: Vec<(Arc<str>, Option<SlotKind>, Span)>,
}

impl Checker<'_> {
    fn declaration(&mut self, pack: &str, template: &ast::Template) -> TemplateDecl {
        let entries: Vec<&TemplateEntry> = template.parts.iter().filter_map(entry).collect();
        self.entry_keys(&entries, &["from", "subject", "body", "links"]);
        let from = self.senders(template, find(&entries, "from"));
        let links = find(&entries, "links").map(|entry| self.link_domains(entry));
        let mut slots = Slots::default();
        let mut variants = Vec::new();
        let (subject, body) = (self.described(&entries, "subject"), self.described(&entries, "body"));
        for variant in template.parts.iter().filter_map(variant) {
            let entries: Vec<&TemplateEntry> = variant.entries.iter().collect();
            self.entry_keys(&entries, &["subject", "body"]);
            let subject = self.described(&entries, "subject").or(subject);
            let body = self.described(&entries, "body").or(body);
            variants.push(self.variant(Some(&variant.name), &variant.name, subject, body, &mut slots));
        }
        self.variant_names(template);
        if variants.is_empty() {
            variants.push(self.variant(None, &template.name, subject, body, &mut slots));
        }
        let slots = slots.found.into_iter().map(|(name, kind, _)| (name, kind.unwrap_or(SlotKind::Text)));
        let name = format!("{pack}/{}", template.name.name).into();
        let decl = TemplateDecl { name, from, links, slots: slots.collect(), variants };
        self.ambiguities(template, &decl);
        decl
    }

    fn entry_keys(&mut self, entries: &[&TemplateEntry], known: &[&str]) {
        let mut seen: BTreeMap<Arc<str>, Span> = BTreeMap::new();
        for entry in entries {
            if let Some(first) = seen.insert(Arc::clone(&entry.key.name), entry.key.span) {
                self.duplicate(&entry.key, first);
            }
            if !known.contains(&&*entry.key.name) {
                let message = format!("a template has no entry `{}` here", entry.key.name);
                let problem = Diagnostic::new(codes::TEMPLATE_ENTRY, message, entry.key.span, "unknown entry");
                self.report(match suggest::nearest(&entry.key.name, known.iter().copied()) {
                    Some(near) => did_you_mean(problem, entry.key.span, &entry.key.name, near),
                    None => problem.help(format!("the entries here are: {}", known.join(", "))),
                });
            }
        }
    }

    fn variant_names(&mut self, template: &ast::Template) {
        let mut seen: BTreeMap<Arc<str>, Span> = BTreeMap::new();
        for variant in template.parts.iter().filter_map(variant) {
            if let Some(first) = seen.insert(Arc::clone(&variant.name.name), variant.name.span) {
                self.duplicate(&variant.name, first);
            }
        }
    }

    fn entry_problem(&mut self, span: Span, message: impl Into<String>, label: &str, help: &str) {
        self.report(Diagnostic::new(codes::TEMPLATE_ENTRY, message, span, label).help(help));
    }

    fn senders(&mut self, template: &ast::Template, entry: Option<&TemplateEntry>) -> Vec<Arc<str>> {
        let help = "name the senders: `from: \"service@paypal.com\"`, or `[\"a@x.example\", \"*@y.example\"]`";
        let Some(entry) = entry else {
            let message = format!("template `{}` does not say who sends it", template.name.name);
            self.entry_problem(template.name.span, message, "no `from:` entry", help);
            return Vec::new();
        };
        let mut senders = Vec::new();
        for (text, span) in self.strings(entry, help) {
            let known = text.split_once('@').is_some_and(|(local, host)| !local.is_empty() && host.contains('.'));
            if known && !text.contains(char::is_whitespace) {
                senders.push(text.to_lowercase().into());
            } else {
                self.entry_problem(span, format!("`{text}` is not an address"), "not a sender", help);
            }
        }
        senders
    }

    fn link_domains(&mut self, entry: &TemplateEntry) -> Vec<Arc<str>> {
        let help = "name domains: `links: [\"paypal.com\"]`; what lies below them is included";
        let mut domains = Vec::new();
        for (text, span) in self.strings(entry, help) {
            let plain = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
            if plain && text.contains('.') && !text.starts_with('.') && !text.ends_with('.') {
                domains.push(text.to_lowercase().into());
            } else {
                self.entry_problem(span, format!("`{text}` is not a domain"), "not a domain", help);
            }
        }
        domains
    }

    /// A string, or a list of strings.
    fn strings(&mut self, entry: &TemplateEntry, help: &str) -> Vec<(Arc<str>, Span)> {
        let items = match &entry.value.kind {
            ast::ExprKind::Array(items) => items.iter().collect(),
            _ => vec![&entry.value],
        };
        let mut found = Vec::new();
        for item in items {
            match &item.kind {
                ast::ExprKind::Str(text) => found.push((Arc::clone(&text.value), item.span)),
                _ => self.entry_problem(item.span, "this must be a text", "not a text", help),
            }
        }
        found
    }

    fn described<'t>(&mut self, entries: &[&'t TemplateEntry], key: &str) -> Text<'t> {
        let entry = find(entries, key)?;
        let Some(pieces) = &entry.pieces else {
            let help = "write the text of the notification, with `{slots}`";
            self.entry_problem(entry.value.span, format!("`{key}` must be a text"), "not a text", help);
            return None;
        };
        Some((pieces, entry.value.span))
    }

    fn variant(
        &mut self,
        name: Option<&ast::Ident>,
        place: &ast::Ident,
        subject: Text<'_>,
        body: Text<'_>,
        slots: &mut Slots,
    ) -> VariantDecl {
        if subject.is_none() && body.is_none() {
            let message = format!("`{}` has neither `subject` nor `body`", place.name);
            self.entry_problem(place.span, message, "describes nothing", "add the text that the notification has");
        }
        let texts = [subject, body].map(|text| {
            text.map(|(pieces, span)| {
                self.size(pieces, span);
                self.elements(pieces, slots)
            })
        });
        if texts.iter().any(Option::is_some) {
            self.breadth(place, &texts);
        }
        let [subject, body] = texts;
        VariantDecl { name: name.map(|name| Arc::clone(&name.name)), subject, body }
    }

    fn size(&mut self, pieces: &[Piece], span: Span) {
        if count(pieces) > MAX_PIECES {
            let message = format!("this text has more than {MAX_PIECES} pieces");
            self.report(
                Diagnostic::new(codes::LIMIT, message, span, "too long").help("leave out what does not matter"),
            );
        }
    }

    fn breadth(&mut self, place: &ast::Ident, texts: &[Option<Vec<Element>>; 2]) {
        let letters: usize = texts.iter().flatten().flatten().map(letters).sum();
        if letters < MIN_LETTERS {
            let message = format!("`{}` would match nearly anything", place.name);
            let label = format!("{letters} letters of its own, {MIN_LETTERS} are needed");
            self.report(
                Diagnostic::new(codes::TEMPLATE_BROAD, message, place.span, label)
                    .help("add text that every such notification has, outside `[[ ]]`"),
            );
        }
    }

    fn elements(&mut self, pieces: &[Piece], slots: &mut Slots) -> Vec<Element> {
        let mut elements = Vec::with_capacity(pieces.len());
        for piece in pieces {
            elements.push(match &piece.kind {
                PieceKind::Text(text) => Element::Text(Arc::clone(text)),
                PieceKind::Slot(name, kind) => Element::Slot(self.slot(name, kind.as_ref(), slots)),
                PieceKind::Gap => Element::Gap,
                PieceKind::Break => Element::Break,
                PieceKind::Optional(inner) => Element::Optional(self.elements(inner, slots)),
            });
        }
        elements
    }

    fn slot(&mut self, name: &ast::Ident, kind: Option<&ast::Ident>, slots: &mut Slots) -> u16 {
        let kind = kind.and_then(|kind| self.slot_kind(kind).map(|known| (known, kind.span)));
        if let Some(index) = slots.found.iter().position(|(known, ..)| *known == name.name) {
            let (_, known, first) = &mut slots.found[index];
            match (*known, kind) {
                (Some(one), Some((other, span))) if one != other => {
                    let message = format!("slot `{}` is `{}` and `{}`", name.name, one.name(), other.name());
                    let problem = Diagnostic::new(codes::SLOT, message, span, "another kind here");
                    let first = *first;
                    self.report(problem.also(first, "first here").help("give one kind, or two names"));
                }
                (None, Some((kind, _))) => *known = Some(kind),
                _ => {}
            }
            return index as u16;
        }
        if TEMPLATE_FIELDS.contains(&&*name.name) {
            let message = format!("no slot can be called `{}`", name.name);
            let problem = Diagnostic::new(codes::SLOT, message, name.span, "a field of every template");
            self.report(problem.help("rename the slot"));
        }
        slots.found.push((Arc::clone(&name.name), kind.map(|(kind, _)| kind), name.span));
        (slots.found.len() - 1) as u16
    }

    fn slot_kind(&mut self, kind: &ast::Ident) -> Option<SlotKind> {
        let known = SlotKind::named(&kind.name);
        if known.is_none() {
            let message = format!("there is no kind of slot `{}`", kind.name);
            let problem = Diagnostic::new(codes::SLOT, message, kind.span, "not a kind");
            let names = SlotKind::ALL.map(SlotKind::name);
            self.report(match suggest::nearest(&kind.name, names) {
                Some(near) => did_you_mean(problem, kind.span, &kind.name, near),
                None => problem.help(format!("the kinds are: {}", names.join(", "))),
            });
        }
        known
    }

    /// Slots of which nothing says where they begin or end.
    fn ambiguities(&mut self, template: &ast::Template, decl: &TemplateDecl) {
        let own = template.parts.iter().filter_map(entry);
        let entries = own.chain(template.parts.iter().filter_map(variant).flat_map(|variant| &variant.entries));
        for pieces in entries.filter_map(|entry| entry.pieces.as_ref()) {
            self.ambiguous(pieces, Open::Nothing, decl);
        }
    }

    /// Follows the text; what is open at its end.
    fn ambiguous(&mut self, pieces: &[Piece], mut open: Open, decl: &TemplateDecl) -> Open {
        for piece in pieces {
            open = match &piece.kind {
                PieceKind::Text(text) if text.chars().any(char::is_alphanumeric) => {
                    self.after_rest(open, piece.span);
                    Open::Nothing
                }
                PieceKind::Text(text) if text.trim().is_empty() => open,
                PieceKind::Text(_) => Open::Nothing,
                PieceKind::Slot(name, _) => {
                    let kind = decl.slots.iter().find(|(slot, _)| *slot == name.name).map(|(_, kind)| *kind);
                    self.after_rest(open, piece.span);
                    self.next_slot(open, kind.unwrap_or(SlotKind::Text), piece.span)
                }
                PieceKind::Gap => {
                    if let Open::Slot(_, first) = open {
                        self.undecided(first, piece.span, "`...` follows a slot");
                    }
                    Open::Gap(piece.span)
                }
                PieceKind::Break => match open {
                    Open::Slot(SlotKind::Line, _) | Open::Gap(_) => Open::Nothing,
                    other => other,
                },
                PieceKind::Optional(inner) => self.ambiguous(inner, open, decl).or(open),
            };
        }
        open
    }

    fn next_slot(&mut self, open: Open, kind: SlotKind, span: Span) -> Open {
        if !kind.is_free() {
            return Open::Nothing;
        }
        match open {
            Open::Slot(_, first) => self.undecided(first, span, "two slots of any text beside each other"),
            Open::Gap(first) => self.undecided(first, span, "a slot of any text follows `...`"),
            Open::Nothing => {}
        }
        Open::Slot(kind, span)
    }

    fn after_rest(&mut self, open: Open, span: Span) {
        if let Open::Slot(SlotKind::Rest, first) = open {
            let problem = Diagnostic::new(codes::SLOT_AMBIGUOUS, "nothing can follow a slot `rest`", span, "after it");
            self.report(problem.also(first, "takes everything to the end").help("make it `text`, or put it last"));
        }
    }

    fn undecided(&mut self, first: Span, span: Span, what: &str) {
        self.report(
            Diagnostic::new(codes::SLOT_AMBIGUOUS, what, span, "begins where?").also(first, "ends where?").help(
                "put literal text between them, or give one a kind that says what it holds, such as `money` or `line`",
            ),
        );
    }

    /// The type of `template(name)`.
    fn shape(&self, decl: &TemplateDecl) -> Shape {
        let field = |name: &str, ty: &str, nullable| {
            (Arc::from(name), self.catalog().parse_type(ty).unwrap_or(Type::Any), nullable)
        };
        let mut fields = vec![field("matched", "bool", false), field("variant", "string", true)];
        fields.extend(decl.slots.iter().map(|(name, _)| (Arc::clone(name), Type::String, true)));
        fields.push(field("residue", "string", true));
        fields.push(field("coverage", "float", false));
        if decl.links.is_some() {
            fields.push(field("links_outside", "[Link]", false));
        }
        fields.push(field("conflicts", "[string]", false));
        Shape { name: format!("template {}", decl.name).into(), fields }
    }

    /// `template(name)`, `template(pack.name)`.
    pub(super) fn template(&mut self, args: &[Arg], span: Span, scope: &mut Scope<'_>) -> Expr {
        let reference = match args {
            [Arg { name: None, value }] => dotted(value).map(|path| (path, value.span)),
            _ => None,
        };
        let Some(((pack, name), place)) = reference else {
            self.report(
                Diagnostic::new(codes::ARGUMENTS, "`template` takes the name of a template", span, "not a name")
                    .help("write `template(name)`, or `template(pack.name)` for one of a pack that is required"),
            );
            return self.broken(span);
        };
        let Some(id) = find_template(scope, pack, name) else { return self.unknown_template(name, place, span, scope) };
        self.used.templates.insert(id);
        match self.shapes.get(&id).cloned().flatten() {
            Some(shape) => self.node(ExprKind::Template(id), Type::Shape(shape), false, span),
            None => self.broken(span),
        }
    }

    fn unknown_template(&mut self, name: &str, place: Span, span: Span, scope: &Scope<'_>) -> Expr {
        let message = format!("there is no template `{name}`");
        let problem = Diagnostic::new(codes::UNKNOWN_TEMPLATE, message, place, "no such template");
        let own = scope.symbols.packs.get(&scope.pack).map(|own| &own.templates);
        let near = suggest::nearest(name, own.into_iter().flat_map(BTreeMap::keys).map(|name| &**name));
        self.report(match near {
            Some(near) => did_you_mean(problem, place, name, near),
            None => problem.help("declare it with `template name { from: ... body: ... }`"),
        });
        self.broken(span)
    }

    /// `template(name).slot`
    pub(super) fn template_field(&mut self, base: Expr, field: &ast::Ident, span: Span) -> Expr {
        let Type::Shape(shape) = base.ty.clone() else { return self.broken(span) };
        if let Some((ty, nullable)) = shape.field(&field.name) {
            let key = Value::String(Arc::clone(&field.name));
            let key = self.node(ExprKind::Const(key), Type::String, false, field.span);
            return self.node(ExprKind::Key(Box::new(base), Box::new(key)), ty.clone(), nullable, span);
        }
        let message = format!("`{}` has no field `{}`", shape.name, field.name);
        let problem = Diagnostic::new(codes::UNKNOWN_FIELD, message, field.span, "no such field");
        let names: Vec<&str> = shape.fields.iter().map(|(name, ..)| &**name).collect();
        self.report(match suggest::nearest(&field.name, names.iter().copied()) {
            _ if &*field.name == "links_outside" => {
                problem.help("the template does not say where its links lead: add `links: [\"example.com\"]` to it")
            }
            Some(near) => did_you_mean(problem, field.span, &field.name, near),
            None => problem.help(format!("its fields are: {}", names.join(", "))),
        });
        self.broken(span)
    }
}

/// What of a text is still open.
#[derive(Clone, Copy)]
enum Open {
    Nothing,
    Gap(Span),
    Slot(SlotKind, Span),
}

impl Open {
    /// The one of two ways that leaves more open.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Slot(..), _) | (Self::Gap(_), Self::Nothing | Self::Gap(_)) => self,
            _ => other,
        }
    }
}

fn entry(part: &TemplatePart) -> Option<&TemplateEntry> {
    match part {
        TemplatePart::Entry(entry) => Some(entry),
        TemplatePart::Variant(_) => None,
    }
}

fn variant(part: &TemplatePart) -> Option<&ast::TemplateVariant> {
    match part {
        TemplatePart::Variant(variant) => Some(variant),
        TemplatePart::Entry(_) => None,
    }
}

fn find<'t>(entries: &[&'t TemplateEntry], key: &str) -> Option<&'t TemplateEntry> {
    entries.iter().find(|entry| &*entry.key.name == key).copied()
}

fn count(pieces: &[Piece]) -> usize {
    let inner = |piece: &Piece| match &piece.kind {
        PieceKind::Optional(inner) => count(inner),
        _ => 0,
    };
    pieces.len() + pieces.iter().map(inner).sum::<usize>()
}

/// Letters and digits that must be there.
fn letters(element: &Element) -> usize {
    let weight = |c: char| if c.is_ascii() { 1 } else { 2 };
    match element {
        Element::Text(text) => text.chars().filter(|c| c.is_alphanumeric()).map(weight).sum(),
        _ => 0,
    }
}

fn dotted(expr: &ast::Expr) -> Option<(Option<&str>, &str)> {
    match &expr.kind {
        ast::ExprKind::Name(name) => Some((None, name)),
        ast::ExprKind::Field(base, field) => match &base.kind {
            ast::ExprKind::Name(pack) => Some((Some(pack), &field.name)),
            _ => None,
        },
        _ => None,
    }
}

fn find_template(scope: &Scope<'_>, pack: Option<&str>, name: &str) -> Option<TemplateId> {
    let own = scope.symbols.packs.get(&scope.pack)?;
    let pack = match pack {
        None => own,
        Some(pack) => scope.symbols.packs.get(&own.requires.iter().find(|(written, _)| **written == *pack)?.1)?,
    };
    pack.templates.get(name).map(|(id, _)| *id)
}
