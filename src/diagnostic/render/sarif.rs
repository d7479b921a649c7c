//! SARIF 2.1.0 (OASIS): one run with all results.

use super::{level, place};
use crate::diagnostic::Diagnostic;
use crate::source::SourceMap;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) fn document(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let codes: BTreeSet<String> = diagnostics.iter().map(|diagnostic| diagnostic.code.to_string()).collect();
    let rules: Vec<Value> = codes.iter().map(|code| json!({ "id": code })).collect();
    let results: Vec<Value> = diagnostics.iter().map(|diagnostic| result(diagnostic, sources)).collect();
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "ruleeval", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

fn result(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    let (file, line, column, end) = place(diagnostic, sources);
    let mut text = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        text = format!("{text}; {help}");
    }
    json!({
        "ruleId": diagnostic.code.to_string(),
        "level": level(diagnostic),
        "message": { "text": text },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": file.replace(' ', "%20") },
                "region": { "startLine": line, "startColumn": column, "endLine": end },
            },
        }],
    })
}
