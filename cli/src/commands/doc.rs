//! `ruleeval doc`.

use crate::Exit;
use crate::output::print;

/// Runs the command.
pub(crate) fn run() -> Exit {
    print(&ruleeval::builtins::reference());
    Exit::Done
}
