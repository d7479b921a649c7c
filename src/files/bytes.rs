//! Reading numbers and texts of binary formats. Whatever lies outside the bytes is `None`.

/// A 16-bit number, little endian.
pub(super) fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(take(bytes, at, 2)?.try_into().ok()?))
}

/// A 32-bit number, little endian.
pub(super) fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(take(bytes, at, 4)?.try_into().ok()?))
}

/// A 32-bit number, little endian, as a length or an offset.
pub(super) fn length(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(le32(bytes, at)?).ok()
}

/// So many bytes from `at`.
pub(super) fn take(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

/// UTF-16, little endian, up to the first NUL.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let text = encoding_rs::UTF_16LE.decode_without_bom_handling(bytes).0;
    text.split('\0').next().unwrap_or("").to_owned()
}

/// UTF-8, else Windows-1252, up to the first NUL.
pub(super) fn ansi(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// Reads one thing after the other.
pub(super) struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Cursor<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let taken = take(self.bytes, self.at, length)?;
        self.at += length;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take(2).and_then(|bytes| le16(bytes, 0))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take(4).and_then(|bytes| le32(bytes, 0))
    }

    /// A 32-bit length.
    pub(super) fn length(&mut self) -> Option<usize> {
        self.u32().and_then(|length| usize::try_from(length).ok())
    }

    /// Bytes up to a NUL, which is taken too.
    pub(super) fn until_nul(&mut self) -> Option<&'b [u8]> {
        let length = memchr::memchr(0, self.rest())?;
        let taken = self.take(length)?;
        self.at += 1;
        Some(taken)
    }

    pub(super) fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.at..).unwrap_or(&[])
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }
}
