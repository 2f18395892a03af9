//! A page for every control of the statement: what is claimed, what proves it, what contradicts it.

use std::collections::BTreeSet;

use super::super::evidence::{Gap, digest_mark, gaps_by_control, is_named, usable};
use super::super::html::{Block, Page};
use super::super::soa::{ControlStatus, current};
use super::super::table::{Cell, Column, Layout, Table};
use super::super::words::{day, spaced};
use super::record::{diagnostic_table, force, pairs};
use super::site::{Site, links, once, page_path, paged};
use super::{above, start_step};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::controls::{Edition, control};
use crate::model::{ControlText, Evidence, Implementation, Kind, Meta, Record, Soa, SoaEntry};
use crate::reconcile::Register;
use crate::source::Spanned;

/// A control of the current statement, and where its page lies.
pub(super) struct ControlPlace<'a> {
    pub(super) soa: &'a Record<Soa>,
    pub(super) entry: &'a SoaEntry,
    pub(super) path: String,
    /// The line after its last one in the file of the statement.
    end_line: u32,
    gaps: Vec<Gap<'a>>,
}

impl ControlPlace<'_> {
    /// Returns the id as the statement writes it.
    pub(super) fn id(&self) -> &str {
        &self.entry.control.value
    }

    /// Returns the title: that of the statement, else the built-in one.
    pub(super) fn title(&self) -> &str {
        let built_in = control(self.edition(), self.id()).map(|control| control.title);
        self.entry.title.as_deref().or(built_in).unwrap_or_default()
    }

    fn edition(&self) -> Edition {
        self.soa.spec.edition.value
    }

    fn is_named_by(&self, controls: &[Spanned<ControlText>]) -> bool {
        controls
            .iter()
            .any(|text| is_named(&text.value, self.edition(), self.entry))
    }
}

/// Returns the controls of the current statement in its order.
pub(super) fn control_places<'a>(register: &Register<'a>) -> Vec<ControlPlace<'a>> {
    let Some(soa) = current(register) else {
        return Vec::new();
    };
    let entries = &soa.spec.entries.value;
    let mut gaps = gaps_by_control(register, &soa.spec);
    let mut taken = BTreeSet::new();
    let mut places: Vec<ControlPlace<'_>> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let id = entry.control.value.as_str();
        // A control of the organisation's own may be called anything; not every name is one of a file.
        let plain = id.to_lowercase();
        let is_plain = (1..=40).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
            && !id.starts_with('.')
            && taken.insert(plain.clone());
        let name = if is_plain {
            plain
        } else {
            format!("entry-{}", index + 1)
        };
        let next = entries.get(index + 1).map(|next| next.control.span.line);
        places.push(ControlPlace {
            soa,
            entry,
            path: page_path(&format!("controls/{name}")),
            end_line: next.unwrap_or(u32::MAX),
            gaps: gaps.remove(id).unwrap_or_default(),
        });
    }
    places
}

/// Returns links to the controls that a record names and the statement has.
pub(super) fn links_of(site: &Site<'_>, controls: &[Spanned<ControlText>]) -> Vec<(String, String)> {
    let named = site.controls.iter().filter(|place| place.is_named_by(controls));
    named
        .map(|place| (format!("{} {}", place.id(), place.title()), place.path.clone()))
        .collect()
}

/// What is known about one control.
struct Findings<'a> {
    evidence: Vec<&'a Record<Evidence>>,
    serving: Vec<&'a Meta>,
    diagnostics: Vec<&'a Diagnostic>,
    /// Sentences, each with the record that it is about.
    contradictions: Vec<(String, Cell)>,
}

fn look<'a>(site: &Site<'a>, place: &ControlPlace<'a>) -> Findings<'a> {
    let register = site.register;
    let is_evidence_for = |piece: &&Record<Evidence>| place.is_named_by(&piece.spec.controls);
    let evidence: Vec<_> = usable(register).filter(is_evidence_for).collect();
    let named: BTreeSet<&str> = place
        .entry
        .policies
        .iter()
        .map(|policy| policy.value.0.as_str())
        .collect();
    let serves = |meta: &&Meta| {
        meta.kind != Kind::Evidence
            && (place.is_named_by(&meta.controls) || named.contains(meta.id.value.as_str()))
    };
    let serving: Vec<&Meta> = register.repository.records().filter(serves).collect();
    let first = place.entry.control.span.line;
    let of_statement = site.diagnostics_of(place.soa.id(), Some(place.soa.meta.file));
    let at_entry = |one: &&Diagnostic| {
        one.span.file == place.soa.meta.file && (first..place.end_line).contains(&one.span.line)
    };
    let mut diagnostics: Vec<&Diagnostic> = of_statement.into_iter().filter(at_entry).collect();
    let around = serving
        .iter()
        .copied()
        .chain(evidence.iter().map(|piece| &piece.meta));
    for meta in around.filter(|meta| meta.is_live()) {
        let of_record = site.diagnostics_of(&meta.id.value, Some(meta.file));
        diagnostics.extend(of_record.into_iter().filter(|one| one.level == Level::Error));
    }
    let contradictions = contradictions(site, place, &evidence, &serving, &diagnostics);
    Findings {
        evidence,
        serving,
        diagnostics,
        contradictions,
    }
}

/// Says what speaks against the claim of an entry.
fn contradictions(
    site: &Site<'_>,
    place: &ControlPlace<'_>,
    evidence: &[&Record<Evidence>],
    serving: &[&Meta],
    diagnostics: &[&Diagnostic],
) -> Vec<(String, Cell)> {
    let entry = place.entry;
    let statement = || site.record(place.soa.id().as_str());
    let mut against = Vec::new();
    if !entry.applicable.value {
        let in_use = serving
            .iter()
            .filter(|meta| meta.is_live() && meta.kind != Kind::Soa);
        against.extend(in_use.map(|meta| {
            let id = meta.id.value.as_str();
            (
                "It is excluded, and a live record serves it.".to_owned(),
                site.record(id),
            )
        }));
        return against;
    }
    if entry.implementation == Some(Implementation::Implemented) && evidence.is_empty() {
        against.push((
            "It is claimed to be implemented, and no evidence is there.".to_owned(),
            statement(),
        ));
    }
    against.extend(place.gaps.iter().map(|(checkpoint, months)| {
        let months = months.join(", ");
        (
            format!("Checkpoint {checkpoint} has no evidence for {months}."),
            statement(),
        )
    }));
    for piece in evidence {
        let mark = digest_mark(site.register, piece);
        if matches!(mark.word, "not_there" | "different") {
            let said = format!("The evidence's file is {}.", spaced(mark.word));
            against.push((said, site.record(piece.id().as_str())));
        }
    }
    for policy in &entry.policies {
        let id = &policy.value.0;
        let force = site
            .register
            .repository
            .policies
            .get(id)
            .and_then(|record| force(site, &record.meta));
        let said = match force {
            Some(super::super::force::Force::Binds) => continue,
            Some(force) => format!("The policy that it rests on is {}.", spaced(force.mark().word)),
            None => "The policy that it rests on cannot be read.".to_owned(),
        };
        against.push((said, site.record(id.as_str())));
    }
    let errors = diagnostics.iter().filter(|one| one.level == Level::Error).count();
    if errors > 0 {
        let there = links([(format!("{errors} open"), "#diagnostics".to_owned())]);
        against.push((
            "Errors are open about it, or about what it rests on.".to_owned(),
            there,
        ));
    }
    against
}

const CONTROLS: &[Column] = &[
    Column::new("control", "Control").tight(),
    Column::new("title", "Title").wide(),
    Column::new("claim", "Claim").facet(),
    Column::new("evidence", "Evidence"),
    Column::new("against", "What contradicts it"),
    Column::new("policies", "Policies").tight(),
    Column::new("owner", "Owner").facet().tight(),
];

/// Returns the register of controls and the page of each.
pub(super) fn pages(site: &Site<'_>) -> Vec<Page> {
    let mut pages = Vec::new();
    let mut rows = Vec::new();
    for place in &site.controls {
        let found = look(site, place);
        rows.push(vec![
            links([(place.id().to_owned(), place.path.clone())]),
            Cell::text(place.title()),
            Cell::Mark(ControlStatus::of(place.entry).mark()),
            link_or_zero(found.evidence.len(), format!("{}#evidence", place.path)),
            link_or_zero(found.contradictions.len(), format!("{}#against", place.path)),
            site.records(place.entry.policies.iter().map(|policy| policy.value.0.as_str())),
            place
                .entry
                .owner
                .as_ref()
                .map_or(Cell::Empty, |owner| site.record(owner.value.as_str())),
        ]);
        pages.push(page(site, place, found));
    }
    let table = Table {
        name: "controls",
        caption: "Controls of the current Statement of Applicability".into(),
        layout: Layout::Filterable,
        columns: CONTROLS,
        rows,
        when_empty: "There is no live Statement of Applicability.",
    };
    let register = Page {
        path: page_path("controls"),
        title: "Controls".into(),
        purpose: "What the statement claims of each control, what proves it, and what contradicts it.".into(),
        above: above([start_step()]),
        blocks: Vec::new(),
    };
    pages.extend(paged(register, table));
    pages
}

fn link_or_zero(count: usize, address: String) -> Cell {
    match count {
        0 => Cell::count(0_u64),
        count => super::site::count_link(count, address),
    }
}

const AGAINST: &[Column] = &[
    Column::new("what", "What contradicts the claim").wide(),
    Column::new("record", "See").tight(),
];

const EVIDENCE: &[Column] = &[
    Column::new("evidence", "Evidence").tight(),
    Column::new("title", "Title").wide(),
    Column::new("produced", "Produced").tight(),
    Column::new("digest", "Digest"),
    Column::new("checkpoints", "Checkpoints").tight(),
    Column::new("kept_until", "Kept until").tight(),
];

const CHECKPOINTS: &[Column] = &[
    Column::new("checkpoint", "Checkpoint").tight(),
    Column::new("question", "Question").wide(),
    Column::new("period", "How often"),
    Column::new("missing", "Months without evidence").wide(),
];

/// Rows that one table of a control lists; more are told of.
const MAX_ROWS: usize = 300;

const SERVING: &[Column] = &[
    Column::new("record", "Record").tight(),
    Column::new("title", "Title").wide(),
    Column::new("kind", "Kind"),
    Column::new("stands", "Stands"),
];

fn page(site: &Site<'_>, place: &ControlPlace<'_>, found: Findings<'_>) -> Page {
    let table = |name, caption: &str, columns, mut rows: Vec<Vec<Cell>>, when_empty| {
        let caption = if rows.len() > MAX_ROWS {
            format!("{caption}: the first {MAX_ROWS} of {}", rows.len())
        } else {
            caption.to_owned()
        };
        rows.truncate(MAX_ROWS);
        Block::Table(Table {
            name,
            caption,
            layout: Layout::Plain,
            columns,
            rows,
            when_empty,
        })
    };
    let against = found
        .contradictions
        .into_iter()
        .map(|(what, record)| vec![Cell::text(what), record]);
    let evidence = found.evidence.iter().map(|piece| evidence_row(site, piece));
    let serving = once(found.serving.iter().map(|meta| (meta.kind, &meta.id.value)));
    let serving = serving.filter_map(|(kind, id)| {
        let meta = site.register.repository.record(id)?;
        Some(vec![
            site.record(id.as_str()),
            Cell::text(meta.title.as_str()),
            Cell::text(super::kinds::kind_word(kind)),
            Cell::Mark(super::kinds::stands(site, meta).0),
        ])
    });
    let checkpoints = place.entry.checkpoints.iter().map(|checkpoint| {
        let missing = place.gaps.iter().find(|(id, _)| *id == checkpoint.id);
        vec![
            Cell::text(checkpoint.id.as_str()),
            Cell::text(checkpoint.question.as_str()),
            Cell::maybe(checkpoint.period.as_deref()),
            missing.map_or_else(|| Cell::text("none"), |(_, months)| Cell::text(months.join(", "))),
        ]
    });
    let blocks = vec![
        Block::Heading("claim", "Claim".into()),
        Block::Table(claim(site, place)),
        Block::Heading("against", "What contradicts it".into()),
        table(
            "against",
            "What contradicts it",
            AGAINST,
            against.collect(),
            "Nothing that is known contradicts the claim.",
        ),
        Block::Heading("evidence", "Evidence".into()),
        table(
            "evidence",
            "Evidence",
            EVIDENCE,
            evidence.collect(),
            "There is no evidence for it.",
        ),
        table(
            "checkpoints",
            "Checkpoints",
            CHECKPOINTS,
            checkpoints.collect(),
            "The statement names no checkpoint for it.",
        ),
        Block::Heading("serving", "Records that serve it".into()),
        table(
            "serving",
            "Records that serve it",
            SERVING,
            serving.collect(),
            "No record names it.",
        ),
        Block::Heading("diagnostics", "What the rules say about it".into()),
        Block::Table(diagnostic_table(
            site,
            "Of its entry, and errors of what it rests on",
            &found.diagnostics,
        )),
    ];
    Page {
        path: place.path.clone(),
        title: format!("Control {}", place.id()),
        purpose: place.title().to_owned(),
        above: above([start_step(), (page_path("controls"), "Controls".to_owned())]),
        blocks,
    }
}

fn evidence_row(site: &Site<'_>, piece: &Record<Evidence>) -> Vec<Cell> {
    vec![
        site.record(piece.id().as_str()),
        Cell::text(piece.meta.title.as_str()),
        Cell::text(day(site.register.as_of, piece.spec.produced_at.value.utc())),
        Cell::Mark(digest_mark(site.register, piece)),
        Cell::list(
            piece
                .spec
                .checkpoints
                .iter()
                .map(|checkpoint| checkpoint.value.as_str()),
        ),
        Cell::shown(piece.spec.retain_until.value),
    ]
}

fn claim(site: &Site<'_>, place: &ControlPlace<'_>) -> Table {
    let entry = place.entry;
    let approval = super::super::words::approval_mark(site.register, Kind::Soa, place.soa.id());
    let reasons = entry.reasons.iter().map(|reason| reason.value.as_str());
    pairs(vec![
        ("Implementation", Cell::Mark(ControlStatus::of(entry).mark())),
        (
            "Applicable",
            Cell::text(if entry.applicable.value { "yes" } else { "no" }),
        ),
        ("Reasons", Cell::list(reasons)),
        (
            "Owner",
            entry
                .owner
                .as_ref()
                .map_or(Cell::Empty, |owner| site.record(owner.value.as_str())),
        ),
        (
            "Planned for",
            Cell::maybe_shown(entry.planned.as_ref().map(|planned| planned.date.value)),
        ),
        (
            "Policies",
            site.records(entry.policies.iter().map(|policy| policy.value.0.as_str())),
        ),
        ("Statement", site.record(place.soa.id().as_str())),
        ("Approval of the statement", Cell::Mark(approval)),
        ("Justification", Cell::text(entry.justification.value.as_str())),
    ])
}
