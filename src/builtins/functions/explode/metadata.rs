//! What documents and pictures say of themselves.

use super::{first, text, view};
use crate::builtins::Registry;
use crate::files::File;
use crate::value::{Cost, Value};
use std::sync::Arc;

/// What a file says of itself.
pub(super) struct Metadata(pub(super) Arc<File>);
/// A named text.
pub(super) struct KeyValue(pub(super) Arc<str>, pub(super) Value);

pub(super) fn declare(r: &mut Registry) {
    r.record::<KeyValue>("KeyValue", "A named text.")
        .field("key", "string", Cost::Cheap, "Name.", |_, k| Value::String(Arc::clone(&k.0)))
        .field("value", "string", Cost::Cheap, "Text.", |_, k| k.1.clone());
    let builder = &mut r.record::<Metadata>("Metadata", "What a document or picture says of itself.");
    for (name, ty, doc) in METADATA {
        let name = *name;
        builder.field(name, ty, Cost::Expensive, doc, move |_, m| datum(&m.0, name));
    }
    builder.field(
        "fields",
        "[KeyValue]",
        Cost::Expensive,
        "All of these that are there, by name, and the entries of a picture's Exif.",
        |_, m| {
            let there = METADATA.iter().map(|(name, ..)| (*name, datum(&m.0, name)));
            let there = there.filter(|(_, value)| !value.is_null()).map(|(name, value)| {
                let shown = value.as_int().map_or(value.clone(), |number| number.to_string().into());
                KeyValue(name.into(), shown)
            });
            let tags = m.0.exif().iter().map(|tag| KeyValue(tag.name.as_str().into(), Value::str(tag.value.as_str())));
            Value::list(there.chain(tags).map(|entry| Value::record(Arc::new(entry))))
        },
    );
    r.function(
        "beta.parse_exif(file: any) -> Metadata?",
        "Metadata of a PDF or Office document, a picture or an archive.",
        Cost::Expensive,
        &[],
        |ctx, args| first(ctx, args).map_or(Value::Null, |file| view(Metadata, &file)),
    );
}

const METADATA: &[(&str, &str, &str)] = &[
    ("title", "string?", "Title."),
    ("author", "string?", "Author."),
    ("creator", "string?", "Program that made it."),
    ("producer", "string?", "Program that wrote it."),
    ("page_count", "int?", "Pages or slides."),
    ("subject", "string?", "Subject."),
    ("keywords", "string?", "Keywords."),
    ("image_height", "int?", "Pixels."),
    ("image_width", "int?", "Pixels."),
    ("zip_file_name", "string?", "First name in an archive."),
    ("zip_uncompressed_size", "int?", "Bytes of that file."),
];

fn datum(file: &File, name: &str) -> Value {
    let (pdf, office, ole) = (file.pdf(), file.office.as_ref(), file.ole.as_ref());
    let any =
        |texts: [Option<&Option<String>>; 3]| text(texts.into_iter().flatten().flatten().next().map(String::as_str));
    let listed = file.listing.as_ref().and_then(|listing| listing.entries.first());
    match name {
        "title" => any([pdf.map(|p| &p.title), office.map(|o| &o.title), ole.map(|o| &o.title)]),
        "author" => any([pdf.map(|p| &p.author), office.map(|o| &o.author), ole.map(|o| &o.author)]),
        "creator" => any([pdf.map(|p| &p.creator), office.map(|o| &o.application), ole.map(|o| &o.application)]),
        "producer" => any([pdf.map(|p| &p.producer), None, None]),
        "subject" => any([pdf.map(|p| &p.subject), None, None]),
        "keywords" => any([pdf.map(|p| &p.keywords), None, None]),
        "page_count" => {
            let pages = pdf.and_then(|p| p.pages).or(office.and_then(|o| o.pages));
            pages.or(ole.and_then(|o| o.pages)).into()
        }
        "image_width" => file.pixels().map(|(width, _)| width).into(),
        "image_height" => file.pixels().map(|(_, height)| height).into(),
        "zip_file_name" => text(listed.map(|entry| entry.path.as_str())),
        "zip_uncompressed_size" => listed.map(|entry| i64::try_from(entry.size).unwrap_or(i64::MAX)).into(),
        _ => Value::Null,
    }
}
