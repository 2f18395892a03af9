//! D20, the risk register and treatment plan: every risk, what is done about it, and who bears what is left.

mod tables;

use serde::Serialize;

use super::cover::each_once;
use super::decisions::{Body, DecisionRow, decision_rows};
use super::ratings::{Pair, Placed, appetite, gravest, matrix};
use super::reviewed::Reviewed;
use super::table::{Cell, Column, Layout, Table};
use super::words::{days_left, share};
use super::{DocumentKind, Request, View, values};
use crate::model::{Kind, Rate, Record, Risk, RiskAcceptance, Status};
use crate::reconcile::Register;
use tables::{acceptance_table, ended_table, owner_table, risk_table, step_table};

/// The risk register and treatment plan.
pub(in crate::document) const D20: DocumentKind = DocumentKind {
    id: "D20",
    slug: "risks",
    title: "Risk register and treatment plan",
    audience: "risk owners, auditors",
    purpose: "Which risks there are, what is done about them until when, and who approved the plan and bears what is left.",
    template: "D20.md",
    tables: &[
        "totals",
        "inherent",
        "residual",
        "risks",
        "treatment",
        "owner-approvals",
        "acceptances",
        "ended",
    ],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Risks {
    risks: usize,
    has_matrix: bool,
    has_appetite: bool,
    appetite: String,
    drafts: usize,
}

/// A risk that is neither closed, revoked nor superseded, with the decisions that bear it.
struct RiskRow<'a> {
    record: &'a Record<Risk>,
    acceptances: Vec<&'a DecisionRow<'a>>,
}

impl<'a> RiskRow<'a> {
    fn inherent(&self) -> Pair<'a> {
        Pair::before_treatment(&self.record.spec)
    }

    fn residual(&self) -> Option<Pair<'a>> {
        self.record.spec.residual.as_ref().map(Pair::of)
    }

    fn reviewed(&self, register: &Register<'_>) -> Reviewed {
        let recorded = Some(self.record.spec.reviewed.value);
        Reviewed::of(register, &self.record.meta, recorded, None)
    }
}

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let decisions = decision_rows(request);
    let rows: Vec<RiskRow<'_>> = gravest(register)
        .into_iter()
        .map(|record| RiskRow {
            record,
            acceptances: decisions.iter().filter(|row| bears(row, record)).collect(),
        })
        .collect();
    let (inherent, residual) = placed(&rows);
    let figures = matrix(register).map(|matrix| vec![inherent.figure(matrix), residual.figure(matrix)]);
    let risks = register.repository.risks.iter();
    let mut underlying: Vec<_> = risks.map(|risk| (Kind::Risk, risk.id().clone())).collect();
    underlying.extend(
        rows.iter()
            .flat_map(|row| &row.acceptances)
            .map(|row| (Kind::RiskAcceptance, row.meta.id.value.clone())),
    );
    View {
        classification: "confidential",
        values: values(&Risks {
            risks: rows.len(),
            has_matrix: matrix(register).is_some(),
            has_appetite: appetite(register).is_some(),
            appetite: appetite(register).unwrap_or("not recorded").to_owned(),
            drafts: rows
                .iter()
                .filter(|row| row.record.meta.declared() == Status::Draft)
                .count(),
        }),
        tables: vec![
            total_table(register, &rows),
            inherent.table(register),
            residual.table(register),
            risk_table(register, &rows),
            step_table(register, &rows),
            owner_table(register, &rows),
            acceptance_table(register, &rows),
            ended_table(register),
        ],
        figures: figures.unwrap_or_default(),
        underlying: each_once(underlying),
    }
}

/// Tells whether a decision is a risk acceptance for this risk: either names the other.
fn bears(row: &DecisionRow<'_>, risk: &Record<Risk>) -> bool {
    let Body::Acceptance(acceptance) = row.body else {
        return false;
    };
    let accepted_by = risk.spec.accepted_by.as_ref();
    accepted_by.is_some_and(|accepted| accepted.value.0 == row.meta.id.value) || names(acceptance, risk)
}

fn names(acceptance: &RiskAcceptance, risk: &Record<Risk>) -> bool {
    let named = acceptance.risk.iter().chain(&acceptance.subject.risk);
    named.into_iter().any(|named| named.value.0 == *risk.id())
}

fn placed<'a>(rows: &[RiskRow<'a>]) -> (Placed<'a>, Placed<'a>) {
    let inherent = rows.iter().map(|row| (row.record.id(), Some(row.inherent())));
    let residual = rows.iter().map(|row| (row.record.id(), row.residual()));
    let of = |name, title, records| Placed {
        name,
        title,
        unit: "risks",
        records,
    };
    (
        of("inherent", "Inherent risk", inherent.collect()),
        of("residual", "Residual risk", residual.collect()),
    )
}

const TOTALS: &[Column] = &[
    Column::new("label", "Figure"),
    Column::new("number", "Number"),
    Column::new("meaning", "What it means"),
];

fn total_table(register: &Register<'_>, rows: &[RiskRow<'_>]) -> Table {
    let of = |wanted: &dyn Fn(&RiskRow<'_>) -> bool| {
        let numerator = rows.iter().filter(|row| wanted(row)).count() as u64;
        Cell::Share(share(
            register,
            Rate {
                numerator,
                denominator: rows.len() as u64,
            },
        ))
    };
    let is_approved = |row: &RiskRow<'_>| {
        let standing = register.standings.of(Kind::Risk, row.record.id());
        row.record.meta.declared() != Status::Draft && standing.counts()
    };
    let is_above = |row: &RiskRow<'_>| {
        row.residual()
            .is_some_and(|pair| pair.is_above_appetite(register) == Some(true))
    };
    let steps: Vec<_> = rows.iter().flat_map(|row| &row.record.spec.plan).collect();
    let past = steps
        .iter()
        .filter(|step| days_left(register, step.due.value) < 0);
    let past = Rate {
        numerator: past.count() as u64,
        denominator: steps.len() as u64,
    };
    let row = |label: &str, number: Cell, meaning: &str| vec![Cell::text(label), number, Cell::text(meaning)];
    let above = match appetite(register) {
        Some(_) => of(&is_above),
        None => Cell::text("not recorded"),
    };
    Table {
        name: "totals",
        caption: "Risks and their treatment".into(),
        layout: Layout::Cards,
        columns: TOTALS,
        rows: vec![
            row(
                "Risks",
                Cell::count(rows.len()),
                "neither closed, revoked nor superseded",
            ),
            row(
                "Approved",
                of(&is_approved),
                "plan and residual risk, by everybody who must",
            ),
            row(
                "Above the appetite",
                above,
                "residual risk higher than the organisation is ready to bear",
            ),
            row(
                "Without residual risk",
                of(&|row| row.residual().is_none()),
                "nobody says what is left",
            ),
            row(
                "Steps past their day",
                Cell::Share(share(register, past)),
                "of all steps of treatment; whether they are done is not recorded",
            ),
            row(
                "Review overdue",
                of(&|row| row.reviewed(register).is_overdue(register)),
                "by the day that the record sets",
            ),
        ],
        when_empty: "",
    }
}
