//! countersign/trace/v1.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use crate::model::{AsOf, Finding};
use crate::output::json::write_pretty;
use crate::output::register::AliasView;
use crate::reconcile::{Trace, TraceEvent, TraceRecord};
use crate::trust::MissingHistory;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    as_of: String,
    commit: Option<&'a str>,
    missing_history: Option<&'static str>,
    traces: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    host: &'a str,
    vuln: &'a str,
    joined: Vec<AliasView<'a>>,
    events: Vec<EventEntry<'a>>,
    lives: Vec<LifeEntry<'a>>,
    records: Vec<RecordEntry<'a>>,
}

#[derive(Serialize)]
struct EventEntry<'a> {
    at: String,
    event: &'static str,
    source: &'a str,
    quality: &'static str,
    id: Option<&'a str>,
    severity_given: Option<&'a str>,
    first_seen: Option<String>,
    file: &'a str,
    sha256: &'a str,
}

#[derive(Serialize)]
struct LifeEntry<'a> {
    severity: &'static str,
    first_seen: String,
    last_seen: String,
    closed: Option<String>,
    base_due: String,
    due: String,
    due_reason: &'a str,
    breached: Option<String>,
    disposition: &'static str,
    coverage: Option<&'a str>,
    recurrence: u32,
    clock: Vec<SegmentEntry<'a>>,
    notes: Vec<&'a str>,
}

#[derive(Serialize)]
struct SegmentEntry<'a> {
    from: String,
    cause: &'static str,
    due: String,
    reason: &'a str,
    set_by: Vec<String>,
}

#[derive(Serialize)]
struct RecordEntry<'a> {
    kind: &'static str,
    id: &'a str,
    title: &'a str,
    state: &'static str,
    approved: Option<String>,
    from: Option<String>,
    until: Option<String>,
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema: "countersign/trace/v1",
        as_of: report.as_of.text(report.as_of.instant()),
        commit: report.commit,
        missing_history: report.missing_history.map(MissingHistory::word),
        traces: report
            .traces
            .iter()
            .map(|trace| entry(trace, report.as_of))
            .collect(),
    };
    write_pretty(&document, out)
}

fn entry<'a>(trace: &'a Trace<'_>, as_of: AsOf) -> Entry<'a> {
    Entry {
        host: &trace.host,
        vuln: &trace.vuln,
        joined: trace.joined().iter().map(AliasView::new).collect(),
        events: trace.events.iter().map(|one| event(one, as_of)).collect(),
        lives: trace.lives.iter().map(|one| life(one, as_of)).collect(),
        records: trace.records.iter().map(|one| record(one, as_of)).collect(),
    }
}

fn event(event: &TraceEvent, as_of: AsOf) -> EventEntry<'_> {
    EventEntry {
        at: as_of.text(event.at),
        event: event.saying.word(),
        source: &event.source,
        quality: event.quality.word(),
        id: event.id.as_deref(),
        severity_given: event.severity_given.as_deref(),
        first_seen: event.first_seen.map(|at| as_of.text(at)),
        file: &event.file,
        sha256: &event.sha256,
    }
}

fn life(life: &Finding, as_of: AsOf) -> LifeEntry<'_> {
    let segments = life.segments.iter().map(|segment| SegmentEntry {
        from: as_of.text(segment.from),
        cause: segment.cause.word(),
        due: as_of.text(segment.due),
        reason: &segment.reason,
        set_by: segment.by.iter().map(ToString::to_string).collect(),
    });
    LifeEntry {
        severity: life.severity.word(),
        first_seen: as_of.text(life.first_seen),
        last_seen: as_of.text(life.last_seen),
        closed: life.closed.map(|at| as_of.text(at)),
        base_due: as_of.text(life.base_due),
        due: as_of.text(life.due),
        due_reason: &life.due_reason,
        breached: life.breached.map(|at| as_of.text(at)),
        disposition: life.disposition.word(),
        coverage: life.coverage.as_ref().map(|coverage| coverage.id.as_str()),
        recurrence: life.recurrence,
        clock: segments.collect(),
        notes: life.notes.iter().map(|note| &**note).collect(),
    }
}

fn record(record: &TraceRecord, as_of: AsOf) -> RecordEntry<'_> {
    RecordEntry {
        kind: record.kind.name(),
        id: record.id.as_str(),
        title: &record.title,
        state: record.state.word(),
        approved: record.approved.map(|at| as_of.text(at)),
        from: record.from.map(|day| day.to_string()),
        until: record.until.map(|day| day.to_string()),
    }
}
