//! A finding from its beginning, for people and as countersign/trace/v1.

mod human;
mod json;

use std::io::{self, Write};

use super::{Form, Style};
use crate::model::AsOf;
use crate::reconcile::Trace;
use crate::trust::MissingHistory;

/// What is told.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    pub traces: &'a [Trace<'a>],
    pub as_of: AsOf,
    /// The commit of the records, in full.
    pub commit: Option<&'a str>,
    /// Why it is not known what agreements and systems said before, where it is not.
    pub missing_history: Option<MissingHistory>,
}

/// Writes what there is to tell.
pub fn write(report: &Report<'_>, form: Form, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match form {
        Form::Human => human::write(report, style, out),
        Form::Json => json::write(report, out),
    }
}
