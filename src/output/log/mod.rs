//! The life of a record, for people and as countersign/log/v1.

mod human;
mod json;

use std::io::{self, Write};

use super::{Form, Style};
use crate::model::AsOf;
use crate::trust::{ApprovalState, Event, EventKind, Life};

/// What is told.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    pub life: &'a Life<'a>,
    pub as_of: AsOf,
    /// The commit whose history was read, in full.
    pub commit: &'a str,
}

/// Writes the life of a record.
pub fn write(report: &Report<'_>, form: Form, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match form {
        Form::Human => human::write(report, style, out),
        Form::Json => json::write(report, out),
    }
}

fn word(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Created => "created",
        EventKind::Changed => "changed",
        EventKind::Weakened => "weakened",
        EventKind::Tightened => "tightened",
        EventKind::Moved => "moved",
        EventKind::Closed => "closed",
        EventKind::Removed => "removed",
        EventKind::Approved => "approved",
        EventKind::Rejected => "rejected",
        EventKind::Revoked => "revoked",
        EventKind::Reviewed => "reviewed",
        EventKind::DecisionChanged => "decision-changed",
        EventKind::DecisionRemoved => "decision-removed",
        EventKind::Renewed => "renewed",
    }
}

fn standing(life: &Life<'_>) -> &'static str {
    let state = life
        .standing
        .map_or(ApprovalState::Absent, |standing| standing.state);
    state.word()
}

/// Who did it: the person, else the address that the commit names.
fn who(event: &Event) -> String {
    let person = event.person.as_ref().map(ToString::to_string);
    let address = event.author.as_ref().map(|author| author.email.clone());
    person.or(address).unwrap_or_default()
}
