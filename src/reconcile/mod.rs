//! Records and observations laid side by side: hosts, clocks, coverage, dispositions, figures.
//!
//! No file is read in here, no clock is asked, nothing is rendered.

mod register;
mod vocabulary;

pub use register::{
    HostRow, HostState, ImportLine, ImportState, Kpi, Period, Register, SystemRow,
};
pub use vocabulary::{SYSTEM_NAMES, system_value};
