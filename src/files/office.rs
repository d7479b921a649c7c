//! Facts about Office Open XML documents (ECMA-376), read from the files in their archive.

/// What the parts of a document say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Office {
    /// `dc:creator` of the core properties.
    pub author: Option<String>,
    /// `dc:title`.
    pub title: Option<String>,
    /// `Application` of the extended properties.
    pub application: Option<String>,
    /// `Words` of the extended properties.
    pub words: Option<i64>,
    /// `Pages` or `Slides`.
    pub pages: Option<i64>,
    /// Files in the folder of pictures.
    pub images: i64,
    /// True if a macro project is in it.
    pub macros: bool,
    /// Targets of relationships outside the document: kind and target.
    pub external: Vec<(String, String)>,
}

impl Office {
    /// Reads the parts of a document, given with their names in the archive.
    pub fn read<'f>(parts: impl Iterator<Item = (&'f str, &'f [u8])>) -> Self {
        let mut office = Self::default();
        for (name, bytes) in parts {
            office.part(name, bytes);
        }
        office
    }

    fn part(&mut self, name: &str, bytes: &[u8]) {
        let text = || String::from_utf8_lossy(bytes);
        match name {
            "docProps/core.xml" => {
                let text = text();
                self.author = element(&text, "dc:creator");
                self.title = element(&text, "dc:title");
            }
            "docProps/app.xml" => {
                let text = text();
                let number = |name| element(&text, name).and_then(|text| text.trim().parse().ok());
                self.application = element(&text, "Application");
                self.words = number("Words");
                self.pages = number("Pages").or_else(|| number("Slides"));
            }
            _ if name.contains("/media/") => self.images += 1,
            _ if name.ends_with("vbaProject.bin") => self.macros = true,
            _ if name.contains("_rels/") => self.external.extend(relationships(&text())),
            _ => {}
        }
    }
}

/// The text of the first element of a name.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}"))?;
    let (attributes, rest) = rest.split_once('>')?;
    if attributes.ends_with('/') {
        return None;
    }
    let (content, _) = rest.split_once(&format!("</{name}>"))?;
    let content = unescape(content);
    (!content.trim().is_empty()).then_some(content)
}

/// The relationships that lead out of the document.
fn relationships(text: &str) -> Vec<(String, String)> {
    let tags = text.split("<Relationship ").skip(1).map(|rest| rest.split('>').next().unwrap_or(""));
    let outside = tags.filter(|tag| attribute(tag, "TargetMode").as_deref() == Some("External"));
    let pairs = outside.filter_map(|tag| {
        let kind = attribute(tag, "Type")?;
        Some((kind.rsplit('/').next().unwrap_or("").to_owned(), attribute(tag, "Target")?))
    });
    pairs.take(10_000).collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}="))?;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest[1..].split_once(quote).map(|(value, _)| unescape(value))
}

/// The five entities of XML; nothing else stands in these parts.
fn unescape(text: &str) -> String {
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    plain.iter().fold(text.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_document() {
        let core = b"<cp:coreProperties><dc:title/><dc:creator>A &amp; B</dc:creator></cp:coreProperties>";
        let app = b"<Properties><Words>12</Words><Application>Writer</Application><Pages>3</Pages></Properties>";
        let rels = b"<Relationships><Relationship Id=\"1\" Type=\"http://x/hyperlink\" Target=\"https://a.example/?x=1&amp;y\" TargetMode=\"External\"/><Relationship Id=\"2\" Type=\"http://x/image\" Target=\"media/a.png\"/></Relationships>";
        let parts: [(&str, &[u8]); 5] = [
            ("docProps/core.xml", core),
            ("docProps/app.xml", app),
            ("word/_rels/document.xml.rels", rels),
            ("word/media/a.png", b""),
            ("word/vbaProject.bin", b""),
        ];
        let office = Office::read(parts.into_iter());
        assert_eq!(office.author.as_deref(), Some("A & B"));
        assert_eq!((office.title, office.words, office.pages, office.images), (None, Some(12), Some(3), 1));
        assert!(office.macros);
        assert_eq!(office.external, [("hyperlink".to_owned(), "https://a.example/?x=1&y".to_owned())]);
    }
}
