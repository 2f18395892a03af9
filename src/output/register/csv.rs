//! The findings as a table that a spreadsheet may open.

use std::io::{self, Write};
use std::sync::Arc;

use csv::Writer;

use super::view::FindingView;
use crate::model::RecordId;
use crate::output::spreadsheet::{begin, write_row};
use crate::output::text::yes_or_no;
use crate::reconcile::Register;

const COLUMNS: usize = 34;
const HEADINGS: [&str; COLUMNS] = [
    "host",
    "system",
    "vuln",
    "aliases",
    "title",
    "remediation",
    "severity",
    "severity_given",
    "cvss",
    "score",
    "score_base",
    "kev",
    "kev_listed",
    "epss",
    "first_seen",
    "due",
    "due_reason",
    "base_due",
    "disposition",
    "coverage",
    "coverage_until",
    "coverage_approval",
    "opened",
    "closed",
    "recurrence",
    "observers",
    "tier",
    "stale",
    "breached",
    "decided_at_base_due",
    "suspended",
    "lapsed",
    "last_seen",
    "notes",
];

pub(super) fn write(register: &Register<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = begin(out, &HEADINGS)?;
    let zone = register.as_of.zone();
    for finding in &register.findings {
        write_finding(&mut writer, &FindingView::new(finding, zone))?;
    }
    writer.flush()
}

fn write_finding<W: Write>(writer: &mut Writer<W>, finding: &FindingView<'_>) -> io::Result<()> {
    let coverage = finding.coverage.as_ref();
    let cells: [&str; COLUMNS] = [
        finding.host,
        finding.system.unwrap_or(""),
        finding.vuln,
        &joined(finding.aliases),
        finding.title,
        finding.remediation.unwrap_or(""),
        finding.severity.word(),
        finding.severity_given,
        finding.cvss.unwrap_or(""),
        &number(finding.score),
        &number(finding.score_base),
        yes_or_no(finding.kev),
        &finding.kev_listed.map(|day| day.to_string()).unwrap_or_default(),
        &number(finding.epss),
        &finding.first_seen,
        &finding.due,
        finding.due_reason,
        &finding.base_due,
        finding.disposition,
        coverage.map_or("", |coverage| coverage.id),
        coverage.map_or("", |coverage| &coverage.until),
        coverage.map_or("", |coverage| coverage.approval),
        &finding.opened,
        finding.closed.as_deref().unwrap_or(""),
        &finding.recurrence.to_string(),
        &joined(finding.observers),
        finding.tier.unwrap_or(""),
        yes_or_no(finding.stale),
        finding.breached.as_deref().unwrap_or(""),
        yes_or_no(finding.decided_at_base_due),
        &ids(finding.suspended),
        &ids(finding.lapsed),
        &finding.last_seen,
        &finding.notes.join("; "),
    ];
    write_row(writer, &cells)
}

fn joined(words: &[Arc<str>]) -> String {
    words.join(" ")
}

fn ids(ids: &[RecordId]) -> String {
    ids.iter().map(RecordId::as_str).collect::<Vec<_>>().join(" ")
}

fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
