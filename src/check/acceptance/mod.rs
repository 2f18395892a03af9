//! Rules about risk acceptances.

mod lapsed_or_perpetual;

pub(super) use lapsed_or_perpetual::CHECK as LAPSED_OR_PERPETUAL;
