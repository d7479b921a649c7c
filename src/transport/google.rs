//! Headers of Google's transport and services. All of them are claims: any sender can write them;
//! with `auth` they say which of Google's services a message really came through.

use super::first;
use crate::message::{EmailAddress, Message};
use std::sync::Arc;

/// What the headers of Google's services say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Google {
    /// `X-Google-Group-Id`.
    pub group_id: Option<Arc<str>>,
    /// `X-Original-Sender`: who posted to the group.
    pub original_sender: Option<Arc<EmailAddress>>,
    /// `X-Google-Original-From`.
    pub original_from: Option<Arc<EmailAddress>>,
    /// `X-GoogleForms-FormId`.
    pub forms_id: Option<Arc<str>>,
    /// `X-GoogleForms-IsConsumerForm: true`.
    pub forms_consumer: bool,
    /// `Feedback-ID`, of Google and other senders.
    pub feedback_id: Option<Arc<str>>,
    /// `X-Google-Appengine-App-Id`.
    pub appengine_app_id: Option<Arc<str>>,
    /// `X-Google-Sender-Delegation`.
    pub sender_delegation: Option<Arc<str>>,
    /// The message carries `X-Google-DKIM-Signature`: it went out through Google's servers.
    pub dkim_signature: bool,
}

impl Google {
    /// Reads the headers of a message.
    pub fn of(message: &Message) -> Self {
        let text = |name: &str| first(message, name).map(Arc::from);
        let address = |name: &str| message.mailboxes(name).first().and_then(|mailbox| mailbox.email.clone());
        Self {
            group_id: text("x-google-group-id"),
            original_sender: address("x-original-sender"),
            original_from: address("x-google-original-from"),
            forms_id: text("x-googleforms-formid"),
            forms_consumer: first(message, "x-googleforms-isconsumerform")
                .is_some_and(|v| v.eq_ignore_ascii_case("true")),
            feedback_id: text("feedback-id"),
            appengine_app_id: text("x-google-appengine-app-id"),
            sender_delegation: text("x-google-sender-delegation"),
            dkim_signature: message.first("x-google-dkim-signature").is_some(),
        }
    }
}
