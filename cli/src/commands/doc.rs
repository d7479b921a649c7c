//! `ruleeval doc`.

use crate::output::print;

/// Runs the command.
pub(crate) fn run() {
    print(&ruleeval::builtins::reference());
}
