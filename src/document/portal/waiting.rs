//! What waits for whom: approvals that are missing, and errors that somebody answers for.

use std::collections::BTreeMap;

use super::super::html::Page;
use super::super::table::{Cell, Column, Layout, Table};
use super::super::words::{approval_mark, name_of, spaced};
use super::record::level;
use super::site::{ROWS, Site, filtered, links, page_path, paged, part_path, record_path};
use super::{above, start_step};
use crate::diagnostic::Level;
use crate::model::{RecordId, Status};
use crate::trust::{ApprovalState, CONFIGURATION_ID};

/// Diagnostics that the portal lists; `check` lists all.
const MAX_DIAGNOSTICS: usize = 5000;

/// One approval that is missing.
pub(super) struct Wait<'a> {
    /// The roles or the person that could give it.
    pub(super) who: String,
    names: Vec<String>,
    record: &'a RecordId,
    because: &'a str,
    missing: usize,
}

/// Returns every approval that somebody must give, by who and record.
pub(super) fn waits<'a>(site: &Site<'a>) -> Vec<Wait<'a>> {
    let register = site.register;
    let mut waits = Vec::new();
    for (_, id, standing) in register.standings.iter() {
        let is_open = match standing.state {
            ApprovalState::Absent
            | ApprovalState::Pending
            | ApprovalState::Stale
            | ApprovalState::Emergency => true,
            ApprovalState::Approved | ApprovalState::Rejected | ApprovalState::Revoked => false,
        };
        let meta = register.repository.record(id);
        let is_asked = meta.is_none_or(|meta| meta.declared() == Status::Submitted);
        if !(is_open && is_asked && standing.is_demanded) {
            continue;
        }
        for met in standing.missing() {
            let names = met.demand.who();
            waits.push(Wait {
                who: spaced(&names.join(" or ")),
                names,
                record: id,
                because: &met.demand.because,
                missing: met.needed.saturating_sub(met.by.len()),
            });
        }
    }
    waits.sort_by(|one, other| (&one.who, one.record).cmp(&(&other.who, other.record)));
    waits
}

/// Returns the people who hold a role on the day.
fn holders(site: &Site<'_>, role: &str) -> Vec<String> {
    let register = site.register;
    let today = register.as_of.day();
    let found = RecordId::new(role).and_then(|id| register.repository.roles.get(&id));
    let holders = found.into_iter().flat_map(|role| &role.spec.holders.value);
    let in_office = holders
        .filter(|holder| holder.from.value <= today && holder.to.is_none_or(|last| today <= last.value));
    in_office
        .map(|holder| name_of(register, &holder.person.value.0).to_owned())
        .collect()
}

const WAITS: &[Column] = &[
    Column::new("who", "Who").facet().tight(),
    Column::beneath("holders", "").around("today ", ""),
    Column::new("record", "Record").tight(),
    Column::new("title", "Title").wide(),
    Column::new("state", "Approval").facet(),
    Column::new("missing", "Missing"),
    Column::new("because", "Why").wide(),
];

/// Returns the page of what waits, and that of what the rules say.
pub(super) fn pages(site: &Site<'_>, waits: &[Wait<'_>]) -> Vec<Page> {
    let repository = site.register.repository;
    let rows = waits.iter().map(|wait| {
        let meta = repository.record(wait.record);
        let of_all: Vec<String> = wait.names.iter().flat_map(|name| holders(site, name)).collect();
        let title = match meta {
            Some(meta) => meta.title.as_str(),
            None if wait.record.as_str() == CONFIGURATION_ID => "Configuration",
            None => "",
        };
        let page = format!("{}#approvals", record_path(wait.record.as_str()));
        let state = meta.map(|meta| Cell::Mark(approval_mark(site.register, meta.kind, wait.record)));
        vec![
            Cell::text(wait.who.as_str()),
            Cell::maybe((!of_all.is_empty()).then(|| of_all.join(", "))),
            links([(wait.record.to_string(), page)]),
            Cell::text(title),
            state.unwrap_or(Cell::Empty),
            Cell::count(wait.missing),
            Cell::text(wait.because.replace('`', "")),
        ]
    });
    let table = Table {
        name: "waits",
        caption: "Approvals that are missing".into(),
        layout: Layout::Filterable,
        columns: WAITS,
        rows: rows.collect(),
        when_empty: "No approval is missing.",
    };
    let page = Page {
        path: page_path("waiting"),
        title: "What waits for whom".into(),
        purpose: "Approvals that records need and nobody has given, by who could give them.".into(),
        above: above([start_step()]),
        blocks: Vec::new(),
    };
    let mut pages = paged(page, table);
    pages.extend(diagnostics(site));
    pages
}

const DIAGNOSTICS: &[Column] = &[
    Column::new("level", "Level").facet(),
    Column::new("code", "Rule").facet().tight(),
    Column::beneath("name", ""),
    Column::new("subject", "About").tight(),
    Column::new("message", "What is wrong").wide(),
    Column::beneath("help", "").around("What to do: ", ""),
    Column::new("owner", "Who answers").facet().tight(),
    Column::new("place", "Place"),
];

/// The path of what the rules say.
pub(super) fn diagnostics_path() -> String {
    page_path("diagnostics")
}

fn diagnostics(site: &Site<'_>) -> Vec<Page> {
    let repository = site.register.repository;
    let all = site.provenance.diagnostics;
    let mut sorted: Vec<_> = all.iter().collect();
    sorted.sort_by_key(|one| (one.level, &one.owner));
    let by_file: BTreeMap<_, _> = repository
        .known
        .values()
        .map(|known| (known.span.file, &known.id))
        .collect();
    let rows = sorted.iter().take(MAX_DIAGNOSTICS).map(|one| {
        let subject = one.subject.as_deref().unwrap_or_default();
        let record = by_file.get(&one.span.file).map(|id| id.as_str());
        let about = match (site.has_record(subject), record) {
            (true, _) => site.record(subject),
            (false, Some(record)) => site.record(record),
            (false, None) => Cell::text(subject),
        };
        vec![
            Cell::Mark(level(one.level)),
            Cell::text(one.code),
            Cell::text(one.name),
            about,
            Cell::text(one.message.as_str()),
            Cell::maybe(one.help.as_deref()),
            one.owner
                .as_deref()
                .map_or(Cell::Empty, |owner| site.record(owner)),
            Cell::text(format!(
                "{}:{}",
                repository.sources.path(one.span.file),
                one.span.line
            )),
        ]
    });
    let caption = if all.len() > MAX_DIAGNOSTICS {
        format!(
            "The first {MAX_DIAGNOSTICS} of {}; countersign check lists all",
            all.len()
        )
    } else {
        "What the rules say, the gravest first".to_owned()
    };
    let table = Table {
        name: "diagnostics",
        caption,
        layout: Layout::Filterable,
        columns: DIAGNOSTICS,
        rows: rows.collect(),
        when_empty: "The rules have nothing to say.",
    };
    let page = Page {
        path: diagnostics_path(),
        title: "What the rules say".into(),
        purpose: "Every error, warning and note of this run, with who answers for it.".into(),
        above: above([start_step()]),
        blocks: Vec::new(),
    };
    paged(page, table)
}

const WHO: &[Column] = &[
    Column::new("who", "Who").tight(),
    Column::beneath("holders", "").around("today ", ""),
    Column::new("approvals", "Approvals that wait"),
    Column::new("errors", "Errors open"),
];

/// Sums up what waits, by who.
pub(super) fn who_table(site: &Site<'_>, waits: &[Wait<'_>]) -> Table {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for wait in waits {
        counts.entry(&wait.who).or_default().0 += 1;
    }
    let errors = site
        .provenance
        .diagnostics
        .iter()
        .filter(|one| one.level == Level::Error);
    let mut owners: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for one in errors {
        *owners.entry(one.owner.as_deref()).or_default() += 1;
    }
    // Both lists are sorted by who, so that the part on which somebody begins is known.
    let mut first_error: BTreeMap<&str, usize> = BTreeMap::new();
    let mut before = 0;
    for (owner, errors) in owners {
        let who = owner.unwrap_or("nobody named");
        counts.entry(who).or_default().1 += errors;
        first_error.insert(who, before);
        before += errors;
    }
    let first_wait = |who: &str| waits.iter().position(|wait| wait.who == who).unwrap_or(0);
    let rows = counts.into_iter().map(|(who, (approvals, errors))| {
        let number = |count: usize, address: String| match count {
            0 => Cell::count(0_u64),
            count => links([(count.to_string(), address)]),
        };
        let names = holders(site, who);
        // A filter finds nothing where there is no owner to choose.
        let first = first_error.get(who).copied().unwrap_or(0);
        let owned = if site.has_record(who) && first < MAX_DIAGNOSTICS {
            let page = part_path(&diagnostics_path(), first / ROWS);
            filtered(&page, "owner", who) + "&level=error"
        } else {
            diagnostics_path()
        };
        let waiting = part_path(&page_path("waiting"), first_wait(who) / ROWS);
        vec![
            site.record(who),
            Cell::maybe((!names.is_empty()).then(|| names.join(", "))),
            number(approvals, filtered(&waiting, "who", who)),
            number(errors, owned),
        ]
    });
    Table {
        name: "who",
        caption: "What waits for whom".into(),
        layout: Layout::Plain,
        columns: WHO,
        rows: rows.collect(),
        when_empty: "Nothing waits for anybody.",
    }
}
