//! Rules about agreements on the time to remediate.

mod coverage;
mod matrix;

pub(super) use coverage::CHECK as COVERAGE;
pub(super) use matrix::CHECK as MATRIX;
