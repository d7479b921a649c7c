//! Manifests: what is known of each message, as CSV with a header line or as YAML.

use super::facts::{Facts, Interner};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Names of the column that says which message a row is about.
const FILE: [&str; 4] = ["file", "path", "id", "message"];
/// A column with more values than this and a value of its own for most rows (a digest, a size) is
/// an identity, not an attribute that groups anything; it is not kept.
const MOST_VALUES: usize = 1000;

/// What is known of the messages of a corpus.
#[derive(Debug, Default)]
pub struct Manifest {
    entries: BTreeMap<Box<str>, Facts>,
    /// Rows that could not be used, with the reason.
    pub problems: Vec<String>,
}

impl Manifest {
    /// Reads a manifest file: CSV, or YAML by its extension.
    ///
    /// # Errors
    /// The reason, if the file cannot be read or is no manifest.
    pub fn load(path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
        let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if yaml { Self::yaml(&String::from_utf8_lossy(&bytes)) } else { Self::csv(&bytes) }
    }

    /// Reads CSV (RFC 4180) whose first line names the columns.
    ///
    /// # Errors
    /// If no column names the message.
    pub fn csv(bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let header = reader.byte_headers().map_err(|error| error.to_string())?.clone();
        let columns: Vec<String> = header.iter().map(|name| text(name).trim().to_lowercase()).collect();
        let file = FILE.iter().find_map(|name| columns.iter().position(|column| column == name));
        let Some(file) = file else {
            return Err(format!("no column is called {}", FILE.join(", ")));
        };
        let mut manifest = Self::default();
        let mut interner = Interner::default();
        for (index, row) in reader.byte_records().enumerate() {
            let row = match row {
                Ok(row) => row,
                Err(error) => {
                    manifest.problems.push(format!("row {}: {error}", index + 2));
                    continue;
                }
            };
            let mut facts = Facts::default();
            for (column, value) in columns.iter().zip(&row).enumerate().filter(|(at, _)| *at != file).map(|(_, c)| c) {
                facts.set(column, &text(value), &mut interner);
            }
            manifest.insert(&row.get(file).map(text).unwrap_or_default(), facts);
        }
        Ok(manifest.grouped(&mut interner))
    }

    /// Reads YAML: a list of mappings with the columns, also below `messages:`; or a mapping from
    /// file to columns, or to the label alone.
    ///
    /// # Errors
    /// If the text is malformed or has another form.
    pub fn yaml(source: &str) -> Result<Self, String> {
        let value: Value = serde_yaml::from_str(source).map_err(|error| first_line(&error.to_string()))?;
        let rows: Vec<(String, Value)> = match value {
            Value::Array(rows) => rows.into_iter().map(named).collect::<Result<_, _>>()?,
            Value::Object(mut map) => match map.remove("messages") {
                Some(Value::Array(rows)) => rows.into_iter().map(named).collect::<Result<_, _>>()?,
                Some(_) => return Err("`messages` is not a list".into()),
                None => map.into_iter().collect(),
            },
            Value::Null => Vec::new(),
            _ => return Err("neither a list nor a mapping".into()),
        };
        let mut manifest = Self::default();
        let mut interner = Interner::default();
        for (file, row) in rows {
            let mut facts = Facts::default();
            match row {
                Value::Object(columns) => columns.iter().for_each(|(column, value)| {
                    facts.set(&column.to_lowercase(), &scalar(value), &mut interner);
                }),
                label => facts.set("label", &scalar(&label), &mut interner),
            }
            manifest.insert(&file, facts);
        }
        Ok(manifest.grouped(&mut interner))
    }

    /// A manifest with another column `cluster`; all other columns and rows stay as they are.
    ///
    /// # Errors
    /// If the bytes are no manifest.
    pub fn with_clusters<'c>(bytes: &[u8], cluster: impl Fn(&str) -> Option<&'c str>) -> Result<Vec<u8>, String> {
        let reason = |error: csv::Error| error.to_string();
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let mut header = reader.byte_headers().map_err(reason)?.clone();
        let position = |names: &[&str]| {
            let is = |column: &[u8], name: &str| text(column).trim().eq_ignore_ascii_case(name);
            names.iter().find_map(|name| header.iter().position(|column| is(column, name)))
        };
        let file = position(&FILE).ok_or_else(|| format!("no column is called {}", FILE.join(", ")))?;
        let at = position(&["cluster", "campaign"]);
        if at.is_none() {
            header.push_field(b"cluster");
        }
        let at = at.unwrap_or(header.len() - 1);
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        writer.write_byte_record(&header).map_err(reason)?;
        for row in reader.byte_records() {
            let row = row.map_err(reason)?;
            let name = row.get(file).map(text).unwrap_or_default();
            let new = cluster(name.trim().trim_start_matches("./"));
            let mut cells: Vec<&[u8]> = row.iter().collect();
            cells.resize(cells.len().max(header.len()), b"");
            // A message that is not in the corpus keeps what was known.
            cells[at] = new.map_or(cells[at], str::as_bytes);
            writer.write_record(cells).map_err(reason)?;
        }
        writer.into_inner().map_err(|error| error.to_string())
    }

    /// Rows as CSV, the first line naming the columns.
    ///
    /// # Errors
    /// If a row has another number of cells than there are columns.
    pub fn write<'r>(columns: &[&str], rows: impl Iterator<Item = Vec<&'r str>>) -> Result<Vec<u8>, String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(columns).map_err(|error| error.to_string())?;
        for row in rows {
            writer.write_record(row).map_err(|error| error.to_string())?;
        }
        writer.into_inner().map_err(|error| error.to_string())
    }

    fn insert(&mut self, file: &str, facts: Facts) {
        let file = file.trim().trim_start_matches("./");
        if file.is_empty() {
            self.problems.push("a row names no file".into());
        } else if self.entries.insert(file.into(), facts).is_some() {
            self.problems.push(format!("`{file}` stands in several rows; the last one counts"));
        }
    }

    /// Drops columns that identify, and keeps one copy of equal attributes.
    fn grouped(mut self, interner: &mut Interner) -> Self {
        let mut values: BTreeMap<Arc<str>, BTreeSet<Arc<str>>> = BTreeMap::new();
        for (column, value) in self.entries.values().flat_map(|facts| facts.attributes.iter()) {
            values.entry(Arc::clone(column)).or_default().insert(Arc::clone(value));
        }
        let half = self.entries.len() / 2;
        values.retain(|_, values| values.len() > MOST_VALUES && values.len() > half);
        for facts in self.entries.values_mut() {
            let mut attributes = (*facts.attributes).clone();
            attributes.retain(|column, _| !values.contains_key(column));
            facts.attributes = interner.attributes(attributes);
        }
        self
    }

    /// What is known of a message: by its id, by the name of the archive's member, by ever less
    /// of its path; of a message in a mailbox what is known of the mailbox.
    pub fn get(&self, id: &str) -> Option<(&str, &Facts)> {
        let (id, mailbox) = match id.rsplit_once('#') {
            Some((mailbox, _)) => (id, Some(mailbox)),
            None => (id, None),
        };
        self.below(id).or_else(|| self.below(mailbox?))
    }

    fn below(&self, id: &str) -> Option<(&str, &Facts)> {
        let mut rest = id;
        loop {
            if let Some((file, facts)) = self.entries.get_key_value(rest) {
                return Some((file, facts));
            }
            rest = &rest[rest.find(['/', '!'])? + 1..];
        }
    }

    /// All files, sorted.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(|file| &**file)
    }

    /// Messages that are listed.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if none is listed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn named(row: Value) -> Result<(String, Value), String> {
    let Value::Object(mut columns) = row else { return Err("a row is no mapping".into()) };
    let Some(file) = FILE.iter().find_map(|name| columns.remove(*name)) else {
        return Err(format!("a row names no file: it has {}", keys(&columns)));
    };
    Ok((scalar(&file), Value::Object(columns)))
}

fn keys(columns: &Map<String, Value>) -> String {
    columns.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Array(items) => items.iter().map(scalar).collect::<Vec<_>>().join(";"),
        Value::Null | Value::Object(_) => String::new(),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or("malformed").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_keeps_what_it_does_not_know() {
        let text = "file,label,service,cluster,date,year\nham/a.eml,ham,\"x, y\",,2026-05-21T10:00:00Z,2025\n./b.eml,abuse,z,c1,,2024\nb.eml,phish\n";
        let manifest = Manifest::csv(text.as_bytes()).expect("a manifest");
        assert_eq!(manifest.files().collect::<Vec<_>>(), ["b.eml", "ham/a.eml"]);
        let (_, facts) = manifest.get("x.tar!devpack/ham/a.eml").expect("known");
        assert_eq!(facts.date.as_deref(), Some("2026-05-21"));
        assert_eq!(facts.get("service").map(|value| &**value), Some("x, y"));
        assert_eq!(facts.cluster, None);
        assert_eq!(manifest.get("b.eml#7").expect("known").1.label.as_deref(), Some("phish"));
        assert_eq!(manifest.problems.len(), 1);
        assert!(manifest.get("ham/c.eml").is_none());
        assert!(Manifest::csv(b"a,b\n1,2\n").is_err());
    }

    #[test]
    fn yaml_in_three_forms() {
        for text in [
            "- {file: a.eml, label: ham, lang: de}\n",
            "messages:\n  - file: a.eml\n    label: ham\n    lang: de\n",
            "a.eml: {label: ham, lang: de}\n",
        ] {
            let manifest = Manifest::yaml(text).expect(text);
            let (_, facts) = manifest.get("a.eml").expect(text);
            assert_eq!((facts.label.as_deref(), facts.get("lang").map(|lang| &**lang)), (Some("ham"), Some("de")));
        }
        assert_eq!(
            Manifest::yaml("a.eml: ham").expect("labels").get("a.eml").expect("a").1.label.as_deref(),
            Some("ham")
        );
        assert!(Manifest::yaml("[1]").is_err());
        assert!(Manifest::yaml("{").is_err());
        assert!(Manifest::yaml("").expect("empty").is_empty());
    }

    #[test]
    fn clusters_are_written_and_all_else_is_kept() {
        let cluster = |file: &str| (file == "a.eml").then_some("c1");
        let text = "file,cluster,note\na.eml,old,\"x, y\"\nb.eml,c7,\n";
        let new = Manifest::with_clusters(text.as_bytes(), cluster).expect("a manifest");
        assert_eq!(String::from_utf8_lossy(&new), "file,cluster,note\na.eml,c1,\"x, y\"\nb.eml,c7,\n");
        let new = Manifest::with_clusters(b"path,label\n./a.eml,ham\nb.eml\n", cluster).expect("a manifest");
        assert_eq!(String::from_utf8_lossy(&new), "path,label,cluster\n./a.eml,ham,c1\nb.eml,,\n");
    }

    #[test]
    fn columns_that_identify_are_not_kept() {
        let rows: String = (0..1500).map(|i| format!("{i}.eml,ham,{},{i}\n", i % 7)).collect();
        let manifest = Manifest::csv(format!("file,label,kind,sha256\n{rows}").as_bytes()).expect("a manifest");
        let (_, facts) = manifest.get("8.eml").expect("known");
        assert_eq!(facts.attributes.len(), 1);
        assert_eq!(facts.get("kind").map(|value| &**value), Some("1"));
    }
}
