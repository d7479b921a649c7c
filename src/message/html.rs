//! One linear walk over HTML: visible, whole and hidden text, links, marks of quoted mail.

use super::html_style::{Sheet, Style};
use html5gum::Tokenizer;
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A piece of HTML as the standard's tokeniser sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A start tag with its attributes, names in lower case.
    Start(String, Vec<(String, String)>),
    /// An end tag.
    End(String),
    /// Text, entities decoded.
    Text(String),
    /// A comment.
    Comment,
}

/// Elements without content.
pub(super) const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];
/// Elements that begin a new line of text.
const BLOCKS: [&str; 36] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "title",
    "tr",
    "ul",
];
/// Elements whose content is no text of the page.
const SILENT: [&str; 8] = ["head", "script", "style", "title", "template", "iframe", "noembed", "noframes"];
/// Elements that may stand in `head`; any other ends it.
pub(super) const OF_HEAD: [&str; 11] =
    ["base", "basefont", "bgsound", "link", "meta", "noframes", "noscript", "script", "style", "template", "title"];
/// Elements whose end tags do not care what else is open in them.
const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
/// Elements that an end tag inside does not reach beyond.
const BARRIERS: [&str; 7] = ["td", "th", "table", "caption", "template", "object", "html"];

/// Everything that one walk finds.
#[derive(Clone, Debug, Default)]
pub(super) struct Walked {
    /// What a person sees.
    pub(super) display_text: String,
    /// All text, visible or not.
    pub(super) inner_text: String,
    /// Only what is hidden.
    pub(super) hidden_text: String,
    /// The page's title.
    pub(super) title: Option<String>,
    /// Links in document order.
    pub(super) links: Vec<RawLink>,
    /// Offset in `display_text` where quoted mail begins, if an element says so.
    pub(super) quote_at: Option<usize>,
    /// True if some links were not kept.
    pub(super) links_cut: bool,
}

/// A link as it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct RawLink {
    pub(super) href: String,
    pub(super) text: String,
    pub(super) visible: bool,
    /// Offset in `display_text`.
    pub(super) at: usize,
    /// End of its text in `display_text`.
    pub(super) end: usize,
    seen: bool,
    hid: bool,
}

/// The tokens of the standard's tokeniser; linear for any input.
fn raw_tokens(html: &str) -> Vec<Token> {
    let mut open: Option<(String, Vec<(String, String)>)> = None;
    let mut emitter = CallbackEmitter::new(move |event: CallbackEvent<'_>, _: html5gum::Span<()>| -> Option<Token> {
        match event {
            CallbackEvent::OpenStartTag { name } => open = Some((lossy(name), Vec::new())),
            CallbackEvent::AttributeName { name } => {
                if let Some((_, attributes)) = &mut open {
                    attributes.push((lossy(name), String::new()));
                }
            }
            CallbackEvent::AttributeValue { value } => {
                if let Some((_, attributes)) = &mut open
                    && let Some(last) = attributes.last_mut()
                {
                    last.1 = lossy(value);
                }
            }
            CallbackEvent::CloseStartTag { .. } => return open.take().map(|(name, list)| Token::Start(name, list)),
            CallbackEvent::EndTag { name } => {
                open = None;
                return Some(Token::End(lossy(name)));
            }
            CallbackEvent::String { value } => return Some(Token::Text(lossy(value))),
            CallbackEvent::Comment { .. } => return Some(Token::Comment),
            CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {}
        }
        None
    });
    emitter.naively_switch_states(true);
    Tokenizer::new_with_emitter(&*break_chains(html), emitter).filter_map(Result::ok).collect()
}

/// Double-quoted attributes in a row that the tokeniser may see.
const MAX_CHAIN: usize = 24;

/// The tokeniser (html5gum 0.9) calls itself for each double-quoted attribute that follows another
/// one, so that a tag with some thousand of them overflows the stack. A solidus in place of the
/// white space between two attributes means the same (HTML standard, "unexpected solidus in tag")
/// and ends the chain.
fn break_chains(html: &str) -> Cow<'_, str> {
    let bytes = html.as_bytes();
    let mut breaks = Vec::new();
    let mut chain = 0;
    for quote in memchr::memchr_iter(b'"', bytes) {
        if begins_quoted_attribute(&bytes[quote + 1..]) {
            chain += 1;
            if chain == MAX_CHAIN {
                breaks.push(quote + 1);
                chain = 0;
            }
        }
    }
    if breaks.is_empty() {
        return Cow::Borrowed(html);
    }
    let mut out = String::with_capacity(html.len());
    let mut from = 0;
    for at in breaks {
        out.push_str(&html[from..at]);
        out.push('/');
        from = at + 1;
    }
    out.push_str(&html[from..]);
    Cow::Owned(out)
}

/// White space, a name, `=` and a double quote.
fn begins_quoted_attribute(rest: &[u8]) -> bool {
    let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0C);
    let spaces = rest.iter().take_while(|byte| space(byte)).count();
    let name = rest[spaces..].iter().take_while(|byte| !space(byte) && !matches!(byte, b'/' | b'>' | b'=')).count();
    let mut after = rest[spaces + name..].iter();
    spaces > 0 && name > 0 && after.next() == Some(&b'=') && after.find(|byte| !space(byte)) == Some(&b'"')
}

/// Splits HTML into tokens as a reader without scripts does: what stands in `noscript` is HTML.
pub(super) fn tokens(html: &str) -> Vec<Token> {
    let all = raw_tokens(html);
    let is_noscript = |token: &Token| matches!(token, Token::Start(name, _) if name == "noscript");
    if !all.iter().any(is_noscript) {
        return all;
    }
    let mut out = Vec::with_capacity(all.len());
    let mut inside: Option<String> = None;
    for token in all {
        match (&mut inside, token) {
            (Some(source), Token::Text(text)) => source.push_str(&text),
            (_, token) => {
                // Once only: a `noscript` within stays text, so that nesting costs nothing.
                out.extend(inside.take().map(|source| raw_tokens(&source)).unwrap_or_default());
                inside = is_noscript(&token).then(String::new);
                out.push(token);
            }
        }
    }
    out.extend(inside.map(|source| raw_tokens(&source)).unwrap_or_default());
    out
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Walks a document. At most `max_links` links are kept.
pub(super) fn walk(html: &str, max_links: usize) -> Walked {
    let tokens = tokens(html);
    let sheet = Sheet::of(&tokens);
    // What failed searches for an open element may cost in all; enough for any page people write.
    let patience = 1_000 + 64 * tokens.len();
    let mut walker = Walker { sheet, max_links, patience, ..Walker::default() };
    for token in &tokens {
        walker.token(token);
    }
    walker.finish()
}

/// An open element.
#[derive(Default)]
struct Frame {
    name: String,
    silent: bool,
    pre: bool,
    style: Style,
    link: Option<usize>,
}

#[derive(Default)]
struct Walker {
    sheet: Sheet,
    max_links: usize,
    patience: usize,
    stack: Vec<Frame>,
    /// How many elements of each name are open.
    open: BTreeMap<String, usize>,
    /// Open elements that are not on the stack because it is full.
    overflow: usize,
    display: Text,
    inner: Text,
    hidden: Text,
    title: Option<String>,
    base: Option<String>,
    links: Vec<RawLink>,
    link_texts: Vec<Text>,
    quote_at: Option<usize>,
    links_cut: bool,
}

/// Deepest nesting that is kept apart; deeper elements count as their ancestor.
const MAX_STACK: usize = 50_000;

impl Walker {
    fn token(&mut self, token: &Token) {
        match token {
            Token::Start(name, attributes) => self.start(name, attributes),
            Token::End(name) => self.end(name),
            Token::Text(text) => self.text(text),
            Token::Comment => {}
        }
    }

    fn start(&mut self, name: &str, attributes: &[(String, String)]) {
        let get = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        self.implied_end(name);
        let parent = self.stack.last();
        let style = parent.map(|frame| frame.style).unwrap_or_default().child(&self.sheet, name, attributes);
        let silent = parent.is_some_and(|frame| frame.silent) || SILENT.contains(&name);
        let pre = parent.is_some_and(|frame| frame.pre) || matches!(name, "pre" | "xmp" | "textarea");
        let mut link = parent.and_then(|frame| frame.link);
        if !silent {
            self.separate(name);
            self.mark_quote(name, &get);
        }
        if let ("button" | "input", Some(target)) = (name, get("formaction").filter(|target| leads_elsewhere(target))) {
            let added = self.add_link(target, !style.hides_images());
            link = if name == "button" { added } else { link };
        }
        match name {
            "a" | "area" => {
                // Links of SVG may use the older attribute.
                if let Some(href) = get("href").or_else(|| get("xlink:href")).filter(|href| leads_elsewhere(href)) {
                    link = self.add_link(href, !style.hides_images());
                }
            }
            "form" => {
                if let Some(action) = get("action").filter(|action| leads_elsewhere(action)) {
                    self.add_link(action, !style.hides_images());
                }
            }
            "meta" if get("http-equiv").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("refresh")) => {
                if let Some(target) = get("content").and_then(refresh_target) {
                    self.add_link(target, false);
                }
            }
            "base" if self.base.is_none() => self.base = get("href").map(str::to_owned),
            "img" => self.image(get("alt"), link, style.hides_images()),
            "input" if matches!(get("type"), Some("submit" | "button" | "reset")) && !style.hides_text() => {
                self.display.push(get("value").unwrap_or(""), false);
            }
            _ => {}
        }
        if VOID.contains(&name) {
            return;
        }
        if self.stack.len() < MAX_STACK {
            self.push(Frame { name: name.to_owned(), silent, pre, style, link });
        } else {
            self.overflow += 1;
        }
    }

    fn separate(&mut self, name: &str) {
        let block = BLOCKS.contains(&name);
        if block {
            self.line_break();
        } else if matches!(name, "td" | "th" | "option") {
            self.space();
        }
        let link = self.stack.last().and_then(|frame| frame.link);
        if let Some(text) = link.filter(|_| block).and_then(|link| self.link_texts.get_mut(link)) {
            text.push(" ", false);
        }
    }

    /// `p`, `li`, `td` and their kind end their predecessor.
    fn implied_end(&mut self, name: &str) {
        if self.stack.last().is_some_and(|top| top.name == "head") && !OF_HEAD.contains(&name) {
            self.pop();
        }
        let Some(top) = self.stack.last() else { return };
        if ends_predecessor(name, &top.name) {
            self.pop();
        }
        if name == "tr" && self.stack.last().is_some_and(|top| top.name == "tr") {
            self.pop();
        }
        if name == "a" {
            self.end("a");
        }
    }

    fn end(&mut self, name: &str) {
        // Browsers go on in the body after its end tag.
        if matches!(name, "body" | "html") {
            return;
        }
        if BLOCKS.contains(&name) && !self.stack.last().is_some_and(|frame| frame.silent) {
            self.line_break();
        }
        if self.overflow > 0 && !VOID.contains(&name) {
            self.overflow -= 1;
            return;
        }
        let Some(index) = self.find_open(name) else { return };
        let formatting = FORMATTING.contains(&name) && self.patience > 0;
        let is_block = |frame: &Frame| BLOCKS.contains(&frame.name.as_str());
        if !(formatting && self.stack.iter().skip(index + 1).take(64).any(is_block)) {
            while self.stack.len() > index {
                self.pop();
            }
            return;
        }
        // The blocks within stay open, and only the formatting ends.
        let ended = self.stack.remove(index);
        self.closed(&ended.name);
        for frame in self.stack.iter_mut().skip(index).filter(|frame| frame.link == ended.link) {
            frame.link = None;
        }
    }

    /// The innermost open element of a name that an end tag here can mean.
    fn find_open(&mut self, name: &str) -> Option<usize> {
        if !self.open.contains_key(name) {
            return None;
        }
        let block = BLOCKS.contains(&name) || BARRIERS.contains(&name);
        let formatting = FORMATTING.contains(&name);
        for (steps, (index, frame)) in self.stack.iter().enumerate().rev().enumerate() {
            if frame.name == name {
                // PERF: taking out of the middle moves what is above.
                self.patience = self.patience.saturating_sub(if formatting { steps } else { 0 });
                return Some(index);
            }
            let barrier = BARRIERS.contains(&frame.name.as_str()) && name != "table" && !is_table_part(name);
            let special = !block && !formatting && BLOCKS.contains(&frame.name.as_str());
            // PERF: without patience every search ends in taking off the stack what it passed.
            if (barrier || special) && self.patience > 0 {
                self.patience = self.patience.saturating_sub(steps);
                return None;
            }
        }
        None
    }

    fn push(&mut self, frame: Frame) {
        *self.open.entry(frame.name.clone()).or_default() += 1;
        self.stack.push(frame);
    }

    fn pop(&mut self) {
        if let Some(frame) = self.stack.pop() {
            self.closed(&frame.name);
        }
    }

    fn closed(&mut self, name: &str) {
        if let Some(count) = self.open.get_mut(name) {
            *count -= 1;
            if *count == 0 {
                self.open.remove(name);
            }
        }
    }

    fn text(&mut self, text: &str) {
        let of_head = self.stack.last().is_some_and(|frame| frame.name == "head");
        if of_head && !text.trim().is_empty() {
            self.pop();
        }
        let frame = self.stack.last();
        if frame.is_some_and(|frame| frame.name == "title") {
            let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
            match &mut self.title {
                Some(title) if title.len() < 10_000 => title.push_str(&folded),
                Some(_) => {}
                None => self.title = Some(folded),
            }
        }
        if frame.is_some_and(|frame| frame.silent) {
            return;
        }
        let pre = frame.is_some_and(|frame| frame.pre);
        let hidden = frame.is_some_and(|frame| frame.style.hides_text());
        let link = frame.and_then(|frame| frame.link);
        self.inner.push(text, pre);
        if hidden {
            self.hidden.push(text, pre);
        } else {
            self.display.push(text, pre);
        }
        let Some(link) = link.filter(|_| !text.trim().is_empty()) else { return };
        let end = self.display.out.len();
        if let (Some(raw), Some(shown)) = (self.links.get_mut(link), self.link_texts.get_mut(link)) {
            raw.seen |= !hidden;
            raw.hid |= hidden;
            if !hidden {
                shown.push(text, false);
                raw.end = end;
            }
        }
    }

    fn image(&mut self, alt: Option<&str>, link: Option<usize>, hidden: bool) {
        let Some(link) = link else { return };
        let (Some(raw), Some(shown)) = (self.links.get_mut(link), self.link_texts.get_mut(link)) else { return };
        raw.seen |= !hidden;
        raw.hid |= hidden;
        if let Some(alt) = alt.filter(|alt| !hidden && !alt.trim().is_empty()) {
            shown.push(" ", false);
            shown.push(alt, false);
        }
    }

    fn add_link(&mut self, href: &str, visible: bool) -> Option<usize> {
        if self.links.len() >= self.max_links {
            self.links_cut = true;
            return None;
        }
        let at = self.display.out.len();
        let href = resolved(href.trim(), self.base.as_deref());
        self.links.push(RawLink { href, visible, at, end: at, ..RawLink::default() });
        self.link_texts.push(Text::default());
        Some(self.links.len() - 1)
    }

    /// What mail programs write around the mail they quote.
    fn mark_quote<'a>(&mut self, name: &str, get: &impl Fn(&str) -> Option<&'a str>) {
        if self.quote_at.is_some() || self.display.out.trim().is_empty() {
            return;
        }
        let (class, id) = (get("class").unwrap_or(""), get("id").unwrap_or(""));
        let has = |wanted: &[&str]| class.split_ascii_whitespace().any(|class| wanted.contains(&class));
        let is_quote = has(&[
            "gmail_quote",
            "gmail_quote_container",
            "yahoo_quoted",
            "moz-cite-prefix",
            "protonmail_quote",
            "tutanota_quote",
        ]) || matches!(
            id,
            "divRplyFwdMsg" | "appendonsend" | "mail-editor-reference-message-container" | "reply-intro"
        ) || name == "blockquote" && get("type") == Some("cite");
        if is_quote {
            self.quote_at = Some(self.display.out.len());
        }
    }

    fn line_break(&mut self) {
        self.display.line_break();
        self.inner.line_break();
        self.hidden.line_break();
    }

    fn space(&mut self) {
        self.display.push(" ", false);
        self.inner.push(" ", false);
    }

    fn finish(mut self) -> Walked {
        for (link, text) in self.links.iter_mut().zip(self.link_texts) {
            link.text = text.finish();
            // What holds nothing but hidden things cannot be seen either.
            link.visible &= link.seen || !link.hid;
        }
        Walked {
            quote_at: self.quote_at,
            display_text: self.display.finish(),
            inner_text: self.inner.finish(),
            hidden_text: self.hidden.finish(),
            title: self.title,
            links: self.links,
            links_cut: self.links_cut,
        }
    }
}

fn leads_elsewhere(href: &str) -> bool {
    let href = href.trim();
    !href.is_empty() && !href.starts_with('#')
}

/// `0; url=https://example.com/`
fn refresh_target(content: &str) -> Option<&str> {
    let (_, rest) = content.split_once([';', ','])?;
    let rest = rest.trim_start();
    let target = rest.get(..3).filter(|head| head.eq_ignore_ascii_case("url")).map_or(rest, |_| rest[3..].trim_start());
    let target = target.strip_prefix('=').unwrap_or(target).trim().trim_matches(['\'', '"']);
    (!target.is_empty()).then_some(target)
}

/// True if an element that begins ends the one that is open, as `li` ends `li`.
pub(super) fn ends_predecessor(name: &str, top: &str) -> bool {
    match name {
        "li" => matches!(top, "li" | "p"),
        "dd" | "dt" => matches!(top, "dd" | "dt" | "p"),
        "td" | "th" => matches!(top, "td" | "th"),
        "tr" | "tbody" | "thead" | "tfoot" => matches!(top, "td" | "th" | "tr"),
        "option" => top == "option",
        _ => top == "p" && BLOCKS.contains(&name) && name != "br",
    }
}

fn is_table_part(name: &str) -> bool {
    matches!(name, "tr" | "tbody" | "thead" | "tfoot" | "td" | "th" | "caption")
}

/// A reference that is relative leads below the page's base.
fn resolved(href: &str, base: Option<&str>) -> String {
    let relative = || ::url::Url::parse(href) == Err(::url::ParseError::RelativeUrlWithoutBase);
    let joined = base.filter(|_| relative()).and_then(|base| ::url::Url::parse(base).ok()?.join(href).ok());
    joined.map_or_else(|| href.to_owned(), String::from)
}

/// Text with white space folded as a browser shows it.
#[derive(Default)]
struct Text {
    out: String,
    /// White space that is written only if more text follows on the line.
    space: bool,
}

impl Text {
    fn push(&mut self, text: &str, pre: bool) {
        for c in text.chars() {
            match c {
                '\n' if pre => self.line_break(),
                c if c.is_whitespace() => self.space = true,
                c => {
                    if self.space && !self.out.is_empty() && !self.out.ends_with('\n') {
                        self.out.push(' ');
                    }
                    self.space = false;
                    self.out.push(c);
                }
            }
        }
    }

    fn line_break(&mut self) {
        self.space = false;
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn finish(mut self) -> String {
        self.out.truncate(self.out.trim_end().len());
        self.out
    }
}
