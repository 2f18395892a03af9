//! What the page of a System shows beside the record, and the register of hosts.

use super::super::html::{Block, Page};
use super::super::table::{Cell, Column, Layout, Table};
use super::super::words::{day, disposition, host_state, share};
use super::record::{findings_link, pairs};
use super::site::{Site, filtered, links, page_path, paged};
use super::{above, start_step};
use crate::model::{HostStatus, Record, System};
use crate::reconcile::HostRow;

/// Hosts of a System that its page shows; the register of hosts has all.
const MAX_HOSTS: usize = 500;

/// Returns tier, owners, numbers and hosts of a System.
pub(super) fn blocks(site: &Site<'_>, record: &Record<System>) -> Vec<Block> {
    let register = site.register;
    let spec = &record.spec;
    let id = record.id();
    let row = register.systems.get(id);
    let owner = |owner: Option<&str>| owner.map_or(Cell::Empty, |owner| site.record(owner));
    let facts = pairs(vec![
        (
            "State",
            row.map_or(Cell::Empty, |row| Cell::Mark(host_state(row.state))),
        ),
        ("Tier", Cell::maybe_shown(spec.tier.as_ref())),
        ("Type", Cell::text(spec.system_type.word())),
        (
            "Patch owner",
            owner(spec.patch_owner.as_ref().map(|owner| owner.value.as_str())),
        ),
        (
            "Application owner",
            owner(spec.app_owner.as_ref().map(|owner| owner.value.as_str())),
        ),
        (
            "Agreements",
            row.map_or(Cell::Empty, |row| {
                site.records(row.slas.iter().map(|id| id.as_str()))
            }),
        ),
        (
            "In scope",
            Cell::text(if spec.scope.is_in.value { "yes" } else { "no" }),
        ),
        (
            "Support",
            Cell::text(if row.is_some_and(|row| row.is_unsupported) {
                "past its end"
            } else {
                ""
            }),
        ),
        ("Department", Cell::maybe(spec.department.as_deref())),
        ("Location", Cell::maybe(spec.location.as_deref())),
        (
            "Closed in the period",
            row.map_or(Cell::Empty, |row| Cell::Share(share(register, row.closed_rate))),
        ),
        ("Findings", findings_link(site, id.as_str())),
    ]);
    let hosts: Vec<&HostRow> = register
        .hosts
        .iter()
        .filter(|host| host.system.as_ref() == Some(id))
        .collect();
    let mut blocks = vec![
        Block::Heading("system", "The System".into()),
        Block::Table(Table {
            name: "system",
            ..facts
        }),
        Block::Heading("dispositions", "Its findings".into()),
        Block::Table(numbers(site, record)),
        Block::Heading("hosts", "Its hosts".into()),
    ];
    if hosts.len() > MAX_HOSTS {
        let all = vec![(
            "all hosts".to_owned(),
            filtered(&page_path("hosts"), "system", id.as_str()),
        )];
        blocks.push(Block::Links(
            format!("The first {MAX_HOSTS} of {} are shown:", hosts.len()),
            all,
        ));
    }
    blocks.push(Block::Table(host_table(
        site,
        &hosts[..hosts.len().min(MAX_HOSTS)],
    )));
    blocks
}

const NUMBERS: &[Column] = &[
    Column::new("disposition", "Disposition"),
    Column::new("findings", "Findings"),
];

fn numbers(site: &Site<'_>, record: &Record<System>) -> Table {
    let by_disposition = site
        .register
        .systems
        .get(record.id())
        .map(|row| &row.by_disposition);
    let mut counts: Vec<_> = by_disposition
        .into_iter()
        .flatten()
        .filter(|(_, count)| **count > 0)
        .collect();
    counts.sort_by_key(|(one, _)| disposition(**one).rank);
    let has_page = site.by_system.contains_key(record.id().as_str());
    let rows = counts.into_iter().map(|(one, count)| {
        let number = if has_page {
            links([(
                count.to_string(),
                site.findings_that_are(record.id().as_str(), *one),
            )])
        } else {
            Cell::count(*count)
        };
        vec![Cell::Mark(disposition(*one)), number]
    });
    Table {
        name: "dispositions",
        caption: "Findings by disposition".into(),
        layout: Layout::Plain,
        columns: NUMBERS,
        rows: rows.collect(),
        when_empty: "There is no finding; see which of its hosts were scanned before taking this for good news.",
    }
}

const HOSTS: &[Column] = &[
    Column::new("host", "Host").wide(),
    Column::beneath("os", ""),
    Column::new("system", "System").facet().tight(),
    Column::new("state", "State").facet(),
    Column::new("in_use", "In use").facet(),
    Column::new("scanned", "Scanned in time").facet(),
    Column::beneath("last_scan", "").around("last on ", "").tight(),
    Column::new("findings", "Findings").tight(),
];

fn host_table(site: &Site<'_>, hosts: &[&HostRow]) -> Table {
    let rows = hosts.iter().map(|host| {
        let system = host.system.as_ref().map_or("", |system| system.as_str());
        let scanned = if !host.counts {
            "does not count"
        } else if site.register.is_scanned_in_time(host) {
            "yes"
        } else {
            "no"
        };
        let in_use = match host.status {
            HostStatus::Active => "in use",
            HostStatus::Unknown => "not told",
            HostStatus::Retired => "retired",
        };
        vec![
            Cell::text(host.id.clone()),
            Cell::maybe(host.os.as_deref()),
            if system.is_empty() {
                Cell::text("no system")
            } else {
                site.record(system)
            },
            Cell::Mark(host_state(host.state)),
            Cell::text(in_use),
            Cell::text(scanned),
            Cell::maybe(host.last_scan.map(|at| day(site.register.as_of, at))),
            site.findings_of_host(&host.id).map_or_else(
                || Cell::text("none"),
                |address| links([("findings".to_owned(), address)]),
            ),
        ]
    });
    Table {
        name: "hosts",
        caption: "Hosts".into(),
        layout: Layout::Filterable,
        columns: HOSTS,
        rows: rows.collect(),
        when_empty: "No host is known.",
    }
}

/// Returns the register of hosts.
pub(super) fn hosts(site: &Site<'_>) -> Vec<Page> {
    let mut hosts: Vec<&HostRow> = site.register.hosts.iter().collect();
    // Those that nobody has looked at stand together, before all others.
    let is_scanned = |host: &HostRow| !host.counts || site.register.is_scanned_in_time(host);
    hosts.sort_by_key(|host| (is_scanned(host), host.state, &host.id));
    let page = Page {
        path: page_path("hosts"),
        title: "Hosts".into(),
        purpose: "Every machine that is governed or was scanned, the worst first.".into(),
        above: above([start_step()]),
        blocks: Vec::new(),
    };
    paged(page, host_table(site, &hosts))
}
