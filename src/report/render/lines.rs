//! JSON lines: the parts of a run, one object in each line, each with its `type`. First comes
//! `run`, then what is about the whole, then rules, then messages.

use crate::report::gates::GateResult;
use crate::report::run::Run;
use serde::Serialize;
use serde_json::{Value, json};

pub(super) fn render(run: &Run, gates: &[GateResult]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let head = json!({
        "schema": run.schema,
        "engine": run.engine,
        "packs": run.packs,
        "clock": run.clock,
        "roles": run.roles,
        "corpus": run.corpus,
        "scores": run.scores,
        "curves": run.curves,
        "suspects": run.suspects,
    });
    lines(&mut out, "run", std::iter::once(&head))?;
    lines(&mut out, "gate", gates)?;
    lines(&mut out, "label", &run.labels)?;
    lines(&mut out, "action", &run.actions)?;
    lines(&mut out, "rule", &run.rules)?;
    lines(&mut out, "overlap", &run.overlaps)?;
    lines(&mut out, "group", &run.groups)?;
    lines(&mut out, "month", &run.timeline)?;
    lines(&mut out, "undecided", &run.undecided)?;
    lines(&mut out, "problem", &run.problems)?;
    lines(&mut out, "message", &run.messages)?;
    lines(&mut out, "evidence", &run.evidence)?;
    Ok(out)
}

fn lines<'v, T: Serialize + 'v>(
    out: &mut Vec<u8>,
    kind: &str,
    values: impl IntoIterator<Item = &'v T>,
) -> Result<(), String> {
    for value in values {
        let mut value = serde_json::to_value(value).map_err(|error| error.to_string())?;
        if let Some(object) = value.as_object_mut() {
            object.shift_insert(0, "type".into(), Value::from(kind));
        }
        serde_json::to_writer(&mut *out, &value).map_err(|error| error.to_string())?;
        out.push(b'\n');
    }
    Ok(())
}
