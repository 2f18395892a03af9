//! countersign/changes/v1.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use crate::check::{ChangedRecord, Covered, Need};
use crate::output::json::write_pretty;
use crate::source::Sources;
use crate::trust::Classified;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    as_of: String,
    base: &'a str,
    base_commit: &'a str,
    commit: Option<&'a str>,
    headline: &'a str,
    weakenings: usize,
    records: Vec<RecordEntry<'a>>,
}

#[derive(Serialize)]
struct RecordEntry<'a> {
    kind: &'a str,
    id: &'a str,
    file: &'a str,
    title: &'a str,
    what: &'a str,
    days: Option<i64>,
    approval_state: Option<&'a str>,
    edits: Vec<EditEntry<'a>>,
    needs: Vec<NeedEntry<'a>>,
    covers: Vec<CoveredEntry<'a>>,
}

#[derive(Serialize)]
struct EditEntry<'a> {
    field: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
    effect: &'static str,
    rule: &'static str,
    why: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
}

#[derive(Serialize)]
struct NeedEntry<'a> {
    who: &'a [String],
    people: usize,
    by: &'a [String],
    because: &'a str,
}

#[derive(Serialize)]
struct CoveredEntry<'a> {
    host: &'a str,
    vuln: &'a str,
    severity: &'static str,
    disposition: &'static str,
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let records = report.changes.records.iter();
    let document = Document {
        schema: "countersign/changes/v1",
        as_of: report.as_of.to_string(),
        base: report.base.0,
        base_commit: report.base.1,
        commit: report.commit,
        headline: &report.changes.headline,
        weakenings: report.changes.weakenings,
        records: records.map(|one| record(report.sources, one)).collect(),
    };
    write_pretty(&document, out)
}

fn record<'a>(sources: &'a Sources, one: &'a ChangedRecord) -> RecordEntry<'a> {
    let change = &one.change;
    RecordEntry {
        kind: change.kind,
        id: &change.id,
        file: &change.path,
        title: &change.title,
        what: one.what,
        days: one.days,
        approval_state: one.state,
        edits: change.edits.iter().map(|edit| entry(sources, edit)).collect(),
        needs: one.needs.iter().map(need).collect(),
        covers: one.covers.iter().map(covered).collect(),
    }
}

fn entry<'a>(sources: &'a Sources, edit: &'a Classified) -> EditEntry<'a> {
    EditEntry {
        field: &edit.edit.field,
        before: edit.edit.before.as_deref(),
        after: edit.edit.after.as_deref(),
        effect: edit.effect.word(),
        rule: edit.rule,
        why: &edit.why,
        file: edit.span.map(|span| sources.path(span.file)),
        line: edit.span.map(|span| span.line),
    }
}

fn need(need: &Need) -> NeedEntry<'_> {
    NeedEntry {
        who: &need.who,
        people: need.people,
        by: &need.by,
        because: &need.because,
    }
}

fn covered(covered: &Covered) -> CoveredEntry<'_> {
    CoveredEntry {
        host: &covered.host,
        vuln: &covered.vuln,
        severity: covered.severity,
        disposition: covered.disposition,
    }
}
