//! Dates of changes, calendars and incidents that contradict each other.

use super::interval_or_cycle::{CHECK, ordered};
use crate::diagnostic::Diagnostic;
use crate::load::Repository;
use crate::model::{Calendar, Change, Incident, Instant, Meta, Record};
use crate::source::Spanned;

/// Flags what ends before it begins.
pub(super) fn of_work(repository: &Repository, out: &mut Vec<Diagnostic>) {
    for change in repository.changes.iter().filter(|one| one.meta.is_live()) {
        of_change(change, out);
    }
    for calendar in repository.calendars.iter().filter(|one| one.meta.is_live()) {
        of_calendar(calendar, out);
    }
    for incident in repository.incidents.iter().filter(|one| one.meta.is_live()) {
        of_incident(incident, out);
    }
}

fn of_change(change: &Record<Change>, out: &mut Vec<Diagnostic>) {
    let (meta, spec) = (&change.meta, &change.spec);
    if let (Some(start), Some(end)) = (&spec.start, &spec.end) {
        after(meta, ("start", start), ("end", end), out);
    }
    if let Some(execution) = &spec.execution
        && let Some(finished) = &execution.finished
    {
        let started = ("execution.started", &execution.started);
        after(meta, started, ("execution.finished", finished), out);
    }
    for snapshot in &spec.rollback.snapshots {
        let taken = ("taken_at", &snapshot.taken_at);
        ordered(meta, taken, ("retain_until", &snapshot.retain_until), out);
    }
    if let Some(until) = &spec.valid_until {
        ordered(meta, ("created", &meta.created), ("valid_until", until), out);
    }
}

fn of_calendar(calendar: &Record<Calendar>, out: &mut Vec<Diagnostic>) {
    for freeze in &calendar.spec.freezes {
        if let (Some(from), Some(to)) = (&freeze.from, &freeze.to) {
            ordered(&calendar.meta, ("from", from), ("to", to), out);
        }
    }
}

fn of_incident(incident: &Record<Incident>, out: &mut Vec<Diagnostic>) {
    let (meta, spec) = (&incident.meta, &incident.spec);
    let detected = ("detected", &spec.detected);
    if let Some(contained) = &spec.contained {
        after(meta, detected, ("contained", contained), out);
    }
    if let Some(resolved) = &spec.resolved {
        after(meta, detected, ("resolved", resolved), out);
    }
    if let Some(triage) = &spec.triage {
        let steps = [
            ("scoped", &triage.scoped),
            ("volatile_evidence", &triage.volatile_evidence),
            ("verdict_at", &triage.verdict_at),
        ];
        for (name, at) in steps {
            if let Some(at) = at {
                after(meta, detected, (name, at), out);
            }
        }
    }
    for one in &spec.sla_overrides {
        after(meta, ("from", &one.from), ("to", &one.to), out);
    }
}

/// Flags a second moment that lies before the first, or a span of no time.
fn after(
    meta: &Meta,
    (earlier_name, earlier): (&str, &Spanned<Instant>),
    (later_name, later): (&str, &Spanned<Instant>),
    out: &mut Vec<Diagnostic>,
) {
    let is_span = matches!(later_name, "end" | "to");
    let (first, second) = (earlier.value.utc(), later.value.utc());
    if second > first || (!is_span && second == first) {
        return;
    }
    let message = format!(
        "`{later_name}` {} does not lie after `{earlier_name}` {}",
        later.value, earlier.value
    );
    out.push(
        Diagnostic::error(CHECK.code, later.span, message)
            .related(earlier.span, format!("`{earlier_name}` is here"))
            .help("mend the wrong one of the two; offsets count")
            .subject(meta.id.to_string()),
    );
}
