//! The tables of the systems without support.

use super::{Ending, Support};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::counted;
use crate::document::Request;
use crate::document::findings::system_cell;
use crate::document::table::{Cell, Column, Layout, Table};
use crate::document::words::{compensating, days_left, severity, spaced};
use crate::model::{Feasibility, Finding, Monitoring, Record, System};
use crate::reconcile::Register;

/// The rule that finds products past their known end of support of which no record tells.
const UNRECORDED: &str = "LEG001";
/// Words by which scanners call something out of support, in lower case.
const SCANNER_WORDS: [&str; 6] = [
    "unsupported",
    "end of life",
    "end-of-life",
    "end of support",
    "no longer supported",
    "obsolete version",
];

const SYSTEMS: &[Column] = &[
    Column::new("id", "System").wide(),
    Column::beneath("title", ""),
    Column::beneath("tier", ""),
    Column::beneath("owner", "").around("owner ", "").tight(),
    Column::new("state", "State"),
    Column::new("end", "End of support").tight(),
    Column::beneath("since", "").tight(),
    Column::beneath("source", "").around("as told by: ", ""),
    Column::beneath("risk_class", "").around("risk class: ", ""),
    Column::new("option", "Option taken").wide(),
    Column::beneath("technical", "").around("technical: ", ""),
    Column::beneath("business", "").around("business: ", ""),
    Column::beneath("assessed", ""),
    Column::new("acceptances", "Accepted by").wide(),
    Column::beneath("not_covered", "").around("not covered: ", ""),
    Column::new("hosts", "Hosts"),
    Column::data("host_names"),
    Column::new("findings", "Open findings"),
];

/// Lists the Systems whose end of support is recorded, the worst first.
pub(super) fn system_table(register: &Register<'_>, endings: &[Ending<'_>]) -> Table {
    Table {
        name: "systems",
        caption: "Systems whose end of support is recorded".into(),
        layout: Layout::Sortable,
        columns: SYSTEMS,
        rows: endings.iter().map(|ending| system(register, ending)).collect(),
        when_empty: "No system has a recorded end of support.",
    }
}

fn system(register: &Register<'_>, ending: &Ending<'_>) -> Vec<Cell> {
    let (meta, spec, lifecycle) = (&ending.record.meta, &ending.record.spec, ending.lifecycle);
    let days = days_left(register, ending.end);
    let number = counted(usize::try_from(days.unsigned_abs()).unwrap_or(usize::MAX), "day");
    let since = if days < 0 {
        format!("{number} ago")
    } else {
        format!("in {number}")
    };
    let option = lifecycle.feasibility.as_ref();
    // Before the end nothing of this is asked for.
    let absent = |words: &'static str| match ending.support(register) {
        Support::Ungoverned | Support::Accepted | Support::Extended => Cell::text(words),
        Support::Supported | Support::NotCounted => Cell::Empty,
    };
    let hosts = ending.hosts(register);
    let acceptances = ending.acceptances.iter().map(|row| {
        let until = row
            .expires
            .map_or_else(|| "no end told".to_owned(), |day| format!("until {day}"));
        format!("{}: {}, {until}", row.meta.id, spaced(row.mark.word))
    });
    vec![
        Cell::shown(&meta.id),
        Cell::text(meta.title.as_str()),
        Cell::maybe(spec.tier.as_ref().map(|tier| tier.value.as_str())),
        Cell::shown(&meta.owner),
        Cell::Mark(ending.support(register).mark()),
        Cell::shown(ending.end),
        Cell::text(since),
        Cell::text(lifecycle.eol_source.as_deref().unwrap_or("not recorded")),
        lifecycle
            .risk_class
            .as_deref()
            .map_or_else(|| absent("not recorded"), Cell::text),
        option.map_or_else(
            || absent("not recorded"),
            |option| Cell::text(option.option.word()),
        ),
        Cell::maybe(option.and_then(|option| option.technical.as_deref())),
        Cell::maybe(option.and_then(|option| option.business.as_deref())),
        Cell::maybe(option.and_then(assessed)),
        if ending.acceptances.is_empty() {
            absent("no acceptance")
        } else {
            Cell::list(acceptances)
        },
        if ending.is_accepted() {
            Cell::list(ending.uncovered(register).into_iter().map(|host| &**host))
        } else {
            Cell::Empty
        },
        Cell::count(hosts.len()),
        Cell::list(hosts.into_iter().map(|host| &**host)),
        Cell::count(open_findings(register, ending.record)),
    ]
}

fn assessed(option: &Feasibility) -> Option<String> {
    let at = option.assessed_at?;
    Some(match &option.assessor {
        Some(assessor) => format!("assessed {at} by {assessor}"),
        None => format!("assessed {at}, by nobody named"),
    })
}

fn open_findings(register: &Register<'_>, system: &Record<System>) -> usize {
    let is_of = |finding: &&Finding| finding.system.as_ref() == Some(system.id());
    let open = register
        .findings
        .iter()
        .filter(|finding| !finding.disposition.is_closed());
    open.filter(is_of).count()
}

const CONTROLS: &[Column] = &[
    Column::new("system", "System").wide(),
    Column::beneath("title", ""),
    Column::new("compensating", "Controls in place of patches").wide(),
    Column::new("monitoring", "Monitoring"),
    Column::new("contract_until", "Support contract").tight(),
    Column::beneath("contract", ""),
    Column::beneath("evidence", "").around("evidence: ", ""),
];

/// Lists what protects each System past its end, and the support that was bought.
pub(super) fn control_table(register: &Register<'_>, endings: &[Ending<'_>]) -> Table {
    let needs_any = |ending: &&Ending<'_>| {
        let lifecycle = ending.lifecycle;
        let has_any = lifecycle.extended_support.is_some() || !lifecycle.compensating.is_empty();
        has_any || ending.support(register) <= Support::Extended
    };
    let row = |ending: &Ending<'_>| {
        let (meta, lifecycle) = (&ending.record.meta, ending.lifecycle);
        let contract = lifecycle.extended_support.as_ref();
        let not_recorded = || Cell::text("not recorded");
        vec![
            Cell::shown(&meta.id),
            Cell::text(meta.title.as_str()),
            if lifecycle.compensating.is_empty() {
                not_recorded()
            } else {
                Cell::list(lifecycle.compensating.iter().map(compensating))
            },
            ending
                .record
                .spec
                .monitoring
                .as_ref()
                .map_or_else(not_recorded, monitoring),
            contract.map_or_else(not_recorded, |contract| {
                Cell::text(format!("until {}", contract.until))
            }),
            Cell::maybe(contract.and_then(|contract| contract.reference.as_deref())),
            Cell::maybe_shown(contract.and_then(|contract| contract.evidence.as_ref())),
        ]
    };
    Table {
        name: "controls",
        caption: "What protects them, and the support that was bought".into(),
        layout: Layout::Plain,
        columns: CONTROLS,
        rows: endings.iter().filter(needs_any).map(row).collect(),
        when_empty: "No system is past its recorded end of support.",
    }
}

fn monitoring(monitoring: &Monitoring) -> Cell {
    let mut parts = Vec::new();
    if monitoring.edr {
        parts.push("endpoint detection".to_owned());
    }
    if monitoring.nta {
        parts.push("network traffic analysis".to_owned());
    }
    if let Some(days) = monitoring.review_days {
        parts.push(format!("looked at every {days} days"));
    }
    if parts.is_empty() {
        return Cell::text("none");
    }
    Cell::list(parts)
}

const UNRECORDED_COLUMNS: &[Column] = &[
    Column::new("system", "System").tight(),
    Column::new("level", "Level"),
    Column::new("message", "What was found").wide(),
    Column::new("label", "Where").wide(),
];

/// Lists what the rule about ends of support that no record tells has found in this run.
pub(super) fn unrecorded_table(request: &Request<'_>) -> Table {
    let row = |diagnostic: &Diagnostic| {
        vec![
            Cell::maybe(diagnostic.subject.as_deref()),
            Cell::text(diagnostic.level.word()),
            Cell::text(diagnostic.message.as_str()),
            Cell::maybe(diagnostic.label.as_deref()),
        ]
    };
    let found = request.provenance.diagnostics.iter();
    Table {
        name: "unrecorded",
        caption: format!("Ends of support that no record tells, or that have no plan (rule {UNRECORDED})"),
        layout: Layout::Plain,
        columns: UNRECORDED_COLUMNS,
        rows: found
            .filter(|diagnostic| diagnostic.code == UNRECORDED)
            .map(row)
            .collect(),
        when_empty: "In this run the rule LEG001 reports no such system.",
    }
}

const SCANNER: &[Column] = &[
    Column::new("host", "Host"),
    Column::new("system", "System").tight(),
    Column::new("listed", "In this register"),
    Column::new("vuln", "Finding").tight(),
    Column::beneath("title", ""),
    Column::new("severity", "Severity"),
    Column::new("disposition", "Disposition"),
];

/// Lists the open findings by which a scanner calls something out of support, those of no listed System first.
pub(super) fn scanner_table(register: &Register<'_>, endings: &[Ending<'_>]) -> Table {
    let is_listed = |finding: &Finding| {
        let mut listed = endings.iter().map(|ending| Some(ending.record.id()));
        finding.system.is_some() && listed.any(|id| id == finding.system.as_ref())
    };
    let says_so = |finding: &&Finding| {
        let title = finding.said.title.to_lowercase();
        !finding.disposition.is_closed() && SCANNER_WORDS.iter().any(|word| title.contains(word))
    };
    let mut found: Vec<&Finding> = register.findings.iter().filter(says_so).collect();
    found.sort_by_key(|finding| is_listed(finding));
    let row = |finding: &&Finding| {
        vec![
            Cell::text(&*finding.host),
            system_cell(finding),
            Cell::text(if is_listed(finding) { "yes" } else { "no" }),
            Cell::text(&*finding.vuln),
            Cell::text(&*finding.said.title),
            Cell::Mark(severity(finding.severity)),
            Cell::Mark(crate::document::words::disposition(finding.disposition)),
        ]
    };
    Table {
        name: "scanner",
        caption: "Open findings whose title speaks of ended support".into(),
        layout: Layout::Sortable,
        columns: SCANNER,
        rows: found.iter().map(row).collect(),
        when_empty: "No open finding has a title that speaks of ended support.",
    }
}
