//! The milter listener: mail servers (Postfix, Sendmail) ask about each message while its sender waits.

mod codec;
mod message;

use super::app::App;
use super::effect::{ERROR, Effect, RESULT, result};
use super::intake::Full;
use super::listen::{Connections, Io, Listener, Place, short};
use super::metrics;
use super::settings::{Headers, OnError};
use codec::{Command, Malformed, Reply, action, step};
use message::Incoming;
use ruleeval::live::Answer;
use ruleeval::message::Envelope;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

/// The version that is spoken; older servers get theirs.
const VERSION: u32 = 6;
/// Longest name or queue id that is kept.
const MAX_TEXT: usize = 1024;
/// A frame buffer above this is given back after use.
const KEEP: usize = 128 << 10;

const REJECT: Reply = Reply::Answer("550 5.7.1 Message refused by policy");
const TEMPFAIL: Reply = Reply::Answer("451 4.7.1 Message cannot be checked now, try again later");
const LATER: Reply = Reply::Answer("451 4.7.1 Message deferred by policy, try again later");

/// Takes connections until it is told to stop, and then waits for messages that are under way.
pub(crate) async fn listen(app: Arc<App>, listener: Listener, mut stop: watch::Receiver<bool>) {
    let mut sessions = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = sessions.join_next() => continue,
            _ = stop.changed() => break,
        };
        match accepted {
            Ok(stream) => match Connections::admit(&app.milter) {
                Some(place) => {
                    sessions.spawn(converse(Arc::clone(&app), stream, place, stop.clone()));
                }
                None => metrics::refused("milter"),
            },
            Err(error) => short(&error, &app.milter).await,
        }
    }
    drop(listener);
    while sessions.join_next().await.is_some() {}
}

/// One connection, which may carry many messages.
async fn converse(app: Arc<App>, mut stream: Box<dyn Io>, place: Place, mut stop: watch::Receiver<bool>) {
    let mut session = Session::new(&app);
    let (mut frame, mut out) = (Vec::new(), Vec::new());
    loop {
        let idle = session.message.is_none();
        place.busy(!idle);
        let heard = tokio::select! {
            heard = next(&app, &mut stream, &mut frame, idle, &mut stop) => heard,
            () = place.evicted() => Err("an idle connection gave way"),
        };
        if let Err(reason) = heard {
            return tracing::debug!(reason, "milter connection ended");
        }
        match session.hear(&frame, &mut out).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(Malformed(reason)) => return tracing::warn!(reason, "milter connection ended: malformed"),
        }
        if !out.is_empty() && stream.write_all(&out).await.is_err() {
            return;
        }
        out.clear();
        if frame.capacity() > KEEP {
            frame = Vec::new();
        }
    }
}

/// Reads the next frame, or says why there is none. A message that is under way is not cut off when the
/// service ends.
async fn next(
    app: &App,
    stream: &mut Box<dyn Io>,
    frame: &mut Vec<u8>,
    idle: bool,
    stop: &mut watch::Receiver<bool>,
) -> Result<(), &'static str> {
    if idle && *stop.borrow() {
        return Err("the service is ending");
    }
    let patience = Duration::from_secs(app.settings.seconds.milter);
    let reading = tokio::time::timeout(patience, read(stream, frame));
    tokio::select! {
        read = reading => read.unwrap_or(Err("nothing was said for too long")),
        _ = stop.changed(), if idle => Err("the service is ending"),
    }
}

async fn read(stream: &mut Box<dyn Io>, frame: &mut Vec<u8>) -> Result<(), &'static str> {
    let gone = |_| "the mail server has gone";
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix).await.map_err(gone)?;
    let length = codec::length(prefix).map_err(|Malformed(reason)| reason)?;
    frame.clear();
    // Not more than what really comes is allocated.
    let read = stream.take(length as u64).read_to_end(frame).await.map_err(gone)?;
    if read == length { Ok(()) } else { Err("the mail server has gone") }
}

/// What is known of one connection.
struct Session<'a> {
    app: &'a App,
    agreed: Option<(u32, u32)>,
    connection: Envelope,
    queue_id: Option<String>,
    message: Option<Incoming>,
}

impl<'a> Session<'a> {
    fn new(app: &'a App) -> Self {
        Self { app, agreed: None, connection: Envelope::default(), queue_id: None, message: None }
    }

    /// Answers one frame. False if the connection is over.
    async fn hear(&mut self, frame: &[u8], out: &mut Vec<u8>) -> Result<bool, Malformed> {
        let command = codec::command(frame)?;
        let steps = self.agreed.map_or(0, |(_, steps)| steps);
        let reply = |quiet: u32, out: &mut Vec<u8>| {
            if steps & quiet == 0 {
                Reply::Continue.write(out);
            }
        };
        match command {
            Command::Negotiate { version, actions, steps } => self.negotiate(version, actions, steps, out)?,
            _ if self.agreed.is_none() => return Err(Malformed("nothing was agreed on")),
            Command::Macros { stage, pairs } => self.macros(stage, &pairs),
            Command::Connect { ip } => {
                self.connection = Envelope { ip, ..Envelope::default() };
                reply(step::NO_REPLY_CONNECT, out);
            }
            Command::Helo(name) => {
                self.connection.helo = Some(text(name));
                reply(step::NO_REPLY_HELO, out);
            }
            Command::MailFrom(from) => {
                let intake = self.app.pool.budget().intake();
                self.message = Some(Incoming::new(&self.connection, from, intake));
                reply(step::NO_REPLY_MAIL, out);
            }
            Command::RcptTo(to) => {
                self.incoming(|message| message.recipient(to));
                reply(step::NO_REPLY_RCPT, out);
            }
            Command::Header { name, value } => {
                self.incoming(|message| message.header(name, value, steps & step::LEADING_SPACE != 0));
                reply(step::NO_REPLY_HEADER, out);
            }
            Command::EndOfHeader => {
                self.incoming(|message| message.push(b"\r\n"));
                reply(step::NO_REPLY_EOH, out);
            }
            Command::Body(bytes) => {
                self.incoming(|message| message.push(bytes));
                self.after_body(steps, out);
            }
            Command::EndOfMessage(bytes) => {
                self.incoming(|message| message.push(bytes));
                self.end_of_message(out).await;
            }
            Command::Data | Command::Unknown => Reply::Continue.write(out),
            Command::Abort => self.message = None,
            Command::QuitNew => (self.message, self.connection) = (None, Envelope::default()),
            Command::Quit => return Ok(false),
        }
        Ok(true)
    }

    /// Agrees to what both can do. What is not asked for is not done.
    fn negotiate(&mut self, version: u32, actions: u32, steps: u32, out: &mut Vec<u8>) -> Result<(), Malformed> {
        if version < 2 {
            return Err(Malformed("a version below 2"));
        }
        let actions = actions & (action::ADD_HEADERS | action::CHANGE_HEADERS | action::QUARANTINE);
        let wanted = step::NO_UNKNOWN
            | step::NO_DATA
            | step::SKIP
            | step::LEADING_SPACE
            | step::NO_REPLY_CONNECT
            | step::NO_REPLY_HELO
            | step::NO_REPLY_MAIL
            | step::NO_REPLY_RCPT
            | step::NO_REPLY_HEADER
            | step::NO_REPLY_EOH;
        let steps = steps & wanted;
        if actions & action::CHANGE_HEADERS == 0 {
            tracing::warn!("the mail server lets no headers be changed: incoming X-Ruleeval fields stay");
        }
        self.agreed = Some((actions, steps));
        Reply::Negotiate { version: version.min(VERSION), actions, steps }.write(out);
        Ok(())
    }

    fn macros(&mut self, stage: u8, pairs: &[(&[u8], &[u8])]) {
        // The name of the last message is not that of the next.
        if stage == b'M' {
            self.queue_id = None;
        }
        if let Some((_, id)) = pairs.iter().find(|(name, _)| matches!(*name, b"i" | b"{i}")) {
            self.queue_id = Some(text(id));
        }
    }

    fn incoming(&mut self, add: impl FnOnce(&mut Incoming)) {
        if let Some(message) = &mut self.message {
            add(message);
        }
    }

    /// When there was no room, the rest of the body need not come.
    fn after_body(&mut self, steps: u32, out: &mut Vec<u8>) {
        let Some(full) = self.message.as_ref().and_then(|message| message.full) else {
            return Reply::Continue.write(out);
        };
        match self.on_full(full) {
            OnError::Accept if steps & step::SKIP != 0 => Reply::Skip.write(out),
            OnError::Accept => Reply::Continue.write(out),
            refused => self.refuse(refused, reason(full), out),
        }
    }

    fn on_full(&self, full: Full) -> OnError {
        match full {
            Full::TooLarge => self.app.settings.on_oversize,
            Full::NoMemory => self.app.settings.on_error,
        }
    }

    async fn end_of_message(&mut self, out: &mut Vec<u8>) {
        let Some(mut message) = self.message.take() else { return TEMPFAIL.write(out) };
        message.handover.queue_id = self.queue_id.take();
        let Some(intake) = message.take() else {
            let full = message.full.unwrap_or(Full::NoMemory);
            return self.failed(self.on_full(full), reason(full), &message, out);
        };
        match self.app.decide("milter", intake, &message.handover, false).await {
            Ok(decided) => self.decided(&decided.answer, &message, out),
            Err(why) => self.failed(self.app.settings.on_error, why.reason(), &message, out),
        }
    }

    fn decided(&self, answer: &Answer, message: &Incoming, out: &mut Vec<u8>) {
        let effect = self.app.effect(answer);
        match effect {
            Effect::Reject => return REJECT.write(out),
            Effect::Tempfail => return LATER.write(out),
            Effect::Accept | Effect::Tag | Effect::Quarantine => {}
        }
        let shown = match self.app.settings.headers {
            Headers::Always => true,
            Headers::Flagged => effect != Effect::Accept,
            Headers::Never => false,
        };
        self.strip(message, out);
        if shown && self.may(action::ADD_HEADERS) {
            self.insert(RESULT, &result(answer, "\n"), out);
        }
        if effect == Effect::Quarantine && self.may(action::QUARANTINE) {
            Reply::Quarantine("held by policy".into()).write(out);
        } else if effect == Effect::Quarantine {
            // Neither delivered as if nothing were, nor lost.
            tracing::error!("the mail server offers no quarantine: the message is deferred");
            out.clear();
            return LATER.write(out);
        }
        Reply::Continue.write(out);
    }

    /// Puts a field above all others. Who keeps the space behind the colon in what it sends wants it in
    /// what it gets.
    fn insert(&self, name: &str, value: &str, out: &mut Vec<u8>) {
        let space = if self.agreed.is_some_and(|(_, steps)| steps & step::LEADING_SPACE != 0) { " " } else { "" };
        Reply::InsertHeader { index: 0, name: name.into(), value: format!("{space}{value}") }.write(out);
    }

    /// A message without a verdict. If it passes, it says so.
    fn failed(&self, policy: OnError, reason: &'static str, message: &Incoming, out: &mut Vec<u8>) {
        if policy != OnError::Accept {
            return self.answer(policy, out);
        }
        tracing::warn!(
            reason,
            queue_id = message.handover.queue_id.as_deref().unwrap_or(""),
            "accepted without a verdict"
        );
        self.strip(message, out);
        if self.may(action::ADD_HEADERS) {
            self.insert(ERROR, reason, out);
        }
        Reply::Continue.write(out);
    }

    /// Ends a message before it was received to its end.
    fn refuse(&mut self, policy: OnError, reason: &'static str, out: &mut Vec<u8>) {
        metrics::undecided("milter", reason);
        self.message = None;
        self.answer(policy, out);
    }

    fn answer(&self, policy: OnError, out: &mut Vec<u8>) {
        match policy {
            OnError::Reject => REJECT.write(out),
            OnError::Tempfail | OnError::Accept => TEMPFAIL.write(out),
        }
    }

    fn strip(&self, message: &Incoming, out: &mut Vec<u8>) {
        if self.may(action::CHANGE_HEADERS) {
            message.strip().iter().for_each(|reply| reply.write(out));
        }
    }

    fn may(&self, action: u32) -> bool {
        self.agreed.is_some_and(|(actions, _)| actions & action != 0)
    }
}

fn reason(full: Full) -> &'static str {
    match full {
        Full::TooLarge => "too_large",
        Full::NoMemory => "memory",
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_TEXT)]).into_owned()
}
