//! What rules see of the written messages, as snapshots.

use ruleeval::engine::{Compiler, Engine};
use ruleeval::message::Settings;
use serde_json::{Map, Value};
use std::fs;

fn engine() -> Engine {
    let mut compiler = Compiler::new();
    compiler.rules("none", "rule never { when: subject.is_reply }");
    compiler.settings(Settings {
        trusted_authserv_ids: vec!["mx.example.net".into()],
        org_domains: vec!["example.net".into()],
        ..Settings::default()
    });
    compiler.compile().engine.expect("compiles")
}

#[test]
fn features_of_written_messages() {
    let engine = engine();
    insta::glob!("../corpus/features", "*.eml", |path| {
        let raw = fs::read(path).expect("readable");
        let features = engine.features(&engine.parse(raw));
        insta::assert_json_snapshot!(features);
    });
}

/// An ordinary message without text: what is as in it is left out of the snapshots below.
const ORDINARY: &str = "From: Ann Example <ann@example.com>\r\nTo: bob@example.net\r\nSubject: x\r\nDate: Tue, 12 May 2026 10:02:00 +0000\r\nMessage-ID: <x@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";

/// What a message shows beyond the ordinary one.
fn difference(value: Value, ordinary: &Value) -> Value {
    match (value, ordinary) {
        (value, ordinary) if value == *ordinary => Value::Null,
        (Value::Object(object), Value::Object(known)) => {
            let pairs = object.into_iter().map(|(name, value)| {
                let value = difference(value, known.get(&name).unwrap_or(&Value::Null));
                (name, value)
            });
            said(pairs.collect())
        }
        (value, _) => pruned(value),
    }
}

/// Without what says nothing. Of a URL only the whole, what is inside, and how it was rewritten is kept.
fn pruned(value: Value) -> Value {
    match value {
        Value::Object(object) if object.contains_key("query_params") => {
            let kept = ["url", "scheme", "ip", "port", "username", "rewrite", "nested"];
            let pairs = object.into_iter().filter(|(name, _)| kept.contains(&name.as_str()));
            said(pairs.map(|(name, value)| (name, pruned(value))).collect())
        }
        Value::Object(object) => said(object.into_iter().map(|(name, value)| (name, pruned(value))).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(pruned).collect()),
        other => other,
    }
}

fn said(object: Map<String, Value>) -> Value {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    let kept: Map<String, Value> = object.into_iter().filter(|(_, value)| !is_empty(value)).collect();
    if kept.is_empty() { Value::Null } else { Value::Object(kept) }
}

/// Links stand in several places: one is enough.
fn without_copies(features: &mut Value) {
    let Some(body) = features.get_mut("body").and_then(Value::as_object_mut) else { return };
    let links = body.get("links").cloned();
    for place in ["html", "current_thread"] {
        if let Some(part) = body.get_mut(place).and_then(Value::as_object_mut)
            && part.get("links").cloned() == links
        {
            part.remove("links");
        }
    }
    if let Some(html) = body.get_mut("html").and_then(Value::as_object_mut) {
        html.remove("html");
        if html.get("inner_text") == html.get("display_text") {
            html.remove("inner_text");
        }
    }
}

/// Each message is named for what it shows; its folder for the subject.
#[test]
fn what_each_feature_message_shows() {
    let engine = engine();
    let ordinary = engine.features(&engine.parse(ORDINARY.as_bytes().to_vec()));
    for topic in ["charsets", "entities", "links", "mime", "text", "threads"] {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(format!("snapshots/features/{topic}"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let folder = format!("{}/tests/data/features/{topic}", env!("CARGO_MANIFEST_DIR"));
        let mut paths: Vec<_> = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let raw = fs::read(&path).expect("readable");
            let mut features = engine.features(&engine.parse(raw));
            // The header section is the same for all but those that are about it.
            if let Some(object) = features.as_object_mut() {
                object.remove("headers");
            }
            without_copies(&mut features);
            let shown = difference(features, &ordinary);
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
            settings.bind(|| insta::assert_json_snapshot!(name, shown));
        }
    }
}
