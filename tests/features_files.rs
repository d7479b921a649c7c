//! What rules see of attachments, as snapshots: each message is named for what it shows.

use ruleeval::engine::Compiler;
use serde_json::json;
use std::fs;

#[test]
fn attachments_of_written_messages() {
    let mut compiler = Compiler::new();
    compiler.rules("none", "rule never { when: subject.is_reply }");
    let engine = compiler.compile().engine.expect("compiles");
    insta::glob!("data/features/files", "*.eml", |path| {
        let message = engine.parse(fs::read(path).expect("readable"));
        let features = engine.features(&message);
        let seen = json!({ "attachments": features["attachments"], "limits_hit": message.limits_hit() });
        insta::assert_json_snapshot!(seen);
    });
}
