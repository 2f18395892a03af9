//! Rules about what is governed.

mod inventory_attributes;
mod management_coverage;
mod scope_exclusion;
mod tier_criteria;

pub(super) use inventory_attributes::CHECK as INVENTORY_ATTRIBUTES;
pub(super) use management_coverage::CHECK as MANAGEMENT_COVERAGE;
pub(super) use scope_exclusion::CHECK as SCOPE_EXCLUSION;
pub(super) use tier_criteria::CHECK as TIER_CRITERIA;
