//! Standard output and standard error. A reader that closes the pipe ends the command quietly.

use ruleeval::diagnostic::Diagnostic;
use ruleeval::diagnostic::render::{Format, render};
use ruleeval::source::SourceMap;
use std::io::{ErrorKind, IsTerminal, Write};

/// Writes to standard output. When nobody reads any more the command is over.
pub(crate) fn print(text: &str) {
    print_bytes(text.as_bytes());
}

/// Writes bytes to standard output. When nobody reads any more the command is over.
pub(crate) fn print_bytes(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
        let code = if error.kind() == ErrorKind::BrokenPipe { 0 } else { 4 };
        std::process::exit(code);
    }
}

/// Writes a line to standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "ruleeval: {text}");
}

/// True if standard error shows colours.
pub(crate) fn stderr_color() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && std::io::stderr().is_terminal()
}

/// True if standard output shows colours.
pub(crate) fn stdout_color() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && std::io::stdout().is_terminal()
}

/// Shows diagnostics on standard error, with a count.
pub(crate) fn show(diagnostics: &[Diagnostic], sources: &SourceMap) {
    let text = render(Format::Full, diagnostics, sources, stderr_color());
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    if !diagnostics.is_empty() {
        complain(&format!("{errors} error(s), {} warning(s)", diagnostics.len() - errors));
    }
}
