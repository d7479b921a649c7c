//! A pack to begin with: its rule has a lure and an honest twin, its list is used, its tests pass.

use super::{NewArgs, failed};
use crate::Exit;
use crate::output::{complain, print};
use std::path::Path;

const MANIFEST: &str = "\
name: NAME
version: 0.1.0
description: What this pack finds, in one sentence.
license: LICENSE
requires:
  engine: \">=ENGINE\"
policy:
  thresholds: {tag: 3.0, quarantine: 5.0, reject: 10.0}
tests:
  trusted_authserv_ids: [mx.example.net]
  org_domains: [example.net]
";

const RULES: &str = "\
list callback_words: string = \"lists/callback_words.txt\"

/// Names a telephone number and urges the reader to call it.
def asks_for_a_call(text: string) =
  length(phone_numbers(text)) > 0
  and text contains~ $callback_words

rule callback_in_subject : callback {
  meta:
    title       = \"A subject that asks for a call\"
    description = \"Genuine notifications have no telephone number in their subject.\"
    severity    = medium
    status      = experimental
  when:
    asks_for_a_call(subject.base)
  unless:
    own_mail: authenticated_as(\"example.net\")
  tests:
    matches \"cases/lure.eml\"
    ignores \"cases/honest.eml\"
}
";

const WORDS: &str = "\
# One entry in each line; what follows ` #` is a comment.
call us
call now # the most frequent wording
dial
";

const LURE: &str = "\
From: Billing <billing@shop.example>\r
To: reader@example.net\r
Date: Thu, 21 May 2026 10:00:00 +0000\r
Message-ID: <lure@shop.example>\r
Subject: Your order is charged today, call now +1 (808) 555-0142\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset=utf-8\r
\r
Thank you for your order.\r
";

const HONEST: &str = "\
From: Billing <billing@shop.example>\r
To: reader@example.net\r
Date: Thu, 21 May 2026 10:00:00 +0000\r
Message-ID: <honest@shop.example>\r
Subject: Your order 4711 was sent\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset=utf-8\r
\r
Thank you for your order.\r
";

/// Runs `pack new`.
pub(super) fn run(args: &NewArgs) -> Result<(), Exit> {
    let folder = &args.folder;
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if name.is_empty() || !name.bytes().all(valid) {
        return Err(failed(folder, "the name of a pack has lower-case letters, digits, `-` and `_`"));
    }
    if let Some((reason, _)) = ruleeval::pack::license_problem(&args.license) {
        return Err(failed(folder, &format!("`{}` is no SPDX licence expression: {reason}", args.license)));
    }
    if folder.exists() {
        return Err(failed(folder, "is there already"));
    }
    let engine: Vec<&str> = ruleeval::pack::ENGINE_VERSION.splitn(3, '.').take(2).collect();
    let manifest = MANIFEST.replace("NAME", &name).replace("LICENSE", &args.license);
    let files = [
        ("pack.yaml", manifest.replace("ENGINE", &engine.join("."))),
        ("rules.rule", RULES.to_owned()),
        ("lists/callback_words.txt", WORDS.to_owned()),
        ("cases/lure.eml", LURE.to_owned()),
        ("cases/honest.eml", HONEST.to_owned()),
    ];
    for (path, text) in &files {
        write(&folder.join(path), text).map_err(|error| failed(folder, &error.to_string()))?;
        print(&format!("{}\n", folder.join(path).display()));
    }
    complain(&format!("next: ruleeval pack check {}", folder.display()));
    Ok(())
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, text)
}
