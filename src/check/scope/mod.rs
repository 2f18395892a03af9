//! Rules about what is governed.

mod inventory_attributes;
mod scope_exclusion;

pub(super) use inventory_attributes::CHECK as INVENTORY_ATTRIBUTES;
pub(super) use scope_exclusion::CHECK as SCOPE_EXCLUSION;
