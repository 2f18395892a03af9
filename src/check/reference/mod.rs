//! Rules about what one record names and another is.

mod circles;
mod dangling_or_cyclic;
mod evidence_digest;
mod inactive_target;
mod keyring;

pub(super) use dangling_or_cyclic::CHECK as DANGLING_OR_CYCLIC;
pub(super) use evidence_digest::CHECK as EVIDENCE_DIGEST;
pub(super) use inactive_target::CHECK as INACTIVE_TARGET;
