//! Labelled corpora of `run`, `diff` and `promote`: options, progress, resumption.

use crate::Exit;
use crate::config::{Config, ConfigArgs};
use crate::output::complain;
use indicatif::{ProgressBar, ProgressStyle};
use ruleeval::corpus::{
    Clusters, Corpus, Entry, Facts, Filter, Journal, Observation, Observer, Progress, Spec, UNLABELLED, process, sketch,
};
use ruleeval::engine::{Engine, Options};
use ruleeval::message::Message;
use ruleeval::report::diff::{Diff, Differ, Pair};
use ruleeval::report::{Collector, Roles, Run, Settings};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Options of every command that measures packs on a labelled corpus.
#[derive(Clone, clap::Args)]
pub(crate) struct MeasureArgs {
    /// Folders with pack.yaml, their archives, or single rule files
    #[arg(long, required = true, value_name = "PACK", num_args = 1..)]
    pub(crate) rules: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) corpus: CorpusArgs,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Options of every command that reads a labelled corpus.
#[derive(Clone, clap::Args)]
pub(crate) struct CorpusArgs {
    /// Labelled messages: a folder with manifest.csv or manifest.yaml, folders or containers named
    /// by label, or LABEL=PATH; `-` is standard input
    #[arg(long, required = true, value_name = "PATH", num_args = 1..)]
    corpus: Vec<String>,
    /// A manifest for all of the corpus
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Only messages with this value in this column of the manifest; several of one column: any
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = filter)]
    only: Vec<Filter>,
    /// No messages with this value in this column
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = filter)]
    skip: Vec<Filter>,
    /// Only this split of the corpus: the same as --only split=NAME
    #[arg(long, value_name = "NAME")]
    split: Vec<String>,
    /// Labels that rules should hit
    #[arg(long, value_name = "LABEL", value_delimiter = ',', default_value = "abuse,phish")]
    positive: Vec<String>,
    /// Labels that rules should leave alone; all others are reported apart
    #[arg(long, value_name = "LABEL", value_delimiter = ',', default_value = "ham")]
    negative: Vec<String>,
    /// Columns by which decisions are grouped
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', default_value = "kind,technique,service,lang,split")]
    group_by: Vec<String>,
    /// The field of JSON lines that holds the message
    #[arg(long, value_name = "NAME")]
    json_field: Option<String>,
    /// Keep the evidence of so many messages of each rule and label
    #[arg(long, value_name = "N", num_args = 0..=1, default_value_t = 0, default_missing_value = "20")]
    evidence: usize,
    /// Find campaigns of near-duplicates first, for messages whose cluster is not known
    #[arg(long)]
    cluster: bool,
    /// Threads; 0 for one for each core
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
    /// Note what is done in this file, and go on from there after an interruption
    #[arg(long, value_name = "STATE")]
    resume: Option<PathBuf>,
}

fn filter(text: &str) -> Result<Filter, String> {
    let (column, value) = text.split_once('=').ok_or("not of the form COLUMN=VALUE")?;
    Ok(Filter { column: column.trim().to_lowercase(), value: value.trim().to_owned() })
}

impl CorpusArgs {
    /// The same options, with so much evidence if none was asked for.
    pub(crate) fn with_evidence(mut self, wanted: usize) -> Self {
        if self.evidence == 0 {
            self.evidence = wanted;
        }
        self
    }

    /// Finds the corpus or says why not.
    pub(crate) fn open(&self) -> Result<Corpus, Exit> {
        let splits = self.split.iter().map(|value| Filter { column: "split".into(), value: value.clone() });
        let labels = self.positive.iter().chain(&self.negative).cloned().chain(["spam".to_owned()]);
        let spec = Spec {
            roots: self.corpus.iter().map(|text| root(text)).collect(),
            manifest: self.manifest.clone(),
            json_field: self.json_field.clone(),
            labels: labels.collect(),
            only: self.only.iter().cloned().chain(splits).collect(),
            skip: self.skip.clone(),
        };
        if self.cluster && self.corpus.iter().any(|path| path.ends_with('-')) {
            complain("--cluster reads the corpus twice, and standard input can be read once");
            return Err(Exit::Usage);
        }
        Corpus::open(spec).map_err(|reason| {
            complain(&reason);
            Exit::Usage
        })
    }

    fn settings(&self, clock: Option<i64>) -> Settings {
        Settings {
            roles: Roles { positive: self.positive.clone(), negative: self.negative.clone() },
            group_by: self.group_by.clone(),
            evidence: self.evidence,
            clock,
            ..Settings::default()
        }
    }
}

/// `LABEL=PATH`; a path with `=` in it is one if it exists.
fn root(text: &str) -> (Option<String>, PathBuf) {
    match text.split_once('=') {
        Some((label, path)) if !PathBuf::from(text).exists() => (Some(label.to_owned()), path.into()),
        _ => (None, text.into()),
    }
}

/// Decides about every message of a corpus. `clock` says whether "now" was given.
pub(crate) fn measure(
    engine: &Engine,
    corpus: &Corpus,
    args: &CorpusArgs,
    config: &ConfigArgs,
    clock: bool,
    now: Option<i64>,
) -> Result<Run, Exit> {
    let mut journal = match &args.resume {
        Some(path) => Some(journal(path, engine, args, config, clock.then_some(now).flatten(), now)?),
        None => None,
    };
    let campaigns = if args.cluster { clusters(corpus, args)? } else { Campaigns::new() };
    let now = journal.as_ref().map_or(now, |journal| journal.clock);
    let observer = Observer::new(engine, Options { evidence: args.evidence > 0, now });
    let mut collector = Collector::new(engine, args.settings(now.filter(|_| clock)));
    corpus.problems.iter().for_each(|problem| collector.problem("manifest", problem));
    let progress = Progress::default();
    let bar = Bar::new(corpus, &progress);
    let left_out = Mutex::new(None);
    let done = journal.as_ref().map(Journal::done);
    let is_done = |id: &str| done.as_ref().is_some_and(|done| done.has(id));
    let mut failed = None;
    let processed = process(
        args.threads,
        |sink| {
            let found = corpus.read(Some(&progress), &mut |entry| {
                let weight = entry.item.weight();
                sink(entry, weight)
            });
            *left_out.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        },
        || observer.scratch(),
        |scratch, Entry { item, facts }| {
            let id = item.id.clone();
            if is_done(&id) {
                return (facts, id, None);
            }
            let observation = observer.observe(scratch, id.clone(), item.read());
            (facts, id, Some(observation))
        },
        |(mut facts, id, observation): (Facts, String, Option<Observation>)| {
            if facts.cluster.is_none() {
                facts.cluster = campaigns.get(id.as_str()).map(|(cluster, _)| cluster.as_str().into());
            }
            let noted = note(journal.as_mut(), &id, observation);
            match noted {
                Ok(observation) => collector.add(&facts, observation),
                Err(reason) => {
                    failed = Some(reason);
                    return ControlFlow::Break(());
                }
            }
            bar.show(collector.len());
            ControlFlow::Continue(())
        },
    );
    let flushed = journal.as_mut().map_or(Ok(()), |journal| journal.flush().map_err(|error| error.to_string()));
    if let Err(reason) = processed.and(flushed).and(failed.map_or(Ok(()), Err)) {
        complain(&reason);
        return Err(Exit::Usage);
    }
    bar.finish(collector.len());
    let left_out = left_out.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or_default();
    Ok(collector.finish(left_out))
}

/// The campaign and the label of messages, by id.
pub(crate) type Campaigns = BTreeMap<Box<str>, (String, Arc<str>)>;

/// The campaign and the label of every message.
pub(crate) fn clusters(corpus: &Corpus, args: &CorpusArgs) -> Result<Campaigns, Exit> {
    let settings = Arc::new(ruleeval::message::Settings::default());
    let mut clusters = Clusters::default();
    let mut labels: BTreeMap<Box<str>, Arc<str>> = BTreeMap::new();
    let progress = Progress::default();
    let bar = Bar::new(corpus, &progress);
    let processed = process(
        args.threads,
        |sink| {
            corpus.read(Some(&progress), &mut |entry| {
                let weight = entry.item.weight();
                sink(entry, weight)
            });
        },
        || (),
        |(), Entry { item, facts }| {
            let id = item.id.clone();
            let sketch = item.read().map(|bytes| sketch(&Message::parse(bytes, Arc::clone(&settings))));
            (id, facts, sketch)
        },
        |(id, facts, sketch)| {
            match sketch {
                Ok(sketch) => {
                    clusters.insert(&id, sketch);
                    labels.insert(id.into(), facts.label.unwrap_or_else(|| UNLABELLED.into()));
                }
                Err(reason) => complain(&format!("{id}: {reason}")),
            }
            bar.show(labels.len());
            ControlFlow::Continue(())
        },
    );
    if let Err(reason) = processed {
        complain(&reason);
        return Err(Exit::Usage);
    }
    bar.finish(labels.len());
    let found = clusters.find().into_iter();
    Ok(found.filter_map(|(id, cluster)| Some((id.clone(), (cluster, labels.remove(&id)?)))).collect())
}

/// Decides about every message of a corpus twice. Evidence is made where the decisions differ.
pub(crate) fn compare(
    old: &Engine,
    new: &Engine,
    corpus: &Corpus,
    args: &CorpusArgs,
    samples: usize,
    now: Option<i64>,
) -> Result<Diff, Exit> {
    if args.resume.is_some() {
        complain("--resume is for `run` and `promote`");
        return Err(Exit::Usage);
    }
    let roles = Roles { positive: args.positive.clone(), negative: args.negative.clone() };
    let mut differ = Differ::new(old, new, roles, samples);
    let observers =
        [old, new].map(|engine| [false, true].map(|evidence| Observer::new(engine, Options { evidence, now })));
    let rules = [old.rules(), new.rules()];
    let progress = Progress::default();
    let bar = Bar::new(corpus, &progress);
    let mut messages = 0;
    let processed = process(
        args.threads,
        |sink| {
            corpus.read(Some(&progress), &mut |entry| {
                let weight = entry.item.weight();
                sink(entry, weight)
            });
        },
        || [observers[0][0].scratch(), observers[1][0].scratch()],
        |scratch, Entry { item, facts }| {
            let id = item.id.clone();
            let bytes = item.read();
            let mut decide = |side: usize, evidence: bool| {
                observers[side][usize::from(evidence)].observe(&mut scratch[side], id.clone(), bytes.clone())
            };
            let mut pair = [decide(0, false), decide(1, false)];
            let names = |side: usize, observation: &Observation| -> Vec<String> {
                let matched = observation.seen.iter().flat_map(|seen| &seen.matched);
                matched.filter_map(|rule| Some(rules[side].get(*rule as usize)?.to_string())).collect()
            };
            if names(0, &pair[0]) != names(1, &pair[1]) {
                pair = [decide(0, true), decide(1, true)];
            }
            (facts, pair)
        },
        |(facts, [old, new])| {
            messages += 1;
            differ.add(&facts, Pair { old, new });
            bar.show(messages);
            ControlFlow::Continue(())
        },
    );
    if let Err(reason) = processed {
        complain(&reason);
        return Err(Exit::Usage);
    }
    bar.finish(messages);
    Ok(differ.finish())
}

/// Notes a new observation, or finds the one that was noted before the interruption.
fn note(journal: Option<&mut Journal>, id: &str, observation: Option<Observation>) -> Result<Observation, String> {
    match (journal, observation) {
        (None, Some(observation)) => Ok(observation),
        (Some(journal), Some(observation)) => {
            journal.append(&observation).map_err(|error| format!("the state cannot be written: {error}"))?;
            Ok(observation)
        }
        (Some(journal), None) => journal.get(id).ok_or_else(|| format!("the state has lost `{id}`")),
        (None, None) => Err(format!("`{id}` was not decided")),
    }
}

fn journal(
    path: &Path,
    engine: &Engine,
    args: &CorpusArgs,
    config: &ConfigArgs,
    given: Option<i64>,
    now: Option<i64>,
) -> Result<Journal, Exit> {
    let packs: Vec<&str> = engine.packs().iter().map(|pack| pack.digest.as_str()).collect();
    let config = Config::load_or_complain(config)?;
    let fingerprint = format!("{} {packs:?} {config:?} {given:?} {}", env!("CARGO_PKG_VERSION"), args.evidence > 0);
    Journal::open(path, &fingerprint, now).map_err(|reason| {
        complain(&reason);
        Exit::Usage
    })
}

/// Rate and time left, on a terminal.
struct Bar<'p> {
    shown: ProgressBar,
    progress: &'p Progress,
    started: Instant,
}

impl<'p> Bar<'p> {
    fn new(corpus: &Corpus, progress: &'p Progress) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            corpus.measure(progress);
            let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes}, {msg}, {eta} left");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(progress.total.load(Ordering::Relaxed)).with_style(style)
        } else {
            ProgressBar::hidden()
        };
        Self { shown: bar, progress, started: Instant::now() }
    }

    fn show(&self, messages: usize) {
        if !self.shown.is_hidden() && messages.is_multiple_of(16) {
            self.shown.set_position(self.progress.bytes.load(Ordering::Relaxed));
            self.shown.set_message(format!("{messages} messages, {:.0}/s", self.rate(messages)));
        }
    }

    fn rate(&self, messages: usize) -> f64 {
        messages as f64 / self.started.elapsed().as_secs_f64().max(1e-9)
    }

    fn finish(self, messages: usize) {
        self.shown.finish_and_clear();
        complain(&format!("{messages} message(s), {:.0} messages/s", self.rate(messages)));
    }
}
