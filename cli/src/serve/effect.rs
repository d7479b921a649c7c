//! From the site's actions to what a mail server does, and the header that tells of it.

use ruleeval::live::Answer;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a mail server does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Effect {
    /// Nothing.
    Accept,
    /// Adds headers.
    Tag,
    /// Keeps it back for a person.
    Quarantine,
    /// Asks the sender to try again later.
    Tempfail,
    /// Refuses it.
    Reject,
}

impl Effect {
    /// What an action does: as configured, else by its name. An action that nobody has explained
    /// tags, which loses nothing.
    pub(crate) fn of(action: &str, configured: &BTreeMap<String, Self>) -> Self {
        configured.get(action).copied().unwrap_or(match action {
            "accept" => Self::Accept,
            "quarantine" => Self::Quarantine,
            "tempfail" => Self::Tempfail,
            "reject" => Self::Reject,
            _ => Self::Tag,
        })
    }

    /// rspamd's name for it.
    pub(crate) fn rspamd(self) -> &'static str {
        match self {
            Self::Accept => "no action",
            Self::Tag => "add header",
            Self::Quarantine => "quarantine",
            Self::Tempfail => "soft reject",
            Self::Reject => "reject",
        }
    }
}

/// What all our header fields begin with. Incoming ones are removed.
pub(crate) const PREFIX: &str = "X-Ruleeval-";
/// The field that tells the verdict.
pub(crate) const RESULT: &str = "X-Ruleeval-Result";
/// The field that tells why there is no verdict.
pub(crate) const ERROR: &str = "X-Ruleeval-Error";
/// Rules that a header names; the rest are counted.
const MAX_RULES: usize = 50;
/// Where lines are folded (RFC 5322, section 2.1.1).
const WIDTH: usize = 78;

/// The value of the result header: ASCII, in lines that are joined by the given line end.
/// `action; score; pack=name@version#digest; rules=a,b; generation=7; stale=since`.
pub(crate) fn result(answer: &Answer, line_end: &str) -> String {
    let verdict = &answer.verdict;
    let mut words = vec![format!("{};", verdict.action), format!("{};", verdict.score)];
    for pack in &*verdict.packs {
        let digest: String = pack.digest.chars().take(8).collect();
        words.push(format!("pack={}@{}#{digest};", pack.name, version(&pack.version)));
    }
    let rules: Vec<&str> = verdict.enforced().map(|name| &**name).collect();
    if !rules.is_empty() {
        let more = rules.len().saturating_sub(MAX_RULES);
        let mut shown: Vec<String> = rules.iter().take(MAX_RULES).map(|name| format!("{name},")).collect();
        shown.extend((more > 0).then(|| format!("+{more},")));
        shown[0].insert_str(0, "rules=");
        if let Some(last) = shown.last_mut() {
            last.pop();
            last.push(';');
        }
        words.extend(shown);
    }
    words.push(format!("generation={}", answer.generation));
    if let Some(stale) = &answer.stale {
        words.push(format!("stale={}", stale.since));
        let before = words.len() - 2;
        words[before].push(';');
    }
    fold(&words, line_end)
}

fn version(text: &str) -> &str {
    if text.is_empty() { "0" } else { text }
}

/// Words in lines of at most [`WIDTH`] characters, where words allow it. What is not printable ASCII
/// becomes `?`: a header that breaks a rule is refused by the next server.
fn fold(words: &[String], line_end: &str) -> String {
    let mut out = String::new();
    let mut column = RESULT.len() + 2;
    for (index, word) in words.iter().enumerate() {
        if index > 0 && column + 1 + word.len() > WIDTH {
            out.push_str(line_end);
            out.push(' ');
            column = 1;
        } else if index > 0 {
            out.push(' ');
            column += 1;
        }
        out.extend(word.chars().map(|c| if c.is_ascii_graphic() { c } else { '?' }));
        column += word.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruleeval::engine::{Compiler, Options};
    use ruleeval::live::{Handle, Moment};

    fn answer(rules: usize) -> Answer {
        let mut compiler = Compiler::new();
        let text: String = (0..rules)
            .map(|n| format!("rule r{n:03} {{ meta: score = 1 when: true or subject.subject == \"\" }}\n"))
            .collect();
        compiler.rules("demo", &text);
        let compiled = compiler.compile();
        let engine = compiled.engine.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
        let handle = Handle::new(engine, "d", Moment(0));
        let now = handle.current();
        let message = now.engine().parse(b"Subject: x\r\n\r\n".to_vec());
        now.decide(&message, &mut now.engine().scratch(), Options::default())
    }

    #[test]
    fn the_header_is_ascii_and_folded() {
        let mut answer = answer(80);
        answer.verdict.action = "zurück\r\nBcc: x".into();
        let value = result(&answer, "\n");
        assert!(value.is_ascii() && !value.contains('\r'));
        let mut lines = value.split('\n');
        assert!(lines.next().expect("a line").starts_with("zur?ck??Bcc:?x; 80.0; pack=demo@0#"));
        assert!(lines.clone().all(|line| line.starts_with(' ') && line.len() <= WIDTH), "{value}");
        assert!(lines.clone().count() > 5 && value.contains("rules=demo/r000,"));
        assert!(value.contains("demo/r049, +30; generation=1"), "{value}");
        answer.verdict.matches.clear();
        assert!(!result(&answer, "\n").contains("rules="));
    }

    #[test]
    fn actions_do_what_they_say_or_what_was_configured() {
        let mut configured = BTreeMap::new();
        assert_eq!(Effect::of("reject", &configured), Effect::Reject);
        assert_eq!(Effect::of("hold it", &configured), Effect::Tag);
        configured.insert("hold it".to_owned(), Effect::Quarantine);
        configured.insert("reject".to_owned(), Effect::Tag);
        assert_eq!(Effect::of("hold it", &configured), Effect::Quarantine);
        assert_eq!(Effect::of("reject", &configured), Effect::Tag);
    }
}
