//! Runs the `tests:` of rules.

use super::{Engine, Explanation};
use crate::check::hir::RuleId;
use crate::eval::Status;
use crate::message::{AuthOverride, Message, Settings};
use crate::pack::Pack;
use crate::syntax::ast::{ExprKind, Given, StrStyle, TestCase};
use std::sync::Arc;

/// What the tests of all rules came to.
#[derive(Clone, Debug, Default)]
pub struct TestReport {
    /// Tests that ran.
    pub run: usize,
    /// Those that did not hold.
    pub failures: Vec<TestFailure>,
}

/// A test that did not hold.
#[derive(Clone, Debug)]
pub struct TestFailure {
    /// `pack/name`.
    pub rule: Arc<str>,
    /// `file:line:column` of the test.
    pub at: String,
    /// What was expected, and what came.
    pub message: String,
    /// Why, if the message could be read.
    pub explanation: Option<Box<Explanation>>,
}

impl Engine {
    /// Runs every test of every rule. Messages are read from the packs' folders.
    pub fn test(&self) -> TestReport {
        let mut report = TestReport::default();
        for (index, rule) in self.inner.program.rules.iter().enumerate() {
            let pack_name = rule.name.split('/').next().unwrap_or("");
            let Some(pack) = self.inner.loaded.iter().find(|pack| pack.manifest.name == pack_name) else { continue };
            for case in &rule.tests {
                report.run += 1;
                report.failures.extend(self.run_case(pack, RuleId(index as u32), case));
            }
        }
        report
    }

    fn run_case(&self, pack: &Pack, rule: RuleId, case: &TestCase) -> Option<TestFailure> {
        let name = Arc::clone(&self.inner.program.rules[rule.0 as usize].name);
        let at = self.inner.sources.location(case.span);
        let raw = match read(pack, case) {
            Ok(raw) => raw,
            Err(error) => {
                let message = format!("cannot read `{}`: {error}", case.message.value);
                return Some(TestFailure { rule: name, at, message, explanation: None });
            }
        };
        let (settings, now) = self.environment(pack, &case.given);
        let message = Message::parse(raw, Arc::new(settings));
        let explanation = self.explain(&message, &name, now)?;
        let matched = explanation.status == Status::Match;
        if matched == case.expects_match {
            return None;
        }
        let wanted = if case.expects_match { "a match" } else { "no match" };
        let message = format!("expected {wanted}, got {:?}", explanation.status);
        Some(TestFailure { rule: name, at, message, explanation: Some(Box::new(explanation)) })
    }

    fn environment(&self, pack: &Pack, given: &[Given]) -> (Settings, Option<i64>) {
        let mut settings = (*self.inner.settings).clone();
        let tests = &pack.manifest.tests;
        settings.trusted_authserv_ids.extend(tests.trusted_authserv_ids.iter().cloned());
        settings.org_domains.extend(tests.org_domains.iter().cloned());
        let mut now = None;
        let mut auth = AuthOverride::default();
        for entry in given {
            let text = match &entry.value.kind {
                ExprKind::Name(name) => Some(name.to_string()),
                ExprKind::Str(text) => Some(text.value.to_string()),
                _ => None,
            };
            match (&*entry.key.name, &entry.value.kind) {
                ("clock", ExprKind::Time(time)) => now = Some(*time),
                ("auth.spf", _) => auth.spf = text,
                ("auth.dkim", _) => auth.dkim = text,
                ("auth.dmarc", _) => auth.dmarc = text,
                ("auth.arc", _) => auth.arc = text,
                ("auth.compauth", _) => auth.compauth = text,
                ("auth.authenticated_domains", ExprKind::Array(items)) => {
                    let names = items.iter().filter_map(|item| match &item.kind {
                        ExprKind::Str(text) => Some(text.value.to_string()),
                        _ => None,
                    });
                    auth.authenticated_domains = Some(names.collect());
                }
                _ => {}
            }
        }
        if auth != AuthOverride::default() {
            settings.auth_override = Some(auth);
        }
        (settings, now)
    }
}

fn read(pack: &Pack, case: &TestCase) -> std::io::Result<Vec<u8>> {
    if case.message.style == StrStyle::Block {
        return Ok(case.message.value.as_bytes().to_vec());
    }
    pack.read_case(&case.message.value)
}
