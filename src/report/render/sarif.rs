//! SARIF 2.1.0: negative messages that rules hit, as warnings, and failed gates, as errors; at the
//! rules' places in their files.

use crate::report::gates::GateResult;
use crate::report::run::{Role, RuleStats, Run};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn render(run: &Run, gates: &[GateResult]) -> Result<Vec<u8>, String> {
    let mut results = Vec::new();
    for row in run.messages.iter().filter(|row| run.roles.of(&row.label) == Role::Negative) {
        for rule in row.matched.iter().filter_map(|rule| run.rules.get(*rule as usize)) {
            let text = format!("`{}` hits `{}`, which is labelled {}", rule.name, row.id, row.label);
            results.push(result("false-positive", "warning", &text, Some(rule)));
        }
    }
    let rules: BTreeMap<&str, &RuleStats> = run.rules.iter().map(|rule| (&*rule.name, rule)).collect();
    for gate in gates.iter().filter(|gate| !gate.passed) {
        let text = format!("{}: {} must be {}, is {}", gate.subject, gate.condition, gate.required, gate.found);
        results.push(result("gate", "error", &text, rules.get(gate.subject.as_str()).copied()));
    }
    let kinds = [("false-positive", "A rule hits a message that it should leave alone"), ("gate", "A gate failed")];
    let kinds = kinds.map(|(id, text)| json!({ "id": id, "shortDescription": { "text": text } }));
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "ruleeval", "version": run.engine, "rules": kinds } },
            "results": results,
        }],
    });
    let mut bytes = serde_json::to_vec_pretty(&log).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn result(id: &str, level: &str, text: &str, rule: Option<&RuleStats>) -> Value {
    let mut result = json!({ "ruleId": id, "level": level, "message": { "text": text } });
    if let Some((file, line, column)) = rule.and_then(|rule| place(&rule.at)) {
        result["locations"] = json!([{
            "physicalLocation": {
                "artifactLocation": { "uri": file.replace('\\', "/") },
                "region": { "startLine": line, "startColumn": column },
            }
        }]);
    }
    result
}

/// `file:line:column`.
fn place(at: &str) -> Option<(&str, u64, u64)> {
    let (rest, column) = at.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((file, line.parse().ok()?, column.parse().ok()?))
}
