//! D04, the agreements on times to remediate: what was agreed, with whom, who does what, and who signed.

mod people;
mod terms;

use std::collections::BTreeSet;

use serde::Serialize;

use super::cover::each_once;
use super::force::{Force, successors, version_of};
use super::table::{Cell, Column, Layout, Table};
use super::words::{approval_mark, days_left};
use super::{DocumentKind, Request, View, values};
use crate::model::{Kind, Record, RecordId, Sla};
use crate::reconcile::Register;

/// The agreements on times to remediate.
pub(in crate::document) const D04: DocumentKind = DocumentKind {
    id: "D04",
    slug: "agreements",
    title: "Agreements on times to remediate, and who does what",
    audience: "business, IT, auditors",
    purpose: "How fast what is remediated, when the clock runs, who does what, who is asked next, and who agreed.",
    template: "D04.md",
    tables: &[
        "agreements",
        "matrix",
        "conditions",
        "caps",
        "overrides",
        "raci",
        "escalation",
        "signatures",
        "ended",
        "roles",
        "approval-rules",
    ],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Agreements {
    in_force: usize,
    not_in_force: usize,
    ended: usize,
    systems_without: Vec<String>,
    agreements: Vec<Part>,
}

/// One agreement that has not ended, in words.
#[derive(Serialize)]
struct Part {
    id: String,
    title: String,
    version: String,
    owner: String,
    is_in_force: bool,
    state: &'static str,
    expires: String,
    supersedes: Option<String>,
    applies_to: String,
    systems: Vec<String>,
    parties: Vec<String>,
    clock: Vec<String>,
    tolerance: Vec<String>,
    missing: Vec<String>,
}

type Agreed<'a> = (&'a Record<Sla>, Force);

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let mut all: Vec<Agreed<'_>> = register
        .repository
        .slas
        .iter()
        .map(|sla| (sla, Force::of(register, &sla.meta, Some(sla.spec.expires.value))))
        .collect();
    all.sort_by_key(|(sla, force)| (*force, sla.id().clone()));
    let (ended, open): (Vec<_>, Vec<_>) = all.iter().copied().partition(|(_, force)| force.has_ended());
    let in_force = open.iter().filter(|(_, force)| *force == Force::Binds).count();
    let parts = open.iter().map(|agreed| part(register, *agreed));
    let without = register
        .systems
        .values()
        .filter(|row| row.counts && row.slas.is_empty());
    let underlying = all.iter().map(|(sla, _)| (Kind::Sla, sla.id().clone())).collect();
    View {
        classification: "internal",
        values: values(&Agreements {
            in_force,
            not_in_force: open.len() - in_force,
            ended: ended.len(),
            systems_without: without.map(|row| row.id.to_string()).collect(),
            agreements: parts.collect(),
        }),
        tables: vec![
            overview(register, &all),
            terms::matrix(register, &open),
            terms::conditions(register, &open),
            terms::caps(register),
            terms::overrides(register),
            people::raci(&open),
            people::escalation(register, &open),
            people::signatures(register, &open),
            ended_table(register, &ended),
            people::roles(register, &open),
            people::approval_rules(register),
        ],
        figures: Vec::new(),
        underlying: each_once(underlying),
    }
}

/// Returns the Systems whose due dates follow an agreement.
fn systems_of(register: &Register<'_>, sla: &Record<Sla>) -> Vec<String> {
    let rows = register
        .systems
        .values()
        .filter(|row| row.slas.contains(sla.id()));
    rows.map(|row| row.id.to_string()).collect()
}

fn part(register: &Register<'_>, (sla, force): Agreed<'_>) -> Part {
    let roles = &register.repository.roles;
    let party = |id: &RecordId| match roles.get(id) {
        Some(role) => format!("{} ({id})", role.meta.title),
        None => format!("{id}, which is no role"),
    };
    let standing = register.standings.of(Kind::Sla, sla.id());
    let missing: BTreeSet<String> = standing.missing().flat_map(|met| met.demand.who()).collect();
    Part {
        id: sla.id().to_string(),
        title: sla.meta.title.clone(),
        version: version_of(&sla.meta),
        owner: sla.meta.owner.to_string(),
        is_in_force: force == Force::Binds,
        state: match force {
            Force::Binds => "approved by everybody who must",
            Force::NotApproved => "not approved by everybody who must",
            Force::Expired => "past its last day",
            Force::Superseded | Force::Ended(_) => "ended",
        },
        expires: sla.spec.expires.to_string(),
        supersedes: sla.meta.supersedes.as_ref().map(ToString::to_string),
        applies_to: terms::selector(&sla.spec.applies_to.value),
        systems: systems_of(register, sla),
        parties: sla.spec.parties.iter().map(|role| party(&role.value.0)).collect(),
        clock: terms::clock(register, &sla.spec),
        tolerance: terms::tolerance(&sla.spec),
        missing: missing.into_iter().collect(),
    }
}

const OVERVIEW: &[Column] = &[
    Column::new("agreement", "Agreement").wide(),
    Column::beneath("title", ""),
    Column::new("version", "Version"),
    Column::new("state", "State"),
    Column::new("approval", "Approval"),
    Column::new("expires", "Last day").tight(),
    Column::beneath("days_left", "")
        .around("", " days from as-of")
        .tight(),
    Column::new("systems", "Systems whose due dates follow it").wide(),
    Column::new("owner", "Owner").tight(),
];

fn overview(register: &Register<'_>, all: &[Agreed<'_>]) -> Table {
    let rows = all.iter().map(|(sla, force)| {
        let systems = systems_of(register, sla);
        vec![
            Cell::shown(sla.id()),
            Cell::text(sla.meta.title.as_str()),
            Cell::text(version_of(&sla.meta)),
            Cell::Mark(force.mark()),
            Cell::Mark(approval_mark(register, Kind::Sla, sla.id())),
            Cell::shown(sla.spec.expires.value),
            Cell::Number(days_left(register, sla.spec.expires.value)),
            if systems.is_empty() {
                Cell::text("none")
            } else {
                Cell::list(systems)
            },
            Cell::shown(&sla.meta.owner),
        ]
    });
    Table {
        name: "agreements",
        caption: "Agreements, those in force first".into(),
        layout: Layout::Plain,
        columns: OVERVIEW,
        rows: rows.collect(),
        when_empty: "There is no agreement: no time to remediate is agreed for any System.",
    }
}

const ENDED: &[Column] = &[
    Column::new("agreement", "Agreement").wide(),
    Column::beneath("title", ""),
    Column::new("version", "Version"),
    Column::new("state", "State"),
    Column::new("created", "From").tight(),
    Column::new("expires", "Last day agreed").tight(),
    Column::new("replaced_by", "Replaced by"),
    Column::new("approval", "Approval"),
];

fn ended_table(register: &Register<'_>, ended: &[Agreed<'_>]) -> Table {
    let rows = ended.iter().map(|(sla, force)| {
        vec![
            Cell::shown(sla.id()),
            Cell::text(sla.meta.title.as_str()),
            Cell::text(version_of(&sla.meta)),
            Cell::Mark(force.mark()),
            Cell::shown(sla.meta.created.value),
            Cell::shown(sla.spec.expires.value),
            Cell::list(successors(register, &sla.meta)),
            Cell::Mark(approval_mark(register, Kind::Sla, sla.id())),
        ]
    });
    Table {
        name: "ended",
        caption: "Agreements that have ended".into(),
        layout: Layout::Plain,
        columns: ENDED,
        rows: rows.collect(),
        when_empty: "No agreement has been superseded, closed or revoked.",
    }
}
