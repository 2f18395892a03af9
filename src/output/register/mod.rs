//! The register in each format.

mod csv;
mod exclusions;
mod human;
mod json;
mod suppressions;
mod view;
mod watch;

pub(super) use view::AliasView;

use std::io::{self, Write};

use super::Style;
use crate::diagnostic::Diagnostic;
use crate::reconcile::Register;

/// The formats of the register.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Format {
    /// Tables, the worst first, long lists cut.
    Human,
    /// countersign/register/v1.
    Json,
    /// One finding a line, as in `findings` of the JSON.
    Jsonl,
    /// One finding a row, safe to open in a spreadsheet.
    Csv,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Human, Self::Json, Self::Jsonl, Self::Csv];

    /// Returns the word of the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }
}

/// Everything that an output of the register is made from.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    pub register: &'a Register<'a>,
    /// What the rules say of it.
    pub diagnostics: &'a [Diagnostic],
    /// The commit that was judged; `None` outside git.
    pub commit: Option<&'a str>,
}

/// Writes a report, each finding as it comes; the caller buffers.
pub fn write(report: &Report<'_>, format: Format, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Human => human::write(report, style, out),
        Format::Json => json::write(report, out),
        Format::Jsonl => json::write_lines(report.register, out),
        Format::Csv => csv::write(report.register, out),
    }
}
