//! The first page: how things stand today, each number with the way to its rows.

use serde::Serialize;

use super::super::days::{Day, Occasion, days_of};
use super::super::decisions::Phase;
use super::super::findings::owner;
use super::super::measures::{RATES, label, shown};
use super::super::table::{Cell, Column, Layout, Table};
use super::super::words::{day, due, severity};
use super::super::{Request, View, values};
use super::findings::{of_disposition, of_rates};
use super::kinds::{kinds, register_path, title};
use super::site::{Site, count_link, filtered, links, page_path};
use super::{dates, sources, waiting};
use crate::diagnostic::Level;
use crate::model::Disposition;

/// Overdue findings that the first page lists.
const MAX_OVERDUE: usize = 25;
/// Days in which an end is called near.
const SOON_DAYS: i64 = 30;

/// The single values of the view.
#[derive(Serialize)]
struct Start {
    soon_days: i64,
    overdue: usize,
    overdue_shown: usize,
    has_more_overdue: bool,
}

pub(super) fn view(request: &Request<'_>) -> View {
    let site = Site::new(request);
    let register = site.register;
    let today = register.as_of.day();
    let days = days_of(site.register);
    let waits = waiting::waits(&site);
    let ended = ended(&site, &days);
    let soon: Vec<_> = days
        .iter()
        .filter(|one| (0..=SOON_DAYS).contains(&one.day.days_since(today)))
        .collect();
    let overdue: Vec<usize> = (0..site.findings.len())
        .filter(|place| site.findings[*place].disposition == Disposition::Overdue)
        .collect();
    let shown = &overdue[..overdue.len().min(MAX_OVERDUE)];
    let soon_caption = format!("What ends or is due within {SOON_DAYS} days");
    View {
        classification: "confidential",
        values: values(&Start {
            soon_days: SOON_DAYS,
            overdue: overdue.len(),
            overdue_shown: shown.len(),
            has_more_overdue: overdue.len() > shown.len(),
        }),
        tables: vec![
            today_table(&site, (&ended, soon.len(), waits.len())),
            rate_table(&site),
            dates::day_table(
                &site,
                (
                    "ended",
                    "Records that have ended, and reviews that are overdue".into(),
                ),
                &ended,
                "Nothing has ended that nobody has closed, and no review is overdue.",
            ),
            dates::day_table(
                &site,
                ("soon", soon_caption),
                &soon,
                "Nothing ends and nothing is due.",
            ),
            waiting::who_table(&site, &waits),
            overdue_table(&site, shown),
            sources::age_table(&site, |_| true),
            register_table(&site),
        ],
        figures: Vec::new(),
        underlying: Vec::new(),
    }
}

/// Returns what has passed and should not have: ends of records that nobody has closed, and reviews.
fn ended<'d, 'a>(site: &Site<'a>, days: &'d [Day<'a>]) -> Vec<&'d Day<'a>> {
    let today = site.register.as_of.day();
    let is_answered = |one: &Day<'_>| {
        // One that has been renewed is answered.
        let decision = site.decisions.get(&one.meta.id.value);
        decision.is_some_and(|decision| decision.phase != Phase::Expired)
    };
    let passed = days.iter().filter(|one| one.day < today);
    let passed = passed.filter(|one| match one.occasion {
        Occasion::End => !is_answered(one),
        Occasion::Review => true,
        Occasion::Key | Occasion::Term | Occasion::Support => false,
        Occasion::Audit | Occasion::Milestone | Occasion::Retention => false,
    });
    passed.collect()
}

const TODAY: &[Column] = &[
    Column::new("label", "Figure"),
    Column::new("number", "Number"),
    Column::new("of", "Of"),
];

fn today_table(site: &Site<'_>, (ended, soon, waits): (&[&Day<'_>], usize, usize)) -> Table {
    let register = site.register;
    let open = site
        .findings
        .iter()
        .filter(|finding| !finding.disposition.is_closed())
        .count();
    let counts = register.by_disposition();
    let count =
        |one: Disposition| usize::try_from(counts.get(&one).copied().unwrap_or(0)).unwrap_or(usize::MAX);
    let of_open = format!("of {open} open findings");
    let by_decision = site
        .findings
        .iter()
        .filter(|finding| finding.disposition.is_by_decision())
        .count();
    let counted: Vec<_> = register.hosts.iter().filter(|host| host.counts).collect();
    let unscanned = counted
        .iter()
        .filter(|host| !register.is_scanned_in_time(host))
        .count();
    let errors = site.provenance.count(Level::Error);
    let known = register.repository.known.len();
    let row = |label: &str, count: usize, address: String, of: String| {
        vec![Cell::text(label), count_link(count, address), Cell::text(of)]
    };
    let rows = vec![
        row(
            "Overdue",
            count(Disposition::Overdue),
            of_disposition(Disposition::Overdue),
            of_open.clone(),
        ),
        row(
            "Due soon",
            count(Disposition::DueSoon),
            of_disposition(Disposition::DueSoon),
            of_open.clone(),
        ),
        row(
            "By decision",
            by_decision,
            super::findings::by_decision(),
            of_open,
        ),
        row(
            "Ended or not reviewed in time",
            ended.len(),
            "#what-has-ended".into(),
            format!("of {known} records"),
        ),
        row(
            "Ends within 30 days",
            soon,
            "#what-ends-within-30-days".into(),
            "days of records, keys, terms and reviews".into(),
        ),
        row(
            "Approvals that wait",
            waits,
            page_path("waiting"),
            "each for a role or a person".into(),
        ),
        row(
            "Errors open",
            errors,
            filtered(&waiting::diagnostics_path(), "level", "error"),
            format!(
                "of {} things that the rules say",
                site.provenance.diagnostics.len()
            ),
        ),
        row(
            "Hosts without a scan in time",
            unscanned,
            filtered(&page_path("hosts"), "scanned", "no"),
            format!("of {} hosts that count", counted.len()),
        ),
    ];
    Table {
        name: "today",
        caption: format!("As of {}", register.as_of.day()),
        layout: Layout::Cards,
        columns: TODAY,
        rows,
        when_empty: "",
    }
}

const RATE: &[Column] = &[
    Column::new("label", "Figure"),
    Column::new("rate", "Rate"),
    Column::new("definition", "Definition"),
    Column::new("rows", "Rows"),
];

fn rate_table(site: &Site<'_>) -> Table {
    let rows = RATES.iter().map(|(name, _)| {
        let kpi = site.register.kpis.get(name);
        let page = if name.starts_with("sla_rate") {
            of_rates()
        } else {
            page_path("hosts")
        };
        vec![
            Cell::text(label(name)),
            shown(site.register, kpi),
            Cell::maybe(kpi.map(|kpi| kpi.title)),
            links([("the rows behind it".to_owned(), page)]),
        ]
    });
    Table {
        name: "rates",
        caption: "Rates of the period".into(),
        layout: Layout::Cards,
        columns: RATE,
        rows: rows.collect(),
        when_empty: "",
    }
}

const OVERDUE: &[Column] = &[
    Column::new("vuln", "Vulnerability").wide(),
    Column::beneath("title", ""),
    Column::new("host", "Host"),
    Column::new("system", "System").tight(),
    Column::new("severity", "Severity"),
    Column::new("due", "Due").tight(),
    Column::new("first_seen", "First seen").tight(),
    Column::new("owner", "Owner").tight(),
];

fn overdue_table(site: &Site<'_>, places: &[usize]) -> Table {
    let register = site.register;
    let rows = places.iter().map(|place| {
        let finding = site.findings[*place];
        let page = filtered(
            &site.page_of_finding(*place),
            "q",
            &format!("{} {}", finding.vuln, finding.host),
        );
        let system = finding.system.as_ref();
        vec![
            links([(finding.vuln.to_string(), page)]),
            Cell::text(finding.said.title.clone()),
            Cell::text(finding.host.clone()),
            system.map_or_else(|| Cell::text("no system"), |system| site.record(system.as_str())),
            Cell::Mark(severity(finding.severity)),
            Cell::text(due(register.as_of, finding.due)),
            Cell::text(day(register.as_of, finding.first_seen)),
            if let Cell::Text(owner) = owner(register, finding) {
                site.record(&owner)
            } else {
                Cell::text("nobody")
            },
        ]
    });
    Table {
        name: "overdue",
        caption: "Overdue findings, the gravest first".into(),
        layout: Layout::Sortable,
        columns: OVERDUE,
        rows: rows.collect(),
        when_empty: "No finding is overdue.",
    }
}

const REGISTERS: &[Column] = &[
    Column::new("register", "Register"),
    Column::new("entries", "Entries"),
];

fn register_table(site: &Site<'_>) -> Table {
    let row = |words: &str, address: String, count: usize| {
        vec![links([(words.to_owned(), address)]), Cell::count(count)]
    };
    let mut rows = vec![
        row("Findings", page_path("findings"), site.findings.len()),
        row("Hosts", page_path("hosts"), site.register.hosts.len()),
        row("Controls", page_path("controls"), site.controls.len()),
        row("Imports", page_path("imports"), site.register.imports.len()),
    ];
    rows.extend(
        kinds(site)
            .into_iter()
            .map(|(kind, records)| row(&title(kind), register_path(kind), records.len())),
    );
    Table {
        name: "registers",
        caption: "Registers".into(),
        layout: Layout::Plain,
        columns: REGISTERS,
        rows,
        when_empty: "",
    }
}
