//! D08, the management-review pack: what top management looks at, input by input, and room for what it decides.

mod inputs;
mod risks;
mod surroundings;

use serde::Serialize;

use super::compliance::{cause_table, missed};
use super::cover::each_once;
use super::diagnosed::rule_table;
use super::measures::{COUNTED, RATES, counted, label, month_figure, month_table, shown};
use super::reviews::member_table;
use super::table::{Cell, Column, Layout, Table};
use super::targets::{judged, target_cells};
use super::{DocumentKind, Request, View, values};
use crate::model::{Benchmark, Kind};
use crate::reconcile::Register;
use inputs::input_table;
use risks::{decision_table, risk_table};
use surroundings::{agreement_table, regulation_table, written_table};

/// The management-review pack.
pub(in crate::document) const D08: DocumentKind = DocumentKind {
    id: "D08",
    slug: "management-review",
    title: "Management-review pack",
    audience: "top management",
    purpose: "What the review of the management system looks at, input by input, and what is to be decided.",
    template: "D08.md",
    tables: &[
        "inputs",
        "written",
        "regulations",
        "agreements",
        "nonconformities",
        "kpis",
        "months",
        "objectives",
        "risks",
        "decisions",
        "causes",
        "members",
    ],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Pack {
    next_audit: String,
    objectives: usize,
    benchmarks: usize,
}

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let repository = register.repository;
    let isms = repository.isms.as_ref();
    let certification = isms.and_then(|isms| isms.spec.certification.as_ref());
    let next_audit = certification.and_then(|certification| {
        let day = certification.next_audit?;
        Some(format!("{day}, by {}", certification.body))
    });
    let mut underlying: Vec<_> = isms.iter().map(|isms| (Kind::Isms, isms.id().clone())).collect();
    let live = repository
        .records()
        .filter(|meta| matches!(meta.kind, Kind::Risk | Kind::Sla) && meta.is_live());
    underlying.extend(live.map(|meta| (meta.kind, meta.id.value.clone())));
    View {
        classification: "confidential",
        values: values(&Pack {
            next_audit: next_audit.unwrap_or_else(|| "not recorded".into()),
            objectives: isms.map_or(0, |isms| isms.spec.objectives.len()),
            benchmarks: benchmarks(register).len(),
        }),
        tables: vec![
            input_table(register),
            written_table(register),
            regulation_table(register),
            agreement_table(register),
            rule_table(request.provenance.diagnostics),
            kpi_table(register),
            month_table(register),
            objective_table(register),
            risk_table(register),
            decision_table(request),
            cause_table(&missed(register)),
            member_table(register),
        ],
        figures: vec![month_figure(register)],
        underlying: each_once(underlying),
    }
}

fn benchmarks<'a>(register: &Register<'a>) -> &'a [Benchmark] {
    let isms = register.repository.isms.as_ref();
    isms.map_or(&[][..], |isms| &isms.spec.benchmarks)
}

const KPIS: &[Column] = &[
    Column::new("label", "Figure"),
    Column::data("name"),
    Column::new("shown", "Value").tight(),
    COUNTED[0],
    COUNTED[1],
    COUNTED[2],
    COUNTED[3],
    Column::new("target", "Target").tight(),
    Column::new("against", "Against the target").tight(),
    Column::new("benchmark", "Benchmark: value, source, day").wide(),
    Column::new("definition", "What over what").wide(),
];

/// Lists the figures that people see at once, and every one that has a target or a benchmark.
fn kpi_table(register: &Register<'_>) -> Table {
    let isms = register.repository.isms.as_ref();
    let objectives = isms.map_or(&[][..], |isms| &isms.spec.objectives);
    let asked = objectives.iter().map(|objective| objective.kpi.as_str());
    let asked = asked.chain(
        benchmarks(register)
            .iter()
            .map(|benchmark| benchmark.kpi.as_str()),
    );
    let headline = register.kpis.iter().filter(|(_, kpi)| kpi.is_headline);
    let all = RATES.iter().map(|(name, _)| *name);
    let all = all.chain(headline.map(|(name, _)| *name)).chain(asked);
    let mut names: Vec<&str> = Vec::new();
    for name in all {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let rows = names.into_iter().map(|name| kpi_row(register, name));
    let period = register.period;
    Table {
        name: "kpis",
        caption: format!(
            "Figures of the period {} to {} against targets and benchmarks",
            period.from, period.to
        ),
        layout: Layout::Plain,
        columns: KPIS,
        rows: rows.collect(),
        when_empty: "",
    }
}

fn kpi_row(register: &Register<'_>, name: &str) -> Vec<Cell> {
    let kpi = register.kpis.get(name);
    let of_others = benchmarks(register)
        .iter()
        .filter(|benchmark| benchmark.kpi == name);
    let of_others: Vec<String> = of_others
        .map(|benchmark| {
            let day = benchmark.as_of.as_deref().unwrap_or("day not told");
            format!("{} ({}, {day})", benchmark.value, benchmark.source)
        })
        .collect();
    let mut row = vec![Cell::text(label(name)), Cell::text(name), shown(register, kpi)];
    row.extend(counted(kpi));
    row.extend(target_cells(register, name));
    row.push(if of_others.is_empty() {
        Cell::text("none recorded")
    } else {
        Cell::list(of_others)
    });
    row.push(Cell::maybe(kpi.map(|kpi| kpi.title)));
    row
}

const OBJECTIVES: &[Column] = &[
    Column::new("objective", "Objective").tight(),
    Column::beneath("linked", ""),
    Column::new("figure", "Figure"),
    Column::data("kpi"),
    Column::new("target", "Target").tight(),
    Column::new("shown", "Value").tight(),
    COUNTED[0],
    COUNTED[1],
    COUNTED[2],
    COUNTED[3],
    Column::new("against", "Against the target").tight(),
    Column::new("owner", "Owner").tight(),
];

fn objective_table(register: &Register<'_>) -> Table {
    let isms = register.repository.isms.as_ref();
    let objectives = isms.map_or(&[][..], |isms| &isms.spec.objectives);
    let rows = objectives.iter().map(|objective| {
        let kpi = register.kpis.get(objective.kpi.as_str());
        let mut row = vec![
            Cell::text(objective.id.as_str()),
            Cell::maybe(objective.linked.as_deref()),
            Cell::text(label(&objective.kpi)),
            Cell::text(objective.kpi.as_str()),
            Cell::text(objective.target.as_str()),
            shown(register, kpi),
        ];
        row.extend(counted(kpi));
        row.push(judged(register, objective).cell());
        row.push(Cell::shown(&objective.owner));
        row
    });
    Table {
        name: "objectives",
        caption: "Objectives and how far they are reached".into(),
        layout: Layout::Plain,
        columns: OBJECTIVES,
        rows: rows.collect(),
        when_empty: "No objective is recorded.",
    }
}
