//! Style sheets of a page: the rules that may hide something, by selector (CSS Cascade 4,
//! Selectors 4 as far as mail uses them).

use super::media;
use super::style::Declarations;
use super::tokens::{Attributes, Document, Token};
use foldhash::fast::FixedState;
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;

/// Most rules of style sheets that are kept.
const MAX_RULES: usize = 5_000;
/// Longest selector that is read, in bytes, and most parts of one.
const MAX_SELECTOR: usize = 512;
const MAX_PARTS: usize = 16;
/// Most custom properties, and most of them that are put into one list of declarations.
const MAX_VARIABLES: usize = 1_000;
const MAX_INSERTED: usize = 32;
/// How much longer a list of declarations may get by them, in bytes.
const MAX_GROWTH: usize = 4_096;
/// Elements compared with parts of selectors, in all.
const PATIENCE: usize = 5_000_000;

/// An open element as selectors see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'d> {
    pub(super) name: &'d str,
    pub(super) attributes: Attributes<'d>,
}

/// How a part of a selector is placed to the one on its right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Combinator {
    Descendant,
    Child,
}

/// `td.a#b[lang=de]`
#[derive(Debug, Default)]
struct Compound {
    name: Option<String>,
    id: Option<String>,
    classes: Vec<String>,
    attributes: Vec<(String, Test)>,
    /// What it must not be.
    not: Vec<Self>,
}

/// What is asked of an attribute's value.
#[derive(Debug)]
enum Test {
    Exists,
    Equals(String),
    Contains(String),
    Begins(String),
    Ends(String),
    Word(String),
}

#[derive(Debug)]
struct Rule {
    /// The rightmost part first; how each of the others stands to the one before it.
    subject: Compound,
    above: Vec<(Combinator, Compound)>,
    declarations: Declarations,
    /// What weighs more comes later: specificity, then the order in the sheets.
    weight: (u32, u32),
}

/// The rules of all style sheets, by what their subject must have.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    rules: Vec<Rule>,
    /// Rules by a hash of an id, a class or an element's name in lower case; 0 for all elements.
    by_key: HashMap<u64, Vec<u32>, FixedState>,
    /// Custom properties (CSS Variables 1), wherever they are declared.
    variables: HashMap<String, String>,
    patience: Cell<usize>,
    /// True if rules were left out.
    pub(super) cut: bool,
}

/// The custom properties that a style sheet declares.
fn variables(css: &str) -> impl Iterator<Item = (String, String)> {
    let declared = css.split(['{', '}', ';']).filter_map(|piece| piece.trim_start().split_once(':'));
    let custom = declared.filter(|(name, _)| name.starts_with("--"));
    custom.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
}

/// Where the bracket closes that was opened before the text.
fn closing(text: &str) -> usize {
    let mut depth = 1_u32;
    let ends = |c: char| {
        depth = match c {
            '(' => depth + 1,
            ')' => depth - 1,
            _ => depth,
        };
        depth == 0
    };
    text.find(ends).unwrap_or(text.len())
}

/// FNV-1a. Names that share a key are told apart when rules are compared.
fn key(sigil: u8, name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01B3);
    name.bytes().fold(step(0xCBF2_9CE4_8422_2325, sigil), step)
}

impl Sheet {
    /// Reads all `<style>` elements.
    pub(super) fn of(document: &Document) -> Self {
        let mut sheets: Vec<String> = Vec::new();
        let mut css: Option<String> = None;
        for token in document.tokens() {
            match (token, &mut css) {
                (Token::Start("style", attributes, _), None) => {
                    let applies = attributes.get("media").is_none_or(|query| media::holds(&query.to_ascii_lowercase()));
                    css = applies.then(String::new);
                }
                (Token::Text(text, _), Some(css)) => css.push_str(text),
                (Token::End(_), Some(_)) => sheets.extend(css.take()),
                _ => {}
            }
        }
        sheets.extend(css);
        sheets.iter_mut().for_each(|css| *css = without_comments(css));
        let variables = sheets.iter().flat_map(|css| variables(css)).take(MAX_VARIABLES).collect();
        let mut sheet = Self { patience: Cell::new(PATIENCE), variables, ..Self::default() };
        sheets.iter().for_each(|css| sheet.read(css));
        sheet
    }

    /// Declarations with custom properties in the places that name them. One that nobody declared
    /// is what stands behind its name.
    pub(super) fn resolved<'t>(&self, declarations: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(declarations);
        for _ in 0..MAX_INSERTED {
            let Some(at) = text.find("var(") else { break };
            let inside = text[at + 4..].split_at(closing(&text[at + 4..])).0;
            let (name, other) = inside.split_once(',').unwrap_or((inside, ""));
            let value = self.variables.get(name.trim()).map_or(other, String::as_str).trim().to_owned();
            if text.len() + value.len() > declarations.len() + MAX_GROWTH {
                break;
            }
            let end = (at + 4 + inside.len() + 1).min(text.len());
            text.to_mut().replace_range(at..end, &value);
        }
        text
    }

    /// Reads rules. A group that holds here (`@media screen`) is read as if it were none: blocks
    /// are left when their closing brace is met.
    fn read(&mut self, css: &str) {
        let mut rest = css;
        while let Some(brace) = rest.find(['{', '}']) {
            let (before, after) = (&rest[..brace], &rest[brace + 1..]);
            if rest.as_bytes()[brace] == b'}' {
                rest = after;
                continue;
            }
            // `@import url(x);` has no block and ends before the selectors.
            let selectors = before.rsplit(';').next().unwrap_or("").trim();
            if let Some(group) = selectors.strip_prefix('@') {
                rest = if group_holds(group) { after } else { after_block(after) };
                continue;
            }
            let (body, after) = after.split_once('}').unwrap_or((after, ""));
            self.add(selectors, body);
            rest = after;
        }
    }

    fn add(&mut self, selectors: &str, body: &str) {
        // PERF: read once, however many selectors share the block.
        let declarations = Declarations::parse(&self.resolved(body));
        if declarations.is_empty() {
            return;
        }
        for selector in selectors.split(',').map(str::trim) {
            if self.rules.len() >= MAX_RULES {
                self.cut = true;
                return;
            }
            let Some((subject, above)) = selector_parts(selector) else { continue };
            let weight = (specificity(&subject, &above), self.rules.len() as u32);
            let index = self.rules.len() as u32;
            self.by_key.entry(subject.key()).or_default().push(index);
            self.rules.push(Rule { subject, above, declarations, weight });
        }
    }

    /// What the sheets say of an element whose ancestors are given, outermost first.
    pub(super) fn of_element(&self, element: Element<'_>, ancestors: &[Element<'_>]) -> Option<Declarations> {
        if self.rules.is_empty() {
            return None;
        }
        let mut found: Vec<&Rule> = Vec::new();
        let mut look = |key: u64| {
            let rules = self.by_key.get(&key).into_iter().flatten().filter_map(|index| self.rules.get(*index as usize));
            found.extend(rules.filter(|rule| self.matches(rule, element, ancestors)));
        };
        look(0);
        look(key(b'<', element.name));
        for class in element.attributes.get("class").unwrap_or("").split_ascii_whitespace().take(32) {
            look(key(b'.', class));
        }
        if let Some(id) = element.attributes.get("id") {
            look(key(b'#', id));
        }
        if found.is_empty() {
            return None;
        }
        found.sort_by_key(|rule| rule.weight);
        let mut all = Declarations::default();
        found.iter().for_each(|rule| all.merge(&rule.declarations));
        Some(all)
    }

    /// Takes from the patience; false when it is spent.
    fn spend(&self) -> bool {
        let left = self.patience.get();
        self.patience.set(left.saturating_sub(1));
        left > 0
    }

    /// True if pages with so many elements and rules are not looked at as a whole.
    pub(super) fn is_spent(&self) -> bool {
        !self.rules.is_empty() && self.patience.get() == 0
    }

    fn matches(&self, rule: &Rule, element: Element<'_>, ancestors: &[Element<'_>]) -> bool {
        self.spend() && rule.subject.matches(element) && self.stands_below(&rule.above, ancestors)
    }

    /// Ancestors are taken innermost first; the nearest that fits a descendant's part is the best
    /// choice unless a child's part follows, where all are tried.
    fn stands_below(&self, above: &[(Combinator, Compound)], ancestors: &[Element<'_>]) -> bool {
        let Some(((combinator, compound), rest)) = above.split_first() else { return true };
        for (index, ancestor) in ancestors.iter().enumerate().rev() {
            if !self.spend() {
                return false;
            }
            if compound.matches(*ancestor) && self.stands_below(rest, &ancestors[..index]) {
                return true;
            }
            if *combinator == Combinator::Child {
                return false;
            }
            if compound.matches(*ancestor) && rest.iter().all(|(combinator, _)| *combinator == Combinator::Descendant) {
                return false;
            }
        }
        false
    }
}

impl Compound {
    /// The key that an element must have to be looked at.
    fn key(&self) -> u64 {
        match (&self.id, self.classes.first(), &self.name) {
            (Some(id), _, _) => key(b'#', id),
            (None, Some(class), _) => key(b'.', class),
            (None, None, Some(name)) => key(b'<', name),
            (None, None, None) => 0,
        }
    }

    fn matches(&self, element: Element<'_>) -> bool {
        let get = |name: &str| element.attributes.get(name);
        self.name.as_deref().is_none_or(|name| name == element.name)
            && self.id.as_deref().is_none_or(|id| get("id").is_some_and(|own| own.eq_ignore_ascii_case(id)))
            && (self.classes.is_empty() || {
                let own = get("class").unwrap_or("");
                let has = |class: &String| own.split_ascii_whitespace().any(|own| own.eq_ignore_ascii_case(class));
                self.classes.iter().all(has)
            })
            && self.attributes.iter().all(|(name, test)| get(name).is_some_and(|value| test.holds(value)))
            && !self.not.iter().any(|part| part.matches(element))
    }
}

impl Test {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Exists => true,
            Self::Equals(text) => value == text,
            Self::Contains(text) => !text.is_empty() && value.contains(text.as_str()),
            Self::Begins(text) => !text.is_empty() && value.starts_with(text.as_str()),
            Self::Ends(text) => !text.is_empty() && value.ends_with(text.as_str()),
            Self::Word(text) => value.split_ascii_whitespace().any(|word| word == text),
        }
    }
}

fn specificity(subject: &Compound, above: &[(Combinator, Compound)]) -> u32 {
    let all = || {
        let parts = above.iter().map(|(_, compound)| compound).chain([subject]);
        parts.flat_map(|part| part.not.iter().chain([part]))
    };
    let ids = all().filter(|compound| compound.id.is_some()).count();
    let classes: usize = all().map(|compound| compound.classes.len() + compound.attributes.len()).sum();
    let names = all().filter(|compound| compound.name.is_some()).count();
    (ids.min(255) << 16 | classes.min(255) << 8 | names.min(255)) as u32
}

/// The subject of a selector and what stands above it; `None` for what is not read: states,
/// generated content, siblings.
fn selector_parts(selector: &str) -> Option<(Compound, Vec<(Combinator, Compound)>)> {
    if selector.is_empty() || selector.len() > MAX_SELECTOR {
        return None;
    }
    let spaced = selector.replace('>', " > ");
    let mut subject = None;
    let mut above = Vec::new();
    let mut combinator = Combinator::Descendant;
    for word in spaced.split_ascii_whitespace().rev() {
        match word {
            ">" => combinator = Combinator::Child,
            _ if subject.is_none() => subject = Some(compound(word)?),
            _ => above.push((std::mem::replace(&mut combinator, Combinator::Descendant), compound(word)?)),
        }
    }
    (above.len() < MAX_PARTS).then_some((subject?, above))
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_')
}

fn compound(text: &str) -> Option<Compound> {
    let mut found = Compound::default();
    let mut rest = text;
    let take = |rest: &str| -> Option<(String, usize)> {
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        (end > 0).then(|| (rest[..end].to_owned(), end))
    };
    while let Some(first) = rest.chars().next() {
        match first {
            '*' => rest = &rest[1..],
            '.' => {
                let (class, end) = take(&rest[1..])?;
                found.classes.push(class);
                rest = &rest[1 + end..];
            }
            '#' => {
                let (id, end) = take(&rest[1..])?;
                found.id = Some(id);
                rest = &rest[1 + end..];
            }
            '[' => {
                let (test, after) = rest[1..].split_once(']')?;
                found.attributes.push(attribute_test(test)?);
                rest = after;
            }
            ':' if rest.starts_with(":not(") => {
                let (part, after) = rest[5..].split_once(')')?;
                found.not.push(compound(part).filter(|part| part.not.is_empty())?);
                rest = after;
            }
            ':' => {
                let after = [":link", ":any-link", ":root"].iter().find_map(|state| rest.strip_prefix(state))?;
                rest = after;
            }
            _ => {
                let (name, end) = take(rest)?;
                found.name = Some(name.to_ascii_lowercase());
                rest = &rest[end..];
            }
        }
    }
    Some(found)
}

/// `lang`, `class="a"`, `class*=a`
fn attribute_test(text: &str) -> Option<(String, Test)> {
    let Some((name, value)) = text.split_once('=') else {
        return Some((text.trim().to_ascii_lowercase(), Test::Exists));
    };
    let value = value.trim().trim_matches(['"', '\'']).to_owned();
    let bare = name.trim_end_matches(['*', '^', '$', '~', '|']);
    let test = match name.get(bare.len()..)? {
        "" => Test::Equals(value),
        "*" => Test::Contains(value),
        "^" | "|" => Test::Begins(value),
        "$" => Test::Ends(value),
        "~" => Test::Word(value),
        _ => return None,
    };
    Some((bare.trim().to_ascii_lowercase(), test))
}

/// `media screen`, `supports (display: grid)`
fn group_holds(group: &str) -> bool {
    let lower = group.to_ascii_lowercase();
    let (name, condition) = lower.split_at(lower.find(|c| !is_name(c)).unwrap_or(lower.len()));
    match name {
        "media" => media::holds(condition),
        "supports" => !condition.trim_start().starts_with("not"),
        "layer" | "document" | "-moz-document" => name == "layer",
        _ => false,
    }
}

/// Takes out `/* ... */` and the `<!--` that old pages put around their rules.
pub(super) fn without_comments(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    if out.contains("<!--") || out.contains("-->") { out.replace("<!--", "").replace("-->", "") } else { out }
}

/// What follows a block whose opening brace has been read, nested blocks included.
fn after_block(css: &str) -> &str {
    let mut depth = 1_u32;
    for (at, c) in css.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return css.get(at + 1..).unwrap_or("");
        }
    }
    ""
}
