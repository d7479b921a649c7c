//! Recorded DNS: a closed world of answers in a text file, and a recorder that writes one.

use super::record::{self, Line};
use super::{Answer, Kind, Resolver};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Answers that were recorded. A name that is not among them does not exist; a name that has
/// records of another kind has none of the kind that is asked for.
///
/// One record in a line, as in zone files: name, kind, value. Comments begin with `#` or `;` at
/// the beginning of a line.
///
/// ```text
/// example.com                  TXT  "v=spf1 ip4:192.0.2.0/24 -all"
/// s1._domainkey.example.com    TXT  "v=DKIM1; k=ed25519; " "p=..."
/// example.com                  MX   10 mail.example.com
/// mail.example.com             A    192.0.2.1
/// 192.0.2.1                    PTR  mail.example.com
/// slow.example.com             TXT  TEMPERROR
/// gone.example.com             NXDOMAIN
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    names: BTreeMap<String, Name>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Name {
    /// The answer to all questions that `kinds` does not answer.
    all: Option<Answer>,
    kinds: BTreeMap<Kind, Answer>,
}

/// A line that says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Its number; the first is 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for Malformed {}

impl Recorded {
    /// Reads a file's text. The first malformed line is an error: a record that is left out would
    /// change results silently.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut recorded = Self::default();
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        for (index, line) in text.lines().enumerate() {
            let malformed = |reason| Malformed { line: index + 1, reason };
            if let Some(line) = record::parse(line) {
                recorded.add(line.map_err(malformed)?).map_err(malformed)?;
            }
        }
        Ok(recorded)
    }

    fn add(&mut self, line: Line) -> Result<(), String> {
        let name = self.names.entry(line.name).or_default();
        let Some(kind) = line.kind else {
            return once(&mut name.all, line.answer);
        };
        match (name.kinds.get_mut(&kind), line.answer) {
            (Some(Answer::Records(known)), Answer::Records(mut more)) if !known.is_empty() && !more.is_empty() => {
                known.append(&mut more);
                Ok(())
            }
            (Some(known), more) if *known == more => Ok(()),
            (Some(_), _) => Err(format!("{} of this name has another answer already", kind.name())),
            (None, answer) => {
                name.kinds.insert(kind, answer);
                Ok(())
            }
        }
    }

    /// Notes an answer, in place of an earlier one. Names that a line cannot hold are left out:
    /// senders make some up (RFC 7208 section 7), and no zone has them.
    fn insert(&mut self, name: &str, kind: Kind, answer: Answer) {
        if !record::is_writable(name) {
            return;
        }
        let name = self.names.entry(name.to_owned()).or_default();
        match answer {
            Answer::NxDomain => name.all = Some(Answer::NxDomain),
            answer => {
                name.kinds.insert(kind, answer);
            }
        }
    }
}

fn once(slot: &mut Option<Answer>, answer: Answer) -> Result<(), String> {
    match slot {
        Some(known) if *known != answer => Err("the name has another answer already".into()),
        _ => {
            *slot = Some(answer);
            Ok(())
        }
    }
}

impl Resolver for Recorded {
    fn lookup(&self, name: &str, kind: Kind) -> Answer {
        let Some(known) = self.names.get(name) else { return Answer::NxDomain };
        let answer = known.kinds.get(&kind).or(known.all.as_ref());
        answer.cloned().unwrap_or(Answer::Records(Vec::new()))
    }
}

impl fmt::Display for Recorded {
    /// The file's text; reading it gives the same answers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        for (name, known) in &self.names {
            match &known.all {
                Some(Answer::TempError) => out.push_str(&format!("{name} TEMPERROR\n")),
                Some(answer) => record::write(&mut out, name, Kind::Txt, answer),
                None => {}
            }
            known.kinds.iter().for_each(|(kind, answer)| record::write(&mut out, name, *kind, answer));
        }
        f.write_str(&out)
    }
}

/// Passes questions on and notes the answers, so that they can be asked again without a network.
#[derive(Debug)]
pub struct Recorder {
    inner: Arc<dyn Resolver>,
    noted: Mutex<Recorded>,
}

impl Recorder {
    /// Notes what `inner` answers.
    pub fn new(inner: Arc<dyn Resolver>) -> Self {
        Self { inner, noted: Mutex::default() }
    }

    /// What was asked so far.
    pub fn recorded(&self) -> Recorded {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Resolver for Recorder {
    fn lookup(&self, name: &str, kind: Kind) -> Answer {
        let answer = self.inner.lookup(name, kind);
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).insert(name, kind, answer.clone());
        answer
    }
}
