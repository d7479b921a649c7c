//! The pictures of a document in shades of grey: JPEG as it is, and plain pixels of eight bits or one.

use super::{load, stream};
use hayro_syntax::Filter;
use hayro_syntax::object::{Dict, Name, Object, Stream};
use image::GrayImage;

/// Most pictures of a document.
const PICTURES: usize = 50;
/// Smallest side of a picture that can hold a code, in pixels.
const SMALLEST: u32 = 21;

/// The pictures of a document, of which the number of pixels was found to fit.
pub(in super::super) fn pictures(bytes: &[u8]) -> Vec<GrayImage> {
    let Ok(document) = load(bytes) else { return Vec::new() };
    let streams = document.objects().into_iter().take(super::OBJECTS).filter_map(|object| match object {
        Object::Stream(stream) => Some(stream),
        _ => None,
    });
    streams.filter_map(|stream| picture(&stream)).take(PICTURES).collect()
}

fn picture(stream: &Stream<'_>) -> Option<GrayImage> {
    (stream::named(stream, "Subtype")? == "Image").then_some(())?;
    let (width, height) = (stream.dict().get::<u32>("Width")?, stream.dict().get::<u32>("Height")?);
    (width >= SMALLEST && height >= SMALLEST).then_some(())?;
    if stream::only(stream, Filter::DctDecode) {
        return super::super::qr::decode("jpeg", &stream.raw_data(), width as usize * height as usize);
    }
    let bits = stream.dict().get::<u32>("BitsPerComponent").unwrap_or(1);
    let colours = match stream.dict().get::<Name<'_>>("ColorSpace").as_ref().map_or("", Name::as_str) {
        "DeviceRGB" => 3,
        "DeviceCMYK" => 4,
        _ => 1,
    };
    let row = (width as usize * bits as usize * colours).div_ceil(8);
    // One byte before each row if the rows were predicted.
    let limit = (row + 1).checked_mul(height as usize)?;
    let data = stream::decoded(stream, limit)?;
    let predictor = stream.dict().get::<Dict<'_>>("DecodeParms").and_then(|dict| dict.get::<u32>("Predictor"));
    let rows = if predictor.unwrap_or(1) >= 10 {
        unpredicted(&data, row, (colours * bits as usize).div_ceil(8))
    } else {
        data
    };
    grey(&rows, width, height, row, bits, colours)
}

fn grey(rows: &[u8], width: u32, height: u32, row: usize, bits: u32, colours: usize) -> Option<GrayImage> {
    let mut out = Vec::with_capacity(width as usize * height as usize);
    for line in rows.chunks_exact(row).take(height as usize) {
        match bits {
            8 => out.extend(line.chunks_exact(colours).map(shade)),
            1 if colours == 1 => {
                out.extend((0..width as usize).map(|x| if line[x / 8] >> (7 - x % 8) & 1 == 1 { 255 } else { 0 }));
            }
            _ => return None,
        }
    }
    GrayImage::from_raw(width, height, out)
}

fn shade(pixel: &[u8]) -> u8 {
    let sum: u32 = pixel.iter().take(3).map(|part| u32::from(*part)).sum();
    let shade = (sum / pixel.len().min(3) as u32) as u8;
    // Of four colours of ink, more is darker.
    if pixel.len() == 4 { 255 - shade.max(pixel[3]) } else { shade }
}

/// Undoes the predictors of PNG (RFC 2083, 6), which the rows begin with.
fn unpredicted(data: &[u8], row: usize, pixel: usize) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(data.len());
    let mut above = vec![0; row];
    for line in data.chunks_exact(row + 1) {
        let mut current = line[1..].to_vec();
        for index in 0..row {
            let left = index.checked_sub(pixel).map_or(0, |at| current[at]);
            let corner = index.checked_sub(pixel).map_or(0, |at| above[at]);
            let predicted = match line[0] {
                1 => left,
                2 => above[index],
                3 => u8::midpoint(left, above[index]),
                4 => paeth(left, above[index], corner),
                _ => 0,
            };
            current[index] = current[index].wrapping_add(predicted);
        }
        out.extend(&current);
        above = current;
    }
    out
}

fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(above) - i16::from(corner);
    let distance = |value: u8| (estimate - i16::from(value)).abs();
    let (a, b, c) = (distance(left), distance(above), distance(corner));
    if a <= b && a <= c {
        left
    } else if b <= c {
        above
    } else {
        corner
    }
}
