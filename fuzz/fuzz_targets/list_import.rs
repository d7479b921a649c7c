//! Any bytes for every importer: what it takes is a list without problems.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::lists::import::{Format, MapKind, Options, import};
use ruleeval::lists::{ListData, ListType};
use ruleeval::source::SourceId;

const FORMATS: [Format; 10] = [
    Format::Plain,
    Format::Csv,
    Format::JsonLines,
    Format::Misp,
    Format::Stix,
    Format::Rspamd(MapKind::Set),
    Format::Rspamd(MapKind::Host),
    Format::Rspamd(MapKind::Ip),
    Format::Rspamd(MapKind::Regexp),
    Format::Rspamd(MapKind::Glob),
];

fuzz_target!(|bytes: &[u8]| {
    let [format, kind, rest @ ..] = bytes else { return };
    let format = FORMATS[usize::from(*format) % FORMATS.len()];
    let kind = ListType::ALL.get(usize::from(*kind) % (ListType::ALL.len() + 1)).copied();
    let Ok(imported) = import(format, rest, &Options { kind, all: true, ..Options::default() }) else { return };
    for (kind, entries) in &imported.entries {
        let (data, problems) = ListData::parse(*kind, SourceId(0), &imported.csv(*kind).into(), None);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(data.len(), entries.len());
    }
});
