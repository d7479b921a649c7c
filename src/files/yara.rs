//! YARA rules over files, behind the feature `yara`: the engine is `boreal`. What bounds a scan is the
//! number of bytes and of matches, not time, so that a result is the same on every machine.

use super::File;
use std::fmt;
use std::sync::Arc;

/// Most bytes of a file that are scanned.
#[cfg(feature = "yara")]
const BYTES: usize = 8 << 20;
/// Most matches of one string of a rule.
#[cfg(feature = "yara")]
const MATCHES: u32 = 1_000;

/// The rules that matched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct YaraHits {
    /// Names of the rules, in the order of their files.
    pub names: Vec<Arc<str>>,
    /// What was not looked at.
    pub limit: Option<&'static str>,
}

/// Why rules are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YaraProblem {
    /// Position of the text.
    pub index: usize,
    /// What is wrong.
    pub message: String,
    /// Where in the text, in bytes.
    pub at: std::ops::Range<usize>,
}

/// Compiled rules.
pub struct YaraRules {
    #[cfg(feature = "yara")]
    scanner: boreal::Scanner,
}

impl fmt::Debug for YaraRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("YaraRules").finish_non_exhaustive()
    }
}

impl YaraRules {
    /// Compiles rules, given as namespaces and texts. Rules may not include other files.
    #[cfg(feature = "yara")]
    pub fn compile<'t>(texts: impl IntoIterator<Item = (&'t str, &'t str)>) -> Result<Self, YaraProblem> {
        let mut compiler = boreal::Compiler::new();
        compiler.set_params(boreal::compiler::CompilerParams::default().disable_includes(true));
        for (index, (namespace, text)) in texts.into_iter().enumerate() {
            compiler.add_rules_str_in_namespace(text, namespace).map_err(|error| {
                let found = error.to_diagnostic();
                let at = found.labels.first().map_or(0..0, |label| label.range.clone());
                let (start, end) = (at.start.min(text.len()), at.end.min(text.len()));
                YaraProblem { index, message: found.message, at: start..end.max(start) }
            })?;
        }
        let mut scanner = compiler.finalize();
        let params = boreal::scanner::ScanParams::default().string_max_nb_matches(MATCHES).timeout_duration(None);
        scanner.set_scan_params(params);
        Ok(Self { scanner })
    }

    /// This build reads no YARA rules.
    #[cfg(not(feature = "yara"))]
    pub fn compile<'t>(_: impl IntoIterator<Item = (&'t str, &'t str)>) -> Result<Self, YaraProblem> {
        Ok(Self {})
    }

    #[cfg(feature = "yara")]
    fn scan(&self, bytes: &[u8]) -> YaraHits {
        let scanned = &bytes[..bytes.len().min(BYTES)];
        let limit = (scanned.len() < bytes.len()).then_some("yara: only the beginning of a file was scanned");
        let result = self.scanner.scan_mem(scanned).unwrap_or_else(|(_, partial)| partial);
        let names = result.rules.iter().map(|rule| Arc::from(rule.name)).collect();
        YaraHits { names, limit }
    }

    #[cfg(not(feature = "yara"))]
    fn scan(&self, _: &[u8]) -> YaraHits {
        YaraHits::default()
    }
}

impl File {
    /// The rules that match the file. It is scanned once for the rules that ask first; another engine's
    /// rules scan it again.
    pub fn yara(&self, rules: &Arc<YaraRules>) -> Arc<YaraHits> {
        let (known, hits) = self.scans.yara(|| (Arc::clone(rules), Arc::new(rules.scan(&self.bytes))));
        if Arc::ptr_eq(known, rules) { Arc::clone(hits) } else { Arc::new(rules.scan(&self.bytes)) }
    }
}
