//! How an element looks, as far as it decides whether its text can be seen and where lines end.

use super::element::Kind;
use super::fetched::unescaped;
use super::sheet::{Element, Sheet, without_comments};
use super::text::Transform;
use super::value::{Length, Paint, background, background_image, color, fraction};
use foldhash::fast::RandomState;
use std::borrow::Cow;
use std::collections::HashMap;

/// A value with its `!important`.
type Declared<T> = Option<(T, bool)>;

/// Smallest size in pixels that can be read, or seen as more than a line.
const DOT: f32 = 2.0;
/// Pixels to the left of the page, or above it, that take a text out of sight.
const FAR: f32 = -500.0;

/// What `display` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Display {
    None,
    #[default]
    Inline,
    /// A line of its own.
    Block,
    /// A line of its own, and so is each of its children.
    Flex,
    /// Within a line, its children on lines of their own.
    InlineFlex,
    /// A box within a line.
    InlineBlock,
    Cell,
    /// No box at all.
    Contents,
}

impl Display {
    fn parse(value: &str) -> Option<Self> {
        Some(match value {
            "none" => Self::None,
            "inline" | "ruby" => Self::Inline,
            "flex" | "grid" | "-webkit-flex" | "-webkit-box" | "block flex" | "block grid" => Self::Flex,
            "inline-flex" | "inline-grid" | "-webkit-inline-flex" => Self::InlineFlex,
            "inline-block" | "inline-table" => Self::InlineBlock,
            "table-cell" => Self::Cell,
            "contents" => Self::Contents,
            "block" | "list-item" | "table" | "table-row" | "flow-root" | "table-caption" => Self::Block,
            "table-row-group" | "table-header-group" | "table-footer-group" | "table-column" => Self::Contents,
            "inherit" | "initial" | "unset" | "revert" => return None,
            _ => return None,
        })
    }

    fn of(kind: Kind) -> Self {
        match () {
            () if kind.is_block() => Self::Block,
            () if kind.is_cell() => Self::Cell,
            () => Self::Inline,
        }
    }

    /// In a flex or grid container, out of the flow, or floating, everything is a block.
    fn blockified(self) -> Self {
        match self {
            Self::None | Self::Contents | Self::Flex => self,
            Self::InlineFlex => Self::Flex,
            Self::Inline | Self::Block | Self::InlineBlock | Self::Cell => Self::Block,
        }
    }

    fn blockifies(self) -> bool {
        matches!(self, Self::Flex | Self::InlineFlex)
    }

    /// It stands on lines of its own.
    pub(super) fn is_block(self) -> bool {
        matches!(self, Self::Block | Self::Flex)
    }
}

/// What a list of declarations says, each property's last word.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Declarations {
    display: Declared<Display>,
    invisible: Declared<bool>,
    opacity: Declared<f32>,
    font_size: Declared<FontSize>,
    flat: Declared<bool>,
    low: Declared<bool>,
    narrow: Declared<bool>,
    slim: Declared<bool>,
    no_line_height: Declared<bool>,
    clipped: Declared<bool>,
    cut_away: Declared<bool>,
    out_of_flow: Declared<bool>,
    placed: Declared<bool>,
    floats: Declared<bool>,
    far_place: Declared<bool>,
    far_margin: Declared<bool>,
    far_indent: Declared<bool>,
    color: Declared<Paint>,
    fill: Declared<Paint>,
    background: Declared<Paint>,
    ink_is_background: Declared<bool>,
    transform: Declared<Transform>,
    keeps_lines: Declared<bool>,
}

/// The size of a font as declared.
#[derive(Clone, Copy, Debug, PartialEq)]
enum FontSize {
    Length(Length),
    /// A size by name, in pixels.
    Named(f32),
}

fn set<T: Copy>(slot: &mut Declared<T>, value: Option<T>, important: bool) {
    if let Some(value) = value
        && (important || !slot.is_some_and(|(_, important)| important))
    {
        *slot = Some((value, important));
    }
}

/// Longest value that is read: longer ones are pictures within the text.
const MAX_VALUE: usize = 400;
/// Longer than the name of any property.
const MAX_NAME: usize = 32;

impl Declarations {
    pub(super) fn parse(text: &str) -> Self {
        let mut all = Self::default();
        let mut buffer = String::new();
        let text = if text.contains("/*") { Cow::Owned(without_comments(text)) } else { Cow::Borrowed(text) };
        for declaration in text.split(';') {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let (name, value) = (unescaped(name.trim()), value.trim());
            if name.len() > MAX_NAME {
                continue;
            }
            buffer.clear();
            buffer.push_str(&name);
            buffer.make_ascii_lowercase();
            if !matters(&buffer) {
                continue;
            }
            buffer.push_str(&unescaped(&value[..value.floor_char_boundary(MAX_VALUE)]));
            buffer.make_ascii_lowercase();
            let (name, value) = buffer.split_at(name.len());
            match value.split_once('!') {
                Some((value, mark)) if mark.trim() == "important" => all.set(name, value.trim_end(), true),
                // Browsers pass over a declaration with any other mark.
                Some(_) => {}
                None => all.set(name, value, false),
            }
        }
        all
    }

    /// True if nothing was said that matters.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn set(&mut self, name: &str, value: &str, important: bool) {
        let length = || Length::parse(value).and_then(Length::pixels);
        let far = || length().map(|pixels| pixels <= FAR);
        let small = || Some(length().is_some_and(|pixels| pixels < DOT));
        match name {
            "display" => set(&mut self.display, Display::parse(value), important),
            "visibility" => set(&mut self.invisible, Some(matches!(value, "hidden" | "collapse")), important),
            "content-visibility" => set(&mut self.cut_away, Some(value == "hidden"), important),
            "opacity" => set(&mut self.opacity, fraction(value), important),
            "filter" => {
                let opacity = value.strip_prefix("opacity(").and_then(|rest| fraction(rest.trim_end_matches(')')));
                set(&mut self.opacity, opacity, important);
            }
            "font-size" => set(&mut self.font_size, font_size(value), important),
            "font" => set(&mut self.font_size, value.split(' ').find_map(font_size_of_font), important),
            "max-height" => set(&mut self.low, small(), important),
            "height" => set(&mut self.flat, small(), important),
            "max-width" => set(&mut self.slim, small(), important),
            "width" => set(&mut self.narrow, small(), important),
            "line-height" => {
                // A number alone is a multiple of the size of letters, not a length.
                let none =
                    value.parse::<f64>().map_or_else(|_| length().is_some_and(|pixels| pixels < DOT), |of| of < 0.1);
                set(&mut self.no_line_height, Some(none), important);
            }
            "overflow" | "overflow-y" | "overflow-x" => {
                let clips = value.split(' ').any(|word| matches!(word, "hidden" | "clip"));
                set(&mut self.clipped, Some(clips), important);
            }
            "position" => {
                set(&mut self.out_of_flow, Some(matches!(value, "absolute" | "fixed")), important);
                set(&mut self.placed, Some(!matches!(value, "static" | "initial" | "unset")), important);
            }
            "float" => set(&mut self.floats, Some(matches!(value, "left" | "right")), important),
            "left" | "top" => set(&mut self.far_place, far(), important),
            "margin-left" | "margin-top" => set(&mut self.far_margin, far(), important),
            "text-indent" => set(&mut self.far_indent, far(), important),
            "clip" => set(&mut self.cut_away, Some(is_empty_clip(value)), important),
            "clip-path" => set(&mut self.cut_away, Some(is_empty_path(value)), important),
            "transform" => set(&mut self.cut_away, Some(moves_away(value)), important),
            "scale" => {
                set(&mut self.cut_away, Some(value.split(' ').any(|axis| fraction(axis) == Some(0.0))), important)
            }
            "color" => set(&mut self.color, color(value), important),
            "-webkit-text-fill-color" => set(&mut self.fill, color(value), important),
            "background" | "background-color" => set(&mut self.background, background(value), important),
            "background-image" => set(&mut self.background, background_image(value), important),
            "-webkit-background-clip" | "background-clip" => {
                set(&mut self.ink_is_background, Some(value == "text"), important);
            }
            "text-transform" => set(&mut self.transform, transform(value), important),
            "white-space" => {
                set(&mut self.keeps_lines, Some(value.starts_with("pre") || value == "break-spaces"), important)
            }
            _ => {}
        }
    }

    /// What `later` says counts, unless this says it with `!important`.
    pub(super) fn merge(&mut self, later: &Self) {
        fn one<T: Copy>(slot: &mut Declared<T>, later: Declared<T>) {
            if let Some((value, important)) = later {
                set(slot, Some(value), important);
            }
        }
        one(&mut self.display, later.display);
        one(&mut self.invisible, later.invisible);
        one(&mut self.opacity, later.opacity);
        one(&mut self.font_size, later.font_size);
        one(&mut self.flat, later.flat);
        one(&mut self.low, later.low);
        one(&mut self.narrow, later.narrow);
        one(&mut self.slim, later.slim);
        one(&mut self.no_line_height, later.no_line_height);
        one(&mut self.clipped, later.clipped);
        one(&mut self.cut_away, later.cut_away);
        one(&mut self.out_of_flow, later.out_of_flow);
        one(&mut self.placed, later.placed);
        one(&mut self.floats, later.floats);
        one(&mut self.far_place, later.far_place);
        one(&mut self.far_margin, later.far_margin);
        one(&mut self.far_indent, later.far_indent);
        one(&mut self.color, later.color);
        one(&mut self.fill, later.fill);
        one(&mut self.background, later.background);
        one(&mut self.ink_is_background, later.ink_is_background);
        one(&mut self.transform, later.transform);
        one(&mut self.keeps_lines, later.keeps_lines);
    }

    /// True if the element and everything in it is outside of the page or cut off.
    fn is_out_of_sight(&self, display: Display) -> bool {
        let says = |slot: Declared<bool>| slot.is_some_and(|(value, _)| value);
        let has_box = !matches!(display, Display::Inline | Display::Contents | Display::Cell);
        // A height that is no more than asked for does not hold in a cell, and not in a line.
        let small = says(self.flat)
            || says(self.low)
            || says(self.narrow)
            || says(self.slim)
            || says(self.no_line_height) && self.flat.is_none();
        says(self.cut_away)
            || says(self.placed) && says(self.far_place)
            || has_box && (says(self.far_margin) || says(self.far_indent))
            || has_box && says(self.clipped) && small
    }
}

/// Most different `style` attributes of a page that are remembered.
const MOST_INLINE: usize = 1_000;

/// The `style` attributes of a page, each read once: generated pages repeat few of them many times.
#[derive(Debug, Default)]
pub(super) struct Inline<'d> {
    known: HashMap<&'d str, Declarations, RandomState>,
    /// One that there is no room for.
    other: Declarations,
}

impl<'d> Inline<'d> {
    pub(super) fn of(&mut self, sheet: &Sheet, written: &'d str) -> &Declarations {
        if self.known.len() >= MOST_INLINE && !self.known.contains_key(written) {
            self.other = Declarations::parse(&sheet.resolved(written));
            return &self.other;
        }
        self.known.entry(written).or_insert_with(|| Declarations::parse(&sheet.resolved(written)))
    }
}

/// Properties that decide whether text is seen, in lower case.
fn matters(name: &str) -> bool {
    matches!(
        name,
        "-webkit-background-clip"
            | "-webkit-text-fill-color"
            | "background"
            | "background-clip"
            | "background-color"
            | "background-image"
            | "clip"
            | "clip-path"
            | "color"
            | "content-visibility"
            | "display"
            | "filter"
            | "float"
            | "font"
            | "font-size"
            | "height"
            | "left"
            | "line-height"
            | "margin-left"
            | "margin-top"
            | "max-height"
            | "max-width"
            | "opacity"
            | "overflow"
            | "overflow-x"
            | "overflow-y"
            | "position"
            | "scale"
            | "text-indent"
            | "text-transform"
            | "top"
            | "transform"
            | "visibility"
            | "white-space"
            | "width"
    )
}

fn transform(value: &str) -> Option<Transform> {
    Some(match value {
        "uppercase" => Transform::Upper,
        "lowercase" => Transform::Lower,
        "capitalize" => Transform::Capitalize,
        "none" | "initial" => Transform::None,
        _ => return None,
    })
}

/// `rect(0,0,0,0)`, `rect(1px, 1px, 1px, 1px)`
fn is_empty_clip(value: &str) -> bool {
    let Some(inner) = value.strip_prefix("rect(") else { return false };
    let mut sides = inner.split([',', ' ', ')']).filter(|side| !side.is_empty()).map(|side| {
        let pixels = Length::parse(side).and_then(Length::pixels);
        pixels.is_some_and(|pixels| pixels < DOT)
    });
    sides.clone().count() == 4 && sides.all(|small| small)
}

/// `inset(50%)`, `circle(0)`
fn is_empty_path(value: &str) -> bool {
    if let Some(inner) = value.strip_prefix("inset(") {
        let first = inner.split([' ', ')']).next().unwrap_or("");
        return fraction(first).is_some_and(|share| first.ends_with('%') && share >= 0.5);
    }
    let radius = value.strip_prefix("circle(").map(|rest| rest.split([' ', ')']).next().unwrap_or(""));
    radius.is_some_and(|radius| Length::parse(radius).and_then(Length::pixels) == Some(0.0))
}

/// `scale(0)`, `translateX(-9999px)`
fn moves_away(value: &str) -> bool {
    let Some((function, rest)) = value.split_once('(') else { return false };
    let first = rest.split([',', ')']).next().unwrap_or("").trim();
    match function.trim() {
        "scale" | "scalex" | "scaley" | "scale3d" => first.parse() == Ok(0.0_f32),
        "translate" | "translatex" | "translatey" | "translate3d" => {
            Length::parse(first).and_then(Length::pixels).is_some_and(|pixels| pixels <= FAR)
        }
        _ => false,
    }
}

fn font_size(value: &str) -> Option<FontSize> {
    let named = match value {
        "xx-small" => 9.0,
        "x-small" => 10.0,
        "small" => 13.0,
        "medium" | "initial" => 16.0,
        "large" => 18.0,
        "x-large" => 24.0,
        "xx-large" => 32.0,
        "smaller" => return Some(FontSize::Length(Length::Em(0.83))),
        "larger" => return Some(FontSize::Length(Length::Em(1.2))),
        _ => return Length::parse(value).filter(|length| length.font_size(1.0) >= 0.0).map(FontSize::Length),
    };
    Some(FontSize::Named(named))
}

/// `font: 0/0 a` gives size and line height; a lone number is a weight.
fn font_size_of_font(word: &str) -> Option<FontSize> {
    let size = word.split('/').next().unwrap_or(word);
    let is_weight = word == size && word != "0" && word.bytes().all(|byte| byte.is_ascii_digit());
    (!is_weight && size.starts_with(|c: char| c.is_ascii_digit() || c == '.')).then(|| font_size(size)).flatten()
}

/// What is known of an element's look, after its ancestors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    /// It has no box: `display: none`, or an ancestor's.
    dropped: bool,
    /// Lines end at it where it is a block.
    breaks: bool,
    /// Nothing in the element can bring it back into sight.
    gone: bool,
    /// A descendant may be visible again.
    invisible: bool,
    opacity: f32,
    font_size: f32,
    color: Option<Paint>,
    fill: Option<Paint>,
    background: Option<Paint>,
    pub(super) display: Display,
    pub(super) transform: Transform,
    /// Lines of the source are lines of the text.
    pub(super) keeps_lines: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            dropped: false,
            breaks: true,
            gone: false,
            invisible: false,
            opacity: 1.0,
            font_size: 16.0,
            color: None,
            fill: None,
            background: None,
            display: Display::Block,
            transform: Transform::None,
            keeps_lines: false,
        }
    }
}

impl Style {
    /// The look of an element within one of this look: what style sheets say of it, and its own
    /// `style` attribute.
    pub(super) fn child(
        &self,
        element: Element<'_>,
        kind: Kind,
        sheet: Option<Declarations>,
        inline: Option<&Declarations>,
    ) -> Self {
        let mut style = *self;
        let name = element.name;
        let mut declared = sheet.unwrap_or_default();
        if name == "a" && element.attributes.get("href").is_some() {
            // Links have a colour of their own unless one is declared for them.
            style.color = Some(Paint::Rgb([0, 0, 238]));
        }
        for (attribute, value) in element.attributes.iter() {
            match attribute {
                "color" if name == "font" => style.color = attribute_color(value).or(style.color),
                "text" if name == "body" => style.color = attribute_color(value).or(style.color),
                "bgcolor" => style.background = attribute_color(value).or(style.background),
                "background" if !value.trim().is_empty() => style.background = Some(Paint::Unknown),
                "size" if name == "font" => style.font_size = font_of(value).unwrap_or(style.font_size),
                "hidden" | "popover" => declared.display = declared.display.or(Some((Display::None, false))),
                _ => {}
            }
        }
        style.font_size *= scale_of(name);
        style.keeps_lines |= matches!(name, "pre" | "xmp" | "listing" | "plaintext" | "textarea");
        if let Some(inline) = inline {
            declared.merge(inline);
        }
        style.apply(&declared, kind, self);
        let is_drawn = !kind.is_replaced() && (name != "dialog" || element.attributes.get("open").is_some());
        if is_drawn { style } else { style.undrawn() }
    }

    fn apply(&mut self, declared: &Declarations, kind: Kind, parent: &Self) {
        fn value<T>(slot: Declared<T>) -> Option<T> {
            slot.map(|(value, _)| value)
        }
        let mut display = value(declared.display).unwrap_or(Display::of(kind));
        let says = |slot: Declared<bool>| value(slot).unwrap_or(false);
        if parent.display.blockifies() || says(declared.out_of_flow) || says(declared.floats) {
            display = display.blockified();
        }
        self.display = display;
        self.dropped |= display == Display::None;
        self.gone |= self.dropped || declared.is_out_of_sight(display);
        self.invisible = value(declared.invisible).unwrap_or(self.invisible);
        self.opacity *= value(declared.opacity).unwrap_or(1.0);
        self.font_size = match value(declared.font_size) {
            Some(FontSize::Length(length)) => length.font_size(parent.font_size),
            Some(FontSize::Named(pixels)) => pixels,
            None => self.font_size,
        };
        self.color = value(declared.color).or(self.color);
        self.fill = value(declared.fill).or(self.fill);
        if says(declared.ink_is_background) {
            // The letters are windows to the background.
            self.fill = Some(Paint::Unknown);
        }
        // A transparent background lets the one below through.
        match value(declared.background) {
            Some(Paint::Transparent) | None => {}
            Some(paint) => self.background = Some(paint),
        }
        // What is not drawn, and stands in no line, ends none.
        let apart = says(declared.out_of_flow) && self.hides_text();
        self.breaks = !self.dropped && !self.invisible && !apart;
        self.transform = value(declared.transform).unwrap_or(self.transform);
        self.keeps_lines = value(declared.keeps_lines).unwrap_or(self.keeps_lines);
    }

    /// The look of what a browser does not draw at all.
    pub(super) fn undrawn(mut self) -> Self {
        self.gone = true;
        self.dropped = true;
        self.breaks = false;
        self
    }

    /// True if lines that are seen end at it, where it is a block.
    pub(super) fn breaks(&self) -> bool {
        self.breaks
    }

    /// True if white space in it takes room.
    pub(super) fn has_room(&self) -> bool {
        self.breaks && self.font_size >= DOT && !self.gone
    }

    /// True if text directly in the element cannot be seen.
    pub(super) fn hides_text(&self) -> bool {
        // Nothing is declared: black. A dark ground without a text colour is legible enough in programs
        // that adapt it.
        let ground = self.background.unwrap_or(Paint::Rgb([255, 255, 255]));
        let vanishes = self.fill.or(self.color).is_some_and(|ink| ink.vanishes_on(ground));
        self.hides_images() || self.font_size < DOT || vanishes
    }

    /// True if images directly in the element cannot be seen.
    pub(super) fn hides_images(&self) -> bool {
        self.gone || self.invisible || self.opacity < 0.05
    }
}

fn attribute_color(value: &str) -> Option<Paint> {
    color(&value.trim().to_ascii_lowercase())
}

/// `<font size>`, in pixels.
fn font_of(value: &str) -> Option<f32> {
    const SIZES: [f32; 7] = [10.0, 13.0, 16.0, 18.0, 24.0, 32.0, 48.0];
    let value = value.trim();
    let number: i32 = value.trim_start_matches('+').parse().ok()?;
    let number = if value.starts_with(['+', '-']) { number.saturating_add(3) } else { number };
    SIZES.get(number.clamp(1, 7) as usize - 1).copied()
}

/// How much larger an element writes than what is around it.
fn scale_of(name: &str) -> f32 {
    match name {
        "small" | "sub" | "sup" => 0.83,
        "big" => 1.2,
        _ => 1.0,
    }
}
