//! The readers of formats that are our own: the first byte chooses one, the rest is its file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::files::{Budget, Exploded, explode};

/// What each format begins with, so that the bytes reach its reader, and its name.
const FORMATS: [(&[u8], &str); 9] = [
    (b"\x78\x9F\x3E\x22", "winmail.dat"),
    (b"{\\rtf1", "a.rtf"),
    (b"Rar!\x1A\x07\x00", "a.rar"),
    (b"Rar!\x1A\x07\x01\x00", "a.rar"),
    (b"\x4C\0\0\0\x01\x14\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46", "a.lnk"),
    (b"BEGIN:VCALENDAR\n", "a.ics"),
    (b"<html>", "a.html"),
    (b"[InternetShortcut]", "a.url"),
    (b"", "a.js"),
];

fn open(name: &str, bytes: Vec<u8>) -> Exploded {
    let budget = Budget { files: 50, bytes: 1 << 20, depth: 3, pages: 5, pixels: 1 << 18 };
    explode(Some(name), "application/octet-stream", bytes.into(), budget)
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    let choice = usize::from(*choice) % (FORMATS.len() + 3);
    let exploded = match FORMATS.get(choice) {
        Some((magic, name)) => open(name, [*magic, rest].concat()),
        None => open("a.bin", inside(choice - FORMATS.len(), rest)),
    };
    for file in &exploded.files {
        let _ = (file.shown_text(), file.urls(), file.flags(), file.shortcut(), file.calendar(), file.smuggling());
    }
});

/// The bytes as a part of a container: a disc image's folders, a document's map of a font, macros.
fn inside(choice: usize, rest: &[u8]) -> Vec<u8> {
    match choice {
        0 => {
            let mut image = vec![0; 17 * 2048];
            image[16 * 2048..16 * 2048 + 6].copy_from_slice(b"\x01CD001");
            image[16 * 2048 + 156] = 34;
            image[16 * 2048 + 158] = 17;
            image[16 * 2048 + 167] = 1;
            image.extend(rest);
            image
        }
        1 => [
            format!("%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>\nendobj\n4 0 obj\n<< /Length 28 >>\nstream\n/F 1 Tf <00010203> Tj (abc) Tj\nendstream\nendobj\n5 0 obj\n<< /Type /Font /Subtype /Type0 /ToUnicode 6 0 R >>\nendobj\n6 0 obj\n<< /Length {} >>\nstream\n", rest.len()).into_bytes(),
            rest.to_vec(),
            b"\nendstream\nendobj\ntrailer << /Root 1 0 R /Size 7 >>".to_vec(),
        ]
        .concat(),
        _ => [b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F << /Type /Font /Subtype /Type1 >> >> >> >>\nendobj\n4 0 obj\n<< /Length ".as_slice(), rest.len().to_string().as_bytes(), b" >>\nstream\n", rest, b"\nendstream\nendobj\ntrailer << /Root 1 0 R /Size 7 >>"].concat(),
    }
}
