//! Signs messages as mail servers do: DKIM (RFC 6376) and ARC (RFC 8617), with fixed keys, fixed
//! times and every mistake that a test wants. Its canonical forms are written for this file; of the
//! library only the keys are used.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256, SigningKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer};
use sha2::{Digest, Sha256 as Hash};

/// Which key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code)] // The script uses two of them.
pub(crate) enum Key {
    Rsa512,
    Rsa1024,
    Rsa2048,
    /// The key of RFC 8463, appendix A.
    Ed25519,
}

impl Key {
    fn algorithm(self) -> &'static str {
        if self == Self::Ed25519 { "ed25519-sha256" } else { "rsa-sha256" }
    }

    fn pem(self) -> &'static str {
        match self {
            Self::Rsa512 => include_str!("../data/verify/keys/rsa512.pem"),
            Self::Rsa1024 => include_str!("../data/verify/keys/rsa1024.pem"),
            Self::Rsa2048 | Self::Ed25519 => include_str!("../data/verify/keys/rsa2048.pem"),
        }
    }

    fn sign(self, data: &[u8]) -> String {
        let signature = if self == Self::Ed25519 {
            let decode = |text| STANDARD.decode(text).expect("base64");
            let seed = decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
            let key = Ed25519Key::from_seed_and_public_key(&seed, &decode(ED25519)).expect("a key");
            key.sign(data)
        } else {
            let der = PrivatePkcs1KeyDer::from_pem_slice(self.pem().as_bytes()).expect("a PEM file");
            RsaKey::<Sha256>::from_key_der(PrivateKeyDer::Pkcs1(der)).expect("a key").sign(data)
        };
        STANDARD.encode(signature.expect("a signature"))
    }

    /// The key's record in DNS.
    pub(crate) fn record(self) -> String {
        let public = match self {
            Self::Rsa512 => include_str!("../data/verify/keys/rsa512.pub"),
            Self::Rsa1024 => include_str!("../data/verify/keys/rsa1024.pub"),
            Self::Rsa2048 => include_str!("../data/verify/keys/rsa2048.pub"),
            Self::Ed25519 => ED25519,
        };
        let kind = if self == Self::Ed25519 { "ed25519" } else { "rsa" };
        format!("v=DKIM1; k={kind}; p={}", public.trim())
    }
}

const ED25519: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

/// How a message is signed.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) key: Key,
    pub(crate) domain: &'static str,
    pub(crate) selector: &'static str,
    /// `relaxed` or `simple`, of header and body.
    pub(crate) form: (&'static str, &'static str),
    pub(crate) fields: &'static str,
    /// Tags besides those that are always there, each with its semicolon: `t=1; x=2; `
    pub(crate) more: &'static str,
    /// The bytes of the body that are signed.
    pub(crate) length: Option<usize>,
    pub(crate) version: &'static str,
}

impl Signer {
    pub(crate) fn new(domain: &'static str, key: Key) -> Self {
        let selector = if key == Key::Ed25519 { "e1" } else { "r1" };
        let (form, fields) = (("relaxed", "relaxed"), "from:to:subject:date:message-id");
        Self { key, domain, selector, form, fields, more: "", length: None, version: "v=1; " }
    }

    /// The message below its DKIM-Signature field.
    pub(crate) fn sign(&self, message: &str) -> String {
        let length = self.length.map_or(String::new(), |length| format!("l={length}; "));
        let tags = format!("{}{}{length}", self.version, self.more);
        format!("{}{message}", self.field("DKIM-Signature", &tags, message))
    }

    fn field(&self, name: &str, tags: &str, message: &str) -> String {
        let (header, body) = message.split_once("\r\n\r\n").expect("a body");
        let body = canonical_body(body, self.form.1);
        let body = &body[..self.length.unwrap_or(body.len()).min(body.len())];
        let hash = STANDARD.encode(Hash::digest(body));
        let Self { key, domain, selector, form, fields, .. } = self;
        let value = format!(
            " {tags}a={}; c={}/{}; d={domain}; s={selector};\r\n h={fields};\r\n bh={hash};\r\n b=",
            key.algorithm(),
            form.0,
            form.1
        );
        let mut data = signed(header, fields, form.0);
        data.push_str(canonical_field(&format!("{name}:{value}"), form.0).trim_end_matches("\r\n"));
        format!("{name}:{value}{}\r\n", key.sign(data.as_bytes()))
    }

    /// The message below another ARC set; `validity` is what the sealer found of the earlier ones.
    pub(crate) fn seal(&self, message: &str, instance: usize, results: &str, validity: &str) -> String {
        let results = format!("ARC-Authentication-Results: i={instance}; {results}\r\n");
        let signature = self.field("ARC-Message-Signature", &format!("i={instance}; "), message);
        let Self { key, domain, selector, .. } = self;
        let seal = format!(
            "ARC-Seal: i={instance}; a={}; t=1700000000; cv={validity}; d={domain}; s={selector};\r\n b=",
            key.algorithm()
        );
        let mut data = String::new();
        for earlier in 1..instance {
            data.push_str(&set(message, earlier));
        }
        data.push_str(&canonical_field(&results, "relaxed"));
        data.push_str(&canonical_field(&signature, "relaxed"));
        data.push_str(canonical_field(&seal, "relaxed").trim_end_matches("\r\n"));
        format!("{seal}{}\r\n{signature}{results}{message}", key.sign(data.as_bytes()))
    }
}

/// The fields of an earlier set in the order in which they are sealed.
fn set(message: &str, instance: usize) -> String {
    let header = message.split_once("\r\n\r\n").expect("a body").0;
    let names = ["arc-authentication-results", "arc-message-signature", "arc-seal"];
    let of = |name: &str| {
        let own = |field: &&String| {
            let (found, value) = field.split_once(':').expect("a field");
            found.eq_ignore_ascii_case(name) && value.trim_start().starts_with(&format!("i={instance};"))
        };
        fields(header).iter().find(own).map_or_else(String::new, |field| canonical_field(field, "relaxed"))
    };
    names.map(of).concat()
}

pub(crate) fn fields(header: &str) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for line in header.split("\r\n") {
        match fields.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => last.push_str(&format!("\r\n{line}")),
            _ => fields.push(line.to_owned()),
        }
    }
    fields
}

/// The signed fields, the lowest of each name first (RFC 6376 section 5.4.2).
fn signed(header: &str, names: &str, form: &str) -> String {
    let mut left = fields(header);
    let mut data = String::new();
    for name in names.split(':') {
        let is = |field: &String| field.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name));
        if let Some(at) = left.iter().rposition(is) {
            data.push_str(&canonical_field(&left.remove(at), form));
        }
    }
    data
}

/// RFC 6376 sections 3.4.1 and 3.4.2, with the line end.
fn canonical_field(field: &str, form: &str) -> String {
    let field = field.trim_end_matches("\r\n");
    if form == "simple" {
        return format!("{field}\r\n");
    }
    let (name, value) = field.split_once(':').expect("a field");
    let words: Vec<&str> = value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect();
    format!("{}:{}\r\n", name.trim().to_lowercase(), words.join(" "))
}

/// RFC 6376 sections 3.4.3 and 3.4.4.
fn canonical_body(body: &str, form: &str) -> String {
    let line = |line: &str| {
        let words = line.split([' ', '\t']).collect::<Vec<_>>();
        let mut out = String::new();
        for (at, word) in words.iter().enumerate() {
            if at > 0 && !out.ends_with(' ') {
                out.push(' ');
            }
            out.push_str(word);
        }
        out.trim_end().to_owned()
    };
    let relaxed = form == "relaxed";
    let mut lines: Vec<String> =
        body.split("\r\n").map(|text| if relaxed { line(text) } else { text.to_owned() }).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    match lines.is_empty() {
        true if relaxed => String::new(),
        true => "\r\n".into(),
        false => lines.join("\r\n") + "\r\n",
    }
}
