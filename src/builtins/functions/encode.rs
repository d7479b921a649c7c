//! Encodings and hashes.

use crate::builtins::Registry;
use crate::message::hex;
use crate::value::{Cost, Example, Value};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Shortest run of base64 characters that is tried.
const MIN_RUN: usize = 8;
/// Most decoded texts of one call.
const MAX_RUNS: usize = 1_000;

const fn example(expr: &'static str, value: &'static str) -> Example {
    Example { expr, value: Some(value) }
}

fn text(args: &[Value], index: usize) -> &str {
    args.get(index).and_then(Value::as_str).unwrap_or("")
}

pub(super) fn declare(r: &mut Registry) {
    r.function(
        "strings.decode_base64(text: string) -> string?",
        "The decoded text; absent if it is no base64 or no text.",
        Cost::Moderate,
        &[
            const { example("strings.decode_base64(\"aGVsbG8=\")", "\"hello\"") },
            const { example("strings.decode_base64(\"!\")", "null") },
        ],
        |_, args| decode(text(args, 0).trim(), false).into(),
    );
    for signature in [
        "strings.scan_base64(text: string, encodings: [string]?, ignore_padding: bool?, format: string?) -> [string]",
        "beta.scan_base64(text: string, encodings: [string]?, ignore_padding: bool?, format: string?) -> [string]",
    ] {
        r.function(signature, "Texts decoded from runs of base64 in the text. `format=\"url\"` reads the URL-safe alphabet, `encodings` names charsets to try (`ascii`, `utf8`, `utf16`).", Cost::Moderate, &[], |_, args| scan(args));
    }
    r.function(
        "strings.parse_json(text: string) -> json?",
        "The JSON value; absent if the text is none.",
        Cost::Moderate,
        &[
            const { example("strings.parse_json(\"{\\\"a\\\": [1, 2]}\")[\"a\"][1]", "2") },
            const { example("strings.parse_json(\"{\")", "null") },
        ],
        |_, args| serde_json::from_str(text(args, 0)).ok().map_or(Value::Null, |json| Value::Json(Arc::new(json))),
    );
    r.function("hash.sha256(text: string) -> string", "SHA-256 of the UTF-8 bytes, hexadecimal.", Cost::Moderate, &[const { example("hash.sha256(\"\")", "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"") }], |_, args| Value::String(hex(&Sha256::digest(text(args, 0)))));
    r.function(
        "hash.sha1(text: string) -> string",
        "SHA-1 of the UTF-8 bytes, hexadecimal.",
        Cost::Moderate,
        &[const { example("hash.sha1(\"\")", "\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"") }],
        |_, args| Value::String(hex(&Sha1::digest(text(args, 0)))),
    );
    r.function(
        "hash.md5(text: string) -> string",
        "MD5 of the UTF-8 bytes, hexadecimal.",
        Cost::Moderate,
        &[const { example("hash.md5(\"\")", "\"d41d8cd98f00b204e9800998ecf8427e\"") }],
        |_, args| Value::String(hex(&Md5::digest(text(args, 0)))),
    );
}

fn engine(url_safe: bool) -> GeneralPurpose {
    let alphabet = if url_safe { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, config)
}

fn decode(text: &str, url_safe: bool) -> Option<String> {
    String::from_utf8(engine(url_safe).decode(text).ok()?).ok()
}

fn scan(args: &[Value]) -> Value {
    let url_safe = args.get(3).and_then(Value::as_str) == Some("url");
    let ignore_padding = matches!(args.get(2), Some(Value::Bool(true)));
    let wide = args
        .get(1)
        .and_then(Value::as_list)
        .is_some_and(|list| list.iter().any(|e| e.as_str().is_some_and(|e| e.starts_with("utf16"))));
    let in_alphabet =
        |c: char| c.is_ascii_alphanumeric() || if url_safe { matches!(c, '-' | '_') } else { matches!(c, '+' | '/') };
    let engine = engine(url_safe);
    let runs = text(args, 0).split(|c: char| !in_alphabet(c) && c != '=').filter(|run| run.len() >= MIN_RUN);
    let decoded = runs.filter_map(|run| {
        let bare = run.trim_end_matches('=');
        let whole = bare.len() % 4 == 0 || ignore_padding || run.len() % 4 == 0 || bare.len() % 4 != 1;
        let bytes =
            whole.then(|| engine.decode(&bare[..bare.len() - usize::from(bare.len() % 4 == 1)]).ok()).flatten()?;
        readable(&bytes, wide)
    });
    Value::list(decoded.take(MAX_RUNS).map(Value::from))
}

/// Words of the language decode to something too; only text counts as found.
fn readable(bytes: &[u8], wide: bool) -> Option<String> {
    if wide && bytes.len() >= 2 && bytes.iter().skip(1).step_by(2).filter(|byte| **byte == 0).count() * 4 >= bytes.len()
    {
        return Some(encoding_rs::UTF_16LE.decode(bytes).0.into_owned());
    }
    let text = std::str::from_utf8(bytes).ok()?;
    text.chars().all(|c| !c.is_control() || c.is_whitespace()).then(|| text.to_owned())
}
