//! Own verification: SPF (RFC 7208), DKIM (RFC 6376, 8301, 8463), DMARC (RFC 7489, with the tree
//! walk of RFC 9989) and ARC (RFC 8617) by `mail_auth`, with answers of the host's resolver and no
//! network, clock or runtime of its own. The result has the form of an Authentication-Results
//! field (RFC 8601), so that it is merged with others like one.
//!
//! What `mail_auth` 0.13.3 gets wrong for us is put right here and in [`dns`]: see the tests of
//! `tests/verify.rs` that are named after each fault.

mod arc;
mod dkim;
mod dns;

use super::envelope::Facts;
use super::{only_sender, same_organisation};
use crate::message::authres::{AuthResults, Method};
use crate::message::{Domain, Message};
use dns::{Pointers, Servers, Texts, V4, V6, Zone};
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::dmarc::{Dmarc, Policy};
use mail_auth::hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DmarcResult, MessageAuthenticator, Parameters, SpfOutput, SpfResult,
};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

/// Verifies a message; `None` without a resolver, or if there is nothing to verify.
pub(super) fn verify(message: &Message, facts: &Facts) -> Option<AuthResults> {
    let resolver = message.settings().resolver.as_ref()?;
    let start = message.headers().first()?.range.start;
    let bytes = with_crlf(message.raw().get(start..)?);
    let zone = Zone::new(&**resolver, facts.ip);
    let results = catch_unwind(AssertUnwindSafe(|| Run { message, facts, zone: &zone }.all(&bytes)));
    results.unwrap_or_else(|_| {
        message.limit("verification: given up, the message cannot be read for it".into());
        None
    })
}

/// Mail that was stored with line feeds only; it was signed and sent with CRLF (RFC 5321 section 2.3.8).
fn with_crlf(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\r', bytes).is_some() {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => out.extend([text, b"\r\n"].concat()),
            None => out.extend(line),
        }
    }
    Cow::Owned(out)
}

/// The library's entry. It opens nothing, and is never asked what a cache does not know.
fn library() -> Option<&'static MessageAuthenticator> {
    static LIBRARY: OnceLock<Option<MessageAuthenticator>> = OnceLock::new();
    let open = || MessageAuthenticator::new(ResolverConfig::default(), ResolverOpts::default()).ok();
    LIBRARY.get_or_init(open).as_ref()
}

/// The value of a future that has nothing to wait for.
fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// One message and its answers.
struct Run<'m> {
    message: &'m Message,
    facts: &'m Facts,
    zone: &'m Zone<'m>,
}

impl Run<'_> {
    fn all(&self, bytes: &[u8]) -> Option<AuthResults> {
        let library = library()?;
        let texts = Texts(self.zone);
        let mut parsed = AuthenticatedMessage::parse(bytes)?;
        let expiry = dkim::prepare(&mut parsed, self.message);
        let chain_expiry = arc::prepare(&mut parsed);
        let (spf, spf_method) = self.spf(library).unzip();
        let signatures = dkim::verify(library, &parsed, &texts, &expiry, self.facts.time)?;
        let passed: Vec<DkimOutput> = signatures.iter().filter_map(|checked| checked.output.clone()).collect();
        let mut dmarc = self.dmarc(library, &parsed, &passed, spf.as_ref(), spf_method.as_ref());
        let mut arc = arc::verify(library, &parsed, &texts, chain_expiry, self.facts.time)?;
        let mut dkim: Vec<Method> = signatures.into_iter().map(|checked| checked.method).collect();
        if !same_from(&parsed, self.message) {
            let all = dkim.iter_mut().chain(dmarc.as_mut()).chain([&mut arc]);
            all.filter(|method| &*method.result == "pass").for_each(|method| {
                *method =
                    Method { properties: method.properties.clone(), ..method_of("policy", "two readings of From") };
            });
        }
        if dkim.is_empty() {
            dkim.push(method_of("none", ""));
        }
        Some(AuthResults {
            authserv_id: None,
            spf: spf_method.map(Arc::new),
            dkim: dkim.into_iter().map(Arc::new).collect(),
            dmarc: dmarc.map(Arc::new),
            arc: Some(Arc::new(arc)),
            compauth: None,
        })
    }

    /// SPF of the envelope sender; of the null sender that of HELO (RFC 7208 section 2.4). `None`
    /// if the client's address or the sender is unknown.
    fn spf(&self, library: &MessageAuthenticator) -> Option<(SpfOutput, Method)> {
        let ip = self.facts.ip?;
        let helo = self.facts.helo.as_deref().unwrap_or("");
        let path = self.facts.mail_from.as_deref()?;
        let sender = if path.contains('@') { path.to_owned() } else { format!("postmaster@{helo}") };
        let parameters = SpfParameters::verify_mail_from(ip, helo, "unknown", &sender);
        let (texts, servers) = (Texts(self.zone), Servers(self.zone));
        let (v4, v6, pointers) = (V4(self.zone), V6(self.zone), Pointers(self.zone));
        let parameters = Parameters::new(parameters).with_txt_cache(&texts).with_mx_cache(&servers);
        let parameters = parameters.with_ipv4_cache(&v4).with_ipv6_cache(&v6).with_ptr_cache(&pointers);
        let output = ready(library.verify_spf(parameters))?;
        // A failed lookup ends the check (RFC 7208 section 2.6.6); `mail_auth` was told of no record.
        let output = match () {
            () if self.zone.addresses_failed.take() => output.with_result(SpfResult::TempError),
            () if self.zone.is_mostly_void() => output.with_result(SpfResult::PermError),
            () => output,
        };
        let identity = if path.contains('@') { ("smtp.mailfrom", path) } else { ("smtp.helo", helo) };
        let method = method_of(&output.result().to_string().to_lowercase(), "").with(identity.0, identity.1);
        Some((output, method.with("smtp.remote-ip", &ip.to_string())))
    }

    /// DMARC by signatures that hold and by SPF. Without SPF only a pass or the want of a policy
    /// is known.
    fn dmarc(
        &self,
        library: &MessageAuthenticator,
        parsed: &AuthenticatedMessage,
        passed: &[DkimOutput],
        spf: Option<&SpfOutput>,
        spf_method: Option<&Method>,
    ) -> Option<Method> {
        let from = only_sender(self.message)?;
        let unknown = SpfOutput::default();
        let checked = spf_method.and_then(super::mail_from);
        let parameters = DmarcParameters {
            message: parsed,
            dkim_output: passed,
            dkim2_output: None,
            rfc5321_mail_from_domain: checked.as_ref().map_or("", |domain| &*domain.domain),
            spf_output: spf.unwrap_or(&unknown),
        };
        let (texts, v4) = (Texts(self.zone), V4(self.zone));
        let parameters = Parameters::new(parameters).with_txt_cache(&texts).with_ipv4_cache(&v4);
        let output = ready(library.verify_dmarc(parameters))?;
        let record = output.dmarc_record();
        let reach = |domain: &Domain| same_organisation(domain, &from);
        let by_dkim = || passed.iter().filter_map(|output| Domain::parse(&output.signature()?.d)).any(|d| reach(&d));
        let by_spf = || checked.as_ref().is_some_and(|domain| reach(domain));
        // The tree walk takes names below a shared suffix with a policy for one organisation; the
        // public suffix list does not.
        let (spf_pass, dkim_pass) =
            (*output.spf_result() == DmarcResult::Pass, *output.dkim_result() == DmarcResult::Pass);
        let aligned = dkim_pass && by_dkim() || spf_pass && by_spf();
        let (result, reason) = match output.result() {
            DmarcResult::Pass if aligned => ("pass", String::new()),
            DmarcResult::Pass => ("fail", "aligned below a public suffix only".into()),
            DmarcResult::Fail(_) if spf.is_none() => return None,
            DmarcResult::Fail(error) => ("fail", error.to_string()),
            DmarcResult::TempError(error) => ("temperror", error.to_string()),
            DmarcResult::PermError(error) => ("permerror", error.to_string()),
            DmarcResult::None => ("none", String::new()),
        };
        let method = method_of(result, &reason).with("header.from", &from.domain);
        Some(match record {
            Some(record) => method.with("policy.dmarc", &self.policy(record, output.policy(), &from).to_string()),
            None => method,
        })
    }

    /// The policy that holds for a sender. For names that do not exist it is `np=` (RFC 9989 section
    /// 4.7), which the library cannot be told: it takes any entry of a cache for an address.
    fn policy(&self, record: &Dmarc, found: Policy, from: &Domain) -> Policy {
        let differs = record.p != Policy::Unspecified && record.np != record.sp;
        let missing = differs && !self.zone.has_policy(&from.domain) && self.zone.is_missing(&from.domain);
        match record.np {
            _ if !missing => found,
            Policy::Reject if record.t => Policy::Quarantine,
            Policy::Quarantine if record.t => Policy::None,
            policy => policy,
        }
    }
}

fn method_of(result: &str, reason: &str) -> Method {
    let method = Method { result: result.into(), ..Method::default() };
    if reason.is_empty() { method } else { method.with("reason", reason) }
}

impl Method {
    fn with(mut self, name: &str, value: &str) -> Self {
        self.properties.insert(name.to_owned(), value.into());
        self
    }
}

/// True if `mail_auth` reads the same senders as we do: a signature is about what it reads.
fn same_from(parsed: &AuthenticatedMessage, message: &Message) -> bool {
    let name = |domain: Option<Arc<Domain>>| domain.map(|domain| Arc::clone(&domain.domain));
    let read = parsed.from.iter().map(|from| name(super::domain_of(from).and_then(Domain::parse)));
    let mailboxes = message.mailboxes("from");
    let ours = mailboxes.iter().filter_map(|mailbox| Some(name(mailbox.email.as_ref()?.domain.clone())));
    read.eq(ours)
}
