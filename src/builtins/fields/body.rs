//! Bodies, threads, attachments.

use super::message::{Recipients, addresses};
use super::{optional, optional_text, record, records, text};
use crate::builtins::Registry;
use crate::builtins::functions::contents;
use crate::message::{
    Attachment, Banner, BodyHtml, BodyPlain, FILE_TYPES, Html, Message, PreviousThread, RESOURCE_KINDS, Resource,
    Thread, Url,
};
use crate::value::{Cost, EnumDecl, Value};
use std::sync::Arc;

/// The body of a message: it needs the message for its limits.
struct BodyOf(Arc<Message>);
/// The current thread.
struct Current(Arc<Message>);
/// A previous thread.
struct Previous(Arc<Message>, Arc<PreviousThread>);

pub(super) fn body(message: &Message) -> Value {
    Value::record(Arc::new(BodyOf(message.shared())))
}

pub(super) fn declare(r: &mut Registry) {
    r.record::<BodyOf>("Body", "Texts, links and threads of a message.")
        .field("html", "BodyHtml?", Cost::Cheap, "The HTML body.", |_, b| optional(b.0.body().html.as_ref()))
        .field("plain", "BodyPlain?", Cost::Cheap, "The plain text body.", |_, b| optional(b.0.body().plain.as_ref()))
        .field(
            "links",
            "[Link]",
            Cost::Expensive,
            "Links of the HTML body, or of the plain text where there is no HTML.",
            |_, b| records(b.0.body().links(&b.0)),
        )
        .field(
            "current_thread",
            "CurrentThread",
            Cost::Expensive,
            "What the sender wrote now, above all quoted mail.",
            |_, b| Value::record(Arc::new(Current(Arc::clone(&b.0)))),
        )
        .field(
            "previous_threads",
            "[PreviousThread]",
            Cost::Expensive,
            "Quoted and forwarded mail, in the order in which it stands.",
            |_, b| {
                let threads = b.0.body().previous_threads().iter();
                Value::list(
                    threads.map(|thread| Value::record(Arc::new(Previous(Arc::clone(&b.0), Arc::clone(thread))))),
                )
            },
        )
        .field("ips", "[IpAddress]", Cost::Expensive, "Addresses in the visible text, each once.", |_, b| {
            addresses(b.0.body().ips())
        });
    r.record::<BodyHtml>("BodyHtml", "The HTML body.")
        .field("raw", "string", Cost::Expensive, "The source, decoded.", |_, b| text(&b.html.raw))
        .field("display_text", "string", Cost::Expensive, "The text that a person sees.", |_, b| {
            Value::String(b.html.display_text())
        })
        .field("inner_text", "string", Cost::Expensive, "All text, visible or not.", |_, b| {
            Value::String(b.html.inner_text())
        })
        .field("hidden_text", "string", Cost::Expensive, "Only the text that a person does not see.", |_, b| {
            Value::String(b.html.hidden_text())
        })
        .field("title", "string?", Cost::Expensive, "The title.", |_, b| {
            b.html.title().map_or(Value::Null, Value::from)
        })
        .field("links", "[Link]", Cost::Expensive, "Links in document order.", |_, b| records(b.html.links()))
        .field(
            "resources",
            "[Resource]",
            Cost::Expensive,
            "What the page fetches when it is shown: images, backgrounds, frames, style sheets.",
            |_, b| resources(&b.html),
        )
        .field("charset", "string?", Cost::Cheap, "Declared charset.", |_, b| optional_text(b.charset.as_ref()))
        .field("content_type", "string", Cost::Cheap, "Declared type.", |_, b| text(&b.content_type))
        .field("content_transfer_encoding", "string?", Cost::Cheap, "Declared transfer encoding.", |_, b| {
            optional_text(b.content_transfer_encoding.as_ref())
        });
    r.record::<BodyPlain>("BodyPlain", "The plain text body.")
        .field("raw", "string", Cost::Expensive, "The text, decoded.", |_, b| text(&b.raw))
        .field("charset", "string?", Cost::Cheap, "Declared charset.", |_, b| optional_text(b.charset.as_ref()))
        .field("content_type", "string", Cost::Cheap, "Declared type.", |_, b| text(&b.content_type))
        .field("content_transfer_encoding", "string?", Cost::Cheap, "Declared transfer encoding.", |_, b| {
            optional_text(b.content_transfer_encoding.as_ref())
        });
    r.record::<Html>("Html", "An HTML document.")
        .field("raw", "string", Cost::Expensive, "The source.", |_, h| text(&h.raw))
        .field("display_text", "string", Cost::Expensive, "The text that a person sees.", |_, h| {
            Value::String(h.display_text())
        })
        .field("inner_text", "string", Cost::Expensive, "All text, visible or not.", |_, h| {
            Value::String(h.inner_text())
        })
        .field("hidden_text", "string", Cost::Expensive, "Only the text that a person does not see.", |_, h| {
            Value::String(h.hidden_text())
        })
        .field("title", "string?", Cost::Expensive, "The title.", |_, h| h.title().map_or(Value::Null, Value::from))
        .field("links", "[Link]", Cost::Expensive, "Links in document order.", |_, h| records(h.links()))
        .field("resources", "[Resource]", Cost::Expensive, "What the page fetches when it is shown.", |_, h| {
            resources(h)
        });
    r.enumeration(EnumDecl {
        name: "ResourceKind",
        doc: "What a page fetches.",
        values: RESOURCE_KINDS,
        ordered: false,
        open: true,
    });
    r.record::<Resource>("Resource", "Something that a page fetches when it is shown.")
        .field("kind", "ResourceKind", Cost::Cheap, "What it is.", |_, resource| resource.kind().into())
        .field("url", "Url?", Cost::Moderate, "Where it is fetched from.", |_, resource| {
            optional(Url::parse(resource.href()).as_ref())
        })
        .field("visible", "bool", Cost::Cheap, "The element that fetches it is visible.", |_, resource| {
            resource.is_visible().into()
        });
    r.record::<Current>("CurrentThread", "What the sender wrote now.")
        .field(
            "text",
            "string",
            Cost::Expensive,
            "The visible text above all quoted mail, banners left out.",
            |_, c| text(&thread(c).text),
        )
        .field("links", "[Link]", Cost::Expensive, "Its links.", |_, c| records(&c.0.body().current_links(&c.0)))
        .field(
            "preamble",
            "string?",
            Cost::Expensive,
            "Always absent: only quoted mail is introduced by a preamble.",
            |_, _| Value::Null,
        )
        .field("banners", "[Banner]", Cost::Expensive, "Warnings that a gateway put above the text.", |_, c| {
            records(&thread(c).banners)
        })
        .field(
            "disclaimers",
            "[string]",
            Cost::Expensive,
            "Legal notices below the text; one that names an address, a link or a number stands in the text too.",
            |_, c| Value::list(thread(c).disclaimers.iter().map(text)),
        );
    r.record::<Banner>("Banner", "A warning that a gateway put above the text.").field(
        "text",
        "string",
        Cost::Cheap,
        "Its text.",
        |_, b| text(&b.text),
    );
    r.record::<Previous>("PreviousThread", "Quoted or forwarded mail.")
        .field("text", "string", Cost::Expensive, "The quoted text, quote marks left out.", |_, p| text(&p.1.text))
        .field("links", "[Link]", Cost::Expensive, "Its links.", |_, p| records(&p.0.body().previous_links(&p.0, &p.1)))
        .field("preamble", "string?", Cost::Expensive, "The line or block that introduces it.", |_, p| {
            optional_text(p.1.preamble.as_ref())
        })
        .field("sender", "Mailbox?", Cost::Expensive, "Who is said to have written it.", |_, p| {
            optional(p.1.sender.as_ref())
        })
        .field("recipients", "Recipients", Cost::Expensive, "To whom it is said to have been sent.", |_, p| {
            Value::record(Arc::new(Recipients { to: p.1.to.clone(), cc: p.1.cc.clone(), bcc: Vec::new() }))
        })
        .field("subject", "Subject?", Cost::Expensive, "Its subject.", |_, p| optional(p.1.subject.as_ref()))
        .field("date", "time?", Cost::Expensive, "When it is said to have been sent.", |_, p| {
            p.1.date.map_or(Value::Null, Value::Time)
        });
    r.enumeration(EnumDecl {
        name: "FileType",
        doc: "A file type by content.",
        values: FILE_TYPES,
        ordered: false,
        open: true,
    });
    r.record::<Attachment>("Attachment", "A file in a message.")
        .field("file_name", "string?", Cost::Cheap, "Name after RFC 2231 and RFC 2047.", |_, a| {
            optional_text(a.file_name.as_ref())
        })
        .field(
            "file_extension",
            "string?",
            Cost::Cheap,
            "What stands after the last dot of the name, lower case.",
            |_, a| optional_text(a.file_extension.as_ref()),
        )
        .field("file_type", "FileType", Cost::Moderate, "Type by content.", |_, a| a.file_type().into())
        .field("content_type", "string", Cost::Cheap, "Declared type, lower case.", |_, a| text(&a.content_type))
        .field("content_id", "string?", Cost::Cheap, "Content-ID without angle brackets.", |_, a| {
            optional_text(a.content_id.as_ref())
        })
        .field("content_disposition", "string?", Cost::Cheap, "`inline`, `attachment` ...", |_, a| {
            optional_text(a.content_disposition.as_ref())
        })
        .field("content_transfer_encoding", "string?", Cost::Cheap, "Declared transfer encoding.", |_, a| {
            optional_text(a.content_transfer_encoding.as_ref())
        })
        .field("size", "int", Cost::Cheap, "Bytes after decoding.", |_, a| Value::Int(a.bytes.len() as i64))
        .field("md5", "string", Cost::Expensive, "MD5 in hexadecimal.", |_, a| text(a.md5()))
        .field("sha1", "string", Cost::Expensive, "SHA-1 in hexadecimal.", |_, a| text(a.sha1()))
        .field("sha256", "string", Cost::Expensive, "SHA-256 in hexadecimal.", |_, a| text(a.sha256()))
        .field(
            "type_mismatch",
            "bool",
            Cost::Moderate,
            "The content is of another type than name or declaration say.",
            |_, a| a.type_mismatch().into(),
        )
        .field(
            "contents",
            "[ExplodedFile]",
            Cost::Expensive,
            "The file and everything in it, as `file.explode` gives it.",
            contents,
        );
}

fn resources(html: &Html) -> Value {
    Value::list(html.resources().map(|resource| Value::record(Arc::new(resource))))
}

fn thread(current: &Current) -> &Arc<Thread> {
    current.0.body().current_thread()
}

/// An HTML document as a value.
pub(crate) fn html_value(raw: Arc<str>, max_links: usize) -> Value {
    record(&Arc::new(Html::new(raw, max_links)))
}
