//! Text of strangers as text of a page.

/// Longest text that is shown, in characters.
const MAX_TEXT: usize = 400;

/// A text with everything visible: control characters, characters that turn the direction of
/// text and line separators become `⟨U+202E⟩`; a long text is cut, and says so.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_TEXT * 4));
    for (index, c) in text.chars().enumerate() {
        if index == MAX_TEXT {
            out.push_str(&format!("… ({} characters in all)", text.chars().count()));
            break;
        }
        match c {
            '\n' | '\t' => out.push(' '),
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                out.push_str(&format!("⟨U+{:04X}⟩", c as u32));
            }
            c if c.is_control() => out.push_str(&format!("⟨U+{:04X}⟩", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// A text for the content of an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// JSON for a `script` element: nothing in it can end the element or begin a comment.
pub(super) fn script_json(value: &serde_json::Value) -> String {
    let json = value.to_string();
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// All texts of a JSON value made visible.
pub(super) fn visible_json(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) => Value::String(visible(text)),
        Value::Array(items) => Value::Array(items.iter().map(visible_json).collect()),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (visible(key), visible_json(value))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::{escape, script_json, visible};

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(escape("</script><b a='\">&"), "&lt;/script&gt;&lt;b a=&#39;&quot;&gt;&amp;");
        assert_eq!(visible("a\u{202e}b\u{2028}\u{0}\u{9b}é"), "a⟨U+202E⟩b⟨U+2028⟩⟨U+0000⟩⟨U+009B⟩é");
        let json = serde_json::json!("</script><!--\u{2028}&");
        let embedded = script_json(&json);
        assert!(!embedded.contains(['<', '>', '&', '\u{2028}']), "{embedded}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&embedded).ok(), Some(json));
        let long = visible(&"x".repeat(1000));
        assert!(long.ends_with("… (1000 characters in all)"));
    }
}
