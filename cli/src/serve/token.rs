//! The bearer token of whatever changes state (RFC 6750).

use std::path::Path;
use subtle::ConstantTimeEq;

/// A secret.
pub(crate) struct Token(Vec<u8>);

/// Shorter ones can be guessed.
const LEAST: usize = 16;

impl Token {
    /// Reads the first line of a file.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let token = text.lines().next().unwrap_or("").trim();
        if token.len() < LEAST || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("{}: a token has at least {LEAST} printable ASCII characters", path.display()));
        }
        Ok(Self(token.as_bytes().to_vec()))
    }

    /// True for `Bearer TOKEN`, in a time that does not tell how much of it was right.
    pub(crate) fn allows(&self, authorization: &[u8]) -> bool {
        let (scheme, given) = authorization.split_at_checked(7).unwrap_or((b"", b""));
        scheme.eq_ignore_ascii_case(b"bearer ") && bool::from(self.0.as_slice().ct_eq(given.trim_ascii()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_is_right() {
        let token = Token(b"0123456789abcdef".to_vec());
        assert!(token.allows(b"Bearer 0123456789abcdef") && token.allows(b"bearer  0123456789abcdef "));
        for wrong in
            [&b"Bearer 0123456789abcde"[..], b"Bearer 0123456789abcdeff", b"Basic 0123456789abcdef", b"", b"Bearer "]
        {
            assert!(!token.allows(wrong));
        }
    }
}
