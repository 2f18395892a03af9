//! The registers: the records of each kind, with where they stand.

use super::super::html::Page;
use super::super::table::{Cell, Column, Layout, Mark, Table};
use super::super::words::{approval_mark, days_left, host_state, spaced};
use super::record::force;
use super::site::{Site, count_link, page_path, paged, record_path};
use super::{above, start_step};
use crate::diagnostic::Level;
use crate::diagnostic::counted;
use crate::load::Known;
use crate::model::{Date, Kind, Meta};
use crate::reconcile::Register;

/// What folders are called where their own name would not tell.
const TITLES: &[(&str, &str)] = &[
    ("", "Management system"),
    ("soa", "Statements of Applicability"),
    ("slas", "Agreements"),
    ("acceptances", "Risk acceptances"),
    ("triage", "Triages"),
    ("calendar", "Calendars"),
];

/// Returns what the register of a kind is called.
pub(super) fn title(kind: Kind) -> String {
    let folder = kind.folder();
    if let Some((_, title)) = TITLES.iter().find(|(name, _)| *name == folder) {
        return (*title).to_owned();
    }
    let mut letters = folder.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// What kinds are called where their name is an abbreviation.
const WORDS: &[(Kind, &str)] = &[
    (Kind::Isms, "management system"),
    (Kind::Soa, "Statement of Applicability"),
    (Kind::Sla, "agreement"),
];

/// Returns the name of a kind in words, such as `risk acceptance`.
pub(super) fn kind_word(kind: Kind) -> String {
    if let Some((_, word)) = WORDS.iter().find(|(other, _)| *other == kind) {
        return (*word).to_owned();
    }
    let mut word = String::new();
    for letter in kind.name().chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push(' ');
        }
        word.extend(letter.to_lowercase());
    }
    word
}

/// Returns the path of the register of a kind.
pub(super) fn register_path(kind: Kind) -> String {
    match kind.folder() {
        "" => page_path("isms"),
        folder => page_path(folder),
    }
}

/// Returns the way to the register of a kind.
pub(super) fn register_step(kind: Kind) -> (String, String) {
    (register_path(kind), title(kind))
}

/// Returns the kinds that have a register: those of which there is a record.
pub(super) fn kinds<'a>(site: &Site<'a>) -> Vec<(Kind, Vec<&'a Known>)> {
    let known = &site.register.repository.known;
    let of = |kind: Kind| {
        known
            .values()
            .filter(|known| known.kind == kind)
            .collect::<Vec<_>>()
    };
    let all = Kind::ALL.iter().map(|kind| (*kind, of(*kind)));
    all.filter(|(_, records)| !records.is_empty()).collect()
}

/// Returns the last day of a record, where its kind has one.
pub(super) fn ends(register: &Register<'_>, meta: &Meta) -> Option<Date> {
    let repository = register.repository;
    let id = &meta.id.value;
    let exception = repository
        .exceptions
        .get(id)
        .map(|record| record.spec.expires.value);
    let acceptance = || {
        repository
            .acceptances
            .get(id)?
            .spec
            .expires
            .as_ref()
            .map(|day| day.value)
    };
    let triage = || repository.triages.get(id).map(|record| record.spec.expires.value);
    let sla = || repository.slas.get(id).map(|record| record.spec.expires.value);
    exception.or_else(acceptance).or_else(triage).or_else(sla)
}

/// Returns where a record stands, and what more a line says of it.
pub(super) fn stands(site: &Site<'_>, meta: &Meta) -> (Mark, String) {
    let repository = site.register.repository;
    let id = &meta.id.value;
    if let Some(decision) = site.decisions.get(id) {
        let vulns = match &decision.body {
            super::super::decisions::Body::Exception(exception) => Some(exception),
            super::super::decisions::Body::Acceptance(_) => None,
        };
        let severity = vulns.map(|exception| format!("severity {}", exception.severity.word()));
        return (decision.mark, severity.unwrap_or_default());
    }
    if let Some(row) = site.register.systems.get(id) {
        let record = repository.systems.get(id);
        let tier = record.and_then(|record| record.spec.tier.as_ref());
        let tier = tier.map_or_else(|| "no tier".to_owned(), |tier| tier.value.clone());
        return (
            host_state(row.state),
            format!("{tier}, {}", counted(row.hosts.len(), "host")),
        );
    }
    let detail = if let Some(risk) = repository.risks.get(id) {
        let spec = &risk.spec;
        format!(
            "{} × {}, {}",
            spec.likelihood.value,
            spec.impact.value,
            spec.treatment.word()
        )
    } else if let Some(source) = repository.tools.get(id) {
        format!("format {}", source.spec.format.value)
    } else if let Some(evidence) = repository.evidence.get(id) {
        spaced(evidence.spec.evidence_type.word())
    } else if let Some(person) = repository.people.get(id) {
        person.spec.name.clone()
    } else if let Some(triage) = repository.triages.get(id) {
        format!(
            "{}: {}",
            triage.spec.subject.vuln.value,
            spaced(triage.spec.status.word())
        )
    } else {
        String::new()
    };
    let mark = force(site, meta).map_or_else(
        || approval_mark(site.register, meta.kind, id),
        |force| force.mark(),
    );
    (mark, detail)
}

const RECORDS: &[Column] = &[
    Column::new("record", "Record").tight(),
    Column::new("title", "Title").wide(),
    Column::beneath("detail", ""),
    Column::new("stands", "Stands").facet(),
    Column::new("approval", "Approval").facet(),
    Column::new("owner", "Owner").facet().tight(),
    Column::new("ends", "Last day").tight(),
    Column::new("days_left", "Days left"),
    Column::new("covers", "Covers"),
    Column::new("errors", "Errors"),
    Column::new("changed", "Last commit").tight(),
];

/// Returns the register of every kind.
pub(super) fn pages(site: &Site<'_>) -> Vec<Page> {
    let mut pages = Vec::new();
    for (kind, records) in kinds(site) {
        let title = title(kind);
        let page = Page {
            path: register_path(kind),
            title: title.clone(),
            purpose: format!(
                "Every {} of this repository, with where it stands.",
                kind_word(kind)
            ),
            above: above([start_step()]),
            blocks: Vec::new(),
        };
        let mut rows: Vec<_> = records.into_iter().map(|known| row(site, known)).collect();
        // What is wrong comes first; within that the order of the ids stays.
        rows.sort_by_key(|(rank, _)| *rank);
        let table = Table {
            name: "records",
            caption: title,
            layout: Layout::Filterable,
            columns: RECORDS,
            rows: rows.into_iter().map(|(_, row)| row).collect(),
            when_empty: "There is no such record.",
        };
        pages.extend(paged(page, table));
    }
    pages
}

fn row(site: &Site<'_>, known: &Known) -> (u8, Vec<Cell>) {
    let register = site.register;
    let id = &known.id;
    let diagnostics = site.diagnostics_of(id, Some(known.span.file));
    let errors = diagnostics.iter().filter(|one| one.level == Level::Error).count();
    let errors = match errors {
        0 => Cell::count(0_u64),
        errors => count_link(errors, format!("{}#diagnostics", record_path(id.as_str()))),
    };
    let Some(meta) = register.repository.record(id) else {
        let mut row = vec![site.record(id.as_str()), Cell::text("does not fit its schema")];
        row.resize(RECORDS.len(), Cell::Empty);
        row[9] = errors;
        return (0, row);
    };
    let (stands, detail) = stands(site, meta);
    let end = ends(register, meta);
    let covered = site.covered.get(id).map_or(0, Vec::len);
    let covers = match covered {
        0 => Cell::Empty,
        covered => count_link(covered, format!("{}#covers", record_path(id.as_str()))),
    };
    let lives = site.provenance.lives.as_ref();
    let last = lives.and_then(|lives| {
        lives
            .by_id
            .get(id)?
            .events
            .iter()
            .rev()
            .find_map(|event| Some((event.at, event.commit.as_ref()?)))
    });
    let row = vec![
        site.record(id.as_str()),
        Cell::text(meta.title.as_str()),
        Cell::text(detail),
        Cell::Mark(stands),
        Cell::Mark(approval_mark(register, meta.kind, id)),
        site.record(meta.owner.value.as_str()),
        Cell::maybe_shown(end),
        end.map_or(Cell::Empty, |end| Cell::Number(days_left(register, end))),
        covers,
        errors,
        last.map_or(Cell::Empty, |(at, _)| {
            let day = super::super::words::day(register.as_of, at);
            super::site::links([(day, format!("{}#life", record_path(id.as_str())))])
        }),
    ];
    (stands.rank, row)
}
