//! Rules about what one record names and another is.

mod circles;
mod dangling_or_cyclic;
mod inactive_target;
mod keyring;

pub(super) use dangling_or_cyclic::CHECK as DANGLING_OR_CYCLIC;
pub(super) use inactive_target::CHECK as INACTIVE_TARGET;
