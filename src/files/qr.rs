//! QR codes (ISO/IEC 18004): pictures are decoded by `image`, codes by `rqrr`. Pictures with see-through
//! parts lie on white, as readers show them; small ones are enlarged; light codes on dark ground are
//! tried too.

use image::{DynamicImage, GrayImage, ImageFormat, ImageReader, Limits, imageops};
use std::io::Cursor;

/// Side below which a picture is enlarged, in pixels.
const SMALL: u32 = 250;
/// Side above which a picture is made smaller: codes that a person can scan stay readable.
const LARGE: u32 = 2_000;
/// Memory that decoding a picture may take, in bytes: so many for each pixel that its header says, and
/// so many beside. A picture that says less than it is fails.
const PER_PIXEL: u64 = 16;
const MEMORY: u64 = 16 << 20;
/// Most codes of a picture.
const CODES: usize = 32;

/// A picture in shades of grey, of so many pixels.
pub(super) fn decode(kind: &str, bytes: &[u8], pixels: usize) -> Option<GrayImage> {
    let format = match kind {
        "png" => ImageFormat::Png,
        "jpeg" | "jpg" => ImageFormat::Jpeg,
        "gif" => ImageFormat::Gif,
        "bmp" => ImageFormat::Bmp,
        "webp" => ImageFormat::WebP,
        _ => return None,
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some((pixels as u64).saturating_mul(PER_PIXEL).saturating_add(MEMORY));
    reader.limits(limits);
    reader.decode().ok().map(|picture| on_white(&picture))
}

fn on_white(picture: &DynamicImage) -> GrayImage {
    if !picture.color().has_alpha() {
        return picture.to_luma8();
    }
    let seen = picture.to_luma_alpha8();
    let shade = |luma: u8, alpha: u8| (u32::from(luma) * u32::from(alpha) / 255 + 255 - u32::from(alpha)) as u8;
    GrayImage::from_fn(seen.width(), seen.height(), |x, y| {
        let image::LumaA([luma, alpha]) = *seen.get_pixel(x, y);
        image::Luma([shade(luma, alpha)])
    })
}

/// The contents of the codes in a picture.
pub(super) fn codes(picture: &GrayImage) -> Vec<String> {
    let sized = sized(picture);
    let found = read(&sized);
    if !found.is_empty() {
        return found;
    }
    let mut inverted = sized;
    imageops::invert(&mut inverted);
    read(&inverted)
}

fn sized(picture: &GrayImage) -> GrayImage {
    let (width, height) = picture.dimensions();
    let (short, long) = (width.min(height), width.max(height));
    if short < SMALL {
        // Codes need a margin; pictures that are nothing but a code often have none.
        let factor = (2 * SMALL / short.max(1)).clamp(2, 8);
        return enlarged(picture, factor as usize);
    }
    if long > LARGE {
        let scale = |side: u32| (u64::from(side) * u64::from(LARGE) / u64::from(long)).max(1) as u32;
        return imageops::resize(picture, scale(width), scale(height), imageops::FilterType::Triangle);
    }
    picture.clone()
}

/// Each pixel as a square. PERF: `imageops::resize` weighs each one.
fn enlarged(picture: &GrayImage, factor: usize) -> GrayImage {
    let width = picture.width() as usize * factor;
    let mut out = Vec::with_capacity(width * picture.height() as usize * factor);
    for row in picture.as_raw().chunks(picture.width().max(1) as usize) {
        let start = out.len();
        out.extend(row.iter().flat_map(|pixel| std::iter::repeat_n(*pixel, factor)));
        (1..factor).for_each(|_| out.extend_from_within(start..start + width));
    }
    GrayImage::from_raw(width as u32, picture.height() * factor as u32, out).unwrap_or_default()
}

fn read(picture: &GrayImage) -> Vec<String> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let raw = picture.as_raw();
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| raw[y * width + x]);
    let grids = prepared.detect_grids();
    grids.iter().take(CODES).filter_map(|grid| grid.decode().ok()).map(|(_, content)| content).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enlarging_is_the_nearest_pixel() {
        let picture = GrayImage::from_fn(7, 3, |x, y| image::Luma([(x * 31 + y * 57) as u8]));
        for factor in 1..=8_u32 {
            let resized = imageops::resize(&picture, 7 * factor, 3 * factor, imageops::FilterType::Nearest);
            let ours = enlarged(&picture, factor as usize);
            assert_eq!((ours.dimensions(), ours.as_raw()), (resized.dimensions(), resized.as_raw()), "{factor}");
        }
        assert_eq!(enlarged(&GrayImage::default(), 2).dimensions(), (0, 0));
    }
}
