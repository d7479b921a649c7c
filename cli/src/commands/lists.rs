//! `ruleeval lists`: what is in the lists of packs, what is dead in them, and entries from elsewhere.

use crate::Exit;
use crate::config::ConfigArgs;
use crate::input::{Input, each};
use crate::output::{complain, print};
use clap::{Subcommand, ValueEnum};
use ruleeval::corpus::Progress;
use ruleeval::engine::{Engine, Options};
use ruleeval::lists::import::{self, Format, Imported, MapKind};
use ruleeval::lists::{ListData, ListType, expired_lines};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Entries, memory, duplicates and expiry of each list; with messages, which entries were found
    Stat(StatArgs),
    /// Exit with 1 if lists have duplicates or expired entries
    Check(CheckArgs),
    /// Take expired entries out of list files
    Expire(ExpireArgs),
    /// Make a list's file of foreign data: plain text, CSV, JSON lines, rspamd maps, MISP, STIX 2.1
    Import(ImportArgs),
}

#[derive(clap::Args)]
struct StatArgs {
    /// Messages whose decisions count as use of an entry: files, folders, mailboxes, archives
    #[arg(value_name = "PATH")]
    messages: Vec<PathBuf>,
    /// Folders with pack.yaml, their archives, or single rule files
    #[arg(long = "rules", required = true, value_name = "PACK")]
    packs: Vec<PathBuf>,
    /// Only this list: `pack/name`
    #[arg(long, value_name = "NAME")]
    list: Option<String>,
    /// Entries without a hit that are shown of each list
    #[arg(long, default_value_t = 10, value_name = "N")]
    dead: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(clap::Args)]
struct CheckArgs {
    /// Folders with pack.yaml, their archives, or single rule files
    #[arg(required = true, value_name = "PACK")]
    packs: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(clap::Args)]
struct ExpireArgs {
    /// List files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Rewrite the files; without it only say what would go
    #[arg(long)]
    write: bool,
    /// "Now", instead of the machine's
    #[arg(long, value_name = "TIME")]
    clock: Option<String>,
}

#[derive(clap::Args)]
struct ImportArgs {
    /// The data; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it is
    #[arg(long, value_enum, value_name = "FORMAT")]
    from: From,
    /// The type of the list; without it all types that are found, where the format says them
    #[arg(long = "type", value_name = "TYPE", value_parser = list_type)]
    kind: Option<ListType>,
    /// What the keys of an rspamd map are
    #[arg(long, value_enum, default_value_t = Map::Set)]
    map: Map,
    /// The column or key that holds the value
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// Said of entries that have no source of their own
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,
    /// Days from an entry's publication until it expires, where the data has no end of its own
    #[arg(long, value_name = "DAYS")]
    lifetime: Option<u32>,
    /// Take also attributes of MISP that are not meant for detection
    #[arg(long)]
    all: bool,
    /// The list's file, with one type; a folder that gets TYPE.csv for each type otherwise. Without
    /// it standard output
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum From {
    Plain,
    Csv,
    Jsonl,
    Rspamd,
    Misp,
    Stix,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Map {
    Set,
    Host,
    Ip,
    Regexp,
    Glob,
}

fn list_type(text: &str) -> Result<ListType, String> {
    let names = ListType::ALL.map(ListType::name).join(", ");
    ListType::named(text).ok_or_else(|| format!("no list type; there are {names}"))
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    match &args.command {
        Command::Stat(args) => stat(args),
        Command::Check(args) => check(args),
        Command::Expire(args) => expire(args),
        Command::Import(args) => bring(args),
    }
}

/// What is to be said of a list.
#[derive(Serialize)]
struct Facts {
    list: String,
    #[serde(rename = "type")]
    kind: &'static str,
    entries: usize,
    bytes: usize,
    duplicates: usize,
    expires: usize,
    expired: usize,
    /// Entries that were found, if messages were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    hit: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    top: Vec<(String, u32)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dead: Vec<String>,
}

impl Facts {
    fn of(name: &str, data: &ListData, now: Option<i64>) -> Self {
        let entries = 0..data.len();
        Self {
            list: name.to_owned(),
            kind: data.kind().name(),
            entries: data.len(),
            bytes: data.bytes(),
            duplicates: data.duplicates().count(),
            expires: entries.clone().filter(|entry| data.expires(*entry).is_some()).count(),
            expired: entries.filter(|entry| !data.is_live(*entry, now)).count(),
            hit: None,
            top: Vec::new(),
            dead: Vec::new(),
        }
    }

    fn with_hits(mut self, data: &ListData, shown: usize) -> Self {
        let mut hits: Vec<(u32, usize)> = (0..data.len()).map(|entry| (data.hits(entry), entry)).collect();
        let text = |entry: usize| data.text(entry).to_owned();
        self.dead = hits.iter().filter(|(count, _)| *count == 0).take(shown).map(|(_, entry)| text(*entry)).collect();
        hits.retain(|(count, _)| *count > 0);
        self.hit = Some(hits.len());
        hits.sort_by_key(|(count, entry)| (std::cmp::Reverse(*count), *entry));
        self.top = hits.iter().take(shown).map(|(count, entry)| (text(*entry), *count)).collect();
        self
    }

    fn text(&self) -> String {
        let each = self.bytes.checked_div(self.entries).unwrap_or_default();
        let hit = self.hit.map(|hit| format!(", {hit} found")).unwrap_or_default();
        let mut out = format!(
            "{}: {} entries of type {}, {each} bytes each; {} duplicate, {} with expiry, {} expired{hit}\n",
            self.list, self.entries, self.kind, self.duplicates, self.expires, self.expired
        );
        for (entry, count) in &self.top {
            out.push_str(&format!("  {count:>7}  {}\n", entry.escape_debug()));
        }
        for entry in &self.dead {
            out.push_str(&format!("        0  {}\n", entry.escape_debug()));
        }
        out
    }
}

fn lists(engine: &Engine) -> Vec<(String, &ListData)> {
    let named = engine.list_infos().zip(0..);
    named.filter_map(|((name, _), at)| Some((name.to_string(), &**engine.lists().get(at)?.base()))).collect()
}

fn stat(args: &StatArgs) -> Result<(), Exit> {
    let (engine, now) = super::setup(&args.config, &args.packs)?;
    let mut lists = lists(&engine);
    if let Some(wanted) = &args.list {
        lists.retain(|(name, _)| name == wanted);
        if lists.is_empty() {
            complain(&format!("--list: no list is called `{wanted}`"));
            return Err(Exit::Usage);
        }
    }
    lists.iter().for_each(|(_, data)| data.count_hits());
    let messages = decide(&engine, &args.messages, now)?;
    let facts = lists.iter().filter(|(_, data)| !data.is_empty() || args.list.is_some());
    let facts: Vec<Facts> = facts
        .map(|(name, data)| {
            let facts = Facts::of(name, data, now);
            if args.messages.is_empty() { facts } else { facts.with_hits(data, args.dead) }
        })
        .collect();
    if args.json {
        let document = serde_json::json!({"version": 1, "messages": messages, "lists": facts});
        print(&format!("{document:#}\n"));
    } else {
        print(&facts.iter().map(Facts::text).collect::<String>());
    }
    if !args.messages.is_empty() {
        complain(&format!("{messages} message(s); an entry counts as found where a rule's question ended with it"));
    }
    Ok(())
}

/// Decides about messages, for what it does to the counts.
fn decide(engine: &Engine, paths: &[PathBuf], now: Option<i64>) -> Result<usize, Exit> {
    let mut messages = 0;
    if paths.is_empty() {
        return Ok(messages);
    }
    each(
        paths,
        0,
        &Progress::default(),
        || engine.scratch(),
        |scratch, item| {
            let message = engine.parse(item.read()?);
            engine.evaluate(&message, scratch, Options { evidence: false, now });
            Ok::<(), String>(())
        },
        |name, result| match result {
            Ok(()) => messages += 1,
            Err(error) => complain(&format!("{name}: {error}")),
        },
    )?;
    Ok(messages)
}

fn check(args: &CheckArgs) -> Result<(), Exit> {
    let (engine, now) = super::setup(&args.config, &args.packs)?;
    let mut problems = 0;
    for (name, data) in lists(&engine) {
        for (line, first) in data.duplicates() {
            problems += 1;
            let at = data.entry(first).map_or(0, |entry| entry.line);
            print(&format!("{name} line {line}: `{}` stands already in line {at}\n", data.text(first).escape_debug()));
        }
        for entry in (0..data.len()).filter(|entry| !data.is_live(*entry, now)) {
            problems += 1;
            let line = data.entry(entry).map_or(0, |entry| entry.line);
            print(&format!("{name} line {line}: `{}` has expired\n", data.text(entry).escape_debug()));
        }
    }
    complain(&format!("{problems} duplicate or expired entries"));
    if problems == 0 { Ok(()) } else { Err(Exit::Findings) }
}

fn expire(args: &ExpireArgs) -> Result<(), Exit> {
    let now = super::clock(&ConfigArgs { clock: args.clock.clone(), ..ConfigArgs::default() })?.unwrap_or_default();
    for path in &args.files {
        let text = std::fs::read_to_string(path).map_err(|error| failed(path, &error.to_string()))?;
        let expired = expired_lines(ListType::String, &text, now);
        let mut gone = expired.iter().copied().peekable();
        let mut kept = String::with_capacity(text.len());
        for (line, number) in text.split_inclusive('\n').zip(1..) {
            if gone.next_if_eq(&number).is_some() {
                print(&format!("{}:{number}: {}\n", path.display(), line.trim().escape_debug()));
            } else {
                kept.push_str(line);
            }
        }
        if args.write && !expired.is_empty() {
            replace(path, &kept).map_err(|error| failed(path, &error.to_string()))?;
        }
        let verb = if args.write { "removed" } else { "would go; --write removes" };
        complain(&format!("{}: {} expired entries {verb}", path.display(), expired.len()));
    }
    Ok(())
}

/// A reader sees the old file or the new one, never half of it.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    std::fs::write(&name, text)?;
    std::fs::rename(&name, path)
}

fn failed(path: &Path, reason: &str) -> Exit {
    complain(&format!("{}: {reason}", path.display()));
    Exit::Usage
}

fn bring(args: &ImportArgs) -> Result<(), Exit> {
    let input = if args.file.as_os_str() == "-" { Input::Stdin } else { Input::File(args.file.clone()) };
    let bytes = match &input {
        Input::Stdin => input.read_or_complain()?,
        Input::File(path) => read(path)?,
    };
    let options = import::Options {
        kind: args.kind,
        column: args.column.clone(),
        source: args.source.clone(),
        lifetime: args.lifetime.map(|days| i64::from(days) * 86_400_000),
        all: args.all,
    };
    let imported = import::import(args.format(), &bytes, &options).map_err(|error| {
        complain(&format!("{}: {error}", input.name()));
        Exit::Unreadable
    })?;
    write(args, &imported)?;
    summary(&imported);
    Ok(())
}

/// Reads a file of at most what importers read.
fn read(path: &Path) -> Result<Vec<u8>, Exit> {
    let size = std::fs::metadata(path).map(|facts| facts.len());
    if size.is_ok_and(|size| size > import::MAX_INPUT as u64) {
        return Err(failed(path, &format!("larger than {} bytes", import::MAX_INPUT)));
    }
    std::fs::read(path).map_err(|error| failed(path, &error.to_string()))
}

fn write(args: &ImportArgs, imported: &Imported) -> Result<(), Exit> {
    let save = |path: &Path, text: &str| std::fs::write(path, text).map_err(|error| failed(path, &error.to_string()));
    match (&args.output, args.kind) {
        (None, _) => imported.entries.keys().for_each(|kind| print(&imported.csv(*kind))),
        (Some(path), Some(kind)) => save(path, &imported.csv(kind))?,
        (Some(folder), None) => {
            std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error.to_string()))?;
            for kind in imported.entries.keys() {
                save(&folder.join(format!("{}.csv", kind.name())), &imported.csv(*kind))?;
            }
        }
    }
    Ok(())
}

fn summary(imported: &Imported) {
    for (kind, entries) in &imported.entries {
        complain(&format!("{} entries of type `{}`", entries.len(), kind.name()));
    }
    if imported.duplicates > 0 {
        complain(&format!("{} duplicates", imported.duplicates));
    }
    for (reason, count) in &imported.skipped {
        complain(&format!("skipped {count}: {reason}"));
    }
    if imported.entries.is_empty() {
        complain("nothing was taken");
    }
}

impl ImportArgs {
    fn format(&self) -> Format {
        match self.from {
            From::Plain => Format::Plain,
            From::Csv => Format::Csv,
            From::Jsonl => Format::JsonLines,
            From::Misp => Format::Misp,
            From::Stix => Format::Stix,
            From::Rspamd => Format::Rspamd(match self.map {
                Map::Set => MapKind::Set,
                Map::Host => MapKind::Host,
                Map::Ip => MapKind::Ip,
                Map::Regexp => MapKind::Regexp,
                Map::Glob => MapKind::Glob,
            }),
        }
    }
}
