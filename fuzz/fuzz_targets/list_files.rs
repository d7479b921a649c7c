//! Any text as the file of a list of any type: bounded problems, and every entry is found again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::lists::{List, ListData, ListType, Search, expired_lines};
use ruleeval::source::SourceId;
use std::sync::Arc;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let kind = ListType::ALL[usize::from(*first) % ListType::ALL.len()];
    let text: Arc<str> = text.into();
    let (data, problems) = ListData::parse(kind, SourceId(0), &text, Some(0));
    assert!(problems.len() < 30);
    assert!(expired_lines(kind, &text, i64::MAX).len() <= text.lines().count());
    let data = Arc::new(data);
    let list = List::from(Arc::clone(&data));
    for entry in (0..data.len()).take(50) {
        assert!(data.entry(entry).is_some());
        let value = data.value(entry);
        let comparable = !matches!(kind, ListType::Cidr | ListType::Pattern);
        assert!(!comparable || data.find(&value, false).is_some(), "{value:?}");
        if kind == ListType::String {
            let hit = list.any_in_text(Search::Contains, true, data.text(entry), None);
            assert!(hit.is_some(), "{:?}", data.text(entry));
        }
    }
});
