//! Where a System stands in its life.

use crate::model::{Date, Record, System, SystemState};

/// Tells whether a System is retired by its state or by its day.
pub(super) fn is_retired(system: &Record<System>, day: Date) -> bool {
    system.spec.state == Some(SystemState::Retired)
        || system
            .spec
            .retired_on
            .as_ref()
            .is_some_and(|retired| retired.value < day)
}

/// Tells whether a System still runs, or is to run.
pub(super) fn is_current(system: &Record<System>, day: Date) -> bool {
    system.meta.is_live() && !is_retired(system, day)
}
