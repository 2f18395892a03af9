//! Rules about exceptions.

mod expired;

pub(super) use expired::CHECK as EXPIRED;
