//! One linear walk over HTML: visible, whole and hidden text, links, marks of quoted mail.

use super::element::{Kind, ends_predecessor};
use super::fetched::fetched;
use super::sheet::{Element, Sheet};
use super::style::{Display, Inline, Style};
use super::text::Text;
use super::tokens::{Attributes, Document, Token};
use std::collections::BTreeMap;

/// Everything that one walk finds.
#[derive(Clone, Debug, Default)]
pub(in crate::message) struct Walked {
    /// What a person sees.
    pub(in crate::message) display_text: String,
    /// All text, visible or not.
    pub(in crate::message) inner_text: String,
    /// Only what is hidden.
    pub(in crate::message) hidden_text: String,
    /// The page's title.
    pub(in crate::message) title: Option<String>,
    /// Links in document order.
    pub(in crate::message) links: Vec<RawLink>,
    /// Offset in `display_text` where quoted mail begins, if an element says so.
    pub(in crate::message) quote_at: Option<usize>,
    /// What the page fetches, in document order.
    pub(in crate::message) resources: Vec<RawResource>,
    /// True if some links or resources were not kept.
    pub(in crate::message) links_cut: bool,
    /// True if some rules of style sheets were not looked at.
    pub(in crate::message) styles_cut: bool,
    /// Offsets in `display_text`, each with its place in the source, in order.
    pub(in crate::message) places: Vec<(u32, u32)>,
}

/// A link as it is written.
#[derive(Clone, Debug, Default)]
pub(in crate::message) struct RawLink {
    pub(in crate::message) href: String,
    pub(in crate::message) text: String,
    pub(in crate::message) visible: bool,
    /// Offset in `display_text`.
    pub(in crate::message) at: usize,
    /// End of its text in `display_text`.
    pub(in crate::message) end: usize,
    seen: bool,
    hid: bool,
}

/// Something that a page fetches, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::message) struct RawResource {
    pub(in crate::message) kind: &'static str,
    pub(in crate::message) href: String,
    pub(in crate::message) visible: bool,
}

/// Kinds of resources, in the order of their names.
pub(in crate::message) const RESOURCE_KINDS: [&str; 7] =
    ["background", "font", "frame", "image", "media", "object", "stylesheet"];

/// Walks a document. At most `max_links` links are kept.
pub(in crate::message) fn walk(html: &str, max_links: usize) -> Walked {
    let document = Document::read(html);
    let sheet = Sheet::of(&document);
    let mut walker = Walker {
        root: root(&sheet),
        sheet,
        max_links,
        // What searches for an open element may cost in all; enough for any page people write.
        patience: 1_000 + 64 * document.len(),
        ..Walker::default()
    };
    for token in document.tokens() {
        walker.token(token);
    }
    walker.finish()
}

/// The look of a page without a tag for its body: style sheets may name it all the same.
fn root(sheet: &Sheet) -> Style {
    let [html, body] = ["html", "body"].map(|name| Element { name, attributes: Attributes::default() });
    let style = Style::default().child(html, Kind::of("html"), sheet.of_element(html, &[]), None);
    style.child(body, Kind::of("body"), sheet.of_element(body, &[html]), None)
}

/// An open element.
#[derive(Clone, Copy)]
struct Frame<'d> {
    name: &'d str,
    kind: Kind,
    silent: bool,
    /// Of its content only what has a name for it is drawn: the summary of `details`, the options of
    /// `select`.
    closed: bool,
    style: Style,
    link: Option<usize>,
}

#[derive(Default)]
struct Walker<'d> {
    sheet: Sheet,
    inline: Inline<'d>,
    /// The look of text outside of all elements.
    root: Style,
    max_links: usize,
    patience: usize,
    stack: Vec<Frame<'d>>,
    /// The same elements as style sheets see them.
    elements: Vec<Element<'d>>,
    /// How many elements of each name are open, counted once patience is at its end.
    open: Option<BTreeMap<&'d str, usize>>,
    /// Open tables.
    tables: usize,
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
    resources: Vec<RawResource>,
    links_cut: bool,
    places: Vec<(u32, u32)>,
}

/// Deepest nesting that is kept apart; deeper elements count as their ancestor.
const MAX_STACK: usize = 50_000;
/// How many ancestors style sheets see.
const MAX_ANCESTORS: usize = 512;
/// How far a search goes without patience.
const SHORT_REACH: usize = 16;
/// Most formatting elements that go on after the end of a block around them.
const MAX_REOPENED: usize = 16;

impl<'d> Walker<'d> {
    fn token(&mut self, token: Token<'d>) {
        match token {
            Token::Start(name, attributes, closed) => self.start(Element { name, attributes }, closed),
            Token::End(name) => self.end(name),
            Token::Text(text, at) => self.text(text, at),
        }
    }

    fn start(&mut self, element: Element<'d>, closed: bool) {
        let kind = Kind::of(element.name);
        if kind.is_of_table() && self.tables == 0 {
            // Outside of a table its parts mean nothing.
            return;
        }
        self.implied_end(element.name, kind);
        let frame = self.frame(element, kind, None);
        if !frame.silent {
            self.separate(&frame);
            self.mark_quote(element);
        }
        let link = self.link_of(element, &frame);
        self.content_of(element, link, &frame);
        self.fetched_by(element, &frame);
        let is_drawing = closed
            && (matches!(element.name, "path" | "rect" | "circle" | "use" | "image") || element.name.starts_with("v:"));
        if !kind.is_void() && !is_drawing {
            self.push(Frame { link, ..frame }, element);
        }
    }

    /// An element as it stands here; a link that goes on keeps its number.
    fn frame(&mut self, element: Element<'d>, kind: Kind, link: Option<usize>) -> Frame<'d> {
        let parent = self.stack.last().copied();
        let from = self.elements.len().saturating_sub(MAX_ANCESTORS);
        // Within a page these two begin none: what hides their surroundings hides them too.
        let outermost = if matches!(element.name, "html" | "body") { Style::default() } else { self.root };
        let style = parent.map_or(outermost, |frame| frame.style);
        let sheet = self.sheet.of_element(element, &self.elements[from..]);
        let inline = element.attributes.get("style").map(|written| self.inline.of(&self.sheet, written));
        let style = style.child(element, kind, sheet, inline);
        let drawn = ["summary", "option", "optgroup"].contains(&element.name);
        let undrawn = parent.is_some_and(|parent| parent.closed) && !drawn;
        Frame {
            name: element.name,
            kind,
            silent: parent.is_some_and(|frame| frame.silent) || kind.is_silent(),
            closed: match element.name {
                "details" => element.attributes.get("open").is_none(),
                "select" => true,
                "optgroup" => parent.is_some_and(|parent| parent.name == "select"),
                _ => false,
            },
            style: if undrawn { style.undrawn() } else { style },
            link: link.or(parent.and_then(|frame| frame.link)),
        }
    }

    /// Adds the links that an element makes; the one that its content belongs to.
    fn link_of(&mut self, element: Element<'d>, frame: &Frame<'d>) -> Option<usize> {
        let get = |name: &str| element.attributes.get(name);
        let visible = !frame.style.hides_images();
        match element.name {
            // Shapes of VML (ECMA-376 part 4) may be links as a whole.
            "a" | "area" | "v:rect" | "v:roundrect" | "v:shape" | "v:oval" | "v:group" | "v:image" => {
                // Links of SVG may use the older attribute.
                if let Some(href) = get("href").or_else(|| get("xlink:href")).filter(|href| leads_elsewhere(href)) {
                    return self.add_link(href, visible);
                }
            }
            "form" => {
                if let Some(action) = get("action").filter(|action| leads_elsewhere(action)) {
                    self.add_link(action, visible);
                }
            }
            "button" | "input" => {
                if let Some(target) = get("formaction").filter(|target| leads_elsewhere(target)) {
                    let added = self.add_link(target, visible);
                    return if element.name == "button" { added } else { frame.link };
                }
            }
            "meta" if get("http-equiv").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("refresh")) => {
                if let Some(target) = get("content").and_then(refresh_target) {
                    self.add_link(target, false);
                }
            }
            "base" if self.base.is_none() => self.base = get("href").map(str::to_owned),
            _ => {}
        }
        frame.link
    }

    /// What an element shows beside the text in it.
    fn content_of(&mut self, element: Element<'d>, link: Option<usize>, frame: &Frame<'d>) {
        let get = |name: &str| element.attributes.get(name);
        match element.name {
            "img" | "area" => self.image(get("alt"), link, frame.style.hides_images()),
            "input" if is_button(get("type")) && !frame.style.hides_text() => {
                self.display.space();
                self.display.push(get("value").unwrap_or(""), false);
                self.display.space();
            }
            _ => {}
        }
    }

    /// What an element fetches from elsewhere.
    fn fetched_by(&mut self, element: Element<'d>, frame: &Frame<'d>) {
        let get = |name: &str| element.attributes.get(name);
        let is_sheet = || get("rel").is_some_and(|rel| rel.to_ascii_lowercase().contains("stylesheet"));
        let (kind, href) = match element.name {
            "v:imagedata" | "v:fill" => ("image", get("src")),
            "img" | "input" => ("image", get("src").or_else(|| get("srcset"))),
            "image" => ("image", get("href").or_else(|| get("xlink:href"))),
            "iframe" | "frame" => ("frame", get("src")),
            "embed" => ("object", get("src")),
            "object" => ("object", get("data")),
            "video" | "audio" | "source" => ("media", get("src")),
            "link" if is_sheet() => ("stylesheet", get("href")),
            _ => ("background", get("background")),
        };
        let visible = !frame.style.hides_images();
        if let Some(href) = href {
            self.add_resource(kind, href, visible);
        }
        if let Some(style) = get("style") {
            fetched(style, |kind, href| self.add_resource(kind, href, visible));
        }
    }

    fn add_resource(&mut self, kind: &'static str, href: &str, visible: bool) {
        let href = href.trim();
        if href.is_empty() {
            return;
        }
        if self.resources.len() >= self.max_links {
            self.links_cut = true;
            return;
        }
        let href = resolved(href, self.base.as_deref());
        self.resources.push(RawResource { kind, href, visible });
    }

    /// A block begins a new line, a cell is set apart.
    fn separate(&mut self, frame: &Frame<'d>) {
        let link = self.stack.last().and_then(|frame| frame.link);
        match frame.style.display {
            Display::None => return,
            display if display.is_block() => self.line_break(frame),
            Display::Cell => {
                self.inner.space();
                self.hidden.space();
                if frame.style.breaks() {
                    self.display.space();
                }
            }
            _ if frame.name == "br" => self.line_break(frame),
            _ => return,
        }
        if let Some(text) = link.and_then(|link| self.link_texts.get_mut(link)) {
            text.space();
        }
    }

    /// Elements that the beginning of another one ends: `p`, `li`, `td` and their kind.
    fn implied_end(&mut self, name: &'d str, kind: Kind) {
        if self.stack.last().is_some_and(|top| top.name == "head") && !kind.is_of_head() {
            self.pop();
        }
        if kind.is_of_table() {
            self.end_table_parts(name);
            return;
        }
        let closed = match name {
            "a" => self.find(|frame| frame.name == "a", Kind::is_barrier),
            "li" | "dd" | "dt" => self.find(
                |frame| frame.name == name || name != "li" && matches!(frame.name, "dd" | "dt"),
                |kind| kind.is_barrier() || kind.is_block() && kind != Kind::of("p"),
            ),
            _ => None,
        };
        if name == "a" {
            if closed.is_some() {
                self.end(name);
            }
            return;
        }
        if let Some(index) = closed {
            self.close_to(index);
        }
        if kind.is_block() && name != "br" && name != "option" {
            let paragraph = self.find(|frame| frame.name == "p", Kind::is_barrier);
            if let Some(index) = paragraph {
                self.close_to(index);
            }
        }
        if self.stack.last().is_some_and(|top| ends_predecessor(name, top.name)) {
            self.pop();
        }
    }

    /// A cell, row or group ends those that are open in its table.
    fn end_table_parts(&mut self, name: &str) {
        let ends = |open: &str| match name {
            "td" | "th" => matches!(open, "td" | "th" | "caption"),
            "tr" => matches!(open, "td" | "th" | "tr" | "caption"),
            _ => matches!(open, "td" | "th" | "tr" | "tbody" | "thead" | "tfoot" | "caption"),
        };
        let reach = if self.patience > 0 { usize::MAX } else { SHORT_REACH };
        let mut steps = 0;
        let above = self.stack.iter().enumerate().rev().take(reach).take_while(|(_, frame)| frame.name != "table");
        let above = above.inspect(|_| steps += 1);
        let outermost = above.filter(|(_, frame)| ends(frame.name)).map(|(index, _)| index).last();
        self.patience = self.patience.saturating_sub(if outermost.is_some() { 0 } else { steps });
        if let Some(index) = outermost {
            while self.stack.len() > index {
                self.pop();
            }
        }
    }

    fn end(&mut self, name: &'d str) {
        // Browsers go on in the body after its end tag.
        if matches!(name, "body" | "html") {
            return;
        }
        let kind = Kind::of(name);
        if self.overflow > 0 && !kind.is_void() {
            self.overflow -= 1;
            return;
        }
        if name == "p" || name == "br" {
            self.break_line();
        }
        let found = match () {
            () if kind.is_of_table() || name == "table" => self.find_open(name, |_| false),
            () if kind.is_block() || kind.is_barrier() || kind.is_formatting() || name == "datalist" => {
                self.find_open(name, Kind::is_barrier)
            }
            () => self.find_open(name, |kind| kind.is_barrier() || kind.is_block()),
        };
        let Some(index) = found else { return };
        let has_block = || self.stack.iter().skip(index + 1).take(64).any(|frame| frame.kind.is_block());
        if kind.is_formatting() && self.patience > 0 && has_block() {
            self.end_formatting(index);
        } else if kind.is_of_table() || name == "table" {
            while self.stack.len() > index {
                self.pop();
            }
        } else {
            self.close_to(index);
        }
    }

    /// The blocks within stay open, and only the formatting ends.
    fn end_formatting(&mut self, index: usize) {
        // PERF: taking out of the middle moves what is above.
        self.patience = self.patience.saturating_sub(self.stack.len() - index);
        let ended = self.stack.remove(index);
        self.elements.remove(index);
        self.closed(ended.name);
        for frame in self.stack.iter_mut().skip(index).filter(|frame| frame.link == ended.link) {
            frame.link = None;
        }
    }

    /// The innermost open element that an end tag can mean. PERF: without patience nothing stops the
    /// search, so that every one ends in taking off the stack what it passed.
    fn find_open(&mut self, name: &'d str, stops: impl Fn(Kind) -> bool) -> Option<usize> {
        if self.patience > 0 {
            return self.find(|frame| frame.name == name, stops);
        }
        let open = self.open.get_or_insert_with(|| count(&self.stack));
        open.contains_key(name).then(|| self.stack.iter().rposition(|frame| frame.name == name)).flatten()
    }

    /// The innermost open element that is wanted, above any that stops the search; without patience
    /// what lies deeper is not found.
    fn find(&mut self, wanted: impl Fn(&Frame<'d>) -> bool, stops: impl Fn(Kind) -> bool) -> Option<usize> {
        let reach = if self.patience > 0 { usize::MAX } else { SHORT_REACH };
        for (steps, (index, frame)) in self.stack.iter().enumerate().rev().take(reach).enumerate() {
            if wanted(frame) {
                return Some(index);
            }
            if stops(frame.kind) {
                self.patience = self.patience.saturating_sub(steps);
                return None;
            }
        }
        self.patience = self.patience.saturating_sub(self.stack.len());
        None
    }

    /// Ends an element and all within; formatting that was not ended by its own tag goes on.
    fn close_to(&mut self, index: usize) {
        let above = self.stack.iter().zip(&self.elements).skip(index + 1);
        let open: Vec<(Element<'d>, Option<usize>)> = above
            .filter(|(frame, _)| frame.kind.is_formatting())
            .map(|(frame, element)| (*element, (frame.name == "a").then_some(frame.link).flatten()))
            .collect();
        while self.stack.len() > index {
            self.pop();
        }
        for (element, link) in open.into_iter().rev().take(MAX_REOPENED).rev() {
            let frame = self.frame(element, Kind::of(element.name), link);
            self.push(frame, element);
        }
    }

    fn push(&mut self, frame: Frame<'d>, element: Element<'d>) {
        if self.stack.len() >= MAX_STACK {
            self.overflow += 1;
            return;
        }
        self.tables += usize::from(frame.name == "table");
        if let Some(open) = &mut self.open {
            *open.entry(frame.name).or_default() += 1;
        }
        self.stack.push(frame);
        self.elements.push(element);
    }

    fn pop(&mut self) {
        self.elements.pop();
        let Some(frame) = self.stack.pop() else { return };
        self.tables -= usize::from(frame.name == "table");
        self.closed(frame.name);
        if frame.style.display.is_block() && !frame.silent {
            self.line_break(&frame);
        }
    }

    fn closed(&mut self, name: &'d str) {
        let Some(open) = &mut self.open else { return };
        if let Some(count) = open.get_mut(name) {
            *count -= 1;
            if *count == 0 {
                open.remove(name);
            }
        }
    }

    fn text(&mut self, text: &str, at: usize) {
        let of_head = self.stack.last().is_some_and(|frame| frame.name == "head");
        if of_head && !text.trim().is_empty() {
            self.pop();
        }
        let frame = self.stack.last().copied();
        if frame.is_some_and(|frame| frame.name == "title") {
            self.add_title(text);
        }
        if let Some(frame) = frame.filter(|frame| frame.name == "style") {
            fetched(text, |kind, href| self.add_resource(kind, href, !frame.style.hides_images()));
        }
        if frame.is_some_and(|frame| frame.silent) {
            return;
        }
        let style = frame.map_or(self.root, |frame| frame.style);
        let hidden = style.hides_text() || frame.is_some_and(|frame| frame.closed);
        let link = frame.and_then(|frame| frame.link);
        let shown = self.display.transformed(text, style.transform);
        self.inner.push(text, style.keeps_lines);
        if hidden {
            self.hidden.push(text, style.keeps_lines);
            if style.has_room() && text.trim().is_empty() {
                self.display.space();
            }
        } else {
            let start = text.trim_start();
            if !start.is_empty() {
                self.places.push((self.display.next_at() as u32, (at + text.len() - start.len()) as u32));
            }
            self.display.push(&shown, style.keeps_lines);
        }
        let Some(link) = link.filter(|_| !text.trim().is_empty()) else { return };
        let end = self.display.out.len();
        if let (Some(raw), Some(label)) = (self.links.get_mut(link), self.link_texts.get_mut(link)) {
            raw.seen |= !hidden;
            raw.hid |= hidden;
            if !hidden {
                label.push(&shown, false);
                raw.end = end;
            }
        }
    }

    fn add_title(&mut self, text: &str) {
        let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match &mut self.title {
            Some(title) if title.len() < 10_000 => title.push_str(&folded),
            Some(_) => {}
            None => self.title = Some(folded),
        }
    }

    fn image(&mut self, alt: Option<&str>, link: Option<usize>, hidden: bool) {
        let Some(link) = link else { return };
        let (Some(raw), Some(label)) = (self.links.get_mut(link), self.link_texts.get_mut(link)) else { return };
        raw.seen |= !hidden;
        raw.hid |= hidden;
        if let Some(alt) = alt.filter(|alt| !hidden && !alt.trim().is_empty()) {
            label.space();
            label.push(alt, false);
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
    fn mark_quote(&mut self, element: Element<'d>) {
        if self.quote_at.is_some() || !is_quote(element.name, element.attributes) {
            return;
        }
        if !self.display.out.trim().is_empty() {
            self.quote_at = Some(self.display.out.len());
        }
    }

    /// The line of an element ends; one that has no box breaks no line that is seen.
    fn line_break(&mut self, frame: &Frame<'d>) {
        self.inner.line_break();
        self.hidden.line_break();
        if frame.style.breaks() {
            self.display.line_break();
        }
    }

    /// The line ends where the text stands.
    fn break_line(&mut self) {
        match self.stack.last().copied() {
            Some(frame) if !frame.silent => self.line_break(&frame),
            Some(_) => {}
            None => [&mut self.inner, &mut self.hidden, &mut self.display].into_iter().for_each(Text::line_break),
        }
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
            resources: self.resources,
            links_cut: self.links_cut,
            styles_cut: self.sheet.cut || self.sheet.is_spent(),
            places: self.places,
        }
    }
}

fn count<'d>(stack: &[Frame<'d>]) -> BTreeMap<&'d str, usize> {
    let mut open = BTreeMap::new();
    for frame in stack {
        *open.entry(frame.name).or_default() += 1;
    }
    open
}

/// Names that mail programs give to what they write around quoted mail.
fn is_quote(name: &str, attributes: Attributes<'_>) -> bool {
    attributes.iter().any(|(attribute, value)| match attribute {
        "class" => value.split_ascii_whitespace().any(|class| {
            matches!(
                class,
                "gmail_quote"
                    | "gmail_quote_container"
                    | "yahoo_quoted"
                    | "moz-cite-prefix"
                    | "protonmail_quote"
                    | "tutanota_quote"
            )
        }),
        "id" => matches!(
            value,
            "divRplyFwdMsg" | "appendonsend" | "mail-editor-reference-message-container" | "reply-intro"
        ),
        "type" => name == "blockquote" && value == "cite",
        _ => false,
    })
}

fn is_button(kind: Option<&str>) -> bool {
    matches!(kind, Some("submit" | "button" | "reset"))
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

/// A reference that is relative leads below the page's base.
fn resolved(href: &str, base: Option<&str>) -> String {
    let relative = || ::url::Url::parse(href) == Err(::url::ParseError::RelativeUrlWithoutBase);
    let joined = base.filter(|_| relative()).and_then(|base| ::url::Url::parse(base).ok()?.join(href).ok());
    joined.map_or_else(|| href.to_owned(), String::from)
}
