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
    /// Compiles rules, given as texts of files. Rules may not include other files. The error names the
    /// text by its index, and says why.
    #[cfg(feature = "yara")]
    pub fn compile<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, (usize, String)> {
        let mut compiler = boreal::Compiler::new();
        compiler.set_params(boreal::compiler::CompilerParams::default().disable_includes(true));
        for (index, text) in texts.into_iter().enumerate() {
            compiler.add_rules_str(text).map_err(|error| (index, error.to_string()))?;
        }
        let mut scanner = compiler.finalize();
        let params = boreal::scanner::ScanParams::default().string_max_nb_matches(MATCHES).timeout_duration(None);
        scanner.set_scan_params(params);
        Ok(Self { scanner })
    }

    /// This build reads no YARA rules: they are taken and never answer, so that what reads them is
    /// undecided.
    #[cfg(not(feature = "yara"))]
    pub fn compile<'t>(_: impl IntoIterator<Item = &'t str>) -> Result<Self, (usize, String)> {
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
    /// The rules that match the file. A file is scanned once: an engine has one set of rules, and the
    /// files of a message belong to one engine's evaluation.
    pub fn yara(&self, rules: &YaraRules) -> &Arc<YaraHits> {
        self.scans.yara(|| Arc::new(rules.scan(&self.bytes)))
    }
}
