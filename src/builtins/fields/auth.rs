//! Authentication: what is claimed (MQL's summary and hops) and what is believed (`auth`).

use super::{optional, optional_text, records, text};
use crate::auth::{Auth, KINDS, METHODS, RESULTS, Source, result};
use crate::builtins::Registry;
use crate::message::authres::{AuthResults, Method};
use crate::message::{Domain, Message};
use crate::value::{Cost, EnumDecl, Example, Value};
use std::sync::Arc;

/// The results of the deciding field.
struct Summary(Option<Arc<AuthResults>>);

/// SPF in the summary.
struct SpfSummary(Arc<Method>);
/// DMARC in the summary.
struct DmarcSummary(Arc<Method>);
/// Details of SPF.
struct SpfDetails(Arc<Method>);
/// Details of DMARC.
struct DmarcDetails(Arc<Method>);
/// A DKIM result.
struct DkimResult(Arc<Method>);
/// Microsoft's composite result.
struct CompAuth(Arc<Method>);

/// The field that decides: a believed one, or without any configured trust the topmost.
pub(super) fn summary(message: &Message) -> Value {
    let believed = crate::auth::deciding_results(message);
    let untrusting = message.settings().trusted_authserv_ids.is_empty();
    let topmost = || message.first("authentication-results").map(|header| Arc::new(AuthResults::parse(&header.raw)));
    let deciding = believed.or_else(|| untrusting.then(topmost).flatten());
    Value::record(Arc::new(Summary(deciding)))
}

fn wrap<T: Send + Sync + 'static>(method: Option<&Arc<Method>>, make: fn(Arc<Method>) -> T) -> Value {
    method.map_or(Value::Null, |method| Value::record(Arc::new(make(Arc::clone(method)))))
}

fn domain(method: &Method, property: &str) -> Value {
    let value = method.property(property);
    value.and_then(|value| Domain::parse(value.rsplit('@').next()?)).map_or(Value::Null, Value::record)
}

pub(super) fn declare(r: &mut Registry) {
    r.enumeration(EnumDecl {
        name: "AuthResult",
        doc: "The result of an authentication method.",
        values: RESULTS,
        ordered: false,
        open: false,
    });
    r.record::<Auth>("Auth", "Authentication from trusted sources only. Results are never absent: without a trusted source they are `unknown`.")
        .field("spf", "AuthResult", Cost::Moderate, "SPF (RFC 7208).", |_, a| text(&a.spf))
        .field("dkim", "AuthResult", Cost::Moderate, "DKIM (RFC 6376); `pass` if any signature passed.", |_, a| text(&a.dkim))
        .field("dmarc", "AuthResult", Cost::Moderate, "DMARC (RFC 7489).", |_, a| text(&a.dmarc))
        .field("arc", "AuthResult", Cost::Moderate, "ARC (RFC 8617).", |_, a| text(&a.arc))
        .field("compauth", "AuthResult", Cost::Moderate, "Microsoft's composite authentication.", |_, a| text(&a.compauth))
        .field("compauth_reason", "string?", Cost::Moderate, "Its three-digit reason.", |_, a| optional_text(a.compauth_reason.as_ref()))
        .field("mail_from", "Domain?", Cost::Moderate, "The domain that SPF checked.", |_, a| optional(a.mail_from.as_ref()))
        .field("dkim_domains", "[domain]", Cost::Moderate, "Domains of signatures that passed, aligned or not.", |_, a| Value::list(a.dkim_domains.iter().map(text)))
        .field("authenticated_domains", "[domain]", Cost::Moderate, "Authenticated domains that are aligned with From.", |_, a| Value::list(a.authenticated_domains.iter().map(text)))
        .field("dmarc_action", "string?", Cost::Moderate, "What the sender's DMARC policy made the receiver do (`action=`), lower case: `none`, `quarantine`, `oreject` ...", |_, a| optional_text(a.dmarc_action.as_ref()))
        .field("dmarc_policy", "string?", Cost::Moderate, "The policy of From's domain, where a source says so: `none`, `quarantine`, `reject`.", |_, a| optional_text(a.dmarc_policy.as_ref()))
        .field("dkim_aligned", "bool", Cost::Moderate, "A signature that passed is of From's organisation.", |_, a| a.dkim_aligned.into())
        .field("spf_aligned", "bool", Cost::Moderate, "SPF passed for a domain of From's organisation.", |_, a| a.spf_aligned.into())
        .field("authserv_ids_seen", "[string]", Cost::Moderate, "Every authserv-id in the message, believed or not.", |_, a| Value::list(a.authserv_ids_seen.iter().map(text)))
        .field("trusted", "bool", Cost::Moderate, "Some results come from a trusted source.", |_, a| a.trusted.into())
        .field("sources", "[AuthSource]", Cost::Moderate, "The trusted sources and what each of them says; empty without any.", |ctx, a| {
            let auth = crate::auth::of(ctx.message);
            let of = |source: &Arc<Source>| Value::record(Arc::new(SourceOf(Arc::clone(&auth), Arc::clone(source))));
            Value::list(a.sources.iter().map(of))
        })
        .field("disagreements", "[AuthMethod]", Cost::Moderate, "Methods of which the own border and own verification both know something, and only one of them says `pass`: the message was changed on the way, keys have changed, or somebody lies.", |_, a| Value::list(a.disagreements.iter().map(|name| Value::from(*name))));
    declare_sources(r);
    r.function(
        "authenticated_as(domain: any...) -> bool",
        "True if the message is authenticated, with alignment, as one of the domains or a name below it. Takes texts and lists of texts. Without a trusted result: false.",
        Cost::Moderate,
        &[Example { expr: "authenticated_as(\"example.com\", \"example.org\")", value: Some("false") }],
        |ctx, args| {
            let auth = crate::auth::of(ctx.message);
            let matches = |value: &Value| value.as_str().is_some_and(|domain| auth.authenticates(domain));
            args.iter().any(|arg| matches(arg) || arg.as_list().is_some_and(|list| list.iter().any(matches))).into()
        },
    );
    r.record::<Summary>("AuthSummary", "Results of the deciding Authentication-Results field. Without `trusted_authserv_ids` that is the topmost one, which anyone can write.")
        .field("spf", "SpfSummary?", Cost::Moderate, "SPF.", |_, s| wrap(s.0.as_ref().and_then(|r| r.spf.as_ref()), SpfSummary))
        .field("dmarc", "DmarcSummary?", Cost::Moderate, "DMARC.", |_, s| wrap(s.0.as_ref().and_then(|r| r.dmarc.as_ref()), DmarcSummary))
        .field("dkim", "DkimSignature?", Cost::Moderate, "The first DKIM result.", |_, s| wrap(s.0.as_ref().and_then(|r| r.dkim.first()), DkimResult));
    r.record::<SpfSummary>("SpfSummary", "SPF in the summary.")
        .field("pass", "bool", Cost::Cheap, "The result is `pass`.", |_, s| (&*s.0.result == "pass").into())
        .field("error", "bool", Cost::Cheap, "The result is `temperror` or `permerror`.", |_, s| {
            matches!(&*s.0.result, "temperror" | "permerror").into()
        })
        .field("details", "SpfDetails", Cost::Cheap, "Details.", |_, s| {
            Value::record(Arc::new(SpfDetails(Arc::clone(&s.0))))
        });
    r.record::<DmarcSummary>("DmarcSummary", "DMARC in the summary.")
        .field("pass", "bool", Cost::Cheap, "The result is `pass`.", |_, s| (&*s.0.result == "pass").into())
        .field("details", "DmarcDetails", Cost::Cheap, "Details.", |_, s| {
            Value::record(Arc::new(DmarcDetails(Arc::clone(&s.0))))
        });
    r.record::<SpfDetails>("SpfDetails", "Details of an SPF result.")
        .field("verdict", "string", Cost::Cheap, "`pass`, `fail` ... in lower case.", |_, s| text(&s.0.result))
        .field("designator", "domain?", Cost::Cheap, "The domain that was checked.", |_, s| designator(&s.0))
        .field("description", "string?", Cost::Cheap, "What stands in parentheses.", |_, s| {
            optional_text(s.0.comment.as_ref())
        });
    r.record::<DmarcDetails>("DmarcDetails", "Details of a DMARC result.")
        .field("verdict", "string", Cost::Cheap, "`pass`, `fail` ... in lower case.", |_, s| text(&s.0.result))
        .field("from", "Domain?", Cost::Cheap, "The From domain that was checked.", |_, s| domain(&s.0, "header.from"))
        .field("action", "string?", Cost::Cheap, "What the policy made the receiver do.", |_, s| {
            optional_text(s.0.property("action"))
        })
        .field("policy", "string?", Cost::Cheap, "The policy that was found.", |_, s| {
            optional_text(s.0.property("policy.dmarc").or_else(|| s.0.property("p")))
        });
    r.record::<AuthResults>(
        "AuthenticationResults",
        "An Authentication-Results field (RFC 8601): a claim of whoever wrote it.",
    )
    .field("server", "string?", Cost::Cheap, "The authserv-id.", |_, a| optional_text(a.authserv_id.as_ref()))
    .field("spf", "AuthResult?", Cost::Cheap, "SPF result.", |_, a| claim(a.spf.as_ref()))
    .field("dkim", "AuthResult?", Cost::Cheap, "DKIM result: `pass` if any signature passed.", |_, a| {
        claim(a.dkim.iter().find(|method| &*method.result == "pass").or(a.dkim.first()))
    })
    .field("dmarc", "AuthResult?", Cost::Cheap, "DMARC result.", |_, a| claim(a.dmarc.as_ref()))
    .field("spf_details", "SpfDetails?", Cost::Cheap, "Details of SPF.", |_, a| wrap(a.spf.as_ref(), SpfDetails))
    .field("dkim_details", "[DkimSignature]", Cost::Cheap, "One for each signature.", |_, a| {
        let results: Vec<Arc<DkimResult>> =
            a.dkim.iter().map(|method| Arc::new(DkimResult(Arc::clone(method)))).collect();
        records(&results)
    })
    .field("dmarc_details", "DmarcDetails?", Cost::Cheap, "Details of DMARC.", |_, a| {
        wrap(a.dmarc.as_ref(), DmarcDetails)
    })
    .field("compauth", "CompAuth?", Cost::Cheap, "Microsoft's composite result.", |_, a| {
        wrap(a.compauth.as_ref(), CompAuth)
    });
    r.record::<DkimResult>("DkimSignature", "The result of one signature.")
        .field("verdict", "string", Cost::Cheap, "`pass`, `fail` ... in lower case.", |_, s| text(&s.0.result))
        .field("domain", "domain?", Cost::Cheap, "Who signed.", |_, s| {
            s.0.property("header.d").map(|name| name.to_lowercase()).into()
        })
        .field("selector", "string?", Cost::Cheap, "Selector of the key.", |_, s| {
            optional_text(s.0.property("header.s"))
        })
        .field("identity", "string?", Cost::Cheap, "Identity of the signer.", |_, s| {
            optional_text(s.0.property("header.i"))
        });
    r.record::<CompAuth>("CompAuth", "Microsoft's composite authentication.")
        .field("verdict", "string", Cost::Cheap, "`pass`, `fail`, `softpass`, `none`.", |_, c| text(&c.0.result))
        .field("reason", "string?", Cost::Cheap, "Three-digit reason.", |_, c| optional_text(c.0.property("reason")));
}

/// A source with what was made of it.
struct SourceOf(Arc<Auth>, Arc<Source>);

fn declare_sources(r: &mut Registry) {
    for (name, doc, values) in [
        ("AuthMethod", "A method of authentication.", METHODS),
        (
            "AuthSourceKind",
            "Where results come from: Authentication-Results of the own border, own verification, or ARC-Authentication-Results of a trusted sealer.",
            KINDS,
        ),
    ] {
        r.enumeration(EnumDecl { name, doc, values, ordered: false, open: false });
    }
    r.record::<SourceOf>(
        "AuthSource",
        "A trusted source of authentication results. What it does not say is `unknown`.",
    )
    .field("kind", "AuthSourceKind", Cost::Cheap, "What it is.", |_, s| s.1.kind_name().into())
    .field("id", "string", Cost::Cheap, "The authserv-id, the sealer's domain, or `ruleeval`.", |_, s| text(&s.1.id))
    .field("spf", "AuthResult", Cost::Cheap, "SPF.", |_, s| text(&s.1.spf))
    .field("dkim", "AuthResult", Cost::Cheap, "DKIM; `pass` if any signature passed.", |_, s| text(&s.1.dkim))
    .field("dmarc", "AuthResult", Cost::Cheap, "DMARC.", |_, s| text(&s.1.dmarc))
    .field("arc", "AuthResult", Cost::Cheap, "ARC.", |_, s| text(&s.1.arc))
    .field("compauth", "AuthResult", Cost::Cheap, "Microsoft's composite result.", |_, s| text(&s.1.compauth))
    .field("decides", "[AuthMethod]", Cost::Cheap, "The methods whose result in `auth` is this source's.", |_, s| {
        Value::list(s.0.decides(&s.1).into_iter().map(Value::from))
    })
    .field(
        "reasons",
        "[string]",
        Cost::Cheap,
        "Why results are no pass, where the source says so: `dkim s1._domainkey.example.com: fail: ...`.",
        |_, s| Value::list(s.1.reasons.iter().map(text)),
    );
}

/// The result that a field claims, absent if it says nothing of the method.
fn claim(method: Option<&Arc<Method>>) -> Value {
    method.map_or(Value::Null, |method| text(&result(Some(method))))
}

fn designator(method: &Method) -> Value {
    let value = method.property("smtp.mailfrom").or_else(|| method.property("smtp.helo"));
    value.and_then(|value| value.rsplit('@').next()).map(str::to_lowercase).into()
}
