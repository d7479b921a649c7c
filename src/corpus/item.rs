//! One message of a corpus, or the reason why there is none.

use super::facts::Facts;
use crate::files::msg;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest message that is read, in bytes.
pub const MAX_MESSAGE: u64 = 256 << 20;

/// A message where it was found.
#[derive(Debug)]
pub struct Item {
    /// Its path; `archive!member` and `mailbox#7` in containers.
    pub id: String,
    /// Its bytes, or where they are.
    pub content: Content,
    /// What the container itself says of it: fields of a JSON line.
    pub facts: Option<Box<Facts>>,
}

/// Where the bytes are.
#[derive(Debug)]
pub enum Content {
    /// A file of its own, not read yet.
    File(PathBuf),
    /// Read from a container.
    Bytes(Vec<u8>),
    /// Nothing to read, and why.
    Unreadable(String),
}

impl Item {
    /// An item whose container says nothing more of it.
    pub fn new(id: impl Into<String>, content: Content) -> Self {
        Self { id: id.into(), content, facts: None }
    }

    /// An item that could not be read.
    pub fn unreadable(id: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::new(id, Content::Unreadable(reason.to_string()))
    }

    /// Bytes that are held now.
    pub fn held(&self) -> usize {
        match &self.content {
            Content::Bytes(bytes) => bytes.len(),
            Content::File(_) | Content::Unreadable(_) => 0,
        }
    }

    /// The message as RFC 5322 bytes; the reason if it cannot be had. Outlook's format is
    /// rewritten.
    pub fn read(self) -> Result<Vec<u8>, String> {
        let bytes = match self.content {
            Content::File(path) => read_file(&path)?,
            Content::Bytes(bytes) => bytes,
            Content::Unreadable(reason) => return Err(reason),
        };
        if msg::is_msg(&bytes) { msg::to_message(&bytes, MAX_MESSAGE) } else { Ok(bytes) }
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    read_bounded(file)
}

/// Reads one message.
///
/// # Errors
/// If it is larger than [`MAX_MESSAGE`] or the reader fails.
pub fn read_bounded(reader: impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    reader.take(MAX_MESSAGE + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_MESSAGE {
        return Err(format!("larger than {MAX_MESSAGE} bytes"));
    }
    Ok(bytes)
}
