//! The tables of the risk register.

use super::RiskRow;
use crate::document::decisions::Body;
use crate::document::decisions::DecisionRow;
use crate::document::ratings::{Pair, above_appetite, rating};
use crate::document::table::{Cell, Column, Layout, Mark, Table, Tone};
use crate::document::words::{approval_mark, approvals, days_left, demands_in_words, remaining, spaced};
use crate::model::{Kind, Meta, Status, Treatment, TreatmentStep};
use crate::reconcile::Register;

/// Days before its day from which a step is called near.
const SOON_DAYS: i64 = 30;

const RISKS: &[Column] = &[
    Column::new("id", "Risk").wide(),
    Column::beneath("title", ""),
    Column::beneath("owner", "").around("owner ", "").tight(),
    Column::new("scenario", "What may happen").wide(),
    Column::beneath("assets", "").around("assets: ", ""),
    Column::beneath("threats", "").around("threats: ", ""),
    Column::new("inherent", "Inherent risk"),
    Column::beneath("inherent_rating", ""),
    Column::new("treatment", "Treatment").tight(),
    Column::beneath("steps", "").around("steps: ", "").tight(),
    Column::beneath("controls", ""),
    Column::new("residual", "Residual risk"),
    Column::beneath("residual_rating", ""),
    Column::beneath("above_appetite", ""),
    Column::new("acceptances", "Accepted by"),
    Column::new("review", "Review").tight(),
    Column::beneath("reviewed", "").around("reviewed ", "").tight(),
    Column::beneath("review_signed", "").around("signed ", "").tight(),
    Column::beneath("review_due", "").around("next by ", "").tight(),
    Column::new("approval", "Approval"),
];

/// Lists every risk, the gravest residual one first.
pub(super) fn risk_table(register: &Register<'_>, rows: &[RiskRow<'_>]) -> Table {
    Table {
        name: "risks",
        caption: "Risks, the gravest residual risk first".into(),
        layout: Layout::Sortable,
        columns: RISKS,
        rows: rows.iter().map(|row| risk(register, row)).collect(),
        when_empty: "No risk is recorded.",
    }
}

fn risk(register: &Register<'_>, row: &RiskRow<'_>) -> Vec<Cell> {
    let (meta, spec) = (&row.record.meta, &row.record.spec);
    let (inherent, residual) = (row.inherent(), row.residual());
    let acceptances = row.acceptances.iter().map(|row| {
        let until = row
            .expires
            .map_or_else(|| "no end told".to_owned(), |day| format!("until {day}"));
        format!("{}: {}, {until}", row.meta.id, spaced(row.mark.word))
    });
    let mut cells = vec![
        Cell::shown(&meta.id),
        Cell::text(meta.title.as_str()),
        Cell::shown(&meta.owner),
        Cell::text(spec.scenario.as_str()),
        Cell::list_shown(&spec.assets),
        Cell::list(spec.threats.iter().map(String::as_str)),
        inherent.level_cell(register),
        Cell::text(inherent.words()),
        Cell::text(spec.treatment.word()),
        Cell::count(spec.plan.len()),
        Cell::list(spec.controls.iter().map(|control| control.value.0.as_str())),
        residual.map_or_else(|| Cell::text("not recorded"), |pair| pair.level_cell(register)),
        Cell::maybe(residual.map(Pair::words)),
        residual.map_or(Cell::Empty, |pair| above_appetite(register, pair)),
        if row.acceptances.is_empty() {
            Cell::text("no acceptance")
        } else {
            Cell::list(acceptances)
        },
    ];
    cells.extend(row.reviewed(register).cells(register));
    cells.push(Cell::Mark(standing_mark(register, meta)));
    cells
}

/// Says what the decisions about a risk come to; a draft is in force for nobody, whatever was signed.
fn standing_mark(register: &Register<'_>, meta: &Meta) -> Mark {
    if meta.declared() == Status::Draft {
        return Mark {
            word: "draft",
            rank: 2,
            tone: Tone::Bad,
        };
    }
    approval_mark(register, Kind::Risk, &meta.id)
}

const STEPS: &[Column] = &[
    Column::new("risk", "Risk").wide(),
    Column::beneath("title", ""),
    Column::new("step", "Step").wide(),
    Column::new("control", "Control"),
    Column::new("owner", "Owner").tight(),
    Column::new("due", "Due").tight(),
    Column::new("state", "State").tight(),
    Column::beneath("remaining", "").tight(),
    Column::data("days_left"),
];

/// Lists every step of treatment by its day; a risk that is to be treated and has none stands first.
pub(super) fn step_table(register: &Register<'_>, rows: &[RiskRow<'_>]) -> Table {
    let mut steps: Vec<(&RiskRow<'_>, Option<&TreatmentStep>)> = Vec::new();
    for row in rows {
        let spec = &row.record.spec;
        if spec.plan.is_empty() && spec.treatment != Treatment::Retain {
            steps.push((row, None));
        }
        steps.extend(spec.plan.iter().map(|step| (row, Some(step))));
    }
    steps.sort_by_key(|(_, step)| step.map(|step| step.due.value));
    Table {
        name: "treatment",
        caption: "Steps of treatment by their day".into(),
        layout: Layout::Sortable,
        columns: STEPS,
        rows: steps
            .into_iter()
            .map(|(row, step)| treatment(register, row, step))
            .collect(),
        when_empty: "No risk has a step of treatment, and none needs one: all are retained.",
    }
}

fn treatment(register: &Register<'_>, row: &RiskRow<'_>, step: Option<&TreatmentStep>) -> Vec<Cell> {
    let meta = &row.record.meta;
    let mark = |word, rank, tone| Cell::Mark(Mark { word, rank, tone });
    let mut cells = vec![Cell::shown(&meta.id), Cell::text(meta.title.as_str())];
    let Some(step) = step else {
        let rest = [
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            mark("no_plan", 0, Tone::Bad),
            Cell::Empty,
            Cell::Empty,
        ];
        cells.push(Cell::text("no step is recorded"));
        cells.extend(rest);
        return cells;
    };
    let days = days_left(register, step.due.value);
    let (state, words) = match days {
        days if days < 0 => (
            mark("day_has_passed", 1, Tone::Warning),
            format!("{} days ago; whether it is done is not recorded", -days),
        ),
        days if days <= SOON_DAYS => (mark("due_soon", 2, Tone::Warning), remaining(days)),
        days => (mark("planned", 3, Tone::Busy), remaining(days)),
    };
    cells.extend([
        Cell::text(step.step.as_str()),
        step.control.as_ref().map_or_else(
            || Cell::text("not recorded"),
            |control| Cell::text(control.value.0.as_str()),
        ),
        step.owner
            .as_ref()
            .map_or_else(|| Cell::text("not recorded"), Cell::shown),
        Cell::shown(step.due),
        state,
        Cell::text(words),
        Cell::Number(days),
    ]);
    cells
}

const OWNERS: &[Column] = &[
    Column::new("risk", "Risk").wide(),
    Column::beneath("title", ""),
    Column::beneath("owner", "").around("owner ", "").tight(),
    Column::new("state", "Plan and residual risk"),
    Column::new("residual", "Residual risk"),
    Column::new("demands", "Who must approve").wide(),
    Column::new("approvals", "Who decided").wide(),
];

/// Lists who must approve plan and residual risk, and who did.
pub(super) fn owner_table(register: &Register<'_>, rows: &[RiskRow<'_>]) -> Table {
    let row = |row: &RiskRow<'_>| {
        let meta = &row.record.meta;
        let residual = row.record.spec.residual.as_ref();
        vec![
            Cell::shown(&meta.id),
            Cell::text(meta.title.as_str()),
            Cell::shown(&meta.owner),
            Cell::Mark(standing_mark(register, meta)),
            residual.map_or_else(
                || Cell::text("not recorded"),
                |residual| Cell::text(rating(register, residual)),
            ),
            Cell::list(demands_in_words(register, Kind::Risk, &meta.id)),
            approvals(register, Kind::Risk, &meta.id),
        ]
    };
    Table {
        name: "owner-approvals",
        caption: "Approval of the plan and of the residual risk".into(),
        layout: Layout::Plain,
        columns: OWNERS,
        rows: rows.iter().map(row).collect(),
        when_empty: "No risk is recorded.",
    }
}

const ACCEPTANCES: &[Column] = &[
    Column::new("id", "Acceptance").wide(),
    Column::beneath("title", ""),
    Column::new("risk", "Risk").tight(),
    Column::new("state", "State").tight(),
    Column::beneath("starts", "").around("from ", "").tight(),
    Column::beneath("expires", "").around("to ", "").tight(),
    Column::new("residual", "Residual risk accepted"),
    Column::new("approvals", "Who decided").wide(),
];

/// Lists the acceptances of each risk, whatever became of them.
pub(super) fn acceptance_table(register: &Register<'_>, rows: &[RiskRow<'_>]) -> Table {
    let linked = rows.iter().flat_map(|row| {
        let accepted = row.acceptances.iter();
        accepted.map(|accepted| acceptance(register, row, accepted))
    });
    Table {
        name: "acceptances",
        caption: "Acceptances of these risks".into(),
        layout: Layout::Plain,
        columns: ACCEPTANCES,
        rows: linked.collect(),
        when_empty: "No risk acceptance names one of these risks.",
    }
}

fn acceptance(register: &Register<'_>, row: &RiskRow<'_>, accepted: &DecisionRow<'_>) -> Vec<Cell> {
    let residual = match accepted.body {
        Body::Acceptance(acceptance) => Cell::text(rating(register, &acceptance.residual)),
        Body::Exception(_) => Cell::Empty,
    };
    vec![
        Cell::shown(&accepted.meta.id),
        Cell::text(accepted.meta.title.as_str()),
        Cell::shown(row.record.id()),
        Cell::Mark(accepted.mark),
        Cell::shown(accepted.starts()),
        accepted
            .expires
            .map_or_else(|| Cell::text("no end told"), Cell::shown),
        residual,
        approvals(register, Kind::RiskAcceptance, &accepted.meta.id),
    ]
}

const ENDED: &[Column] = &[
    Column::new("id", "Risk").wide(),
    Column::beneath("title", ""),
    Column::new("owner", "Owner").tight(),
    Column::new("status", "Declared"),
];

/// Lists the risks that the counts leave out.
pub(super) fn ended_table(register: &Register<'_>) -> Table {
    let ended = register
        .repository
        .risks
        .iter()
        .filter(|risk| !risk.meta.is_live());
    let rows = ended.map(|risk| {
        vec![
            Cell::shown(risk.id()),
            Cell::text(risk.meta.title.as_str()),
            Cell::shown(&risk.meta.owner),
            Cell::text(risk.meta.declared().word()),
        ]
    });
    Table {
        name: "ended",
        caption: "Risks that are closed, revoked or superseded; no count above has them".into(),
        layout: Layout::Plain,
        columns: ENDED,
        rows: rows.collect(),
        when_empty: "No risk is closed, revoked or superseded.",
    }
}
