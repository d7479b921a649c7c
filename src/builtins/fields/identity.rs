//! Who a message claims to be, who authenticated it, where it leads.

use super::{optional, text};
use crate::builtins::Registry;
use crate::identity::{BrandClaim, Identity, PLACES, brand_claims};
use crate::message::Message;
use crate::value::{Cost, EnumDecl, Example, Value};
use std::sync::Arc;

pub(super) fn of(message: &Message) -> Value {
    Value::record(Identity::of(message))
}

fn list(names: &[Arc<str>]) -> Value {
    Value::list(names.iter().map(text))
}

pub(super) fn declare(r: &mut Registry) {
    r.record::<Identity>("Identity", "The names under which a message comes, and where it leads.")
        .field("sender", "Domain?", Cost::Cheap, "The domain of From: a claim.", |_, i| optional(i.sender.as_ref()))
        .field(
            "authenticated",
            "[domain]",
            Cost::Cheap,
            "Authenticated domains that are aligned with From: `auth.authenticated_domains`.",
            |_, i| list(&i.authenticated),
        )
        .field("reply_to", "[domain]", Cost::Cheap, "Root domains of Reply-To, each once.", |_, i| list(&i.reply_to))
        .field(
            "foreign_reply_to",
            "bool",
            Cost::Cheap,
            "An address of Reply-To is of another organisation than From.",
            |_, i| i.foreign_reply_to.into(),
        )
        .field(
            "links",
            "[domain]",
            Cost::Cheap,
            "Root domains that visible links lead to, each once, in order.",
            |_, i| list(&i.links),
        )
        .field("foreign_links", "[domain]", Cost::Cheap, "Those of other organisations than From.", |_, i| {
            list(&i.foreign_links)
        })
        .field(
            "named",
            "[domain]",
            Cost::Cheap,
            "Root domains that the sender's display name names: `help@bank.example via Forms`.",
            |_, i| list(&i.named),
        )
        .field(
            "foreign_name",
            "bool",
            Cost::Cheap,
            "The display name names a domain of another organisation than From.",
            |_, i| i.foreign_name.into(),
        )
        .field(
            "via_person",
            "string?",
            Cost::Cheap,
            "Of a display name such as `Ann via Service`: what stands before.",
            |_, i| i.via.as_ref().map_or(Value::Null, |(person, _)| text(person)),
        )
        .field(
            "via_service",
            "string?",
            Cost::Cheap,
            "Of a display name such as `Ann via Service`: the service.",
            |_, i| i.via.as_ref().map_or(Value::Null, |(_, service)| text(service)),
        );
    r.enumeration(EnumDecl {
        name: "ClaimPlace",
        doc: "Where a message names a brand.",
        values: PLACES,
        ordered: false,
        open: false,
    });
    r.record::<BrandClaim>("BrandClaim", "A brand that a message names, held against who sent it and where it leads.")
        .field("brand", "string", Cost::Cheap, "Its name as the list has it.", |_, c| text(&c.brand))
        .field("places", "[ClaimPlace]", Cost::Cheap, "Where it is named.", |_, c| {
            Value::list(c.places.iter().map(|place| Value::from(*place)))
        })
        .field("authenticated", "bool", Cost::Cheap, "A domain of the brand's is authenticated.", |_, c| {
            c.authenticated.into()
        })
        .field(
            "sender_owned",
            "bool",
            Cost::Cheap,
            "From is of a domain of the brand's, authenticated or not.",
            |_, c| c.sender_owned.into(),
        )
        .field("leads_home", "bool", Cost::Cheap, "A visible link leads to a domain of the brand's.", |_, c| {
            c.leads_home.into()
        })
        .field(
            "leads_elsewhere",
            "bool",
            Cost::Cheap,
            "A visible link leads to a domain that is not the brand's.",
            |_, c| c.leads_elsewhere.into(),
        );
    r.function(
        "brand_claims(brands: [string]) -> [BrandClaim]",
        "The brands of a list that the message names in display name, subject, own text or the texts of links (alternative texts of linked images included), as whole words, behind look-alikes too. An entry is `Name = domain, domain`; without domains a brand is never `authenticated`.",
        Cost::Expensive,
        &[
            Example { expr: "map(brand_claims([\"Ann Example = example.com\", \"Norton\"]), .brand)", value: Some("[\"Ann Example\"]") },
            Example { expr: "brand_claims([\"Ann Example = example.com\"])[0].sender_owned", value: Some("true") },
            Example { expr: "brand_claims([\"Ann Example = example.com\"])[0].authenticated", value: Some("false") },
        ],
        |ctx, args| {
            let entries = args.first().and_then(Value::as_list).unwrap_or_default();
            let names: Vec<&str> = entries.iter().filter_map(Value::as_str).collect();
            Value::list(brand_claims(ctx.message, &names).into_iter().map(|claim| Value::record(Arc::new(claim))))
        },
    );
}
