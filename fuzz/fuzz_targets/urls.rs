//! Any text is a URL or none; rewriters and nested URLs end, and give URLs that are read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::message::{REWRITERS, Url};

/// Beginnings that lead into the decoders.
const HEADS: [&str; 12] = [
    "",
    "https://eur01.safelinks.protection.outlook.com/?url=",
    "https://urldefense.proofpoint.com/v1/url?u=",
    "https://urldefense.proofpoint.com/v2/url?u=",
    "https://urldefense.com/v3/__",
    "https://protect-us.mimecast.com/s/",
    "https://linkprotect.cudasvc.com/url?a=",
    "https://secure-web.cisco.com/1/",
    "https://www.google.com/url?q=",
    "https://www.bing.com/ck/a?u=a1",
    "https://us01.z.antigena.com/l/",
    "https://eu-west-1.protection.sophos.com/?d=example.com&u=",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((head, rest)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let Some(url) = Url::parse(&format!("{}{text}", HEADS[*head as usize % HEADS.len()])) else { return };
    assert!(url.encoders.iter().all(|name| REWRITERS.contains(name)));
    let (nested, more) = url.nested();
    assert!(nested.len() <= 20 && (!more || nested.len() == 20));
    for inner in nested {
        let _ = Url::parse(&inner.url);
    }
});
