//! rspamd's protocol: what `/checkv2` answers, for `rspamc` and mail servers that speak it.

use super::effect::{ERROR, Effect, RESULT, result};
use super::pool::Decided;
use super::settings::ServiceConfig;
use axum::http::HeaderMap;
use ruleeval::engine::Score;
use ruleeval::live::Answer;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Ways to name a file instead of sending a message. They let whoever reaches the socket have any file
/// read, and are refused.
const PATH_INPUTS: [&str; 4] = ["file", "path", "shm", "shm-offset"];

/// The path input of a request, if it has one: in a header or in the query.
pub(crate) fn path_input(headers: &HeaderMap, query: Option<&str>) -> Option<&'static str> {
    let asked = |name: &&str| {
        let keys = query.unwrap_or("").split('&').map(|pair| pair.split('=').next().unwrap_or(""));
        headers.contains_key(*name) || keys.into_iter().any(|key| key.eq_ignore_ascii_case(name))
    };
    PATH_INPUTS.iter().find(|name| asked(name)).copied()
}

/// The answer in rspamd's form. Rules in shadow are symbols that weigh nothing.
pub(crate) fn answer(decided: &Decided, settings: &ServiceConfig, took: Duration) -> Value {
    let (answer, verdict) = (&decided.answer, &decided.answer.verdict);
    let effect = |action: &str| Effect::of(action, &settings.actions);
    let thresholds = answer.engine.thresholds();
    let levels: Vec<(Effect, Score)> = thresholds.iter().map(|(action, least)| (effect(action), *least)).collect();
    let required = levels.iter().filter(|(effect, _)| *effect == Effect::Reject).chain(levels.last());
    let required = required.map(|(_, least)| *least).next().unwrap_or_default();
    let levels: Map<String, Value> =
        levels.iter().rev().map(|(e, least)| (e.rspamd().to_owned(), json!(least))).collect();
    json!({
        "is_skipped": false,
        "score": verdict.score,
        "required_score": required,
        "action": effect(&verdict.action).rspamd(),
        "thresholds": levels,
        "symbols": symbols(answer),
        "messages": messages(effect(&verdict.action)),
        "urls": [],
        "emails": [],
        "message-id": decided.message_id.as_deref().unwrap_or("undef"),
        "time_real": took.as_secs_f64(),
        "milter": {
            "remove_headers": { RESULT: 0, ERROR: 0 },
            "add_headers": { RESULT: { "value": result(answer, "\r\n"), "order": 0 } },
        },
        "ruleeval": {
            "action": verdict.action,
            "generation": answer.generation,
            "digest": answer.digest,
            "packs": verdict.packs,
            "stale": answer.stale,
            "held": answer.held,
            "undecided": verdict.undecided.len(),
            "limits_hit": verdict.limits_hit,
        },
    })
}

/// What a mail server tells the sender of a message that it does not take.
fn messages(effect: Effect) -> Value {
    match effect {
        Effect::Reject => json!({ "smtp_message": "Message refused by policy" }),
        Effect::Tempfail => json!({ "smtp_message": "Message deferred by policy, try again later" }),
        Effect::Accept | Effect::Tag | Effect::Quarantine => json!({}),
    }
}

fn symbols(answer: &Answer) -> Map<String, Value> {
    let symbol = |found: &ruleeval::engine::Match| {
        let mode = format!("{:?}", found.mode).to_lowercase();
        let mut value = json!({
            "name": found.rule,
            "score": found.counted,
            "metric_score": found.score,
            "options": [format!("severity={:?}", found.severity).to_lowercase(), format!("mode={mode}")],
        });
        if let Some(title) = &found.title {
            value["description"] = json!(title);
        }
        (found.rule.to_string(), value)
    };
    answer.verdict.matches.iter().map(symbol).collect()
}
