//! Any bytes as an archive: refused, or exactly what building it again gives.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::pack::Archive;
use std::collections::BTreeMap;

/// A header whose sum is right, for inputs that begin with a name.
fn repaired(bytes: &[u8]) -> Vec<u8> {
    let mut files = BTreeMap::new();
    for part in bytes.split(|byte| *byte == 0xff) {
        let (name, content) = part.split_at(part.len().min(20));
        if let Ok(name) = std::str::from_utf8(name) {
            files.insert(name.to_owned(), content.to_vec());
        }
    }
    Archive::build(&files).unwrap_or_default()
}

fuzz_target!(|bytes: &[u8]| {
    for bytes in [bytes.to_vec(), repaired(bytes)] {
        let Ok(archive) = Archive::read(bytes.clone().into()) else { continue };
        let files = archive.paths().map(|path| (path.to_owned(), archive.file(path).expect("a file").to_vec()));
        assert_eq!(Archive::build(&files.collect()).expect("it is one"), bytes);
    }
});
