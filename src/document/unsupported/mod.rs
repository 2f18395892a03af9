//! D11, the unsupported systems: what has lost its support, what is done about it, and the way out.

mod roadmap;
mod tables;
mod trend;

use std::sync::Arc;

use serde::Serialize;

use super::cover::each_once;
use super::decisions::{Body, DecisionRow, Phase, decision_rows};
use super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::words::{days_left, share};
use super::{DocumentKind, Request, View, values};
use crate::model::{Date, Kind, Lifecycle, Rate, Record, RiskAcceptanceType, System};
use crate::reconcile::{Register, SystemRow};
use roadmap::{milestone_table, roadmap_figure};
use tables::{control_table, scanner_table, system_table, unrecorded_table};
use trend::Trend;

/// The unsupported systems and their roadmap.
pub(in crate::document) const D11: DocumentKind = DocumentKind {
    id: "D11",
    slug: "unsupported",
    title: "Unsupported systems: register and roadmap",
    audience: "senior management",
    purpose: "Which systems have lost their support or will, what protects them, who bears the risk, and when they are gone.",
    template: "D11.md",
    tables: &[
        "totals",
        "systems",
        "controls",
        "milestones",
        "host-count",
        "unrecorded",
        "scanner",
    ],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Unsupported {
    systems: usize,
    unsupported: usize,
    left_out: usize,
    has_roadmap: bool,
    has_trend: bool,
    trend_words: String,
}

/// A System whose end of support is recorded, with what was decided about it.
struct Ending<'a> {
    record: &'a Record<System>,
    lifecycle: &'a Lifecycle,
    /// The last day of the vendor's support.
    end: Date,
    row: Option<&'a SystemRow>,
    acceptances: Vec<&'a DecisionRow<'a>>,
}

/// How far a System is from its end of support; ordered, the worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Support {
    /// Past its end, and nobody bears the risk for all of its hosts.
    Ungoverned,
    /// Past its end, under an acceptance for all of its hosts.
    Accepted,
    /// Past the vendor's end, under support that was bought.
    Extended,
    Supported,
    /// Out of scope, or retired.
    NotCounted,
}

impl Support {
    fn mark(self) -> Mark {
        let (word, rank, tone) = match self {
            Self::Ungoverned => ("unsupported_not_accepted", 0, Tone::Bad),
            Self::Accepted => ("unsupported_accepted", 1, Tone::Decided),
            Self::Extended => ("extended_support", 2, Tone::Busy),
            Self::Supported => ("supported_until_then", 3, Tone::Good),
            Self::NotCounted => ("not_counted", 4, Tone::Quiet),
        };
        Mark { word, rank, tone }
    }
}

impl<'a> Ending<'a> {
    fn support(&self, register: &Register<'_>) -> Support {
        match self.row {
            Some(row) if !row.counts => Support::NotCounted,
            Some(row) if row.is_unsupported && self.uncovered(register).is_empty() && self.is_accepted() => {
                Support::Accepted
            }
            Some(row) if row.is_unsupported => Support::Ungoverned,
            Some(_) if days_left(register, self.end) < 0 => Support::Extended,
            Some(_) => Support::Supported,
            None => Support::NotCounted,
        }
    }

    fn in_force(&self) -> impl Iterator<Item = &&'a DecisionRow<'a>> {
        let rows = self.acceptances.iter();
        rows.filter(|row| matches!(row.phase, Phase::Active | Phase::Expiring))
    }

    fn is_accepted(&self) -> bool {
        self.in_force().next().is_some()
    }

    /// Returns the hosts that are in use.
    fn hosts(&self, register: &Register<'_>) -> Vec<&'a Arc<str>> {
        let hosts = self.row.map_or(&[][..], |row| &row.hosts[..]);
        let counts = |host: &&Arc<str>| register.host(host).is_some_and(|host| host.counts);
        hosts.iter().filter(counts).collect()
    }

    /// Returns the hosts in use for which no acceptance in force was signed; one that names no host is for all.
    fn uncovered(&self, register: &Register<'_>) -> Vec<&'a Arc<str>> {
        let is_covered = |host: &Arc<str>| {
            self.in_force().any(|row| match row.body {
                Body::Acceptance(acceptance) => {
                    let resolved = &acceptance.subject.resolved;
                    resolved.is_empty() || resolved.iter().any(|named| named.value.as_str() == &**host)
                }
                Body::Exception(_) => false,
            })
        };
        let hosts = self.hosts(register).into_iter();
        hosts.filter(|host| !is_covered(host)).collect()
    }
}

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let decisions = decision_rows(request);
    let mut endings: Vec<Ending<'_>> = register
        .repository
        .systems
        .iter()
        .filter(|system| system.meta.is_live())
        .filter_map(|record| ending(register, record, &decisions))
        .collect();
    endings.sort_by_key(|ending| (ending.support(register), ending.end));
    let trend = Trend::of(register, &endings);
    let roadmap = roadmap_figure(register, &endings);
    let mut underlying: Vec<_> = endings
        .iter()
        .map(|ending| (Kind::System, ending.record.id().clone()))
        .collect();
    let acceptances = endings.iter().flat_map(|ending| &ending.acceptances);
    underlying.extend(acceptances.map(|row| (Kind::RiskAcceptance, row.meta.id.value.clone())));
    let count = |wanted: &dyn Fn(Support) -> bool| {
        endings
            .iter()
            .filter(|ending| wanted(ending.support(register)))
            .count()
    };
    View {
        classification: "confidential",
        values: values(&Unsupported {
            systems: endings.len(),
            unsupported: count(&|support| support <= Support::Accepted),
            left_out: count(&|support| support == Support::NotCounted),
            has_roadmap: roadmap.is_some(),
            has_trend: trend.is_there(),
            trend_words: trend.words(),
        }),
        tables: vec![
            total_table(register, &endings),
            system_table(register, &endings),
            control_table(register, &endings),
            milestone_table(register, &endings),
            trend.table(),
            unrecorded_table(request),
            scanner_table(register, &endings),
        ],
        figures: roadmap.into_iter().chain(trend.figure()).collect(),
        underlying: each_once(underlying),
    }
}

fn ending<'a>(
    register: &'a Register<'a>,
    record: &'a Record<System>,
    decisions: &'a [DecisionRow<'a>],
) -> Option<Ending<'a>> {
    let lifecycle = record.spec.lifecycle.as_ref()?;
    let is_of = |row: &&DecisionRow<'_>| match row.body {
        Body::Acceptance(acceptance) => {
            let named = &acceptance.subject.systems;
            acceptance.acceptance_type == RiskAcceptanceType::UnsupportedSystem
                && named.iter().any(|named| named.value.0 == *record.id())
        }
        Body::Exception(_) => false,
    };
    Some(Ending {
        record,
        lifecycle,
        end: lifecycle.eol_date?.value,
        row: register.systems.get(record.id()),
        acceptances: decisions.iter().filter(is_of).collect(),
    })
}

const TOTALS: &[Column] = &[
    Column::new("label", "Figure"),
    Column::new("number", "Number"),
    Column::new("meaning", "What it means"),
];

fn total_table(register: &Register<'_>, endings: &[Ending<'_>]) -> Table {
    let of = |wanted: &dyn Fn(Support) -> bool| -> Vec<&Ending<'_>> {
        endings
            .iter()
            .filter(|ending| wanted(ending.support(register)))
            .collect()
    };
    let unsupported = of(&|support| support <= Support::Accepted);
    let rate = |numerator: usize, denominator: usize| {
        let (numerator, denominator) = (numerator as u64, denominator as u64);
        Cell::Share(share(
            register,
            Rate {
                numerator,
                denominator,
            },
        ))
    };
    let hosts: usize = unsupported
        .iter()
        .map(|ending| ending.hosts(register).len())
        .sum();
    let all = register.hosts.iter().filter(|host| host.counts).count();
    let counted: Vec<_> = of(&|support| support != Support::NotCounted);
    let steps: Vec<_> = counted
        .iter()
        .flat_map(|ending| &ending.lifecycle.roadmap)
        .collect();
    let late = steps
        .iter()
        .filter(|step| roadmap::is_late(register, step))
        .count();
    let row = |label: &str, number: Cell, meaning: &str| vec![Cell::text(label), number, Cell::text(meaning)];
    Table {
        name: "totals",
        caption: "Systems and hosts without support".into(),
        layout: Layout::Cards,
        columns: TOTALS,
        rows: vec![
            row(
                "Unsupported systems",
                rate(
                    unsupported.len(),
                    register.systems.values().filter(|row| row.counts).count(),
                ),
                "of the systems in scope; past their end, bought support included",
            ),
            row(
                "Under an acceptance",
                rate(
                    of(&|support| support == Support::Accepted).len(),
                    unsupported.len(),
                ),
                "of the unsupported systems, in force for every host",
            ),
            row(
                "Hosts without support",
                rate(hosts, all),
                "of the hosts in use and in scope",
            ),
            row(
                "Under extended support",
                Cell::count(of(&|support| support == Support::Extended).len()),
                "support bought beyond the vendor's end",
            ),
            row(
                "Milestones late",
                rate(late, steps.len()),
                "of all milestones, past their day and not done",
            ),
        ],
        when_empty: "",
    }
}
