//! What other times in the agreements would have meant, for people and as countersign/whatif/v1.

mod human;
mod json;

use std::io::{self, Write};

use super::{Form, Style};
use crate::reconcile::{CellChange, Difference, Had, Register};

/// What is told.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    pub changes: &'a [CellChange],
    /// For each change, the agreements that have the cell, and what they say.
    pub had: &'a [Vec<Had>],
    pub is: &'a Register<'a>,
    pub would_be: &'a Register<'a>,
    pub difference: &'a Difference<'a>,
    /// The commit that was judged; `None` outside git.
    pub commit: Option<&'a str>,
}

/// The rates that are compared.
const RATES: [&str; 3] = ["sla_rate_strict", "sla_rate_net", "sla_rate_governed"];

/// Writes what would have been.
pub fn write(report: &Report<'_>, form: Form, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match form {
        Form::Human => human::write(report, style, out),
        Form::Json => json::write(report, out),
    }
}
