//! D03, the risk acceptances: a form for each, and the register of all.

mod forms;

use serde::Serialize;

use super::cover::each_once;
use super::decisions::{Body, DecisionRow, EXPIRING_DAYS, Phase, decision_rows};
use super::ratings::{Pair, Placed, above_appetite, appetite, matrix};
use super::reviewed::Reviewed;
use super::table::{Cell, Column, Layout, Table};
use super::words::{approval_mark, days_left, remaining, share, spaced};
use super::{DocumentKind, Request, View, values};
use crate::model::{Decision, Kind, PersonFunction, Rate, RecordId, RiskAcceptance};
use crate::reconcile::Register;
use forms::{Form, form, signature_table};

/// The forms and the register of the risk acceptances.
pub(in crate::document) const D03: DocumentKind = DocumentKind {
    id: "D03",
    slug: "acceptances",
    title: "Risk acceptances: forms and register",
    audience: "risk owners, senior management",
    purpose: "Which risks somebody bears knowingly, under which conditions, until when, and who signed for it.",
    template: "D03.md",
    tables: &["totals", "register", "inherent", "residual", "signatures"],
    view,
};

/// Days within which an acceptance is reviewed where its record sets nothing else. Source: rule RAC001.
const REVIEW_DAYS: i64 = 365;

/// The single values of the view.
#[derive(Serialize)]
struct Acceptances {
    acceptances: usize,
    in_force: usize,
    has_matrix: bool,
    has_appetite: bool,
    appetite: String,
    forms: Vec<Form>,
}

/// One acceptance with what was computed for it.
struct AcceptanceRow<'a> {
    row: &'a DecisionRow<'a>,
    acceptance: &'a RiskAcceptance,
}

impl<'a> AcceptanceRow<'a> {
    fn id(&self) -> &'a RecordId {
        &self.row.meta.id.value
    }

    /// Returns the risk that it bears.
    fn risk(&self) -> Option<&'a RecordId> {
        let named = self
            .acceptance
            .risk
            .as_ref()
            .or(self.acceptance.subject.risk.as_ref());
        named.map(|named| &named.value.0)
    }

    fn is_in_force(&self) -> bool {
        self.row.is_in_force()
    }

    fn reviewed(&self, register: &Register<'_>) -> Reviewed {
        Reviewed::of(register, self.row.meta, None, Some(REVIEW_DAYS))
    }

    /// Tells whether somebody of the business side has signed it, and the signature counts.
    fn is_signed_by_business(&self, register: &Register<'_>) -> bool {
        let standing = register.standings.of(Kind::RiskAcceptance, self.id());
        standing.decisions.iter().any(|decided| {
            let person = register.repository.people.get(&decided.person);
            let function = person.and_then(|person| person.spec.function);
            decided.decision == Decision::Approve
                && decided.is_in_force()
                && function == Some(PersonFunction::Business)
        })
    }
}

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let decisions = decision_rows(request);
    let acceptances = decisions.iter().filter_map(|row| match row.body {
        Body::Acceptance(acceptance) => Some(AcceptanceRow { row, acceptance }),
        Body::Exception(_) => None,
    });
    let mut rows: Vec<AcceptanceRow<'_>> = acceptances.collect();
    rows.sort_by_key(|row| (row.row.mark.rank, row.row.expires.is_none(), row.row.expires));
    let in_force: Vec<&AcceptanceRow<'_>> = rows.iter().filter(|row| row.is_in_force()).collect();
    let (inherent, residual) = placed(&in_force);
    let figures = matrix(register).map(|matrix| vec![inherent.figure(matrix), residual.figure(matrix)]);
    let mut underlying: Vec<_> = rows
        .iter()
        .map(|row| (Kind::RiskAcceptance, row.id().clone()))
        .collect();
    let risks = rows
        .iter()
        .filter_map(|row| register.repository.risks.get(row.risk()?));
    underlying.extend(risks.map(|risk| (Kind::Risk, risk.id().clone())));
    View {
        classification: "confidential",
        values: values(&Acceptances {
            acceptances: rows.len(),
            in_force: in_force.len(),
            has_matrix: matrix(register).is_some(),
            has_appetite: appetite(register).is_some(),
            appetite: appetite(register).unwrap_or("not recorded").to_owned(),
            forms: rows.iter().map(|row| form(register, row)).collect(),
        }),
        tables: vec![
            total_table(register, &rows),
            register_table(register, &rows),
            inherent.table(register),
            residual.table(register),
            signature_table(register, &rows),
        ],
        figures: figures.unwrap_or_default(),
        underlying: each_once(underlying),
    }
}

fn placed<'a>(rows: &[&AcceptanceRow<'a>]) -> (Placed<'a>, Placed<'a>) {
    let of = |name, title, rating: fn(&'a RiskAcceptance) -> Pair<'a>| Placed {
        name,
        title,
        unit: "acceptances",
        records: rows
            .iter()
            .map(|row| (row.id(), Some(rating(row.acceptance))))
            .collect(),
    };
    (
        of(
            "inherent",
            "Inherent risk of the acceptances in force",
            |acceptance| Pair::of(&acceptance.inherent),
        ),
        of(
            "residual",
            "Residual risk of the acceptances in force",
            |acceptance| Pair::of(&acceptance.residual),
        ),
    )
}

const TOTALS: &[Column] = &[
    Column::new("label", "Figure"),
    Column::new("number", "Number"),
    Column::new("meaning", "What it means"),
];

fn total_table(register: &Register<'_>, rows: &[AcceptanceRow<'_>]) -> Table {
    let count = |phase: Phase| rows.iter().filter(|row| row.row.phase == phase).count();
    let in_force = count(Phase::Active) + count(Phase::Expiring);
    let of_those = |wanted: &dyn Fn(&AcceptanceRow<'_>) -> bool| {
        let numerator = rows.iter().filter(|row| row.is_in_force() && wanted(row)).count() as u64;
        let denominator = in_force as u64;
        Cell::Share(share(
            register,
            Rate {
                numerator,
                denominator,
            },
        ))
    };
    let is_above = |row: &AcceptanceRow<'_>| {
        Pair::of(&row.acceptance.residual).is_above_appetite(register) == Some(true)
    };
    let above = match appetite(register) {
        Some(_) => of_those(&is_above),
        None => Cell::text("not recorded"),
    };
    let row = |label: &str, number: Cell, meaning: &str| vec![Cell::text(label), number, Cell::text(meaning)];
    let soon = format!("in force, {EXPIRING_DAYS} days or fewer left");
    Table {
        name: "totals",
        caption: "Acceptances".into(),
        layout: Layout::Cards,
        columns: TOTALS,
        rows: vec![
            row("In force", Cell::count(in_force), "approved, begun, not ended"),
            row("Expiring", Cell::count(count(Phase::Expiring)), &soon),
            row(
                "Expired",
                Cell::count(count(Phase::Expired)),
                "past the last day, not closed",
            ),
            row(
                "Not approved",
                Cell::count(count(Phase::NotApproved)),
                "draft, without approval or rejected; nobody bears the risk",
            ),
            row(
                "Signed by the business",
                of_those(&|row| row.is_signed_by_business(register)),
                "of those in force",
            ),
            row("Above the appetite", above, "residual risk, of those in force"),
            row(
                "Review overdue",
                of_those(&|row| row.reviewed(register).is_overdue(register)),
                "of those in force; a year at most between two",
            ),
        ],
        when_empty: "",
    }
}

const REGISTER: &[Column] = &[
    Column::new("id", "Acceptance").wide(),
    Column::beneath("title", ""),
    Column::beneath("type", ""),
    Column::beneath("owner", "").around("owner ", "").tight(),
    Column::new("state", "State").tight(),
    Column::beneath("remaining", "").tight(),
    Column::beneath("starts", "").around("from ", "").tight(),
    Column::beneath("expires", "").around("to ", "").tight(),
    Column::data("days_left"),
    Column::new("risk", "Risk").wide(),
    Column::beneath("risk_title", ""),
    Column::new("inherent", "Inherent risk"),
    Column::beneath("inherent_rating", ""),
    Column::new("residual", "Residual risk"),
    Column::beneath("residual_rating", ""),
    Column::beneath("above_appetite", ""),
    Column::new("review", "Annual review").tight(),
    Column::beneath("reviewed", "").around("reviewed ", "").tight(),
    Column::beneath("review_signed", "").around("signed ", "").tight(),
    Column::beneath("review_due", "").around("next by ", "").tight(),
    Column::new("approval", "Approval").tight(),
    Column::beneath("signatures", ""),
    Column::new("findings", "Findings now"),
];

fn register_table(register: &Register<'_>, rows: &[AcceptanceRow<'_>]) -> Table {
    Table {
        name: "register",
        caption: "Risk acceptances, the most urgent first".into(),
        layout: Layout::Sortable,
        columns: REGISTER,
        rows: rows.iter().map(|row| entry(register, row)).collect(),
        when_empty: "No risk acceptance is recorded.",
    }
}

fn entry(register: &Register<'_>, row: &AcceptanceRow<'_>) -> Vec<Cell> {
    let (meta, acceptance) = (row.row.meta, row.acceptance);
    let days = row.row.expires.map(|expires| days_left(register, expires));
    let (inherent, residual) = (Pair::of(&acceptance.inherent), Pair::of(&acceptance.residual));
    let risk = row.risk().and_then(|id| register.repository.risks.get(id));
    let decisions = &register.standings.of(Kind::RiskAcceptance, row.id()).decisions;
    let counting = decisions.iter().filter(|decided| decided.counts()).count();
    let mut cells = vec![
        Cell::shown(row.id()),
        Cell::text(meta.title.as_str()),
        Cell::text(spaced(acceptance.acceptance_type.word())),
        Cell::shown(&meta.owner),
        Cell::Mark(row.row.mark),
        days.filter(|_| row.row.phase != Phase::Ended)
            .map_or(Cell::Empty, |days| Cell::text(remaining(days))),
        Cell::shown(row.row.starts()),
        row.row
            .expires
            .map_or_else(|| Cell::text("no end told"), Cell::shown),
        days.map_or(Cell::Empty, Cell::Number),
        row.risk().map_or_else(|| Cell::text("not recorded"), Cell::shown),
        Cell::maybe(risk.map(|risk| risk.meta.title.as_str())),
        inherent.level_cell(register),
        Cell::text(inherent.words()),
        residual.level_cell(register),
        Cell::text(residual.words()),
        above_appetite(register, residual),
    ];
    cells.extend(row.reviewed(register).cells(register));
    cells.extend([
        Cell::Mark(approval_mark(register, Kind::RiskAcceptance, row.id())),
        Cell::text(format!("{counting} of {} signatures count", decisions.len())),
        Cell::count(row.row.bearing.covered),
    ]);
    cells
}
