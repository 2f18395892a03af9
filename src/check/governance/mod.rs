//! Whether the repository's own rules and its past stay in force.

mod history_and_clock;
mod history_checks;

pub(super) use history_and_clock::CHECK as HISTORY_AND_CLOCK;
pub(super) use history_checks::reread;
