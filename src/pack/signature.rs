//! Detached signatures in minisign's format (Ed25519), verified offline with keys that the
//! configuration names. What is signed is the archive; a folder counts as the archive that is made
//! of it.

use minisign_verify::{PublicKey, Signature};
use std::fmt;

/// Whose packs are believed.
#[derive(Clone, Default)]
pub struct Trust {
    keys: Vec<(String, PublicKey)>,
    required: bool,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.keys.iter().map(|(text, _)| text.as_str()).collect();
        f.debug_struct("Trust").field("keys", &keys).field("required", &self.required).finish()
    }
}

impl Trust {
    /// Public keys as minisign writes them: the line of 56 characters in base64, or the whole file.
    /// `required`: packs without a good signature are refused. The reason if a key is malformed.
    pub fn new(keys: &[String], required: bool) -> Result<Self, String> {
        let key = |text: &String| {
            let line = text.trim().lines().next_back().unwrap_or_default().trim().to_owned();
            let key = PublicKey::from_base64(&line).map_err(|_| format!("`{line}` is not a minisign public key"))?;
            Ok((line, key))
        };
        let keys: Vec<_> = keys.iter().map(key).collect::<Result<_, String>>()?;
        if required && keys.is_empty() {
            return Err("signatures are required, but no key is trusted: no pack could be loaded".into());
        }
        Ok(Self { keys, required })
    }

    /// True if packs without a good signature are refused.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// The same keys, with packs without a good signature refused.
    #[must_use]
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// True if there are keys, so that signatures that are there are verified.
    pub fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The key that made the signature of these bytes, with its trusted comment; the reason if none
    /// of the keys did.
    pub fn verify(&self, bytes: &[u8], signature: &str) -> Result<(String, String), String> {
        let signature = Signature::decode(signature).map_err(|_| "the signature is malformed".to_owned())?;
        let by = |(_, key): &&(String, PublicKey)| key.verify(bytes, &signature, true).is_ok();
        match self.keys.iter().find(by) {
            Some((text, _)) => Ok((text.clone(), signature.trusted_comment().to_owned())),
            None => Err("no trusted key made this signature of these contents".into()),
        }
    }
}
