//! Rules about agreements on the time to remediate.

mod coverage;
mod incident_override;
mod matrix;
mod windows;

pub(super) use coverage::CHECK as COVERAGE;
pub(super) use incident_override::CHECK as OVERRIDE;
pub(super) use matrix::CHECK as MATRIX;
