//! What to patch when, in each format.

mod csv;
mod human;
mod json;

use std::io::{self, Write};

use super::Style;
use crate::model::AsOf;
use crate::reconcile::{MissingPatch, Plan, SystemPlan};

/// What is told.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    pub plan: &'a Plan<'a>,
    pub as_of: AsOf,
    /// The commit that was judged; `None` outside git.
    pub commit: Option<&'a str>,
}

/// How it is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// A table a system.
    Human,
    /// countersign/plan/v1.
    Json,
    /// One missing patch a row, safe to open in a spreadsheet.
    Csv,
}

/// Writes a plan.
pub fn write(report: &Report<'_>, format: Format, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Human => human::write(report, style, out),
        Format::Json => json::write(report, out),
        Format::Csv => csv::write(report, out),
    }
}

/// Tells whether the next window opens before a patch is due; `None` without a window.
fn opens_in_time(system: &SystemPlan<'_>, patch: &MissingPatch<'_>) -> Option<bool> {
    system.window.map(|window| window.start <= patch.due)
}

/// Returns the name of a system, or of what has none.
fn name<'a>(system: &SystemPlan<'a>, nothing: &'a str) -> &'a str {
    system.system.map_or(nothing, |system| system.id().as_str())
}
