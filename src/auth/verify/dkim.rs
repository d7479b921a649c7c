//! DKIM: what the signatures are worth, one by one.

use super::dns::Texts;
use super::{method_of, ready};
use crate::message::Message;
use crate::message::authres::Method;
use mail_auth::common::crypto::Algorithm;
use mail_auth::dkim::{Canonicalization, DkimError, Signature};
use mail_auth::{AuthenticatedMessage, DkimOutput, DkimResult, Error, MessageAuthenticator, Parameters};

/// Most signatures that are verified: each costs a question and a computation.
const MOST: usize = 10;

/// A signature and what came of it.
pub(super) struct Checked<'s> {
    pub(super) method: Method,
    /// The library's output, if nothing else speaks against it.
    pub(super) output: Option<DkimOutput<'s>>,
}

/// Puts right what the library reads wrongly. Gives the times of expiry (`x=`), which it would
/// compare with its own clock.
pub(super) fn prepare(parsed: &mut AuthenticatedMessage, message: &Message) -> Vec<u64> {
    let found = parsed.dkim_headers.len();
    if found > MOST {
        message.limit(format!("verified_signatures: {MOST} of {found} verified"));
        parsed.dkim_headers.truncate(MOST);
    }
    body_hashes(parsed);
    let fields = parsed.dkim_headers.iter_mut().map(|field| &mut field.header);
    let expiry = fields.map(|signature| {
        // Neither reports (RFC 6651) nor signatures of third parties (RFC 6541).
        (signature.r, signature.atps) = (false, None);
        std::mem::take(&mut signature.x)
    });
    expiry.collect()
}

/// In relaxed form lines of white space at the end of a body are empty lines, which are left out
/// (RFC 6376 section 3.4.4). The library keeps them.
fn body_hashes(parsed: &mut AuthenticatedMessage) {
    let body = parsed.raw_message.get(parsed.body_offset as usize..).unwrap_or_default();
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let text = body.iter().rposition(is_text).map_or(0, |last| last + 1);
    let line = body[text..].iter().position(|byte| *byte == b'\n').map_or(body.len(), |at| text + at + 1);
    let body = &body[..if text == 0 { 0 } else { line }];
    let relaxed = parsed.body_hashes.iter_mut().filter(|(form, ..)| *form == Canonicalization::Relaxed);
    for (form, algorithm, _, hash) in relaxed {
        *hash = algorithm.hash(form.canonical_body(body, 0)).as_ref().to_vec();
    }
}

/// Verifies all signatures; `None` if the library waits for something, which it never does here.
pub(super) fn verify<'s>(
    library: &MessageAuthenticator,
    parsed: &'s AuthenticatedMessage<'s>,
    texts: &'s Texts<'s>,
    expiry: &[u64],
    received: Option<i64>,
) -> Option<Vec<Checked<'s>>> {
    let outputs = ready(library.verify_dkim(Parameters::new(parsed).with_txt_cache(texts)))?;
    let read = outputs.into_iter().filter(|output| output.signature().is_some());
    let fields = parsed.dkim_headers.iter().zip(expiry).zip(read);
    let checked = fields.map(|((field, expires), output)| check(&field.header, *expires, output, received));
    Some(unreadable(parsed).chain(checked).collect())
}

/// Signatures that could not be read; the library says nothing of most.
fn unreadable<'s>(parsed: &AuthenticatedMessage) -> impl Iterator<Item = Checked<'s>> {
    let fields = parsed.errors.iter().filter(|field| field.name.eq_ignore_ascii_case(b"dkim-signature"));
    let checked = fields.take(MOST).map(|field| {
        let partial = matches!(field.header, Error::Dkim(DkimError::SignatureLength));
        let result = if partial { "policy" } else { "neutral" };
        let method = method_of(result, &field.header.to_string());
        let value = String::from_utf8_lossy(field.value);
        let tags = value.split(';').filter_map(|tag| tag.split_once('='));
        let named =
            tags.map(|(name, value)| (name.trim(), value.trim())).filter(|(name, _)| matches!(*name, "d" | "s"));
        let method = named.fold(method, |method, (name, value)| method.with(&format!("header.{name}"), value));
        Checked { method, output: None }
    });
    checked.collect::<Vec<_>>().into_iter()
}

fn check<'s>(signature: &Signature, expires: u64, output: DkimOutput<'s>, received: Option<i64>) -> Checked<'s> {
    let objection = objection(signature).or_else(|| expired(signature.t, expires, received));
    let (result, reason) = match (output.result(), objection) {
        (DkimResult::Pass, Some(objection)) => objection,
        (DkimResult::Pass, None) => ("pass", String::new()),
        // The body is not the one that was signed (RFC 8601 section 2.7.1: it failed the test).
        (DkimResult::Neutral(error) | DkimResult::Fail(error), _) => ("fail", error.to_string()),
        (DkimResult::TempError(error), _) => ("temperror", error.to_string()),
        (DkimResult::PermError(error), _) => ("permerror", error.to_string()),
        (DkimResult::None, _) => ("none", String::new()),
    };
    let method = method_of(result, &reason).with("header.d", &signature.d).with("header.s", &signature.s);
    let method = method.with("header.a", signature.a.name());
    let method = if signature.i.is_empty() { method } else { method.with("header.i", &signature.i) };
    let accepted = matches!(result, "pass" | "temperror");
    Checked { method, output: accepted.then_some(output) }
}

/// Why a signature that the library accepts proves nothing.
fn objection(signature: &Signature) -> Option<(&'static str, String)> {
    if signature.v != 1 {
        return Some(("permerror", "no version".into()));
    }
    unacceptable(signature.a, &signature.h)
}

/// What holds for DKIM and ARC: no SHA-1 (RFC 8301 section 3.1), and From is signed (RFC 6376
/// section 5.4).
pub(super) fn unacceptable(algorithm: Algorithm, fields: &[String]) -> Option<(&'static str, String)> {
    if algorithm == Algorithm::RsaSha1 {
        return Some(("policy", "the algorithm rsa-sha1 proves nothing".into()));
    }
    let signed = fields.iter().any(|name| name.trim().eq_ignore_ascii_case("from"));
    (!signed).then(|| ("permerror", "From is not signed".into()))
}

/// The objection to a signature that had expired when the message came (RFC 6376 section 3.5), or
/// of which nobody knows.
pub(super) fn expired(signed: u64, expires: u64, received: Option<i64>) -> Option<(&'static str, String)> {
    match received {
        _ if expires == 0 => None,
        _ if expires <= signed => Some(("permerror", "expires before it was made".into())),
        Some(received) if received.max(0) as u64 / 1000 < expires => None,
        Some(_) => Some(("fail", "the signature has expired".into())),
        None => Some(("neutral", "it expires, and nobody knows when the message came".into())),
    }
}
