//! The page of one record: what it says, where it stands, who decided, its life in git, what it covers now.

use super::super::force::{Force, version_of};
use super::super::html::{Block, Page};
use super::super::reviewed::Reviewed;
use super::super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::super::words::{approval_mark, days_left, remaining};
use super::findings::finding_table;
use super::kinds::{ends, register_step, stands};
use super::site::{Site, findings_of, links, page_path, record_path};
use super::{above, standing, start_step, system};
use crate::diagnostic::counted;
use crate::diagnostic::{Diagnostic, Level};
use crate::load::{CONFIGURATION, Known};
use crate::model::{Kind, Meta, RecordId, ReferenceSort};
use crate::trust::CONFIGURATION_ID;

/// Findings of a record that its page shows; the pages of its Systems have all.
const MAX_COVERED: usize = 200;
/// Lines of other tables that a page shows.
const MAX_LINES: usize = 500;

/// Returns the page of every record whose id can be read, and that of the configuration.
pub(super) fn pages(site: &Site<'_>) -> Vec<Page> {
    let known = &site.register.repository.known;
    let mut pages: Vec<Page> = known.values().map(|known| page(site, known)).collect();
    if let Some(page) = RecordId::new(CONFIGURATION_ID)
        .filter(|id| !known.contains_key(id))
        .and_then(|id| configuration(site, &id))
    {
        pages.push(page);
    }
    pages
}

fn page(site: &Site<'_>, known: &Known) -> Page {
    let repository = site.register.repository;
    let meta = repository.record(&known.id);
    let diagnostics = site.diagnostics_of(&known.id, Some(known.span.file));
    let mut blocks = Vec::new();
    if meta.is_none() {
        blocks.push(Block::Banner(
            "This record does not fit its schema.".into(),
            "It counts for nothing until it does; what is wrong stands below.".into(),
        ));
    }
    blocks.push(Block::Table(facts(site, known, meta)));
    blocks.extend(about(site, &diagnostics));
    if let Some(meta) = meta {
        blocks.extend(standing::blocks(
            site,
            site.register.standings.of(known.kind, &known.id),
        ));
        if let Some(record) = repository.systems.get(&known.id) {
            blocks.extend(system::blocks(site, record));
        }
        blocks.extend(super::sources::blocks(site, &known.id));
        if repository.soas.get(&known.id).is_some() {
            let way = vec![("all controls".to_owned(), page_path("controls"))];
            blocks.push(Block::Links(
                "What the statement says of each control:".into(),
                way,
            ));
        }
        blocks.extend(covers(site, &known.id));
        blocks.extend(related(site, meta));
    }
    blocks.extend(standing::life(site, &known.id));
    let text = repository
        .sources
        .get(known.span.file)
        .map(|file| file.text.to_string());
    blocks.extend(content(&known.path, text));
    Page {
        path: record_path(known.id.as_str()),
        title: known.id.to_string(),
        purpose: meta.map_or_else(
            || "A record that cannot be read.".to_owned(),
            |meta| meta.title.clone(),
        ),
        above: above([start_step(), register_step(known.kind)]),
        blocks,
    }
}

/// The page of `compliance.yaml`, which is approved like a record.
fn configuration(site: &Site<'_>, id: &RecordId) -> Option<Page> {
    let repository = site.register.repository;
    let file = repository.sources.find(CONFIGURATION)?;
    let text = repository.sources.get(file)?.text.to_string();
    let standing = site.register.standings.of_configuration();
    let mut blocks = vec![Block::Table(pairs(vec![
        (
            "What it is",
            Cell::text("The configuration: which rules hold, and at which level"),
        ),
        ("File", Cell::Code(CONFIGURATION.into())),
        ("Approval", Cell::text(standing.state.word())),
    ]))];
    blocks.extend(about(site, &site.diagnostics_of(id, Some(file))));
    blocks.extend(standing::blocks(site, standing));
    blocks.extend(standing::life(site, id));
    blocks.extend(content(CONFIGURATION, Some(text)));
    Some(Page {
        path: record_path(CONFIGURATION_ID),
        title: "Configuration".into(),
        purpose: "Which rules judge this repository, who approved them, and their life in git.".into(),
        above: above([start_step()]),
        blocks,
    })
}

const PAIR: &[Column] = &[Column::new("item", "Item"), Column::new("value", "Value")];

pub(super) fn pairs(pairs: Vec<(&'static str, Cell)>) -> Table {
    let filled = pairs.into_iter().filter(|(_, value)| *value != Cell::Empty);
    Table {
        name: "facts",
        caption: "Facts".into(),
        layout: Layout::Facts,
        columns: PAIR,
        rows: filled
            .map(|(item, value)| vec![Cell::text(item), value])
            .collect(),
        when_empty: "",
    }
}

fn facts(site: &Site<'_>, known: &Known, meta: Option<&Meta>) -> Table {
    let register = site.register;
    let kind = super::kinds::kind_word(known.kind);
    let Some(meta) = meta else {
        return pairs(vec![
            ("Kind", Cell::text(kind)),
            ("File", Cell::Code(known.path.clone())),
        ]);
    };
    let end = ends(register, meta);
    let days = end.map(|end| remaining(days_left(register, end)));
    let review = Reviewed::of(register, meta, None, None);
    let (stands, _) = stands(site, meta);
    pairs(vec![
        ("Kind", Cell::text(kind)),
        ("Stands", Cell::Mark(stands)),
        (
            "Approval",
            Cell::Mark(approval_mark(register, meta.kind, &meta.id.value)),
        ),
        ("Declared", Cell::text(meta.declared().word())),
        ("Owner", site.record(meta.owner.value.as_str())),
        (
            "Version",
            Cell::maybe(meta.version.as_ref().map(|_| version_of(meta))),
        ),
        ("Created", Cell::shown(meta.created.value)),
        (
            "Last day",
            Cell::maybe(end.zip(days).map(|(end, days)| format!("{end} ({days})"))),
        ),
        ("Next review", Cell::maybe_shown(review.due)),
        (
            "Renews",
            meta.renews
                .as_ref()
                .map_or(Cell::Empty, |id| site.record(id.value.as_str())),
        ),
        (
            "Replaces",
            meta.supersedes
                .as_ref()
                .map_or(Cell::Empty, |id| site.record(id.value.as_str())),
        ),
        ("File", Cell::Code(known.path.clone())),
    ])
}

const DIAGNOSTICS: &[Column] = &[
    Column::new("level", "Level"),
    Column::new("code", "Rule").tight(),
    Column::beneath("name", ""),
    Column::new("message", "What is wrong").wide(),
    Column::beneath("help", "").around("What to do: ", ""),
    Column::new("place", "Place"),
];

/// Returns a level as a mark, the gravest first.
pub(super) fn level(level: Level) -> Mark {
    let (rank, tone) = match level {
        Level::Error => (0, Tone::Bad),
        Level::Warn => (1, Tone::Warning),
        Level::Info => (2, Tone::Quiet),
    };
    Mark {
        word: level.word(),
        rank,
        tone,
    }
}

/// Lists what the rules say; of very many the first, which is said.
pub(super) fn diagnostic_table(site: &Site<'_>, caption: &str, diagnostics: &[&Diagnostic]) -> Table {
    let repository = site.register.repository;
    let mut sorted: Vec<&&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|one| one.level);
    let rows = sorted.iter().take(MAX_LINES).map(|one| {
        vec![
            Cell::Mark(level(one.level)),
            Cell::text(one.code),
            Cell::text(one.name),
            Cell::text(one.message.as_str()),
            Cell::maybe(one.help.as_deref()),
            Cell::text(format!(
                "{}:{}",
                repository.sources.path(one.span.file),
                one.span.line
            )),
        ]
    });
    let caption = if sorted.len() > MAX_LINES {
        format!("{caption}: the first {MAX_LINES} of {}", sorted.len())
    } else {
        caption.to_owned()
    };
    Table {
        name: "diagnostics",
        caption,
        layout: Layout::Sortable,
        columns: DIAGNOSTICS,
        rows: rows.collect(),
        when_empty: "The rules say nothing about it.",
    }
}

fn about(site: &Site<'_>, diagnostics: &[&Diagnostic]) -> Vec<Block> {
    vec![
        Block::Heading("diagnostics", "What the rules say about it".into()),
        Block::Table(diagnostic_table(site, "What the rules say about it", diagnostics)),
    ]
}

/// Lists the findings that a decision stands for now.
fn covers(site: &Site<'_>, id: &RecordId) -> Vec<Block> {
    if !site.decisions.contains_key(id) && site.register.repository.triages.get(id).is_none() {
        return Vec::new();
    }
    let places = site.covered.get(id).map_or(&[][..], Vec::as_slice);
    let shown = &places[..places.len().min(MAX_COVERED)];
    let hosts = super::site::once(places.iter().map(|place| &site.findings[*place].host)).count();
    let mut table = finding_table(site, format!("Findings that {id} stands for"), shown);
    table.when_empty = "It stands for no finding as of this day.";
    let mut blocks = vec![
        Block::Heading("covers", "What it covers now".into()),
        Block::Text(format!(
            "{} on {}.",
            counted(places.len(), "finding"),
            counted(hosts, "host")
        )),
    ];
    if places.len() > shown.len() {
        let pages = super::site::once(places.iter().map(|place| site.page_of_finding(*place)));
        let named = pages.map(|page| {
            let name = page
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .trim_end_matches(".html")
                .to_owned();
            (name, super::site::filtered(&page, "q", id.as_str()))
        });
        let before = format!("The first {MAX_COVERED} are shown; all are on the pages of their Systems:");
        blocks.push(Block::Links(before, named.collect()));
    }
    blocks.push(Block::Table(table));
    blocks
}

const RELATED: &[Column] = &[
    Column::new("record", "Record").tight(),
    Column::new("title", "Title").wide(),
    Column::new("how", "How"),
    Column::new("field", "Field").tight(),
];

/// Lists the records that this one names, and those that name it.
fn related(site: &Site<'_>, meta: &Meta) -> Vec<Block> {
    let repository = site.register.repository;
    let title = |id: &str| {
        let id = RecordId::new(id)?;
        repository.record(&id).map(|meta| meta.title.as_str())
    };
    let line = |id: &str, how: &str, field: &str| {
        let about = Cell::maybe(title(id));
        vec![site.record(id), about, Cell::text(how), Cell::text(field)]
    };
    let named = meta
        .references
        .iter()
        .filter(|one| one.sort == ReferenceSort::Record);
    let named = super::site::once(named.map(|one| (&*one.field, &*one.text)));
    let mut rows: Vec<Vec<Cell>> = named
        .map(|(field, id)| line(id, "is named by it", field))
        .collect();
    let naming = site.named_by.get(meta.id.value.as_str()).into_iter().flatten();
    rows.extend(naming.map(|(other, field)| line(other.id.value.as_str(), "names it", field)));
    let total = rows.len();
    rows.truncate(MAX_LINES);
    let caption = if total > MAX_LINES {
        format!("Records around it: the first {MAX_LINES} of {total}")
    } else {
        "Records around it".to_owned()
    };
    let mut blocks = vec![Block::Heading("related", "Records around it".into())];
    let controls: Vec<_> = super::controls::links_of(site, &meta.controls);
    if !controls.is_empty() {
        blocks.push(Block::Links("Controls that it serves:".into(), controls));
    }
    blocks.push(Block::Table(Table {
        name: "related",
        caption,
        layout: Layout::Sortable,
        columns: RELATED,
        rows,
        when_empty: "It names no record, and none names it.",
    }));
    blocks
}

fn content(path: &str, text: Option<String>) -> Vec<Block> {
    vec![
        Block::Heading("text", "What it says".into()),
        Block::Text(format!("The file {path}, as it was read.")),
        Block::Verbatim(text.unwrap_or_default()),
    ]
}

/// Returns the way to the findings of a System, with their number.
pub(super) fn findings_link(site: &Site<'_>, system: &str) -> Cell {
    let count = site.by_system.get(system).map_or(0, Vec::len);
    if count == 0 {
        return Cell::count(0_u64);
    }
    links([(count.to_string(), findings_of(system))])
}

/// Returns whether an agreement or a policy binds; of other kinds nothing is said.
pub(super) fn force(site: &Site<'_>, meta: &Meta) -> Option<Force> {
    let binds = matches!(meta.kind, Kind::Sla | Kind::Policy | Kind::Soa);
    binds.then(|| Force::of(site.register, meta, ends(site.register, meta)))
}
