//! Rules about risk acceptances.

mod above_appetite;
mod lapsed_or_perpetual;

pub(super) use above_appetite::CHECK as ABOVE_APPETITE;
pub(super) use lapsed_or_perpetual::CHECK as LAPSED_OR_PERPETUAL;
