//! countersign/trace/v1.

use std::io::{self, Write};

use serde::Serialize;

use super::{Report, moment, state};
use crate::model::{AsOf, Finding};
use crate::output::json::write_pretty;
use crate::reconcile::{Trace, TraceEvent, TraceRecord};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    as_of: String,
    commit: Option<&'a str>,
    traces: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    host: &'a str,
    vuln: &'a str,
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
        as_of: moment(report.as_of.instant(), report.as_of),
        commit: report.commit,
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
        events: trace.events.iter().map(|one| event(one, as_of)).collect(),
        lives: trace.lives.iter().map(|one| life(one, as_of)).collect(),
        records: trace.records.iter().map(|one| record(one, as_of)).collect(),
    }
}

fn event(event: &TraceEvent, as_of: AsOf) -> EventEntry<'_> {
    EventEntry {
        at: moment(event.at, as_of),
        event: event.saying.word(),
        source: &event.source,
        quality: event.quality.word(),
        id: event.id.as_deref(),
        severity_given: event.severity_given.as_deref(),
        first_seen: event.first_seen.map(|at| moment(at, as_of)),
        file: &event.file,
        sha256: &event.sha256,
    }
}

fn life(life: &Finding, as_of: AsOf) -> LifeEntry<'_> {
    let segments = life.segments.iter().map(|segment| SegmentEntry {
        from: moment(segment.from, as_of),
        cause: segment.cause.word(),
        due: moment(segment.due, as_of),
        reason: &segment.reason,
        set_by: segment.by.iter().map(ToString::to_string).collect(),
    });
    LifeEntry {
        severity: life.severity.word(),
        first_seen: moment(life.first_seen, as_of),
        last_seen: moment(life.last_seen, as_of),
        closed: life.closed.map(|at| moment(at, as_of)),
        base_due: moment(life.base_due, as_of),
        due: moment(life.due, as_of),
        due_reason: &life.due_reason,
        breached: life.breached.map(|at| moment(at, as_of)),
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
        state: state(record.state),
        approved: record.approved.map(|at| moment(at, as_of)),
        from: record.from.map(|day| day.to_string()),
        until: record.until.map(|day| day.to_string()),
    }
}
