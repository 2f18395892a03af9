//! Findings page by page: of each System, of each disposition, of the rates; and the vulnerabilities that they are of.

use std::collections::{BTreeMap, BTreeSet};

use super::super::html::{Block, Page};
use super::super::measures::RATES;
use super::super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::super::words::{day, disposition, due, severity};
use super::site::{ROWS, Site, filtered, findings_of, links, page_path, paged, part_path, record_path};
use super::{above, start_step};
use crate::model::{Disposition, Finding, RecordId, Severity};
use crate::reconcile::SlaOutcome;

const FINDINGS: &[Column] = &[
    Column::new("vuln", "Vulnerability").wide(),
    Column::beneath("title", ""),
    Column::new("host", "Host").wide(),
    Column::new("system", "System").facet().tight(),
    Column::new("severity", "Severity").facet(),
    Column::new("disposition", "Disposition").facet(),
    Column::beneath("notes", ""),
    Column::new("due", "Due").tight(),
    Column::beneath("reason", ""),
    Column::new("decided_by", "Decided by").tight(),
    Column::new("first_seen", "First seen").tight(),
    Column::beneath("kev", "").around("exploited since ", "").tight(),
];

/// The same, and as what each counts.
const OUTCOMES: &[Column] = &{
    let mut columns = [Column::new("outcome", "Counts as").facet(); FINDINGS.len() + 1];
    let mut index = 0;
    while index < FINDINGS.len() {
        // The first two are one cell of a page, and it comes after them.
        columns[if index < 2 { index } else { index + 1 }] = FINDINGS[index];
        index += 1;
    }
    columns
};

/// Lists some findings, in their order.
pub(super) fn finding_table(site: &Site<'_>, caption: impl Into<String>, places: &[usize]) -> Table {
    Table {
        name: "findings",
        caption: caption.into(),
        layout: Layout::Filterable,
        columns: FINDINGS,
        rows: places
            .iter()
            .map(|place| row(site, site.findings[*place]))
            .collect(),
        when_empty: "There is no such finding.",
    }
}

fn row(site: &Site<'_>, finding: &Finding) -> Vec<Cell> {
    let register = site.register;
    let as_of = register.as_of;
    let system = finding.system.as_ref();
    vec![
        Cell::text(finding.vuln.clone()),
        Cell::text(finding.said.title.clone()),
        Cell::text(finding.host.clone()),
        system.map_or_else(|| Cell::text("no system"), |system| site.record(system.as_str())),
        Cell::Mark(severity(finding.severity)),
        Cell::Mark(disposition(finding.disposition)),
        Cell::list(notes(finding)),
        Cell::text(due(as_of, finding.due)),
        Cell::text(finding.due_reason.clone()),
        decided_by(site, finding),
        Cell::text(day(as_of, finding.first_seen)),
        Cell::maybe_shown(finding.kev),
    ]
}

/// Returns the life in git of what decides: the record that stands for it, those that did, else the agreement.
fn decided_by(site: &Site<'_>, finding: &Finding) -> Cell {
    let coverage = finding.coverage.as_ref().map(|coverage| &coverage.id);
    let mut ids: Vec<&RecordId> = coverage
        .into_iter()
        .chain(&finding.suspended)
        .chain(&finding.lapsed)
        .collect();
    let sla = finding
        .system
        .as_ref()
        .and_then(|system| site.register.sla_of(system));
    if ids.is_empty() {
        ids.extend(sla.map(|sla| sla.id()));
    }
    let known = ids.into_iter().filter(|id| site.has_record(id.as_str()));
    links(known.map(|id| (id.to_string(), format!("{}#life", record_path(id.as_str())))))
}

fn notes(finding: &Finding) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(finding.stale.then(|| "not seen by the newest run".to_owned()));
    notes.extend(
        finding
            .suspended
            .iter()
            .map(|id| format!("{id} is set aside: exploited")),
    );
    notes.extend(finding.lapsed.iter().map(|id| format!("{id} has ended")));
    notes
}

/// Returns the path of the findings of a disposition.
pub(super) fn of_disposition(disposition: Disposition) -> String {
    // No id has a dot, so that no System is called so.
    page_path(&format!("findings/all.{}", disposition.word()))
}

/// The path of the findings that decisions stand for.
pub(super) fn by_decision() -> String {
    page_path("findings/all.by_decision")
}

/// The path of the findings that the rates are counted from.
pub(super) fn of_rates() -> String {
    page_path("findings/all.due")
}

/// Returns every page with findings.
pub(super) fn pages(site: &Site<'_>) -> Vec<Page> {
    let mut pages = vec![overview(site)];
    for (system, places) in &site.by_system {
        pages.extend(of_system(site, system, places));
    }
    for one in Disposition::ALL {
        let word = one.word().replace('_', " ");
        pages.extend(of_all(site, of_disposition(one), &word, |other| other == one));
    }
    pages.extend(of_all(
        site,
        by_decision(),
        "by decision",
        Disposition::is_by_decision,
    ));
    pages.extend(rates(site));
    pages
}

fn steps() -> Vec<(String, String)> {
    above([start_step(), (page_path("findings"), "Findings".to_owned())])
}

/// Returns the pages of all findings that are something.
fn of_all(site: &Site<'_>, path: String, word: &str, wanted: impl Fn(Disposition) -> bool) -> Vec<Page> {
    let all = site.findings.iter().enumerate();
    let places: Vec<usize> = all
        .filter(|(_, finding)| wanted(finding.disposition))
        .map(|(place, _)| place)
        .collect();
    let page = Page {
        path,
        title: format!("Findings: {word}"),
        purpose:
            "The rows behind the number, each with the record that decides it and that record's life in git."
                .into(),
        above: steps(),
        blocks: Vec::new(),
    };
    paged(
        page,
        finding_table(site, format!("Findings that are {word}"), &places),
    )
}

fn of_system(site: &Site<'_>, system: &str, places: &[usize]) -> Vec<Page> {
    let named = if system.is_empty() { "no System" } else { system };
    let mut blocks = Vec::new();
    if let Some(link) = site.record_link(system) {
        blocks.push(Block::Links("The System:".into(), vec![link]));
    }
    let page = Page {
        path: findings_of(system),
        title: format!("Findings of {named}"),
        purpose: if places.len() > ROWS {
            "Every finding on its hosts, host by host.".into()
        } else {
            "Every finding on its hosts, the most urgent first.".into()
        },
        above: steps(),
        blocks,
    };
    paged(page, finding_table(site, format!("Findings of {named}"), places))
}

const OVERVIEW: &[Column] = &[
    Column::new("disposition", "Disposition"),
    Column::new("findings", "Findings"),
    Column::new("critical", "Critical"),
    Column::new("high", "High"),
    Column::new("medium", "Medium"),
    Column::new("low", "Low"),
];

/// The numbers, each with the way to its rows.
fn overview(site: &Site<'_>) -> Page {
    let mut counts: BTreeMap<Disposition, BTreeMap<Severity, usize>> = BTreeMap::new();
    for finding in &site.findings {
        *counts
            .entry(finding.disposition)
            .or_default()
            .entry(finding.severity)
            .or_default() += 1;
    }
    let mut order: Vec<Disposition> = Disposition::ALL.into();
    order.sort_by_key(|one| disposition(*one).rank);
    let rows = order.into_iter().map(|one| {
        let page = of_disposition(one);
        let of = counts.get(&one);
        let count = |severity: Severity| of.and_then(|of| of.get(&severity)).copied().unwrap_or(0);
        // The gravest stand first, so that those of a severity begin on a page that is known.
        let part_of = |severity_wanted: Severity| {
            let graver = Severity::ALL
                .into_iter()
                .filter(|one| severity(*one).rank < severity(severity_wanted).rank);
            part_path(&page, graver.map(count).sum::<usize>() / ROWS)
        };
        let total: usize = Severity::ALL.into_iter().map(count).sum();
        let number = |count: usize, address: String| match count {
            0 => Cell::count(0_u64),
            count => links([(count.to_string(), address)]),
        };
        let mut row = vec![Cell::Mark(disposition(one)), number(total, page.clone())];
        let of_severity = [
            Severity::Critical,
            Severity::High,
            Severity::Medium,
            Severity::Low,
        ];
        row.extend(
            of_severity.map(|one| number(count(one), filtered(&part_of(one), "severity", one.word()))),
        );
        row
    });
    let overview = Table {
        name: "dispositions",
        caption: format!("{} findings by disposition and severity", site.findings.len()),
        layout: Layout::Plain,
        columns: OVERVIEW,
        rows: rows.collect(),
        when_empty: "",
    };
    let more = vec![
        ("vulnerabilities".to_owned(), page_path("vulnerabilities")),
        ("what the SLA rates are counted from".to_owned(), of_rates()),
        ("hosts".to_owned(), page_path("hosts")),
    ];
    Page {
        path: page_path("findings"),
        title: "Findings".into(),
        purpose: "How many findings there are, and the way to the rows behind each number.".into(),
        above: above([start_step()]),
        blocks: vec![
            Block::Links("See also:".into(), more),
            Block::Heading("dispositions", "By disposition".into()),
            Block::Table(overview),
            Block::Heading("systems", "By System".into()),
            Block::Table(by_system(site)),
        ],
    }
}

const SYSTEMS: &[Column] = &[
    Column::new("system", "System"),
    Column::new("findings", "Findings"),
    Column::new("overdue", "Overdue"),
    Column::new("due_soon", "Due soon"),
    Column::new("by_decision", "By decision"),
];

fn by_system(site: &Site<'_>) -> Table {
    let rows = site.by_system.iter().map(|(system, places)| {
        let page = findings_of(system);
        let count = |wanted: &dyn Fn(Disposition) -> bool| {
            places
                .iter()
                .filter(|place| wanted(site.findings[**place].disposition))
                .count()
        };
        let filter = |one: Disposition| {
            let number = count(&|other| other == one);
            links([(number.to_string(), site.findings_that_are(system, one))])
        };
        vec![
            if system.is_empty() {
                Cell::text("no System")
            } else {
                site.record(system)
            },
            links([(places.len().to_string(), page.clone())]),
            filter(Disposition::Overdue),
            filter(Disposition::DueSoon),
            Cell::count(count(&Disposition::is_by_decision)),
        ]
    });
    Table {
        name: "systems",
        caption: "Systems with findings".into(),
        layout: Layout::Sortable,
        columns: SYSTEMS,
        rows: rows.collect(),
        when_empty: "There is no finding; see which hosts were scanned before taking this for good news.",
    }
}

fn outcome(outcome: SlaOutcome) -> Mark {
    let (word, rank, tone) = match outcome {
        SlaOutcome::Missed => ("missed", 0, Tone::Bad),
        SlaOutcome::ByDecision => ("by_decision", 1, Tone::Decided),
        SlaOutcome::InTime => ("in_time", 2, Tone::Good),
    };
    Mark { word, rank, tone }
}

/// The findings that were due in the period, and as what each counts in the rates.
fn rates(site: &Site<'_>) -> Vec<Page> {
    let register = site.register;
    let outcome_of = register.sla_outcomes();
    let rows = site.findings.iter().filter_map(|finding| {
        let mut cells = row(site, finding);
        cells.insert(2, Cell::Mark(outcome(outcome_of(finding)?)));
        Some(cells)
    });
    let table = Table {
        name: "due",
        caption: format!(
            "Findings due from {} to {}",
            register.period.from, register.period.to
        ),
        layout: Layout::Filterable,
        columns: OUTCOMES,
        rows: rows.collect(),
        when_empty: "Nothing was due in the period.",
    };
    let definitions = RATES.iter().take(3).filter_map(|(name, label)| {
        let kpi = register.kpis.get(name)?;
        Some(Block::Text(format!("{label}: {}.", kpi.title)))
    });
    let page = Page {
        path: of_rates(),
        title: "What the SLA rates are counted from".into(),
        purpose: "Every finding that was due in the period, and as what it counts.".into(),
        above: steps(),
        blocks: definitions.collect(),
    };
    paged(page, table)
}

const VULNERABILITIES: &[Column] = &[
    Column::new("vuln", "Vulnerability").wide(),
    Column::beneath("title", ""),
    Column::new("severity", "Severity").facet(),
    Column::new("open", "Open findings"),
    Column::new("findings", "All findings"),
    Column::new("overdue", "Overdue"),
    Column::new("kev", "Exploited since").tight(),
    Column::new("systems", "Findings of").tight(),
];

/// What is known of one vulnerability over all hosts.
pub(super) struct Vulnerability<'a> {
    pub(super) title: &'a str,
    severity: Severity,
    kev: Option<crate::model::Date>,
    open: usize,
    overdue: usize,
    findings: usize,
    /// System and page, in order.
    pages: BTreeSet<(&'a str, String)>,
}

impl<'a> Vulnerability<'a> {
    /// Returns the page with all its findings, where one page has them.
    pub(super) fn only_page(&self) -> Option<&str> {
        let first = self.pages.first().filter(|_| self.pages.len() == 1);
        first.map(|(_, page)| page.as_str())
    }

    /// Gathers every vulnerability by its id.
    pub(super) fn all(site: &Site<'a>) -> BTreeMap<&'a str, Self> {
        let mut all: BTreeMap<&str, Self> = BTreeMap::new();
        for (place, finding) in site.findings.iter().enumerate() {
            let one = all.entry(&finding.vuln).or_insert_with(|| Self {
                title: &finding.said.title,
                severity: finding.severity,
                kev: finding.kev,
                open: 0,
                overdue: 0,
                findings: 0,
                pages: BTreeSet::new(),
            });
            // The gravest severity stands for all.
            if severity(finding.severity).rank < severity(one.severity).rank {
                one.severity = finding.severity;
            }
            one.kev = one.kev.or(finding.kev);
            one.findings += 1;
            one.open += usize::from(!finding.disposition.is_closed());
            one.overdue += usize::from(finding.disposition == Disposition::Overdue);
            let system = finding.system.as_ref().map_or("no System", RecordId::as_str);
            one.pages.insert((system, site.page_of_finding(place)));
        }
        all
    }
}

/// Returns the register of vulnerabilities.
pub(super) fn vulnerabilities(site: &Site<'_>) -> Vec<Page> {
    let mut all: Vec<(&str, Vulnerability<'_>)> = Vulnerability::all(site).into_iter().collect();
    all.sort_by_key(|(id, one)| (severity(one.severity).rank, std::cmp::Reverse(one.open), *id));
    let rows = all.into_iter().map(|(id, one)| {
        let pages = one
            .pages
            .iter()
            .map(|(system, page)| ((*system).to_owned(), filtered(page, "q", id)));
        vec![
            Cell::text(id),
            Cell::text(one.title),
            Cell::Mark(severity(one.severity)),
            Cell::count(one.open),
            Cell::count(one.findings),
            Cell::count(one.overdue),
            Cell::maybe_shown(one.kev),
            links(pages),
        ]
    });
    let table = Table {
        name: "vulnerabilities",
        caption: "Vulnerabilities, the gravest and most frequent first".into(),
        layout: Layout::Filterable,
        columns: VULNERABILITIES,
        rows: rows.collect(),
        when_empty: "No vulnerability was found; see which hosts were scanned before taking this for good news.",
    };
    let page = Page {
        path: page_path("vulnerabilities"),
        title: "Vulnerabilities".into(),
        purpose: "Each vulnerability over all hosts, and the way to its findings.".into(),
        above: above([start_step()]),
        blocks: Vec::new(),
    };
    paged(page, table)
}
