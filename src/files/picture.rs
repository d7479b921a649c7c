//! Pictures: how large they are, and the QR codes in them. Codes are read behind the feature `images`.

use super::File;

/// What is known of the codes in a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// Content of each code, in the order in which they were found, each once.
    pub found: Vec<String>,
    /// The file can hold codes and was looked at.
    pub looked: bool,
    /// What was not looked at.
    pub limit: Option<&'static str>,
}

/// An entry of the metadata that cameras and programs write (Exif).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Name: `Make`, `Software` ...
    pub name: String,
    /// Value as text.
    pub value: String,
}

/// Most entries of metadata.
#[cfg(feature = "files")]
const TAGS: usize = 500;

impl File {
    /// Width and height in pixels, of PNG, GIF, JPEG, BMP and WebP files.
    pub fn pixels(&self) -> Option<(i64, i64)> {
        pixels(self.kind, &self.bytes)
    }

    /// QR codes in a picture, or in the pictures of a PDF document.
    pub fn codes(&self) -> &Codes {
        self.scans.codes(|| {
            if pixels_of(self) == 0 {
                return Codes::default();
            }
            if !self.visible {
                let limit = Some("pixels: pictures with more pixels than the limit allows were not looked at");
                return Codes { limit, ..Codes::default() };
            }
            look(self)
        })
    }

    /// Metadata of a picture: its Exif.
    pub fn exif(&self) -> &[Tag] {
        let holds = self.pixels().is_some() || self.kind == "tiff" || self.kind == "heic";
        self.scans.exif(|| if holds { tags(&self.bytes) } else { Vec::new() })
    }
}

/// Pixels of the file's pictures that a search for codes looks at.
pub(super) fn pixels_of(file: &File) -> usize {
    let size = |side: i64| usize::try_from(side).unwrap_or(0);
    let own = pixels(file.kind, &file.bytes).map_or(0, |(width, height)| size(width).saturating_mul(size(height)));
    own.saturating_add(file.pdf().map_or(0, |pdf| pdf.pixels))
}

#[cfg(feature = "images")]
fn look(file: &File) -> Codes {
    let found = super::guard::quietly(|| match file.kind {
        "pdf" => super::pdf::pictures(&file.bytes).iter().flat_map(super::qr::codes).collect(),
        kind => super::qr::decode(kind, &file.bytes, pixels_of(file)).iter().flat_map(super::qr::codes).collect(),
    });
    let mut found: Vec<String> = found.unwrap_or_default();
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|code| seen.insert(code.clone()));
    Codes { found, looked: true, limit: None }
}

#[cfg(not(feature = "images"))]
fn look(_: &File) -> Codes {
    Codes::default()
}

#[cfg(feature = "files")]
fn tags(bytes: &[u8]) -> Vec<Tag> {
    let read = || {
        let mut reader = exif::Reader::new();
        reader.continue_on_error(true);
        let exif = match reader.read_from_container(&mut std::io::Cursor::new(bytes)) {
            Ok(exif) => exif,
            Err(error) => error.distill_partial_result(|_| {}).ok()?,
        };
        let fields = exif.fields().take(TAGS).map(|field| {
            let value: String = field.display_value().to_string().chars().take(1_000).collect();
            Tag { name: field.tag.to_string(), value: value.trim_matches('"').to_owned() }
        });
        Some(fields.collect())
    };
    super::guard::quietly(read).flatten().unwrap_or_default()
}

#[cfg(not(feature = "files"))]
fn tags(_: &[u8]) -> Vec<Tag> {
    Vec::new()
}

/// Sizes as the formats' headers give them.
fn pixels(kind: &str, bytes: &[u8]) -> Option<(i64, i64)> {
    let big = |at: usize, width: usize| {
        let bytes = bytes.get(at..at + width)?;
        Some(bytes.iter().fold(0_i64, |number, byte| number << 8 | i64::from(*byte)))
    };
    let little = |at: usize, width: usize| {
        let bytes = bytes.get(at..at + width)?;
        Some(bytes.iter().rev().fold(0_i64, |number, byte| number << 8 | i64::from(*byte)))
    };
    match kind {
        "png" => Some((big(16, 4)?, big(20, 4)?)),
        "gif" => Some((little(6, 2)?, little(8, 2)?)),
        // A negative height is that of a picture written from the top.
        "bmp" => Some((little(18, 4)?, i64::from(little(22, 4)? as i32).abs())),
        "jpeg" | "jpg" => {
            let mut at = 2;
            // Segments (ITU-T T.81, B.1.1.4): a marker, a length, content; SOF markers hold the size.
            while big(at, 1)? == 0xFF {
                let marker = big(at + 1, 1)?;
                if matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
                    return Some((big(at + 7, 2)?, big(at + 5, 2)?));
                }
                at += 2 + usize::try_from(big(at + 2, 2)?).ok()?.max(2);
            }
            None
        }
        "webp" => match bytes.get(12..16)? {
            // The three forms of RFC 9649: extended, lossless, lossy.
            b"VP8X" => Some((little(24, 3)? + 1, little(27, 3)? + 1)),
            b"VP8L" => little(21, 4).map(|bits| ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)),
            _ => Some((little(26, 2)? & 0x3FFF, little(28, 2)? & 0x3FFF)),
        },
        _ => None,
    }
}
