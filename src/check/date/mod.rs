//! Rules about dates: reviews that are due, and intervals that cannot be.

mod interval_or_cycle;
mod review_overdue;
mod work;

pub(super) use interval_or_cycle::CHECK as INTERVAL_OR_CYCLE;
pub(super) use review_overdue::CHECK as REVIEW_OVERDUE;
pub use review_overdue::{NextReview, next_review};
