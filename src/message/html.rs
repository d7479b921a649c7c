//! One linear walk over HTML: visible, whole and hidden text, links, marks of quoted mail.

use super::html_style::{Sheet, Style};
use html5gum::Tokenizer;
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};

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
const SILENT: [&str; 9] = ["head", "script", "style", "title", "template", "noscript", "object", "textarea", "select"];

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
}

/// Splits HTML into tokens; linear for any input.
pub(super) fn tokens(html: &str) -> Vec<Token> {
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
    Tokenizer::new_with_emitter(html, emitter).filter_map(Result::ok).collect()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Walks a document. At most `max_links` links are kept.
pub(super) fn walk(html: &str, max_links: usize) -> Walked {
    let tokens = tokens(html);
    let sheet = Sheet::of(&tokens);
    let mut walker = Walker { sheet, max_links, ..Walker::default() };
    for token in &tokens {
        walker.token(token);
    }
    walker.finish()
}

/// An open element.
#[derive(Default)]
struct Frame {
    name: String,
    hidden: bool,
    silent: bool,
    pre: bool,
    style: Style,
    link: Option<usize>,
}

#[derive(Default)]
struct Walker {
    sheet: Sheet,
    max_links: usize,
    stack: Vec<Frame>,
    display: Text,
    inner: Text,
    hidden: Text,
    title: Option<String>,
    links: Vec<RawLink>,
    link_texts: Vec<Text>,
    quote_at: Option<usize>,
    links_cut: bool,
}

/// Deepest nesting that is kept apart; deeper elements count as their ancestor.
const MAX_STACK: usize = 512;
/// How far up an end tag looks for its element.
const MAX_LOOKBACK: usize = 64;

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
        if BLOCKS.contains(&name) {
            self.line_break();
        } else if matches!(name, "td" | "th") {
            self.space();
        }
        self.mark_quote(name, &get);
        let parent = self.stack.last();
        let mut style = parent.map(|frame| frame.style.inherited()).unwrap_or_default();
        self.sheet.apply(name, attributes, &mut style);
        style.attributes(attributes);
        let hidden = parent.is_some_and(|frame| frame.hidden) || style.hidden() || get("hidden").is_some();
        let silent = parent.is_some_and(|frame| frame.silent) || SILENT.contains(&name);
        let pre = parent.is_some_and(|frame| frame.pre) || name == "pre";
        let mut link = parent.and_then(|frame| frame.link);
        let target = match name {
            "a" | "area" => get("href"),
            "form" => get("action"),
            _ => None,
        };
        if let Some(href) = target.filter(|href| !href.trim().is_empty() && !href.starts_with('#')) {
            link = self.add_link(href, !hidden && !style.invisible_text());
        }
        if name == "img" && !hidden {
            self.image(get("alt"), link);
        }
        let frame = Frame { name: name.to_owned(), hidden, silent, pre, style, link };
        if !VOID.contains(&name) && self.stack.len() < MAX_STACK {
            self.stack.push(frame);
        }
    }

    /// `p`, `li`, `td` and their kind end their predecessor.
    fn implied_end(&mut self, name: &str) {
        let Some(top) = self.stack.last() else { return };
        let ends = match name {
            "li" => top.name == "li",
            "td" | "th" => matches!(top.name.as_str(), "td" | "th"),
            "tr" => matches!(top.name.as_str(), "td" | "th" | "tr"),
            "option" => top.name == "option",
            "a" => top.name == "a",
            _ => top.name == "p" && BLOCKS.contains(&name) && name != "br",
        };
        if ends {
            self.stack.pop();
        }
        if name == "body" {
            while self.stack.last().is_some_and(|frame| frame.name == "head") {
                self.stack.pop();
            }
        }
    }

    fn end(&mut self, name: &str) {
        if BLOCKS.contains(&name) {
            self.line_break();
        }
        let near = self.stack.iter().rev().take(MAX_LOOKBACK).position(|frame| frame.name == name);
        if let Some(above) = near {
            let keep = self.stack.len() - above - 1;
            self.stack.truncate(keep);
        }
    }

    fn text(&mut self, text: &str) {
        let frame = self.stack.last();
        if frame.is_some_and(|frame| frame.name == "title") {
            let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
            self.title.get_or_insert(folded);
        }
        if frame.is_some_and(|frame| frame.silent) {
            return;
        }
        let pre = frame.is_some_and(|frame| frame.pre);
        let hidden = frame.is_some_and(|frame| frame.hidden || frame.style.invisible_text());
        let link = frame.and_then(|frame| frame.link);
        self.inner.push(text, pre);
        if hidden {
            self.hidden.push(text, pre);
            return;
        }
        self.display.push(text, pre);
        if let Some(text_of_link) = link.and_then(|link| self.link_texts.get_mut(link)) {
            text_of_link.push(text, false);
        }
    }

    fn image(&mut self, alt: Option<&str>, link: Option<usize>) {
        let Some(alt) = alt.filter(|alt| !alt.trim().is_empty()) else { return };
        if let Some(text) = link.and_then(|link| self.link_texts.get_mut(link)) {
            text.push(" ", false);
            text.push(alt, false);
        }
    }

    fn add_link(&mut self, href: &str, visible: bool) -> Option<usize> {
        if self.links.len() >= self.max_links {
            self.links_cut = true;
            return None;
        }
        let at = self.display.out.len();
        self.links.push(RawLink { href: href.trim().to_owned(), text: String::new(), visible, at });
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
