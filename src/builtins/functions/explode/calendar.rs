//! Calendar files.

use super::metadata::KeyValue;
use super::{first, text, view};
use crate::builtins::Registry;
use crate::files::{Component, File, Person};
use crate::message::{Html, Link, Mailbox, plain_links};
use crate::value::{Cost, Value};
use std::sync::Arc;

/// A calendar file, as a scanner and as a function give it.
pub(super) struct Calendars(pub(super) Arc<File>);
struct Ics(Arc<File>);
/// A calendar entry of a file.
struct Entry(Component, usize);
/// Somebody in a calendar entry.
struct Attendee(Person);
/// Something that a calendar entry links to.
struct Linked(Option<String>, String);
/// One calendar of a file.
struct OneCalendar(Arc<File>);

fn people(people: &[Person]) -> Value {
    Value::list(people.iter().map(|person| Value::record(Arc::new(Attendee(person.clone())))))
}

fn entries(file: &File, only: Option<&str>, links: usize) -> Value {
    let components = file.calendar().into_iter().flat_map(|calendar| &calendar.components);
    let wanted = components.filter(|component| only.is_none_or(|only| component.kind == only));
    Value::list(wanted.map(|component| Value::record(Arc::new(Entry(component.clone(), links)))))
}

pub(super) fn declare(r: &mut Registry) {
    r.record::<Attendee>("IcsAttendee", "Somebody in a calendar entry.").field(
        "mailbox",
        "Mailbox?",
        Cost::Cheap,
        "Who.",
        |_, a| {
            let Person { name, address } = &a.0;
            let written = name.as_ref().map_or_else(
                || format!("<{address}>"),
                |name| format!("\"{}\" <{address}>", name.replace(['"', '\\'], "")),
            );
            Mailbox::parse(&written).map_or(Value::Null, Value::record)
        },
    );
    r.record::<Linked>("IcsAttachment", "An attachment of a calendar entry.")
        .field("type", "string?", Cost::Cheap, "Declared type.", |_, l| text(l.0.as_deref()))
        .field("uri", "string?", Cost::Cheap, "Where.", |_, l| Value::str(l.1.as_str()));
    let entry = |r: &mut Registry, name, doc| {
        let builder = &mut r.record::<Entry>(name, doc);
        for (field, property, doc) in [
            ("uid", "UID", "Identifier."),
            ("summary", "SUMMARY", "Title."),
            ("description", "DESCRIPTION", "Text."),
            ("description_html", "X-ALT-DESC", "Text as HTML."),
            ("location", "LOCATION", "Place."),
        ] {
            builder.field(field, "string?", Cost::Cheap, doc, move |_, e| text(e.0.text(property)));
        }
        builder
            .field("type", "string", Cost::Cheap, "`event`, `todo` ...", |_, e| Value::str(e.0.kind.as_str()))
            .field("organizers", "[IcsAttendee]", Cost::Cheap, "Organisers.", |_, e| people(&e.0.organizers))
            .field("attendees", "[IcsAttendee]", Cost::Cheap, "Attendees.", |_, e| people(&e.0.attendees))
            .field("attachments", "[IcsAttachment]", Cost::Cheap, "Attachments.", |_, e| {
                let linked = e.0.attachments.iter().map(|(kind, uri)| Linked(kind.clone(), uri.clone()));
                Value::list(linked.map(|linked| Value::record(Arc::new(linked))))
            })
            .field("links", "[Link]", Cost::Expensive, "Links in the text.", |_, e| entry_links(e))
            .field("raw_properties", "[KeyValue]", Cost::Cheap, "All properties, by name in upper case.", |_, e| {
                let all = e.0.properties.iter();
                Value::list(all.map(|(key, value)| {
                    Value::record(Arc::new(KeyValue(key.as_str().into(), Value::str(value.as_str()))))
                }))
            });
    };
    entry(r, "IcsComponent", "A calendar entry.");
    r.record::<OneCalendar>("IcsCalendar", "A calendar.").field(
        "components",
        "[IcsComponent]",
        Cost::Cheap,
        "Entries.",
        |ctx, c| entries(&c.0, None, ctx.message.settings().limits.links),
    );
    r.record::<Calendars>("ScanIcs", "A calendar file.").field(
        "calendars",
        "[IcsCalendar]",
        Cost::Cheap,
        "Calendars: all of a file as one.",
        |_, c| Value::list([view(OneCalendar, &c.0)]),
    );
    r.record::<Ics>("Ics", "A calendar file.")
        .field("events", "[IcsComponent]", Cost::Cheap, "Events.", |ctx, i| {
            entries(&i.0, Some("event"), ctx.message.settings().limits.links)
        })
        .field("product_id", "string?", Cost::Cheap, "Program that made it.", |_, i| {
            text(i.0.calendar().and_then(|calendar| calendar.product_id.as_deref()))
        })
        .field("scale", "string?", Cost::Cheap, "Calendar system.", |_, i| {
            text(i.0.calendar().and_then(|calendar| calendar.scale.as_deref()))
        })
        .field("method", "string?", Cost::Cheap, "`REQUEST`, `CANCEL` ...", |_, i| {
            text(i.0.calendar().and_then(|calendar| calendar.method.as_deref()))
        });
    for signature in ["file.parse_ics(file: any) -> Ics?", "beta.file.parse_ics(file: any) -> Ics?"] {
        r.function(signature, "Reads a calendar file (RFC 5545).", Cost::Expensive, &[], |ctx, args| {
            let file = first(ctx, args).filter(|file| file.calendar().is_some());
            file.map_or(Value::Null, |file| view(Ics, &file))
        });
    }
}

/// Links of the text, or of the text as HTML where there is one.
fn entry_links(entry: &Entry) -> Value {
    let Entry(component, most) = entry;
    let links: Vec<Arc<Link>> = match component.text("X-ALT-DESC") {
        Some(html) => Html::new(html.into(), *most).links().to_vec(),
        None => plain_links(component.text("DESCRIPTION").unwrap_or(""), *most),
    };
    Value::list(links.into_iter().map(Value::record))
}
