//! Rules about exceptions.

mod breadth;
mod compensating_control;
mod expired;
mod expiring;
mod incomplete;
mod overlap;
mod quarterly_review;
mod renewals;
mod too_long;

pub(super) use breadth::CHECK as BREADTH;
pub(super) use compensating_control::CHECK as COMPENSATING_CONTROL;
pub(super) use expired::CHECK as EXPIRED;
pub(super) use expiring::CHECK as EXPIRING;
pub(super) use incomplete::CHECK as INCOMPLETE;
pub(super) use overlap::CHECK as OVERLAP;
pub(super) use quarterly_review::CHECK as QUARTERLY_REVIEW;
pub(super) use renewals::CHECK as RENEWALS;
pub(super) use too_long::CHECK as TOO_LONG;
