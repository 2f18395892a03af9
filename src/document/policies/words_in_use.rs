//! The words that all records share: glossary, tiers, severities, frameworks.

use super::super::table::{Cell, Column, Layout, Table};
use super::super::words::severity;
use crate::diagnostic::counted;
use crate::model::{Isms, Policy, Record};
use crate::reconcile::Register;

fn isms<'a>(register: &Register<'a>) -> Option<&'a Isms> {
    register.repository.isms.as_ref().map(|isms| &isms.spec)
}

const GLOSSARY: &[Column] = &[
    Column::new("term", "Term"),
    Column::new("preferred", "Write instead"),
    Column::new("definition", "Meaning").wide(),
];

/// Lists terms by the alphabet.
pub(super) fn glossary(register: &Register<'_>) -> Table {
    let mut terms: Vec<_> = isms(register)
        .map_or(&[][..], |isms| &isms.glossary[..])
        .iter()
        .collect();
    terms.sort_by_key(|term| term.term.to_lowercase());
    let rows = terms.into_iter().map(|term| {
        vec![
            Cell::text(term.term.as_str()),
            Cell::maybe(term.preferred.as_deref()),
            Cell::text(term.definition.as_str()),
        ]
    });
    Table {
        name: "glossary",
        caption: "Terms, and the words to use for them".into(),
        layout: Layout::Sortable,
        columns: GLOSSARY,
        rows: rows.collect(),
        when_empty: "Not recorded: the management system names no terms.",
    }
}

const TIERS: &[Column] = &[
    Column::new("tier", "Tier").tight(),
    Column::beneath("name", ""),
    Column::new("criteria", "A System is in it where one of these holds").wide(),
    Column::new("systems", "Systems"),
    Column::new("hosts", "Hosts that count"),
];

/// Lists the tiers, the most critical first, with how many Systems and hosts are in each.
pub(super) fn tiers(register: &Register<'_>) -> Table {
    let tiers = isms(register).map_or(&[][..], |isms| &isms.tiers[..]);
    let rows = tiers.iter().map(|tier| {
        let is_in = |system: &Record<crate::model::System>| {
            let named = system.spec.tier.as_ref();
            system.meta.is_live() && named.is_some_and(|named| named.value == tier.id.value)
        };
        let systems = register
            .repository
            .systems
            .iter()
            .filter(|system| is_in(system))
            .count();
        let hosts = register.hosts.iter().filter(|host| {
            let system = host
                .system
                .as_ref()
                .and_then(|id| register.repository.systems.get(id));
            host.counts && system.is_some_and(is_in)
        });
        vec![
            Cell::text(tier.id.value.as_str()),
            Cell::text(tier.name.as_str()),
            if tier.criteria.is_empty() {
                Cell::text("not told")
            } else {
                Cell::list(tier.criteria.iter().map(|criterion| criterion.value.text()))
            },
            Cell::count(systems),
            Cell::count(hosts.count()),
        ]
    });
    Table {
        name: "tiers",
        caption: "Tiers, the most critical first".into(),
        layout: Layout::Plain,
        columns: TIERS,
        rows: rows.collect(),
        when_empty: "Not recorded: there is no readable record of the management system.",
    }
}

const SEVERITIES: &[Column] = &[
    Column::new("severity", "Severity"),
    Column::new("agreed", "Agreed times to remediate").wide(),
    Column::new("exception_caps", "Longest exception").wide(),
    Column::new("findings", "Open findings now"),
];

/// Lists the severities, the gravest first, with what they mean for times.
pub(super) fn severities(register: &Register<'_>, policies: &[&Record<Policy>]) -> Table {
    let severities = isms(register).map_or(&[][..], |isms| &isms.severities.value[..]);
    let rows = severities.iter().map(|one| {
        let slas = register.repository.slas.iter().filter(|sla| sla.meta.is_live());
        let spans = slas.filter_map(|sla| {
            let cells = sla.spec.matrix.value.iter().map(|cell| &cell.value);
            let hours = cells.filter(|cell| cell.severity == *one).filter_map(|cell| {
                cell.hours
                    .or_else(|| cell.days.map(|days| days.saturating_mul(24)))
            });
            let (least, most) = (hours.clone().min()?, hours.max()?);
            let span = if least == most {
                time(least)
            } else {
                format!("{} to {}", time(least), time(most))
            };
            Some(format!("{}: {span}", sla.id()))
        });
        let caps = policies.iter().filter_map(|policy| {
            let days = policy.spec.exception_rules.as_ref()?.caps.get(one)?;
            Some(format!("{}: {}", policy.id(), counted(*days as usize, "day")))
        });
        let open = register.findings.iter();
        let open = open.filter(|finding| finding.severity == *one && !finding.disposition.is_closed());
        vec![
            Cell::Mark(severity(*one)),
            Cell::list(spans),
            Cell::list(caps),
            Cell::count(open.count()),
        ]
    });
    Table {
        name: "severities",
        caption: "Severities, the gravest first".into(),
        layout: Layout::Plain,
        columns: SEVERITIES,
        rows: rows.collect(),
        when_empty: "Not recorded: there is no readable record of the management system.",
    }
}

/// Returns hours as days where they are whole days and more than three.
fn time(hours: u32) -> String {
    if hours > 72 && hours.is_multiple_of(24) {
        counted((hours / 24) as usize, "day")
    } else {
        counted(hours as usize, "hour")
    }
}

const FRAMEWORKS: &[Column] = &[
    Column::new("sort", "Sort"),
    Column::new("id", "Name"),
    Column::new("edition", "Edition"),
    Column::new("tag", "Systems with the tag"),
];

/// Lists frameworks and regulations with the editions in force.
pub(super) fn frameworks(register: &Register<'_>) -> Table {
    let mut rows = Vec::new();
    if let Some(isms) = isms(register) {
        rows.extend(isms.frameworks.iter().map(|one| {
            vec![
                Cell::text("framework"),
                Cell::text(one.id.as_str()),
                Cell::text(one.edition.as_str()),
                Cell::Empty,
            ]
        }));
        rows.extend(isms.regulations.iter().map(|one| {
            vec![
                Cell::text("regulation"),
                Cell::text(one.id.as_str()),
                one.edition
                    .as_deref()
                    .map_or_else(|| Cell::text("not told"), Cell::text),
                Cell::text(one.tag.as_str()),
            ]
        }));
    }
    Table {
        name: "frameworks",
        caption: "Frameworks and regulations".into(),
        layout: Layout::Plain,
        columns: FRAMEWORKS,
        rows,
        when_empty: "Not recorded: there is no readable record of the management system.",
    }
}
