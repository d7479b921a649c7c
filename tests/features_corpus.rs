//! What rules see of the written messages, as snapshots.

use ruleeval::engine::Compiler;
use ruleeval::message::Settings;
use std::fs;

#[test]
fn features_of_written_messages() {
    let mut compiler = Compiler::new();
    compiler.rules("none", "rule never { when: subject.is_reply }");
    compiler.settings(Settings {
        trusted_authserv_ids: vec!["mx.example.net".into()],
        org_domains: vec!["example.net".into()],
        ..Settings::default()
    });
    let engine = compiler.compile().engine.expect("compiles");
    insta::glob!("../corpus/features", "*.eml", |path| {
        let raw = fs::read(path).expect("readable");
        let features = engine.features(&engine.parse(raw));
        insta::assert_json_snapshot!(features);
    });
}
