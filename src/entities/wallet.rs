//! Addresses of cryptocurrencies, with their checksums where they have one.

use sha2::{Digest, Sha256};
use std::ops::Range;
use std::sync::Arc;

/// A cryptocurrency address found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// As it is written.
    pub text: Arc<str>,
    /// The currency's code: one of [`CHAINS`].
    pub chain: &'static str,
    /// The checksum was verified. Ethereum and Monero addresses are told by their shape only.
    pub verified: bool,
    /// Place in the text, in bytes.
    pub start: usize,
    /// Byte after it.
    pub end: usize,
}

/// The currencies whose addresses are known.
pub const CHAINS: &[&str] = &["BTC", "BCH", "LTC", "DOGE", "DASH", "ETH", "TRX", "XRP", "XMR", "ADA"];

/// Bitcoin's alphabet (Base58), and Ripple's.
const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const RIPPLE58: &[u8; 58] = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";
/// The alphabet of Bech32 (BIP 173) and CashAddr.
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// The wallets in a text, in order.
pub fn wallets(text: &str) -> Vec<Wallet> {
    let found = long_words(text).filter_map(|Range { start, end }| {
        let word = &text[start..end];
        let (chain, verified) = chain(word)?;
        Some(Wallet { text: word.into(), chain, verified, start, end })
    });
    found.collect()
}

/// Lengths of addresses.
const LEAST: usize = 25;
const MOST: usize = 110;

/// Where words of ASCII letters and digits stand that are as long as addresses.
fn long_words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            // PERF: a word of this length covers the byte that far ahead.
            let ahead = at + LEAST - 1;
            if !bytes.get(ahead)?.is_ascii_alphanumeric() {
                at += LEAST;
                continue;
            }
            let start = ahead - bytes[at..ahead].iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            let end = start + bytes[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            at = end;
            if (LEAST..=MOST).contains(&(end - start)) {
                return Some(start..end);
            }
        }
    })
}

fn chain(word: &str) -> Option<(&'static str, bool)> {
    let shaped = ethereum(word).or_else(|| monero(word));
    let checked = || base58(word).or_else(|| bech32(word)).or_else(|| ripple(word)).or_else(|| cashaddr(word));
    shaped.map(|chain| (chain, false)).or_else(|| checked().map(|chain| (chain, true)))
}

/// `0x` and 40 hexadecimal digits; of one digit over and over, none.
fn ethereum(word: &str) -> Option<&'static str> {
    let digits = word.strip_prefix("0x")?;
    let hex = digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let varied = digits.bytes().any(|byte| !digits.starts_with(char::from(byte)));
    (hex && varied).then_some("ETH")
}

/// 95 characters of Base58 that begin with 4 or 8, 106 of an integrated address.
fn monero(word: &str) -> Option<&'static str> {
    let shape = matches!(word.len(), 95 | 106) && word.starts_with(['4', '8']);
    (shape && word.bytes().all(|byte| BASE58.contains(&byte))).then_some("XMR")
}

/// Addresses in Base58Check, by their version byte.
fn base58(word: &str) -> Option<&'static str> {
    if word.len() > 36 {
        return None;
    }
    Some(match payload(word, BASE58)?.first()? {
        0x00 | 0x05 => "BTC",
        0x30 | 0x32 => "LTC",
        0x1e | 0x16 => "DOGE",
        0x4c | 0x10 => "DASH",
        0x41 => "TRX",
        _ => return None,
    })
}

fn ripple(word: &str) -> Option<&'static str> {
    let plausible = word.starts_with('r') && word.len() <= 35;
    (plausible && payload(word, RIPPLE58)?.first() == Some(&0)).then_some("XRP")
}

/// Version and hash of an address whose checksum (the first four bytes of SHA-256 twice) holds.
fn payload(word: &str, alphabet: &[u8; 58]) -> Option<Vec<u8>> {
    let bytes = decode58(word, alphabet)?;
    let (payload, sum) = bytes.split_at_checked(21)?;
    let hash = Sha256::digest(Sha256::digest(payload));
    (sum.len() == 4 && hash[..4] == *sum).then(|| payload.to_vec())
}

/// A number in base 58 as 25 bytes.
fn decode58(word: &str, alphabet: &[u8; 58]) -> Option<Vec<u8>> {
    let mut number = [0_u8; 25];
    for byte in word.bytes() {
        let digit = alphabet.iter().position(|known| *known == byte)?;
        let mut carry = digit;
        for place in number.iter_mut().rev() {
            let value = usize::from(*place) * 58 + carry;
            *place = value as u8;
            carry = value >> 8;
        }
        if carry > 0 {
            return None;
        }
    }
    Some(number.to_vec())
}

/// Segregated-witness addresses (BIP 173, BIP 350) and Cardano's.
fn bech32(word: &str) -> Option<&'static str> {
    let lower = word.to_ascii_lowercase();
    if lower != word && word.to_ascii_uppercase() != word {
        return None;
    }
    let known = [("bc1", "BTC"), ("ltc1", "LTC"), ("addr1", "ADA")];
    let (prefix, chain) = known.into_iter().find(|(prefix, _)| lower.starts_with(prefix))?;
    let human = prefix.strip_suffix('1')?;
    let values = values32(&lower[prefix.len()..])?;
    let expanded = human.bytes().map(|byte| byte >> 5).chain([0]).chain(human.bytes().map(|byte| byte & 31));
    let sum = expanded.chain(values).fold(1_u32, polymod);
    matches!(sum, 1 | 0x2bc8_30a3).then_some(chain)
}

fn values32(text: &str) -> Option<Vec<u8>> {
    text.bytes().map(|byte| BECH32.iter().position(|known| *known == byte).map(|at| at as u8)).collect()
}

fn polymod(sum: u32, value: u8) -> u32 {
    const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = sum >> 25;
    let shifted = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
    GENERATORS.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1).fold(shifted, |sum, (_, term)| sum ^ term)
}

/// Bitcoin Cash's addresses, written without their prefix.
fn cashaddr(word: &str) -> Option<&'static str> {
    const GENERATORS: [u64; 5] = [0x98_f2bc_8e61, 0x79_b76d_99e2, 0xf3_3e5f_b3c4, 0xae_2eab_e2a8, 0x1e_4f43_e470];
    if word.len() != 42 || !word.starts_with(['q', 'p']) {
        return None;
    }
    let prefix = b"bitcoincash".iter().map(|byte| byte & 31).chain([0]);
    let sum = prefix.chain(values32(word)?).fold(1_u64, |sum, value| {
        let top = sum >> 35;
        let shifted = (sum & 0x07_ffff_ffff) << 5 ^ u64::from(value);
        GENERATORS.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1).fold(shifted, |sum, (_, term)| sum ^ term)
    });
    (sum ^ 1 == 0).then_some("BCH")
}
