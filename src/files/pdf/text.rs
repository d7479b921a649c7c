//! The text of a document's pages: the strings that their content shows, in the order in which it shows
//! them, with line ends where the position moves to another line (ISO 32000-2, 9.4).

use super::font::Font;
use super::{load, stream};
use hayro_syntax::content::{Instruction, UntypedIter};
use hayro_syntax::object::{Array, Dict, Object, Stream};
use hayro_syntax::page::{Page, Resources};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Most bytes of all content that is interpreted, and of the text.
const CONTENT: usize = 16 << 20;
const TEXT: usize = 4 << 20;
/// Most instructions of a document.
const STEPS: usize = 2_000_000;
/// Content in content.
const DEPTH: usize = 6;
/// Displacement, in thousandths of the font's size, from which a gap is a space.
const GAP: f64 = -180.0;

/// The text, and whether only a part of it was read.
pub(in super::super) fn text(bytes: &[u8], pages: usize) -> (String, bool) {
    let Ok(document) = load(bytes) else { return Default::default() };
    let mut writer = Writer { left: CONTENT, ..Writer::default() };
    for page in document.pages().iter().take(pages) {
        writer.page(page);
        writer.gap('\n');
    }
    (writer.text, writer.cut || document.pages().len() > pages)
}

#[derive(Default)]
struct Writer {
    text: String,
    cut: bool,
    /// Bytes of content and of fonts' maps that may still be read.
    left: usize,
    steps: usize,
    /// Height of the line that is written.
    line: f64,
    font: Option<Rc<Font>>,
    /// Fonts by their name on this page.
    fonts: BTreeMap<String, Rc<Font>>,
}

impl Writer {
    fn page(&mut self, page: &Page<'_>) {
        let mut content = Vec::new();
        let contents: Vec<Stream<'_>> = match page.raw().get::<Array<'_>>("Contents") {
            Some(array) => array.iter::<Stream<'_>>().take(1_000).collect(),
            None => page.raw().get::<Stream<'_>>("Contents").into_iter().collect(),
        };
        for stream in &contents {
            content.extend(self.unpacked(stream));
            content.push(b' ');
        }
        self.fonts.clear();
        self.run(&content, page.resources(), 0);
    }

    fn unpacked(&mut self, stream: &Stream<'_>) -> Vec<u8> {
        let data = stream::taken(stream, &mut self.left);
        self.cut |= data.is_none();
        data.unwrap_or_default()
    }

    fn run(&mut self, content: &[u8], resources: &Resources<'_>, depth: usize) {
        let mut instructions = UntypedIter::new(content);
        while let Some(instruction) = instructions.next() {
            self.steps += 1;
            if self.steps > STEPS || self.text.len() > TEXT {
                self.cut = true;
                return;
            }
            self.instruction(&instruction, resources, depth);
        }
    }

    fn instruction(&mut self, instruction: &Instruction<'_, '_>, resources: &Resources<'_>, depth: usize) {
        let operands: Vec<&Object<'_>> = instruction.operands().collect();
        match &**instruction.operator {
            b"Tf" => self.select(operands.first().copied(), resources),
            b"Tj" => self.show(operands.first().copied()),
            b"TJ" => self.show_spaced(operands.first().copied()),
            b"'" | b"\"" => {
                self.gap('\n');
                self.show(operands.last().copied());
            }
            b"T*" => self.gap('\n'),
            b"Td" | b"TD" => self.moved(number(operands.first()), number(operands.get(1))),
            b"Tm" => self.placed(number(operands.get(5))),
            b"BT" => self.gap(' '),
            b"Do" => self.form(operands.first().copied(), resources, depth),
            _ => {}
        }
    }

    fn select(&mut self, name: Option<&Object<'_>>, resources: &Resources<'_>) {
        let Some(Object::Name(name)) = name else { return };
        let key = name.as_str().to_owned();
        if let Some(font) = self.fonts.get(&key) {
            self.font = Some(Rc::clone(font));
            return;
        }
        let Some(dict) = resources.get_font(name) else { return };
        // A page may name very many.
        if self.fonts.len() >= 256 {
            self.cut = true;
            return;
        }
        let font = Rc::new(Font::of(&dict, &mut self.left));
        self.fonts.insert(key, Rc::clone(&font));
        self.font = Some(font);
    }

    fn show(&mut self, string: Option<&Object<'_>>) {
        if let (Some(Object::String(string)), Some(font)) = (string, &self.font) {
            self.text.push_str(&font.text(string.as_bytes()));
        }
    }

    fn show_spaced(&mut self, array: Option<&Object<'_>>) {
        let Some(Object::Array(array)) = array else { return };
        for item in array.iter::<Object<'_>>() {
            match &item {
                Object::Number(number) if number.as_f64() < GAP => self.gap(' '),
                item => self.show(Some(item)),
            }
        }
    }

    fn moved(&mut self, right: f64, up: f64) {
        if up.abs() > 0.5 {
            self.line += up;
            self.gap('\n');
        } else if right > 0.5 {
            self.gap(' ');
        }
    }

    fn placed(&mut self, height: f64) {
        self.gap(if (height - self.line).abs() > 0.5 { '\n' } else { ' ' });
        self.line = height;
    }

    /// Parts what is shown: a space or a line end, never two.
    fn gap(&mut self, gap: char) {
        if gap == '\n' {
            self.text.truncate(self.text.trim_end_matches(' ').len());
        }
        if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.text.push(gap);
        }
    }

    /// Content that is drawn by its name. One that draws itself ends at the depth.
    fn form(&mut self, name: Option<&Object<'_>>, resources: &Resources<'_>, depth: usize) {
        let Some(Object::Name(name)) = name else { return };
        let Some(stream) = resources.get_x_object(name) else { return };
        if stream::named(&stream, "Subtype").as_deref() != Some("Form") {
            return;
        }
        if depth >= DEPTH {
            self.cut = true;
            return;
        }
        let content = self.unpacked(&stream);
        let own = stream.dict().get::<Dict<'_>>("Resources").map(Resources::new);
        let fonts = std::mem::take(&mut self.fonts);
        self.run(&content, own.as_ref().unwrap_or(resources), depth + 1);
        self.fonts = fonts;
    }
}

fn number(object: Option<&&Object<'_>>) -> f64 {
    match object {
        Some(Object::Number(number)) => number.as_f64(),
        _ => 0.0,
    }
}
