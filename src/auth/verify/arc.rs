//! ARC: the chain of seals (RFC 8617).

use super::dkim::{expired, unacceptable};
use super::dns::Texts;
use super::{method_of, ready};
use crate::message::authres::Method;
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters};

/// Takes the expiry of the newest message signature, which the library would compare with its own
/// clock.
pub(super) fn prepare(parsed: &mut AuthenticatedMessage) -> u64 {
    let expiry = parsed.ams_headers.iter_mut().map(|field| std::mem::take(&mut field.header.x));
    expiry.last().unwrap_or_default()
}

/// Verifies the chain; `None` if the library waits for something, which it never does here.
pub(super) fn verify(
    library: &MessageAuthenticator,
    parsed: &AuthenticatedMessage,
    texts: &Texts<'_>,
    expires: u64,
    received: Option<i64>,
) -> Option<Method> {
    let output = ready(library.verify_arc(Parameters::new(parsed).with_txt_cache(texts)))?;
    let newest = parsed.ams_headers.last().map(|field| &field.header);
    let objection = newest.and_then(|ams| {
        let seals = parsed.as_headers.iter().find_map(|seal| unacceptable(seal.header.a, &ams.h));
        seals.or_else(|| unacceptable(ams.a, &ams.h)).or_else(|| expired(ams.t, expires, received))
    });
    let (result, reason) = match (output.result(), objection) {
        (DkimResult::Pass, Some((_, reason))) => ("fail", reason),
        (DkimResult::Pass, None) => ("pass", String::new()),
        (DkimResult::Neutral(error) | DkimResult::Fail(error), _) => ("fail", error.to_string()),
        (DkimResult::TempError(error), _) => ("temperror", error.to_string()),
        (DkimResult::PermError(error), _) => ("permerror", error.to_string()),
        // Seals without message signatures are no chain.
        (DkimResult::None, _) if !parsed.as_headers.is_empty() => ("fail", "parts of the chain are missing".into()),
        (DkimResult::None, _) => ("none", String::new()),
    };
    let sealer = parsed.as_headers.last().map(|field| field.header.d.clone());
    let method = method_of(result, &reason);
    Some(match sealer {
        Some(sealer) => method.with("header.d", &sealer),
        None => method,
    })
}
