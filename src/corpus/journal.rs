//! What an interrupted run has already done: one JSON line for each message, behind a line that
//! says what the run was. A line that was cut by the interruption is forgotten.

use super::observe::Observation;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

const SCHEMA: &str = "ruleeval.state/1";

#[derive(Serialize, Deserialize)]
struct Header {
    schema: String,
    /// Everything that decides about verdicts besides the messages.
    fingerprint: String,
    /// "Now" of the first run, which the following ones take over.
    clock: Option<i64>,
}

/// Which messages are done, for threads to ask while the journal grows.
#[derive(Clone, Debug)]
pub struct Done(HashSet<u64>);

impl Done {
    /// True if a message is done.
    pub fn has(&self, id: &str) -> bool {
        self.0.contains(&xxh3_64(id.as_bytes()))
    }
}

/// The state of a run that can be interrupted.
#[derive(Debug)]
pub struct Journal {
    writer: BufWriter<File>,
    reader: BufReader<File>,
    /// Where the line of each message is, by a hash of its id; the line has the id itself.
    done: HashMap<u64, u64>,
    /// "Now" of the run.
    pub clock: Option<i64>,
}

impl Journal {
    /// Opens a state file or begins one. A state of other rules, settings or another version is
    /// refused: its verdicts would be others.
    ///
    /// # Errors
    /// The reason, if the file cannot be used.
    pub fn open(path: &Path, fingerprint: &str, clock: Option<i64>) -> Result<Self, String> {
        let shown = |error: std::io::Error| format!("{}: {error}", path.display());
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(shown)?;
        let reader = BufReader::new(File::open(path).map_err(shown)?);
        let mut journal = Self { writer: BufWriter::new(file), reader, done: HashMap::new(), clock };
        match journal.index(fingerprint) {
            Ok(end) => journal.continue_at(end, fingerprint).map_err(shown)?,
            Err(reason) => return Err(format!("{}: {reason}", path.display())),
        }
        Ok(journal)
    }

    /// Reads what is there; returns where whole lines end.
    fn index(&mut self, fingerprint: &str) -> Result<u64, String> {
        let mut line = String::new();
        let mut at = 0;
        loop {
            line.clear();
            // A cut line may end inside a character.
            let read = self.reader.read_line(&mut line).unwrap_or(0);
            if read == 0 || !line.ends_with('\n') {
                return Ok(at);
            }
            if at == 0 {
                let header: Header = serde_json::from_str(&line).map_err(|_| "this is no state of a run".to_owned())?;
                if header.schema != SCHEMA || header.fingerprint != fingerprint {
                    return Err(
                        "the state is of other rules, settings or another version; remove it to begin anew".into()
                    );
                }
                self.clock = header.clock;
            } else if let Ok(observation) = serde_json::from_str::<Observation>(&line) {
                self.done.insert(xxh3_64(observation.id.as_bytes()), at);
            } else {
                return Ok(at);
            }
            at += read as u64;
        }
    }

    fn continue_at(&mut self, end: u64, fingerprint: &str) -> std::io::Result<()> {
        self.writer.get_ref().set_len(end)?;
        self.writer.seek(SeekFrom::Start(end))?;
        if end == 0 {
            let header = Header { schema: SCHEMA.into(), fingerprint: fingerprint.into(), clock: self.clock };
            serde_json::to_writer(&mut self.writer, &header)?;
            self.writer.write_all(b"\n")?;
        }
        self.writer.flush()
    }

    /// Messages that are done.
    pub fn len(&self) -> usize {
        self.done.len()
    }

    /// True if nothing is done yet.
    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    /// The messages that were done when the state was opened.
    pub fn done(&self) -> Done {
        Done(self.done.keys().copied().collect())
    }

    /// What came of a message that is done.
    pub fn get(&mut self, id: &str) -> Option<Observation> {
        let at = *self.done.get(&xxh3_64(id.as_bytes()))?;
        self.reader.seek(SeekFrom::Start(at)).ok()?;
        let mut line = Vec::new();
        Read::by_ref(&mut self.reader).read_until(b'\n', &mut line).ok()?;
        serde_json::from_slice(&line).ok().filter(|found: &Observation| found.id == id)
    }

    /// Notes that a message is done.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append(&mut self, observation: &Observation) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.writer, observation)?;
        self.writer.write_all(b"\n")
    }

    /// Writes what was appended.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.writer.flush()
    }
}
