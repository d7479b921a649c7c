//! The source of macros ([MS-OVBA]), taken out of any stream that holds compressed source. The project's
//! own directory is not needed: what damages it to hide from scanners hides nothing here.

use super::bytes::le16;

/// Most bytes of source of one module.
const SOURCE: usize = 2 << 20;

/// What compressed source begins with: a flag byte, then eight letters of the attribute that every
/// module has. Another flag byte parts them from the rest of the word.
const MARK: &[u8] = b"\0Attribut";

/// The source of a module that lies in a stream.
pub(super) fn source(stream: &[u8]) -> Option<String> {
    let parted = |at: &usize| stream.get(at + MARK.len()).is_some_and(|byte| *byte != b'e');
    let mark = memchr::memmem::find_iter(stream, MARK).find(parted)?;
    // The signature and the chunk's header stand before the flag byte.
    let bytes = decompress(stream.get(mark.checked_sub(3)?..)?)?;
    Some(match std::str::from_utf8(&bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(&bytes).0.into_owned(),
    })
}

/// A compressed container ([MS-OVBA] 2.4.1): a signature, then chunks of up to 4,096 bytes. Damage ends it.
fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(&[1])?;
    let mut out = Vec::new();
    while let Some(header) = le16(rest, 0) {
        let size = usize::from(header & 0x0FFF) + 3;
        let chunk = &rest[2..size.min(rest.len())];
        if header >> 12 & 7 != 3 || out.len() > SOURCE {
            break;
        }
        if header & 0x8000 == 0 {
            out.extend(chunk);
        } else if tokens(chunk, &mut out).is_none() {
            break;
        }
        rest = rest.get(size..).unwrap_or(&[]);
    }
    Some(out)
}

/// The tokens of a compressed chunk ([MS-OVBA] 2.4.1.3.2).
fn tokens(mut chunk: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    while let [flags, rest @ ..] = chunk {
        chunk = rest;
        for bit in 0..8 {
            if flags & (1 << bit) == 0 {
                out.push(*chunk.first()?);
                chunk = &chunk[1..];
            } else {
                copy(le16(chunk, 0)?, start, out)?;
                chunk = &chunk[2..];
            }
        }
    }
    Some(())
}

/// A token that repeats what was unpacked: how its bits are shared depends on how much there is.
fn copy(token: u16, start: usize, out: &mut Vec<u8>) -> Option<()> {
    let there = out.len() - start;
    let bits = (4..12).find(|bits| there <= 1 << bits).unwrap_or(12);
    let length = usize::from(token & (0xFFFF >> bits)) + 3;
    let from = out.len().checked_sub(usize::from(token >> (16 - bits)) + 1).filter(|from| *from >= start)?;
    if there + length > 4096 {
        return None;
    }
    for offset in 0..length {
        out.push(out[from + offset]);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::decompress;

    #[test]
    fn the_examples_of_the_specification() {
        // [MS-OVBA] 3.2.1: no compression; 3.2.2: normal; 3.2.3: maximum.
        let plain = b"\x01\x19\xB0\x00abcdefgh\x00ijklmnop\x00qrstuv.";
        assert_eq!(decompress(plain).as_deref(), Some(&b"abcdefghijklmnopqrstuv."[..]));
        let normal = b"\x01\x2F\xB0\x00\x23aaabcde\x82f\x00\x70aghij\x01\x38\x08akl\x00\x30mnop\x06q\x02\x70\x04\x10rstuv\x10wxyz\x00\x3C";
        assert_eq!(
            decompress(normal).as_deref(),
            Some(&b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa"[..])
        );
        let most = b"\x01\x03\xB0\x02aE\x00";
        assert_eq!(decompress(most), Some(vec![b'a'; 73]));
        for end in 0..normal.len() {
            let _ = decompress(&normal[..end]);
        }
    }
}
