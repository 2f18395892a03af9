//! Whether decisions count: who must decide, who may, with which key, over which content, and when.

mod flaws;

mod approval_missing;
mod authority;
mod separation_of_duties;
mod signature;
mod stale;
mod timing_or_delegation;
mod trust_from_the_same_change;

pub(super) use approval_missing::CHECK as APPROVAL_MISSING;
pub(super) use authority::CHECK as AUTHORITY;
pub(super) use separation_of_duties::CHECK as SEPARATION_OF_DUTIES;
pub(super) use signature::CHECK as SIGNATURE;
pub(super) use stale::CHECK as STALE;
pub(super) use timing_or_delegation::CHECK as TIMING_OR_DELEGATION;
pub(super) use trust_from_the_same_change::CHECK as TRUST_BOOTSTRAP;
