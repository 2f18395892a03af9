//! D10, the evidence-to-control matrix: for which control and month there is proof, where it lies, and what is missing.

mod grid;
mod pieces;

use serde::Serialize;

use super::cover::each_once;
use super::soa::current;
use super::table::{Cell, Column, Layout, Table};
use super::words::share;
use super::{DocumentKind, Request, View, values};
use crate::model::{Checkpoint, Evidence, Kind, Rate, Record, SoaEntry};
use crate::reconcile::Register;
use grid::{Line, Months, gap_table, lines, matrix_figure, matrix_table, uncovered_table};
use pieces::{Check, check, evidence_table, in_words, is_kept_long_enough};

/// The evidence-to-control matrix.
pub(in crate::document) const D10: DocumentKind = DocumentKind {
    id: "D10",
    slug: "evidence",
    title: "Evidence-to-control matrix",
    audience: "auditors",
    purpose: "For which control and month there is evidence, where it lies, whether it is unchanged, and what is missing.",
    template: "D10.md",
    tables: &["totals", "matrix", "gaps", "uncovered", "evidence"],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Matrix {
    statement: String,
    first_month: String,
    last_month: String,
    pieces: usize,
    left_out_later: usize,
    left_out_ended: usize,
    has_matrix: bool,
}

/// A control, or one of its checkpoints, with what proves it.
pub(super) struct Proof<'a> {
    pub(super) entry: &'a SoaEntry,
    pub(super) title: String,
    pub(super) checkpoint: Option<&'a Checkpoint>,
    /// A sentence a piece of the twelve months to the end of the period.
    pub(super) pieces: Vec<String>,
}

/// Lists every applicable control and checkpoint of the statement with what proves it.
pub(super) fn proofs<'a>(register: &Register<'a>) -> Vec<Proof<'a>> {
    let Some(soa) = current(register) else {
        return Vec::new();
    };
    let pieces: Vec<&Record<Evidence>> = usable(register).collect();
    let lines = lines(register, &soa.spec, &pieces, Months::to(register.period.to));
    let proof = |line: Line<'a>| Proof {
        entry: line.entry,
        checkpoint: line.checkpoint,
        pieces: pieces
            .iter()
            .filter(|piece| line.is_proved_by(piece.id().as_str()))
            .map(|piece| in_words(register, piece))
            .collect(),
        title: line.title,
    };
    lines.into_iter().map(proof).collect()
}

/// Returns the evidence that lives and was there at as-of.
fn usable<'a>(register: &Register<'a>) -> impl Iterator<Item = &'a Record<Evidence>> {
    let all = register.repository.evidence.iter();
    all.filter(|evidence| evidence.meta.is_live() && !is_later(register, evidence))
}

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let months = Months::to(register.period.to);
    let soa = current(register);
    let all = &register.repository.evidence;
    let (pieces, left_out): (Vec<&Record<Evidence>>, Vec<_>) = all
        .iter()
        .partition(|evidence| evidence.meta.is_live() && !is_later(register, evidence));
    let later = left_out.iter().filter(|evidence| evidence.meta.is_live()).count();
    let lines = soa.map_or_else(Vec::new, |soa| lines(register, &soa.spec, &pieces, months));
    let mut underlying: Vec<_> = all
        .iter()
        .map(|evidence| (Kind::Evidence, evidence.id().clone()))
        .collect();
    underlying.extend(soa.map(|soa| (Kind::Soa, soa.id().clone())));
    let figure = matrix_figure(&lines, months);
    View {
        classification: "confidential",
        values: values(&Matrix {
            statement: soa.map_or_else(
                || "none: there is no Statement of Applicability".to_owned(),
                |soa| format!("{} {}", soa.id(), super::force::version_of(&soa.meta)),
            ),
            first_month: months.name(0),
            last_month: months.name(grid::MONTHS - 1),
            pieces: pieces.len(),
            left_out_later: later,
            left_out_ended: left_out.len() - later,
            has_matrix: figure.is_some(),
        }),
        tables: vec![
            totals(register, &lines, &pieces),
            matrix_table(&lines, months),
            gap_table(&lines, months),
            uncovered_table(soa.map(|soa| &soa.spec), &lines),
            evidence_table(register, &pieces),
        ],
        figures: figure.into_iter().collect(),
        underlying: each_once(underlying),
    }
}

/// Tells whether evidence was produced after as-of; it is counted, and not used.
fn is_later(register: &Register<'_>, evidence: &Record<Evidence>) -> bool {
    evidence.spec.produced_at.value.utc() > register.as_of.instant()
}

const TOTALS: &[Column] = &[
    Column::new("label", "Figure"),
    Column::new("rate", "Rate"),
    Column::new("meaning", "What it means"),
];

fn totals(register: &Register<'_>, lines: &[Line<'_>], pieces: &[&Record<Evidence>]) -> Table {
    let rate = |numerator: usize, denominator: usize| {
        Cell::Share(share(
            register,
            Rate {
                numerator: numerator as u64,
                denominator: denominator as u64,
            },
        ))
    };
    let controls: Vec<&Line<'_>> = lines.iter().filter(|line| line.checkpoint.is_none()).collect();
    let covered = controls.iter().filter(|line| line.has_any()).count();
    let asked: usize = lines.iter().map(Line::asked).sum();
    let missing: usize = lines.iter().map(|line| line.missing().count()).sum();
    let unchanged = pieces
        .iter()
        .filter(|piece| check(register, piece) == Check::Equal)
        .count();
    let kept = pieces
        .iter()
        .filter(|piece| is_kept_long_enough(register, piece))
        .count();
    let row = |label: &str, rate: Cell, meaning: &str| vec![Cell::text(label), rate, Cell::text(meaning)];
    Table {
        name: "totals",
        caption: "The evidence in figures".into(),
        layout: Layout::Cards,
        columns: TOTALS,
        rows: vec![
            row(
                "Applicable controls with evidence",
                rate(covered, controls.len()),
                "in the twelve months",
            ),
            row(
                "Months of checkpoints with evidence",
                rate(asked - missing, asked),
                "of those that a checkpoint asks for",
            ),
            row(
                "Evidence with its digest checked, and equal",
                rate(unchanged, pieces.len()),
                "the rest is in the last table",
            ),
            row(
                "Evidence kept as long as asked",
                rate(kept, pieces.len()),
                "by the policies and regulations",
            ),
        ],
        when_empty: "",
    }
}
