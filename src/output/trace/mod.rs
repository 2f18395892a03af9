//! A finding from its beginning, for people and as countersign/trace/v1.

mod human;
mod json;

use std::io::{self, Write};

use chrono::{DateTime, Utc};

use super::Style;
use crate::model::AsOf;
use crate::reconcile::Trace;
use crate::trust::ApprovalState;

/// What is told.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    pub traces: &'a [Trace<'a>],
    pub as_of: AsOf,
    /// The commit of the records, in full.
    pub commit: Option<&'a str>,
}

/// How it is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Human,
    Json,
}

/// Writes what there is to tell.
pub fn write(report: &Report<'_>, format: Format, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Human => human::write(report, style, out),
        Format::Json => json::write(report, out),
    }
}

/// A moment in the organisation's zone.
fn moment(at: DateTime<Utc>, as_of: AsOf) -> String {
    at.with_timezone(&as_of.zone().0)
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}

fn state(state: ApprovalState) -> &'static str {
    match state {
        ApprovalState::Approved => "approved",
        ApprovalState::Emergency => "emergency",
        ApprovalState::Pending => "pending",
        ApprovalState::Stale => "stale",
        ApprovalState::Rejected => "rejected",
        ApprovalState::Revoked => "revoked",
        ApprovalState::Absent => "absent",
    }
}
