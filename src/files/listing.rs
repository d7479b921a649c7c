//! What an archive says of itself, whatever its format.

/// The contents of an archive as its directory names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Some file in it needs a password, or even the names do.
    pub encrypted: bool,
    /// Each file and folder.
    pub entries: Vec<Entry>,
    /// Names of the files that were unpacked.
    pub attempted: Vec<String>,
}

/// A file or folder in an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Path in the archive.
    pub path: String,
    /// Bytes before it was packed, as the archive says.
    pub size: u64,
    /// It needs a password.
    pub encrypted: bool,
    /// It is a folder.
    pub folder: bool,
}

impl Listing {
    /// Names in it, folders included.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.path.as_str())
    }

    pub(super) fn add(&mut self, entry: Entry, attempted: bool) {
        self.encrypted |= entry.encrypted;
        if attempted {
            self.attempted.push(entry.path.clone());
        }
        self.entries.push(entry);
    }
}
