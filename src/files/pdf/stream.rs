//! Streams of a document, unpacked within a bound: the reader of the syntax knows none.

use hayro_syntax::object::Stream;
use hayro_syntax::{Filter, object::Name};
use std::io::Read;

/// Bytes that a document's directory may grow to: cross-references and objects in streams, which the
/// reader unpacks on loading.
const DIRECTORY: usize = 64 << 20;
/// Largest stream in LZW that is given to the reader: it may grow two thousandfold.
const LZW: usize = 32 << 10;
/// How far before a stream its dictionary is looked for.
const DICTIONARY: usize = 4 << 10;

/// True if what the reader unpacks on loading may be larger than the bound.
pub(super) fn is_bomb(bytes: &[u8]) -> bool {
    let mut left = DIRECTORY;
    for at in memchr::memmem::find_iter(bytes, b"stream") {
        if bytes[..at].ends_with(b"end") || !is_directory(&bytes[at.saturating_sub(DICTIONARY)..at]) {
            continue;
        }
        let data = bytes[at + 6..].trim_ascii_start();
        match grown(data, left) {
            Some(size) => left -= size,
            None => return true,
        }
    }
    false
}

/// True if a dictionary may be that of a directory: one that is named so, one whose names are written
/// with escapes, or one whose begin is not seen.
fn is_directory(before: &[u8]) -> bool {
    let holds = |dict: &[u8], word: &[u8]| memchr::memmem::find(dict, word).is_some();
    match memchr::memmem::rfind(before, b"obj") {
        Some(at) => {
            let dict = &before[at..];
            holds(dict, b"ObjStm") || holds(dict, b"XRef") || holds(dict, b"#")
        }
        None => true,
    }
}

/// Bytes that a stream grows to, packed once or twice; `None` if more than are left.
fn grown(data: &[u8], left: usize) -> Option<usize> {
    let (once, read) = unpack(data, left + 1);
    let twice = if zlib(&once) { inflate(&once, left + 1).len() } else { 0 };
    // What was read counts too: streams that give nothing may lie in each other.
    let size = once.len() + twice + read;
    (size <= left).then_some(size)
}

fn zlib(data: &[u8]) -> bool {
    data.len() >= 2 && data[0] & 0x0F == 8 && u16::from_be_bytes([data[0], data[1]]).is_multiple_of(31)
}

/// Unpacks as far as it goes, up to a limit.
fn inflate(data: &[u8], limit: usize) -> Vec<u8> {
    unpack(data, limit).0
}

/// The same, and how many bytes were read.
fn unpack(data: &[u8], limit: usize) -> (Vec<u8>, usize) {
    let data = if zlib(data) { &data[2..] } else { data };
    let mut out = Vec::new();
    let mut decoder = flate2::read::DeflateDecoder::new(data);
    // A damaged stream gives what can be read of it.
    let _ = Read::by_ref(&mut decoder).take(limit as u64).read_to_end(&mut out);
    (out, decoder.total_in() as usize)
}

/// The content of a stream that is no picture; `None` if its filters are not read, or if it is larger than
/// the limit, packed or unpacked. The limit is lowered by the larger of both.
pub(super) fn taken(stream: &Stream<'_>, limit: &mut usize) -> Option<Vec<u8>> {
    let packed = stream.raw_data().len();
    let data = (packed <= *limit).then(|| decoded(stream, *limit)).flatten();
    *limit -= packed.max(data.as_ref().map_or(0, Vec::len)).min(*limit);
    data
}

/// The content of a stream; `None` if its filters are not read or it is larger than the limit.
pub(super) fn decoded(stream: &Stream<'_>, limit: usize) -> Option<Vec<u8>> {
    let filters = stream.filters();
    let raw = stream.raw_data();
    if filters.contains(&Filter::LzwDecode) {
        let small = raw.len() <= LZW && filters.len() == 1;
        let data = small.then(|| stream.decoded_data().ok()).flatten()?;
        return (data.len() <= limit).then(|| data.into_owned());
    }
    let mut data = raw.into_owned();
    for filter in filters.iter().take(4) {
        data = match filter {
            Filter::FlateDecode => inflate(&data, limit + 1),
            Filter::Ascii85Decode => ascii85(&data),
            Filter::AsciiHexDecode => hexadecimal(&data),
            Filter::RunLengthDecode => run_length(&data, limit + 1),
            Filter::Crypt => data,
            _ => return None,
        };
    }
    (data.len() <= limit).then_some(data)
}

/// True if a stream has one filter, of this name.
#[cfg(feature = "images")]
pub(super) fn only(stream: &Stream<'_>, filter: Filter) -> bool {
    stream.filters().as_slice() == [filter]
}

/// A name in the dictionary of a stream.
pub(super) fn named(stream: &Stream<'_>, key: &str) -> Option<String> {
    stream.dict().get::<Name<'_>>(key).map(|name| name.as_str().to_owned())
}

/// ISO 32000-2, 7.4.3.
fn ascii85(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() * 4 / 5);
    let (mut group, mut count) = (0_u64, 0);
    for byte in data {
        match byte {
            b'z' if count == 0 => out.extend([0; 4]),
            b'!'..=b'u' => {
                group = group * 85 + u64::from(byte - b'!');
                count += 1;
                if count == 5 {
                    out.extend((group as u32).to_be_bytes());
                    (group, count) = (0, 0);
                }
            }
            b'~' => break,
            _ => {}
        }
    }
    if count > 1 {
        let filled = (count..5).fold(group, |group, _| group * 85 + 84);
        out.extend(&(filled as u32).to_be_bytes()[..count - 1]);
    }
    out
}

/// ISO 32000-2, 7.4.2.
fn hexadecimal(data: &[u8]) -> Vec<u8> {
    let digits = data.iter().take_while(|byte| **byte != b'>').filter_map(|byte| char::from(*byte).to_digit(16));
    let digits: Vec<u8> = digits.map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
}

/// ISO 32000-2, 7.4.5.
fn run_length(mut data: &[u8], limit: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while let [length, rest @ ..] = data {
        match *length {
            128 => break,
            0..=127 => {
                let count = (usize::from(*length) + 1).min(rest.len());
                out.extend(&rest[..count]);
                data = &rest[count..];
            }
            _ => {
                let Some(byte) = rest.first() else { break };
                out.extend(std::iter::repeat_n(*byte, 257 - usize::from(*length)));
                data = &rest[1..];
            }
        }
        if out.len() > limit {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        assert_eq!(ascii85(b"87cURD]i,\"Ebo80~>"), b"Hello World!");
        assert_eq!(ascii85(b"87cUR\nDZ~>"), b"Hello");
        assert_eq!(hexadecimal(b"48 65 6C6c 6F7>"), b"Hellop");
        assert_eq!(run_length(b"\x02abc\xFEz\x80x", 100), b"abczzz");
    }
}
