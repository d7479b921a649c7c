//! Calendar files (RFC 5545) and contacts (RFC 6350): folded lines, properties with parameters,
//! components in components. Any bytes give something.

/// Most components and most properties of one that are read.
const MOST: usize = 10_000;

/// A calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// `PRODID`: the program that made it.
    pub product_id: Option<String>,
    /// `CALSCALE`.
    pub scale: Option<String>,
    /// `METHOD`: `REQUEST`, `CANCEL` ...
    pub method: Option<String>,
    /// Events, tasks and their kind, in order.
    pub components: Vec<Component>,
    /// True if there was more than is read.
    pub cut: bool,
}

/// An event, a task, a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// `event`, `todo`, `journal`, `card` ...
    pub kind: String,
    /// All properties: name in upper case, and text with escapes resolved.
    pub properties: Vec<(String, String)>,
    /// `ORGANIZER`.
    pub organizers: Vec<Person>,
    /// `ATTENDEE`.
    pub attendees: Vec<Person>,
    /// `ATTACH` that names a place: declared type and URI.
    pub attachments: Vec<(Option<String>, String)>,
}

/// Somebody who takes part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// `CN`.
    pub name: Option<String>,
    /// Address, without `mailto:`.
    pub address: String,
}

impl Component {
    /// The text of the first property of a name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(found, _)| found == name).map(|(_, text)| text.as_str())
    }
}

/// A content line taken apart.
struct Line {
    name: String,
    parameters: Vec<(String, String)>,
    value: String,
}

impl Calendar {
    /// Reads all calendars of a file as one; contacts are components of kind `card`.
    pub fn parse(text: &str) -> Self {
        let mut calendar = Self::default();
        let mut open: Vec<Component> = Vec::new();
        for line in unfold(text).iter().filter_map(|line| Line::parse(line)) {
            match line.name.as_str() {
                "BEGIN" if line.value.eq_ignore_ascii_case("VCALENDAR") => {}
                "BEGIN" if open.len() < 8 => open.push(Component { kind: kind(&line.value), ..Component::default() }),
                "END" => calendar.close(open.pop()),
                _ => match open.last_mut() {
                    Some(component) => calendar.cut |= !component.add(line),
                    None => calendar.add(line),
                },
            }
        }
        while let Some(unfinished) = open.pop() {
            calendar.close(Some(unfinished));
        }
        calendar
    }

    /// What a reader sees of the entries: titles, places, texts.
    pub fn shown_text(&self) -> String {
        let names = ["SUMMARY", "LOCATION", "DESCRIPTION", "FN", "ORG", "NOTE", "URL", "TEL", "EMAIL"];
        let shown = self.components.iter().flat_map(|component| &component.properties);
        let texts = shown.filter(|(name, _)| names.contains(&name.as_str())).map(|(_, text)| text.as_str());
        texts.collect::<Vec<_>>().join("\n")
    }

    fn add(&mut self, line: Line) {
        let slot = match line.name.as_str() {
            "PRODID" => &mut self.product_id,
            "CALSCALE" => &mut self.scale,
            "METHOD" => &mut self.method,
            _ => return,
        };
        slot.get_or_insert(line.value);
    }

    fn close(&mut self, component: Option<Component>) {
        let Some(component) = component else { return };
        if self.components.len() < MOST { self.components.push(component) } else { self.cut = true }
    }
}

impl Component {
    /// False if there are too many properties.
    fn add(&mut self, line: Line) -> bool {
        if self.properties.len() >= MOST {
            return false;
        }
        match line.name.as_str() {
            "ORGANIZER" => self.organizers.push(line.person()),
            "ATTENDEE" => self.attendees.push(line.person()),
            "ATTACH" if line.parameter("ENCODING").is_none() => {
                self.attachments.push((line.parameter("FMTTYPE").map(str::to_owned), line.value.clone()));
            }
            _ => {}
        }
        let text = unescape(&line.value);
        self.properties.push((line.name, text));
        true
    }
}

/// `VEVENT` is an `event`.
fn kind(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    name.strip_prefix('v').unwrap_or(&name).to_owned()
}

/// Lines; one that begins with white space continues the one before (RFC 5545, 3.1).
pub(super) fn unfold(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim_start_matches('\u{feff}').split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)) {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

impl Line {
    /// `NAME;PARAMETER="value":text`; `None` for what is no content line.
    fn parse(line: &str) -> Option<Self> {
        let mut quoted = false;
        let colon = line.find(|c| {
            quoted ^= c == '"';
            c == ':' && !quoted
        })?;
        let (head, value) = (&line[..colon], &line[colon + 1..]);
        let mut pieces = split_unquoted(head).into_iter();
        let name = pieces.next()?.rsplit('.').next()?.trim().to_ascii_uppercase();
        let parameters = pieces.filter_map(|piece| {
            let (name, value) = piece.split_once('=')?;
            Some((name.trim().to_ascii_uppercase(), value.trim().trim_matches('"').to_owned()))
        });
        Some(Self { name, parameters: parameters.collect(), value: value.trim().to_owned() })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    fn person(&self) -> Person {
        let scheme = self.value.get(..7).filter(|head| head.eq_ignore_ascii_case("mailto:"));
        let address = if scheme.is_some() { &self.value[7..] } else { &self.value };
        Person { name: self.parameter("CN").map(str::to_owned), address: address.trim().to_owned() }
    }
}

fn split_unquoted(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c| {
        quoted ^= c == '"';
        c == ';' && !quoted
    })
    .collect()
}

/// Escapes of text values (RFC 5545, 3.3.11).
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(c) => out.push(c),
                None => {}
            },
            (c, false) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITATION: &str = "BEGIN:VCALENDAR\r\nPRODID:-//Example//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Lunch\\, at\r\n  noon\r\nDESCRIPTION:a\\nb\r\nORGANIZER;CN=\"Ann; Example: x\":MAILTO:ann@example.com\r\nATTENDEE:mailto:bob@example.org\r\nATTACH;FMTTYPE=text/html:https://example.com/a\r\nATTACH;ENCODING=BASE64;VALUE=BINARY:AAAA\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    #[test]
    fn an_invitation() {
        let calendar = Calendar::parse(INVITATION);
        assert_eq!(calendar.product_id.as_deref(), Some("-//Example//EN"));
        assert_eq!(calendar.method.as_deref(), Some("REQUEST"));
        let kinds: Vec<&str> = calendar.components.iter().map(|component| component.kind.as_str()).collect();
        assert_eq!(kinds, ["alarm", "event"]);
        let event = &calendar.components[1];
        assert_eq!(event.text("SUMMARY"), Some("Lunch, at noon"));
        assert_eq!(event.text("DESCRIPTION"), Some("a\nb"));
        let organizer = Person { name: Some("Ann; Example: x".into()), address: "ann@example.com".into() };
        assert_eq!(event.organizers, [organizer]);
        assert_eq!(event.attendees[0].address, "bob@example.org");
        assert_eq!(event.attachments, [(Some("text/html".into()), "https://example.com/a".into())]);
    }

    #[test]
    fn damaged() {
        for text in ["", ":", ";:", "BEGIN", "BEGIN:", "END:VEVENT", "ORGANIZER;CN=\"a:b", "A\\", "é;=é:é\\"] {
            let _ = Calendar::parse(text);
        }
        let unfinished = Calendar::parse("BEGIN:VEVENT\nSUMMARY:x");
        assert_eq!(unfinished.components[0].text("SUMMARY"), Some("x"));
        let deep = "BEGIN:VEVENT\n".repeat(100_000);
        assert_eq!(Calendar::parse(&deep).components.len(), 8);
    }
}
