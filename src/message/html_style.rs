//! As much of CSS as decides whether text can be seen.

use super::html::Token;
use std::collections::BTreeMap;

/// Most selectors of style sheets that are kept.
const MAX_RULES: usize = 5_000;
/// Largest sum of channel differences at which text and background look the same.
const SAME_COLOR: u32 = 12;

/// A colour as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paint {
    Rgb([u8; 3]),
    /// Nothing is drawn.
    Transparent,
    /// An image, a gradient, a name that is not known: taken as readable.
    Unknown,
}

/// A value with its `!important`.
type Declared<T> = Option<(T, bool)>;

/// What a list of declarations says, each property's last word.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Declarations {
    display_none: Declared<bool>,
    invisible: Declared<bool>,
    faint: Declared<bool>,
    outlook_hides: Declared<bool>,
    tiny: Declared<bool>,
    flat: Declared<bool>,
    narrow: Declared<bool>,
    clipped: Declared<bool>,
    far_away: Declared<bool>,
    color: Declared<Paint>,
    background: Declared<Paint>,
}

fn set<T: Copy>(slot: &mut Declared<T>, value: Option<T>, important: bool) {
    if let Some(value) = value
        && (important || !slot.is_some_and(|(_, important)| important))
    {
        *slot = Some((value, important));
    }
}

impl Declarations {
    fn parse(text: &str) -> Self {
        let mut all = Self::default();
        for declaration in text.split(';') {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let value = value.trim().to_ascii_lowercase();
            let (value, important) = match value.split_once('!') {
                Some((value, _)) => (value.trim(), true),
                None => (value.as_str(), false),
            };
            all.set(name.trim().to_ascii_lowercase().as_str(), value, important);
        }
        all
    }

    fn set(&mut self, name: &str, value: &str, important: bool) {
        let far = || pixels(value).is_some_and(|offset| offset <= -500.0);
        match name {
            "display" => set(&mut self.display_none, Some(value == "none"), important),
            "visibility" => set(&mut self.invisible, Some(matches!(value, "hidden" | "collapse")), important),
            "opacity" => set(&mut self.faint, fraction(value).map(|value| value < 0.05), important),
            "mso-hide" => set(&mut self.outlook_hides, Some(value == "all"), important),
            "font-size" => set(&mut self.tiny, (value != "inherit").then(|| is_tiny(value)), important),
            "font" => set(&mut self.tiny, Some(value.split(' ').any(|word| is_tiny(before_slash(word)))), important),
            "max-height" | "height" => set(&mut self.flat, Some(pixels(value) == Some(0.0)), important),
            "max-width" | "width" => set(&mut self.narrow, Some(pixels(value) == Some(0.0)), important),
            "overflow" | "overflow-y" => set(&mut self.clipped, Some(matches!(value, "hidden" | "clip")), important),
            "text-indent" | "left" | "right" | "top" | "margin-left" | "margin-top" => {
                set(&mut self.far_away, far().then_some(true), important);
            }
            "color" => set(&mut self.color, color(value), important),
            "background" | "background-color" | "background-image" => {
                set(&mut self.background, background(value), important);
            }
            _ => {}
        }
    }

    /// What `later` says counts, unless this says it with `!important`.
    fn merge(&mut self, later: &Self) {
        fn one<T: Copy>(slot: &mut Declared<T>, later: Declared<T>) {
            if let Some((value, important)) = later {
                set(slot, Some(value), important);
            }
        }
        one(&mut self.display_none, later.display_none);
        one(&mut self.invisible, later.invisible);
        one(&mut self.faint, later.faint);
        one(&mut self.outlook_hides, later.outlook_hides);
        one(&mut self.tiny, later.tiny);
        one(&mut self.flat, later.flat);
        one(&mut self.narrow, later.narrow);
        one(&mut self.clipped, later.clipped);
        one(&mut self.far_away, later.far_away);
        one(&mut self.color, later.color);
        one(&mut self.background, later.background);
    }

    /// True if the element and everything in it cannot be seen.
    fn hides_subtree(&self) -> bool {
        let says = |slot: Declared<bool>| slot.is_some_and(|(value, _)| value);
        says(self.display_none)
            || says(self.faint)
            || says(self.outlook_hides)
            || says(self.far_away)
            || says(self.clipped) && (says(self.flat) || says(self.narrow))
    }
}

/// What is known of an element's look, after its ancestors.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Style {
    /// Nothing in the element can bring it back.
    gone: bool,
    /// A descendant may be visible again.
    invisible: bool,
    tiny: bool,
    color: Option<Paint>,
    background: Option<Paint>,
}

impl Style {
    /// The look of an element within one of this look.
    pub(super) fn child(&self, sheet: &Sheet, name: &str, attributes: &[(String, String)]) -> Self {
        let mut style = *self;
        let get = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        if name == "a" && get("href").is_some() {
            // Links have a colour of their own unless one is declared for them.
            style.color = Some(Paint::Rgb([0, 0, 238]));
        }
        style.color = get("color").and_then(color).or(style.color);
        if get("background").is_some() {
            style.background = Some(Paint::Unknown);
        }
        style.background = get("bgcolor").and_then(color).or(style.background);
        let mut declared = sheet.of_element(name, get("class"), get("id"));
        if let Some(inline) = get("style") {
            declared.merge(&Declarations::parse(inline));
        }
        style.gone |= declared.hides_subtree() || get("hidden").is_some() || name == "datalist";
        style.invisible = declared.invisible.map_or(style.invisible, |(value, _)| value);
        style.tiny = declared.tiny.map_or(style.tiny, |(value, _)| value);
        style.color = declared.color.map_or(style.color, |(value, _)| Some(value));
        // A transparent background lets the one below through.
        match declared.background {
            Some((Paint::Transparent, _)) | None => {}
            Some((paint, _)) => style.background = Some(paint),
        }
        style
    }

    /// True if text directly in the element cannot be seen.
    pub(super) fn hides_text(&self) -> bool {
        let same = match (self.color, self.background.unwrap_or(Paint::Rgb([255, 255, 255]))) {
            (Some(Paint::Transparent), _) => true,
            (Some(Paint::Rgb(text)), Paint::Rgb(ground)) => distance(text, ground) <= SAME_COLOR,
            // Nothing is declared: black. A dark ground without a text colour is legible enough in clients
            // that adapt it.
            _ => false,
        };
        self.hides_images() || self.tiny || same
    }

    /// True if images directly in the element cannot be seen.
    pub(super) fn hides_images(&self) -> bool {
        self.gone || self.invisible
    }
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.iter().zip(&b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
}

/// A length in pixels; `None` for other things and for shares of something.
fn pixels(value: &str) -> Option<f32> {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    let number: f32 = digits.parse().ok()?;
    let factor = match &value[digits.len()..] {
        "" | "px" => 1.0,
        "pt" => 4.0 / 3.0,
        "em" | "rem" | "ex" | "ch" => 16.0,
        "in" => 96.0,
        "cm" => 37.8,
        "mm" => 3.78,
        "vw" | "vh" => 10.0,
        _ if number == 0.0 => 1.0,
        _ => return None,
    };
    Some(number * factor)
}

fn is_tiny(value: &str) -> bool {
    let share = value.strip_suffix('%').and_then(|share| share.parse::<f32>().ok());
    pixels(value).is_some_and(|size| size < 2.0) || share.is_some_and(|share| share < 10.0)
}

fn before_slash(word: &str) -> &str {
    // `font: 0/0 a` gives size and line height; a lone number is a weight.
    match word.split_once('/') {
        Some((size, _)) => size,
        None if word.bytes().all(|byte| byte.is_ascii_digit()) && word != "0" => "medium",
        None => word,
    }
}

fn fraction(value: &str) -> Option<f32> {
    match value.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f32>().ok().map(|percent| percent / 100.0),
        None => value.parse().ok(),
    }
}

fn background(value: &str) -> Option<Paint> {
    if value.contains("url(") || value.contains("gradient(") {
        return Some(Paint::Unknown);
    }
    if value.starts_with("rgb") {
        return color(value);
    }
    let known = value.split_ascii_whitespace().filter_map(color).find(|paint| *paint != Paint::Unknown);
    known.or(matches!(value, "none" | "0" | "0 0").then_some(Paint::Transparent))
}

fn color(value: &str) -> Option<Paint> {
    let value = value.trim().to_ascii_lowercase();
    if let Some(hex) = value.strip_prefix('#').or_else(|| is_bare_hex(&value).then_some(value.as_str())) {
        return hexadecimal(hex);
    }
    if let Some((_, channels)) = value.strip_prefix("rgb").and_then(|rest| rest.split_once('(')) {
        return rgb(channels);
    }
    match value.as_str() {
        "" | "inherit" | "initial" | "unset" | "currentcolor" | "windowtext" => None,
        "transparent" => Some(Paint::Transparent),
        name => Some(named(name).map_or(Paint::Unknown, Paint::Rgb)),
    }
}

fn is_bare_hex(value: &str) -> bool {
    value.len() == 6 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn hexadecimal(hex: &str) -> Option<Paint> {
    let digits: Vec<u8> =
        hex.chars().take(9).map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    match digits.as_slice() {
        [_, _, _, 0] | [_, _, _, _, _, _, 0, 0] => Some(Paint::Transparent),
        &[r, g, b] | &[r, g, b, _] => Some(Paint::Rgb([r, g, b].map(|digit| digit * 17))),
        pairs @ (&[_, _, _, _, _, _] | &[_, _, _, _, _, _, _, _]) => {
            let channel = |at: usize| Some(pairs.get(at)? * 16 + pairs.get(at + 1)?);
            Some(Paint::Rgb([channel(0)?, channel(2)?, channel(4)?]))
        }
        _ => None,
    }
}

fn rgb(channels: &str) -> Option<Paint> {
    let mut parts = channels.split([',', ' ', ')', '/']).filter(|part| !part.is_empty());
    let mut channel = || {
        let part = parts.next()?;
        let number = match part.strip_suffix('%') {
            Some(share) => share.parse::<f32>().ok()? * 2.55,
            None => part.parse().ok()?,
        };
        Some(number.clamp(0.0, 255.0) as u8)
    };
    let color = [channel()?, channel()?, channel()?];
    let faint = parts.next().and_then(fraction).is_some_and(|alpha| alpha < 0.05);
    Some(if faint { Paint::Transparent } else { Paint::Rgb(color) })
}

/// The names that text is hidden with or that it commonly stands on.
fn named(name: &str) -> Option<[u8; 3]> {
    Some(match name {
        "white" | "window" => [255, 255, 255],
        "black" => [0, 0, 0],
        "red" => [255, 0, 0],
        "lime" => [0, 255, 0],
        "blue" => [0, 0, 255],
        "yellow" => [255, 255, 0],
        "aqua" | "cyan" => [0, 255, 255],
        "fuchsia" | "magenta" => [255, 0, 255],
        "maroon" => [128, 0, 0],
        "green" => [0, 128, 0],
        "navy" => [0, 0, 128],
        "olive" => [128, 128, 0],
        "teal" => [0, 128, 128],
        "purple" => [128, 0, 128],
        "orange" => [255, 165, 0],
        "gray" | "grey" => [128, 128, 128],
        "darkgray" | "darkgrey" => [169, 169, 169],
        "lightgray" | "lightgrey" => [211, 211, 211],
        "silver" => [192, 192, 192],
        "gainsboro" => [220, 220, 220],
        "whitesmoke" => [245, 245, 245],
        "snow" => [255, 250, 250],
        "ivory" => [255, 255, 240],
        "ghostwhite" => [248, 248, 255],
        "floralwhite" => [255, 250, 240],
        "aliceblue" => [240, 248, 255],
        "mintcream" => [245, 255, 250],
        "azure" => [240, 255, 255],
        _ => return None,
    })
}

/// The rules of a page's style sheets that may hide something, by simple selector.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    rules: BTreeMap<String, Declarations>,
}

impl Sheet {
    /// Reads all `<style>` elements. Rules under `@media` and its kind are left out.
    pub(super) fn of(tokens: &[Token]) -> Self {
        let mut sheet = Self::default();
        let mut css: Option<String> = None;
        for token in tokens {
            match (token, &mut css) {
                (Token::Start(name, _), None) if name == "style" => css = Some(String::new()),
                (Token::Text(text), Some(css)) => css.push_str(text),
                (Token::End(_), Some(text)) => {
                    sheet.read(&without_comments(text));
                    css = None;
                }
                _ => {}
            }
        }
        if let Some(text) = css {
            sheet.read(&without_comments(&text));
        }
        sheet
    }

    fn read(&mut self, css: &str) {
        let mut rest = css;
        while let Some((selectors, after)) = rest.split_once('{') {
            // `@import url(x);` has no block and ends before the selectors.
            let selectors = selectors.rsplit(';').next().unwrap_or("").trim();
            if selectors.starts_with('@') {
                rest = after_block(after);
                continue;
            }
            let (body, after) = after.split_once('}').unwrap_or((after, ""));
            // PERF: read once, however many selectors share the block.
            let declarations = Declarations::parse(body);
            for selector in selectors.split(',').map(str::trim).filter(|selector| is_simple(selector)) {
                let selector = selector.to_ascii_lowercase();
                if self.rules.len() < MAX_RULES || self.rules.contains_key(&selector) {
                    self.rules.entry(selector).or_default().merge(&declarations);
                }
            }
            rest = after;
        }
    }

    /// What the sheets say of an element: all, tag, then classes, then id.
    fn of_element(&self, name: &str, class: Option<&str>, id: Option<&str>) -> Declarations {
        let mut all = Declarations::default();
        if self.rules.is_empty() {
            return all;
        }
        let mut add = |selector: &str| {
            if let Some(declarations) = self.rules.get(selector) {
                all.merge(declarations);
            }
        };
        add("*");
        add(name);
        for class in class.unwrap_or("").split_ascii_whitespace().take(32) {
            let class = class.to_ascii_lowercase();
            add(&format!(".{class}"));
            add(&format!("{name}.{class}"));
        }
        if let Some(id) = id.filter(|id| id.len() < 256) {
            let id = id.to_ascii_lowercase();
            add(&format!("#{id}"));
            add(&format!("{name}#{id}"));
        }
        all
    }
}

fn is_simple(selector: &str) -> bool {
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.#".contains(&byte);
    selector == "*" || !selector.is_empty() && selector.len() < 256 && selector.bytes().all(of_name)
}

/// Takes out `/* ... */` and the `<!--` that old pages put around their rules.
fn without_comments(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.replace("<!--", "").replace("-->", "")
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
