//! Rules about what is governed.

mod inventory_attributes;
mod scope_exclusion;

pub(super) use inventory_attributes::CHECK as INVENTORY_ATTRIBUTES;
pub(super) use scope_exclusion::CHECK as SCOPE_EXCLUSION;

use crate::model::{Record, System, SystemState};

/// Tells whether a System still runs, or is to run.
fn is_current(system: &Record<System>) -> bool {
    system.meta.is_live() && system.spec.state != Some(SystemState::Retired)
}
