//! Functions that a provider of the host answers; without one their value is absent.

use crate::builtins::Registry;

pub(super) fn declare(_r: &mut Registry) {}
