//! Days, moments, ages and approvals in words, the same in every document.

use chrono::{DateTime, Utc};

use super::table::{Cell, Mark, Share, Tone};
use crate::diagnostic::counted;
use crate::model::{AsOf, Compensating, Date, Decision, Disposition, Kind, Rate, RecordId, Severity};
use crate::reconcile::{HostState, ImportState, Register};
use crate::trust::{ApprovalState, Decided};

/// From which number of cases a rate is called certain, where the Isms does not say.
const SMALL_N: u32 = 20;

/// Returns the local day of a moment.
pub(super) fn day(as_of: AsOf, moment: DateTime<Utc>) -> String {
    as_of.zone().day_of(moment).to_string()
}

/// Returns a moment in the organisation's zone, with its offset.
pub(super) fn moment(as_of: AsOf, moment: DateTime<Utc>) -> String {
    as_of.text(moment)
}

/// Returns a due date: the day, with the time where it is not the day's end.
pub(super) fn due(as_of: AsOf, due: DateTime<Utc>) -> String {
    let day = as_of.zone().day_of(due);
    if as_of.zone().end_of_day(day) == due {
        return day.to_string();
    }
    due.with_timezone(&as_of.zone().0)
        .format("%Y-%m-%d %H:%M")
        .to_string()
}

/// Returns hours as days and hours, such as `16 d 3 h`.
pub(super) fn age(hours: i64) -> String {
    let (days, rest) = (hours / 24, hours % 24);
    match (days, rest) {
        (0, rest) => format!("{rest} h"),
        (days, 0) => format!("{days} d"),
        (days, rest) => format!("{days} d {rest} h"),
    }
}

/// Returns a rate that knows whether its cases are few.
pub(super) fn share(register: &Register<'_>, rate: Rate) -> Share {
    let isms = register.repository.isms.as_ref();
    let certainty = isms.and_then(|isms| isms.spec.certainty.as_ref());
    Share::new(rate, certainty.map_or(SMALL_N, |certainty| certainty.small_n))
}

/// Returns days from as-of to a day; negative when it lies before.
pub(super) fn days_left(register: &Register<'_>, until: Date) -> i64 {
    until.days_since(register.as_of.day())
}

/// Says how long something lasts, by the days to its last day.
pub(super) fn remaining(days: i64) -> String {
    let number = counted(days.unsigned_abs(), "day");
    match days {
        0 => "last day".to_owned(),
        days if days < 0 => format!("ended {number} ago"),
        _ => format!("{number} left"),
    }
}

/// Returns a word of the records as people write it.
pub(super) fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

/// Describes a compensating control, and who has verified it when.
pub(super) fn compensating(control: &Compensating) -> String {
    let verified = match (&control.verified_at, &control.verified_by) {
        (Some(at), Some(by)) => format!("verified {at} by {by}"),
        (Some(at), None) => format!("verified {at}, by nobody named"),
        (None, _) => "not verified".to_owned(),
    };
    format!("{}: {} ({verified})", control.control_type, control.description)
}

/// Says what the decisions about a record come to.
pub(super) fn approval_mark(register: &Register<'_>, kind: Kind, id: &RecordId) -> Mark {
    let (word, rank, tone) = match register.standings.of(kind, id).state {
        ApprovalState::Absent => ("not_approved", 0, Tone::Bad),
        ApprovalState::Stale => ("approval_stale", 1, Tone::Bad),
        ApprovalState::Pending => ("approval_incomplete", 2, Tone::Bad),
        ApprovalState::Revoked => ("revoked", 3, Tone::Bad),
        ApprovalState::Rejected => ("rejected", 4, Tone::Bad),
        ApprovalState::Emergency => ("emergency_approval", 5, Tone::Warning),
        ApprovalState::Approved => ("approved", 6, Tone::Good),
    };
    Mark { word, rank, tone }
}

/// Lists every decision on a record; none is said to be absent.
pub(super) fn approvals(register: &Register<'_>, kind: Kind, id: &RecordId) -> Cell {
    Cell::list(approvals_in_words(register, kind, id))
}

/// Returns a sentence for every decision on a record, and one where there is none.
pub(super) fn approvals_in_words(register: &Register<'_>, kind: Kind, id: &RecordId) -> Vec<String> {
    let standing = register.standings.of(kind, id);
    if standing.decisions.is_empty() {
        return vec!["approval absent".to_owned()];
    }
    let sentences = standing.decisions.iter().map(|decided| {
        let what = decision_word(decided.decision);
        let name = name_of(register, &decided.person);
        let (role, person, at) = (&decided.role, &decided.person, day(register.as_of, decided.at));
        let how = verification(decided);
        format!("{what}: {role}, {name} ({person}), {at}, {how}")
    });
    sentences.collect()
}

/// Returns what a person decided.
pub(super) fn decision_word(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "approval",
        Decision::Reject => "rejection",
        Decision::Revoke => "revocation",
        Decision::ReviewKeep => "review (keep)",
        Decision::ReviewEnd => "review (end)",
    }
}

/// Returns the name of a person, or that there is none.
pub(super) fn name_of<'a>(register: &Register<'a>, person: &RecordId) -> &'a str {
    let known = register.repository.people.get(person);
    known.map_or("no such person", |person| person.spec.name.as_str())
}

/// Returns a sentence for every approval that a record needs: whose, why, and who has given it.
pub(super) fn demands_in_words(register: &Register<'_>, kind: Kind, id: &RecordId) -> Vec<String> {
    let demands = register.standings.of(kind, id).demands.iter().map(|met| {
        let who = spaced(&met.demand.who().join(" or "));
        let by: Vec<&str> = met.by.iter().map(RecordId::as_str).collect();
        let given = if by.is_empty() {
            "missing".to_owned()
        } else if met.is_met() {
            format!("given by {}", by.join(", "))
        } else {
            format!("{} of {} given, by {}", by.len(), met.needed, by.join(", "))
        };
        format!("{who}, since {}: {given}", met.demand.because.replace('`', ""))
    });
    demands.collect()
}

/// Says with which key a decision was verified, or why it does not count.
pub(super) fn verification(decided: &Decided) -> String {
    match (decided.flaws.first(), &decided.fingerprint) {
        (Some(flaw), _) => format!("does not count: {flaw}"),
        (None, _) if !decided.counts() => "for another content than it has now".to_owned(),
        (None, Some(fingerprint)) => format!("verified, {fingerprint}"),
        (None, None) => "not verified".to_owned(),
    }
}

/// Returns a severity as a mark, the gravest first.
pub(super) fn severity(severity: Severity) -> Mark {
    let (rank, tone) = match severity {
        Severity::Critical => (0, Tone::Bad),
        Severity::High => (1, Tone::Warning),
        Severity::Medium => (2, Tone::Busy),
        Severity::Low => (3, Tone::Quiet),
    };
    Mark {
        word: severity.word(),
        rank,
        tone,
    }
}

/// Returns the place of a severity among columns, the gravest first.
pub(super) fn column_of(of: Severity) -> usize {
    usize::from(severity(of).rank)
}

/// Returns a disposition as a mark, the most urgent first.
pub(super) fn disposition(disposition: Disposition) -> Mark {
    let (rank, tone) = match disposition {
        Disposition::Overdue => (0, Tone::Bad),
        Disposition::DueSoon => (1, Tone::Warning),
        Disposition::Open => (2, Tone::Busy),
        Disposition::PendingVerification | Disposition::MitigationPending => (3, Tone::Busy),
        Disposition::UnsupportedUngoverned => (4, Tone::Bad),
        Disposition::Deferred => (5, Tone::Decided),
        Disposition::Accepted => (6, Tone::Decided),
        Disposition::AcceptedUnsupported => (7, Tone::Decided),
        Disposition::NotApplicable => (8, Tone::Quiet),
        Disposition::OutOfScope => (9, Tone::Quiet),
        Disposition::FixedLate => (10, Tone::Warning),
        Disposition::FixedInTime => (11, Tone::Good),
        Disposition::ClosedRetired => (12, Tone::Quiet),
    };
    Mark {
        word: disposition.word(),
        rank,
        tone,
    }
}

/// Returns the state of a host or system as a mark, the worst first.
pub(super) fn host_state(state: HostState) -> Mark {
    let (rank, tone) = match state {
        HostState::Overdue => (0, Tone::Bad),
        HostState::Unscanned => (1, Tone::Bad),
        HostState::Open => (2, Tone::Busy),
        HostState::Deferred => (3, Tone::Decided),
        HostState::Accepted => (4, Tone::Decided),
        HostState::Compliant => (5, Tone::Good),
        HostState::NotCounted => (6, Tone::Quiet),
    };
    Mark {
        word: state.word(),
        rank,
        tone,
    }
}

/// Returns what became of an export as a mark, what is not whole first.
pub(super) fn import_state(state: ImportState) -> Mark {
    let (rank, tone) = match state {
        ImportState::Incomplete => (0, Tone::Warning),
        ImportState::Ignored => (1, Tone::Quiet),
        ImportState::Complete => (2, Tone::Good),
    };
    Mark {
        word: state.word(),
        rank,
        tone,
    }
}
