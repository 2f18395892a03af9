//! The decision table of an agreement: which time to remediate follows from what is known of a vulnerability.

use std::sync::Arc;

use super::expression::Expression;
use crate::source::{FileId, Span, Spanned};

/// The time that a row gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TableTime {
    /// Local days, to the end of the last.
    Days(u32),
    /// Absolute hours.
    Hours(u32),
}

/// One row.
#[derive(Clone, Debug)]
pub struct DecisionRow {
    /// Over `exploitation`, `kev`, `epss`, `severity`, `ssvc.…` and the system's fields.
    pub when: Spanned<Expression>,
    pub time: TableTime,
    pub span: Span,
}

/// The rows of a file that `Sla.kev.table` names; the first that holds gives the time.
#[derive(Clone, Debug)]
pub struct DecisionTable {
    pub path: Arc<str>,
    pub file: FileId,
    pub rows: Vec<DecisionRow>,
}
