//! Any text is a page: its texts, links and places are there, and nothing that is shown is called hidden.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::message::Html;
use std::sync::Arc;

fuzz_target!(|text: &str| {
    let html = Html::new(Arc::from(text), 100);
    let (shown, hidden, all) = (html.display_text(), html.hidden_text(), html.inner_text());
    // Labels of buttons are shown beside the text.
    if !text.to_ascii_lowercase().contains("<input") && !text.to_ascii_lowercase().contains("text-transform") {
        let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
        assert_eq!(letters(&shown) + letters(&hidden), letters(&all));
    }
    for at in [0, shown.len() / 2, shown.len()] {
        assert!(html.source_at(at).is_none_or(|source| source <= text.len()));
    }
    assert!(html.links().len() <= 100);
});
