//! As much of CSS as decides whether text can be seen.

use super::html::Token;
use std::collections::BTreeMap;

/// Most rules of style sheets that are kept.
const MAX_RULES: usize = 5_000;

/// What is known of an element's look.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Style {
    none: bool,
    tiny: bool,
    color: Option<[u8; 3]>,
    background: Option<[u8; 3]>,
}

impl Style {
    /// What children take over.
    pub(super) fn inherited(&self) -> Self {
        Self { none: false, ..self.clone() }
    }

    /// True if the element and everything in it cannot be seen.
    pub(super) fn hidden(&self) -> bool {
        self.none
    }

    /// True if text directly in the element cannot be seen.
    pub(super) fn invisible_text(&self) -> bool {
        let color = self.color.unwrap_or([0, 0, 0]);
        let background = self.background.unwrap_or([255, 255, 255]);
        let distance: u32 = color.iter().zip(&background).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        self.tiny || self.color.is_some() && distance <= 6
    }

    /// Reads `style`, `color`, `bgcolor` attributes.
    pub(super) fn attributes(&mut self, attributes: &[(String, String)]) {
        for (name, value) in attributes {
            match name.as_str() {
                "style" => self.declarations(value),
                "bgcolor" => self.background = color(value).or(self.background),
                "color" => self.color = color(value).or(self.color),
                _ => {}
            }
        }
    }

    fn declarations(&mut self, text: &str) {
        let (mut no_height, mut clipped) = (false, false);
        for declaration in text.split(';') {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let value = value.trim().trim_end_matches("!important").trim().to_ascii_lowercase();
            match name.trim().to_ascii_lowercase().as_str() {
                "display" => self.none |= value == "none",
                "visibility" => self.none |= matches!(value.as_str(), "hidden" | "collapse"),
                "opacity" => self.none |= value.parse::<f32>().is_ok_and(|value| value < 0.05),
                "mso-hide" => self.none |= value == "all",
                "font-size" => self.tiny = pixels(&value).is_some_and(|size| size <= 1.0),
                "max-height" | "height" | "max-width" | "width" => no_height |= pixels(&value) == Some(0.0),
                "overflow" => clipped |= value == "hidden",
                "text-indent" | "left" | "top" | "margin-left" => {
                    self.none |= pixels(&value).is_some_and(|offset| offset <= -500.0);
                }
                "color" => {
                    self.color = if value == "transparent" { self.background } else { color(&value).or(self.color) }
                }
                "background" | "background-color" => self.background = color(&value).or(self.background),
                _ => {}
            }
        }
        self.none |= no_height && clipped;
    }
}

fn pixels(value: &str) -> Option<f32> {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    digits.trim().parse().ok().filter(|_| !value.ends_with('%') || digits.trim() == "0")
}

fn color(value: &str) -> Option<[u8; 3]> {
    let value = value.trim();
    let value = value.split_ascii_whitespace().next().filter(|_| !value.starts_with("rgb")).unwrap_or(value);
    if let Some(hex) = value.strip_prefix('#').or_else(|| (value.len() == 6).then_some(value)) {
        if !hex.is_ascii() {
            return None;
        }
        let digit = |at: usize, width: usize| {
            let part = hex.get(at..at + width)?;
            let number = u8::from_str_radix(part, 16).ok()?;
            Some(if width == 1 { number * 17 } else { number })
        };
        return match hex.len() {
            3 | 4 => Some([digit(0, 1)?, digit(1, 1)?, digit(2, 1)?]),
            6 | 8 => Some([digit(0, 2)?, digit(2, 2)?, digit(4, 2)?]),
            _ => None,
        };
    }
    if let Some(inner) = value.strip_prefix("rgb").and_then(|rest| rest.split_once('(')) {
        let mut parts = inner.1.split([',', ' ', ')']).filter(|part| !part.is_empty()).map(|part| part.parse().ok());
        return Some([parts.next()??, parts.next()??, parts.next()??]);
    }
    Some(match value.to_ascii_lowercase().as_str() {
        "white" => [255, 255, 255],
        "black" => [0, 0, 0],
        "red" => [255, 0, 0],
        "blue" => [0, 0, 255],
        "green" => [0, 128, 0],
        "gray" | "grey" => [128, 128, 128],
        "silver" => [192, 192, 192],
        "snow" => [255, 250, 250],
        "ivory" => [255, 255, 240],
        _ => return None,
    })
}

/// The rules of a page's style sheets that may hide something, by simple selector.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    rules: BTreeMap<String, String>,
}

impl Sheet {
    /// Reads all `<style>` elements. Rules for media other than all are left out.
    pub(super) fn of(tokens: &[Token]) -> Self {
        let mut sheet = Self::default();
        let mut in_style = false;
        for token in tokens {
            match token {
                Token::Start(name, _) => in_style = name == "style",
                Token::End(_) => in_style = false,
                Token::Text(text) if in_style => sheet.read(text),
                Token::Text(_) | Token::Comment => {}
            }
        }
        sheet
    }

    fn read(&mut self, css: &str) {
        let mut rest = css;
        while let Some((selectors, after)) = rest.split_once('{') {
            if selectors.trim_start().starts_with('@') {
                rest = after_block(after);
                continue;
            }
            let (body, after) = after.split_once('}').unwrap_or((after, ""));
            for selector in selectors.split(',').map(str::trim) {
                if is_simple(selector) && self.rules.len() < MAX_RULES {
                    let declarations = self.rules.entry(selector.to_ascii_lowercase()).or_default();
                    declarations.push_str(body);
                    declarations.push(';');
                }
            }
            rest = after;
        }
    }

    /// Adds what the sheets say of an element: tag, then classes, then id.
    pub(super) fn apply(&self, name: &str, attributes: &[(String, String)], style: &mut Style) {
        if self.rules.is_empty() {
            return;
        }
        let get = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let mut selectors = vec![name.to_owned()];
        for class in get("class").unwrap_or("").split_ascii_whitespace().take(16) {
            let class = class.to_ascii_lowercase();
            selectors.push(format!(".{class}"));
            selectors.push(format!("{name}.{class}"));
        }
        if let Some(id) = get("id") {
            selectors.push(format!("#{}", id.to_ascii_lowercase()));
        }
        for selector in selectors {
            if let Some(declarations) = self.rules.get(&selector) {
                style.declarations(declarations);
            }
        }
    }
}

fn is_simple(selector: &str) -> bool {
    !selector.is_empty() && selector.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.#".contains(&byte))
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
            return &css[at + 1..];
        }
    }
    ""
}
