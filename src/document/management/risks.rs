//! Risks, how far their treatment is, and the decisions that bear them.

use crate::document::Request;
use crate::document::decisions::{Phase, decision_rows};
use crate::document::ratings::{Pair, above_appetite, gravest};
use crate::document::reviewed::Reviewed;
use crate::document::table::{Cell, Column, Layout, Table};
use crate::document::words::{approval_mark, days_left, share};
use crate::model::{Kind, Rate};
use crate::reconcile::Register;

const RISKS: &[Column] = &[
    Column::new("risk", "Risk").tight(),
    Column::beneath("title", ""),
    Column::new("before", "Level"),
    Column::new("after", "After treatment"),
    Column::beneath("above_appetite", ""),
    Column::new("treatment", "Treatment"),
    Column::new("steps_past", "Steps past their day"),
    Column::new("review", "Review").tight(),
    Column::new("owner", "Owner").tight(),
    Column::new("approval", "Approval").tight(),
];

/// Lists every risk that lives, the gravest first.
pub(super) fn risk_table(register: &Register<'_>) -> Table {
    let rows = gravest(register).into_iter().map(|record| {
        let risk = &record.spec;
        let after = risk.residual.as_ref().map(Pair::of);
        let past = risk
            .plan
            .iter()
            .filter(|step| days_left(register, step.due.value) < 0);
        let past = Rate {
            numerator: past.count() as u64,
            denominator: risk.plan.len() as u64,
        };
        let reviewed = Reviewed::of(register, &record.meta, Some(risk.reviewed.value), None);
        let [review, ..] = reviewed.cells(register);
        vec![
            Cell::shown(record.id()),
            Cell::text(record.meta.title.as_str()),
            Cell::text(Pair::before_treatment(risk).level_words(register)),
            after.map_or_else(
                || Cell::text("not recorded"),
                |after| Cell::text(after.level_words(register)),
            ),
            after.map_or(Cell::Empty, |after| above_appetite(register, after)),
            Cell::text(risk.treatment.word()),
            Cell::text(share(register, past).basis()),
            review,
            Cell::shown(&record.meta.owner),
            Cell::Mark(approval_mark(register, Kind::Risk, record.id())),
        ]
    });
    Table {
        name: "risks",
        caption: "Risks, the gravest after treatment first".into(),
        layout: Layout::Plain,
        columns: RISKS,
        rows: rows.collect(),
        when_empty: "No risk is recorded.",
    }
}

const DECISIONS: &[Column] = &[
    Column::new("kind", "Kind of decision"),
    Column::new("active", "In force"),
    Column::new("expiring", "of these ending in 30 days"),
    Column::new("expired", "Expired, not closed"),
    Column::new("not_approved", "Not approved"),
    Column::new("covered", "Findings under them"),
    Column::new("lapsed", "Findings open since one ended"),
];

/// Counts exceptions and acceptances by how they stand.
pub(super) fn decision_table(request: &Request<'_>) -> Table {
    let all = decision_rows(request);
    let kinds = [
        ("Exceptions", Kind::Exception),
        ("Risk acceptances", Kind::RiskAcceptance),
    ];
    let rows = kinds.into_iter().map(|(word, kind)| {
        let of_kind = || all.iter().filter(move |row| row.body.kind() == kind);
        let count =
            |wanted: &[Phase]| Cell::count(of_kind().filter(|row| wanted.contains(&row.phase)).count());
        vec![
            Cell::text(word),
            count(&[Phase::Active, Phase::Expiring]),
            count(&[Phase::Expiring]),
            count(&[Phase::Expired]),
            count(&[Phase::NotApproved]),
            Cell::count(of_kind().map(|row| row.bearing.covered).sum::<u64>()),
            Cell::count(of_kind().map(|row| row.bearing.lapsed).sum::<u64>()),
        ]
    });
    Table {
        name: "decisions",
        caption: "Decisions that bear a risk for a time; D02 and D03 list each".into(),
        layout: Layout::Plain,
        columns: DECISIONS,
        rows: rows.collect(),
        when_empty: "",
    }
}
