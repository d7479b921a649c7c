//! Messages of the written corpus, really signed: lures that pass DKIM, SPF and DMARC of the service
//! that sent them, the genuine notification beside each, and messages whose signatures do not hold.
//! Keys and DNS are made up; nothing of it is in the real DNS.

use crate::sign::{Key, Signer};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Lures of `corpus/mail` with an honest twin, received by a Postfix border.
const TWINS: [&str; 10] = [
    "adobe/shared-invoice",
    "apple-id/namae",
    "docsend/proposal",
    "docusign/norton-title",
    "microsoft-azure-monitor/obfuscated",
    "microsoft-entra/achat",
    "notion/second",
    "paypal-invoice/reminder",
    "typeform/followup",
    "zoom/third",
];
const FIELDS: &str = "from:to:subject:date:message-id:mime-version:content-type";

/// Paths below `tests/data/verify`, and what stands there.
pub(crate) type Files = BTreeMap<String, String>;

/// All files, from those of the corpus.
pub(crate) fn files(project: &Path) -> Files {
    let manifest = fs::read_to_string(project.join("corpus/manifest.csv")).expect("the manifest");
    let mut lines = manifest.lines();
    let mut files = Files::new();
    let mut rows = vec![lines.next().expect("names of columns").to_owned()];
    let mut dns = BTreeSet::new();
    for line in lines {
        let path = line.split(',').next().expect("a path");
        let is_twin = |name: &&&str| ["lure", "honest"].iter().any(|kind| path == format!("mail/{name}.{kind}.eml"));
        if TWINS.iter().find(is_twin).is_some() {
            let raw = fs::read_to_string(project.join("corpus").join(path)).expect("a message");
            let (signed, records) = sign(&raw, &|signer, message| signer.sign(message));
            dns.extend(records);
            files.insert(path.to_owned(), signed);
            rows.push(line.to_owned());
        }
    }
    for (name, change) in CASES {
        let raw = fs::read_to_string(project.join("corpus/mail/docsend/proposal.honest.eml")).expect("a message");
        let path = format!("mail/cases/{name}.eml");
        files.insert(path.clone(), sign(&raw, change).0);
        rows.push(format!("{path},ham,{name},none,accept,{name},made for these tests,en,train,cases/{name},"));
    }
    dns.insert(format!("r1._domainkey.list.example TXT \"{}\"", Key::Rsa2048.record()));
    let note = "# Made by `cargo run --features verify --example sign`: keys of this project, not of the senders.\n";
    files.insert("dns.txt".into(), note.to_owned() + &dns.into_iter().collect::<Vec<_>>().join("\n") + "\n");
    files.insert("manifest.csv".into(), rows.join("\n") + "\n");
    files
}

type Change = &'static dyn Fn(&Signer, &str) -> String;

/// What may go wrong with a signature, by name.
const CASES: [(&str, Change); 6] = [
    ("dkim_expired", &|signer, message| {
        Signer { more: "t=1600000000; x=1600000001; ", ..signer.clone() }.sign(message)
    }),
    ("dkim_wrong_body", &|signer, message| signer.sign(message) + "One line more.\r\n"),
    ("dkim_partial_body", &|signer, message| Signer { length: Some(10), ..signer.clone() }.sign(message)),
    ("dkim_two_keys", &|signer, message| {
        Signer { key: Key::Ed25519, selector: "e1", ..signer.clone() }.sign(&signer.sign(message))
    }),
    ("dkim_unsigned", &|_, message| message.to_owned()),
    ("arc_of_a_list", &|signer, message| {
        let relayed = signer.sign(message).replacen("Subject: ", "Subject: [list] ", 1);
        let domain = signer.domain;
        let seen = format!("mx.list.example; dkim=pass header.d={domain}; dmarc=pass header.from={domain}");
        Signer { domain: "list.example", ..signer.clone() }.seal(&relayed, 1, &seen, "none")
    }),
];

/// The message as its sender signed it, below the fields of the border, and the records that it needs.
fn sign(raw: &str, change: &dyn Fn(&Signer, &str) -> String) -> (String, Vec<String>) {
    let raw = raw.replace("\r\n", "\n").replace('\n', "\r\n");
    let (header, body) = raw.split_once("\r\n\r\n").expect("a body");
    let (mut trace, mut own) = (Vec::new(), Vec::new());
    let mut received = false;
    for field in fields(header) {
        let name = field.split(':').next().unwrap_or("").to_lowercase();
        match &*name {
            "authentication-results" | "dkim-signature" | "received-spf" => {}
            name if name.starts_with("arc-") => {}
            _ if received => own.push(field),
            name => {
                // Own relays have private addresses; the border's field is the next one.
                received = name == "received" && !field.contains("[10.");
                trace.push(field);
            }
        }
    }
    let value = |fields: &[String], wanted: &str| {
        let is = |field: &&String| field.to_lowercase().starts_with(&format!("{wanted}:"));
        fields.iter().find(is).cloned().unwrap_or_default()
    };
    let domain =
        |field: &str| field.rsplit('@').next().unwrap_or("").trim_end_matches(['>', ' ', '\r', '\n']).to_owned();
    let from: &'static str = Box::leak(domain(&value(&own, "from")).into_boxed_str());
    let path = domain(&value(&trace, "return-path"));
    let border = trace.last().cloned().unwrap_or_default();
    let ip = border.split(['[', ']']).nth(1).expect("an address");
    let records = vec![
        format!("{path} TXT \"v=spf1 ip4:{ip} -all\""),
        format!("_dmarc.{from} TXT \"v=DMARC1; p=reject\""),
        format!("r1._domainkey.{from} TXT \"{}\"", Key::Rsa2048.record()),
        format!("e1._domainkey.{from} TXT \"{}\"", Key::Ed25519.record()),
    ];
    let signer = Signer { fields: FIELDS, ..Signer::new(from, Key::Rsa2048) };
    let message = format!("{}\r\n\r\n{body}", own.join("\r\n"));
    (format!("{}\r\n{}", trace.join("\r\n"), change(&signer, &message)), records)
}

fn fields(header: &str) -> Vec<String> {
    crate::sign::fields(header)
}
