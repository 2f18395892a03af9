//! Rules about exceptions.

mod expired;
mod expiring;
mod incomplete;
mod overlap;
mod renewals;
mod too_long;

pub(super) use expired::CHECK as EXPIRED;
pub(super) use expiring::CHECK as EXPIRING;
pub(super) use incomplete::CHECK as INCOMPLETE;
pub(super) use overlap::CHECK as OVERLAP;
pub(super) use renewals::CHECK as RENEWALS;
pub(super) use too_long::CHECK as TOO_LONG;
