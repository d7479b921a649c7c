//! One message as a mail server hands it over: rebuilt field by field, within the budget.

use crate::serve::effect::PREFIX;
use crate::serve::http::bare;
use crate::serve::intake::{Full, Intake};
use crate::serve::milter::codec::Reply;
use crate::serve::pool::Handover;
use ruleeval::message::Envelope;
use std::collections::BTreeMap;

/// Recipients that are kept; more are counted by the mail server only.
const MAX_RECIPIENTS: usize = 10_000;

/// A message on its way in.
pub(super) struct Incoming {
    pub(super) handover: Handover,
    intake: Option<Intake>,
    /// Fields that pretend to be ours, by name, with how often each stands there.
    forged: BTreeMap<String, u32>,
    /// Why nothing more is kept.
    pub(super) full: Option<Full>,
}

impl Incoming {
    /// A message begins with MAIL FROM.
    pub(super) fn new(connection: &Envelope, from: &[u8], intake: Intake) -> Self {
        let envelope = Envelope { mail_from: Some(address(from)), ..connection.clone() };
        let handover = Handover { envelope, queue_id: None };
        Self { handover, intake: Some(intake), forged: BTreeMap::new(), full: None }
    }

    pub(super) fn recipient(&mut self, to: &[u8]) {
        let recipients = &mut self.handover.envelope.rcpt_to;
        if recipients.len() < MAX_RECIPIENTS {
            recipients.push(address(to));
        }
    }

    /// A field: the mail server took name and value apart at the colon, and the line ends to LF.
    pub(super) fn header(&mut self, name: &[u8], value: &[u8], leading_space: bool) {
        let prefix = name.get(..PREFIX.len());
        if prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(PREFIX.as_bytes())) {
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            *self.forged.entry(name).or_default() += 1;
        }
        self.push(name);
        self.push(if leading_space { b":" } else { b": " });
        for (index, line) in value.split(|byte| *byte == b'\n').enumerate() {
            if index > 0 {
                self.push(b"\r\n");
            }
            self.push(line.strip_suffix(b"\r").unwrap_or(line));
        }
        self.push(b"\r\n");
    }

    /// Takes bytes as they are. When there is no room what was kept is given back at once.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let Some(intake) = &mut self.intake else { return };
        if let Err(full) = intake.push(bytes) {
            self.full = Some(full);
            self.intake = None;
        }
    }

    /// What was received, unless there was no room.
    pub(super) fn take(&mut self) -> Option<Intake> {
        self.intake.take()
    }

    /// Removes the fields that pretend to be ours: the last first, so that the places of others hold.
    pub(super) fn strip(&self) -> Vec<Reply> {
        let remove = |(name, times): (&String, &u32)| {
            let name = name.clone();
            (1..=*times).rev().map(move |index| Reply::RemoveHeader { index, name: name.clone() }).collect::<Vec<_>>()
        };
        self.forged.iter().flat_map(remove).collect()
    }
}

fn address(given: &[u8]) -> String {
    bare(&String::from_utf8_lossy(given))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::intake::Budget;

    #[test]
    fn a_message_is_rebuilt_and_forged_fields_are_found() {
        let budget = Budget::new(1 << 20, 1 << 20);
        let mut message = Incoming::new(&Envelope::default(), b"<a@example.com>", budget.intake());
        message.recipient(b"<b@example.org>");
        message.header(b"Subject", b" one\n two", true);
        message.header(b"x-ruleeval-RESULT", b"accept", false);
        message.header(b"X-Ruleeval-Result", b" accept", true);
        message.header(b"X-Ruleeval-Error", b"x\r\n y", false);
        message.push(b"\r\n");
        message.push(b"body\r\n");
        assert_eq!(message.handover.envelope.mail_from.as_deref(), Some("a@example.com"));
        assert_eq!(message.handover.envelope.rcpt_to, ["b@example.org"]);
        let remove = |index, name: &str| Reply::RemoveHeader { index, name: name.into() };
        let expected = [remove(1, "x-ruleeval-error"), remove(2, "x-ruleeval-result"), remove(1, "x-ruleeval-result")];
        assert_eq!(message.strip(), expected);
        let (raw, _) = message.take().expect("room").into_parts();
        let text = "Subject: one\r\n two\r\nx-ruleeval-RESULT: accept\r\nX-Ruleeval-Result: accept\r\nX-Ruleeval-Error: x\r\n y\r\n\r\nbody\r\n";
        assert_eq!(String::from_utf8(raw).expect("text"), text);
    }

    #[test]
    fn what_is_too_large_is_given_back_at_once() {
        let budget = Budget::new(1 << 20, 20_000);
        let mut message = Incoming::new(&Envelope::default(), b"<>", budget.intake());
        message.push(&vec![b'x'; 19_000]);
        assert!(budget.free() < 1 << 20);
        message.push(&[b'x'; 2000]);
        assert_eq!((message.full, budget.free()), (Some(Full::TooLarge), 1 << 20));
        assert!(message.take().is_none());
    }
}
