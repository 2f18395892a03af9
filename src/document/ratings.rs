//! Likelihood and impact: the level of a rating, and records counted in the risk matrix of the Isms.

use std::cmp::Reverse;

use super::figure::{Drawing, Figure, Grid, GridCell};
use super::table::{Cell, Column, Layout, Table};
use super::words::spaced;
use crate::model::{Record, RecordId, Risk, RiskMatrix, RiskRating};
use crate::reconcile::Register;

/// A likelihood and an impact, as a record tells them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Pair<'a> {
    pub(super) likelihood: &'a str,
    pub(super) impact: &'a str,
}

impl<'a> Pair<'a> {
    /// Takes the words of a rating.
    pub(super) fn of(rating: &'a RiskRating) -> Self {
        Self {
            likelihood: &rating.likelihood,
            impact: &rating.impact,
        }
    }

    /// Takes what a risk is rated before any treatment.
    pub(super) fn before_treatment(risk: &'a Risk) -> Self {
        Self {
            likelihood: &risk.likelihood,
            impact: &risk.impact,
        }
    }

    /// Returns the level that the matrix has for it.
    pub(super) fn level<'m>(self, register: &Register<'m>) -> Option<&'m str> {
        matrix(register)?.level(self.likelihood, self.impact)
    }

    /// Returns where its level stands among all, 0 for the lowest.
    pub(super) fn rank(self, register: &Register<'_>) -> Option<usize> {
        matrix(register)?.rank(self.level(register)?)
    }

    /// Tells whether it is above what the organisation is ready to bear; `None` where no appetite is recorded.
    ///
    /// A word that is on no scale names a risk that nobody knows, and so one above every appetite.
    pub(super) fn is_above_appetite(self, register: &Register<'_>) -> Option<bool> {
        let most = matrix(register)?.rank(appetite(register)?)?;
        Some(self.rank(register).is_none_or(|rank| rank > most))
    }

    /// Returns the level as a cell; what the matrix does not have is said.
    pub(super) fn level_cell(self, register: &Register<'_>) -> Cell {
        match matrix(register) {
            None => Cell::text("no matrix"),
            Some(_) => Cell::text(self.level(register).unwrap_or("not in the matrix")),
        }
    }

    /// Returns the level in a word, else the pair in words.
    pub(super) fn level_words(self, register: &Register<'_>) -> String {
        self.level(register).map_or_else(|| self.words(), spaced)
    }

    /// Returns the pair in words.
    pub(super) fn words(self) -> String {
        format!("{} × {}", self.likelihood, self.impact)
    }
}

/// Returns the risks that live, the gravest after treatment first.
///
/// What has no level is graver than all, since nobody knows it; so is a risk of which nobody says what is left.
pub(super) fn gravest<'a>(register: &Register<'a>) -> Vec<&'a Record<Risk>> {
    let records = register.repository.risks.iter();
    let mut risks: Vec<&Record<Risk>> = records.filter(|record| record.meta.is_live()).collect();
    let unknown_first = |rank: Option<usize>| (rank.is_some(), Reverse(rank));
    risks.sort_by_cached_key(|record| {
        let after = record.spec.residual.as_ref().map(Pair::of);
        (
            unknown_first(after.and_then(|after| after.rank(register))),
            unknown_first(Pair::before_treatment(&record.spec).rank(register)),
            record.id().clone(),
        )
    });
    risks
}

/// Returns the risk matrix, where the Isms has one.
pub(super) fn matrix<'a>(register: &Register<'a>) -> Option<&'a RiskMatrix> {
    register.repository.isms.as_ref()?.spec.risk_matrix.as_ref()
}

/// Returns the highest level that the organisation is ready to bear, where the Isms tells it.
pub(super) fn appetite<'a>(register: &Register<'a>) -> Option<&'a str> {
    matrix(register)?.appetite.as_deref()
}

/// Returns a rating with its level, where the matrix of the Isms has one for it.
pub(super) fn rating(register: &Register<'_>, rating: &RiskRating) -> String {
    let pair = Pair::of(rating);
    match pair.level(register) {
        Some(level) => format!("{level} ({})", pair.words()),
        None => pair.words(),
    }
}

/// Says that a rating is above the appetite, where it is.
pub(super) fn above_appetite(register: &Register<'_>, pair: Pair<'_>) -> Cell {
    match (pair.is_above_appetite(register), appetite(register)) {
        (Some(true), Some(appetite)) => Cell::text(format!("above the appetite ({appetite})")),
        (_, _) => Cell::Empty,
    }
}

/// Records with their rating; `None` where a record has none.
pub(super) struct Placed<'a> {
    /// What the figure and the table beneath it are called.
    pub(super) name: &'static str,
    /// What is rated, such as `Inherent risk`.
    pub(super) title: &'static str,
    /// What is counted, in the plural.
    pub(super) unit: &'static str,
    pub(super) records: Vec<(&'a RecordId, Option<Pair<'a>>)>,
}

impl Placed<'_> {
    fn at(&self, likelihood: &str, impact: &str) -> Vec<&RecordId> {
        let wanted = Some(Pair { likelihood, impact });
        let records = self.records.iter();
        records
            .filter(|(_, pair)| *pair == wanted)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Draws the records into the matrix, the highest likelihood on top; levels are told apart by pattern.
    pub(super) fn figure(&self, matrix: &RiskMatrix) -> Figure {
        let ranked = matrix.ranked();
        let cell = |likelihood: &str, impact: &str| {
            let level = matrix.level(likelihood, impact)?;
            Some(GridCell {
                count: self.at(likelihood, impact).len() as u64,
                step: ranked.iter().position(|word| *word == level)?,
            })
        };
        let row = |likelihood: &String| {
            let cells = matrix.impact.iter().map(|impact| cell(likelihood, impact));
            (likelihood.clone(), cells.collect())
        };
        Figure {
            name: self.name,
            title: format!("{} by likelihood and impact", self.title),
            unit: self.unit,
            drawing: Drawing::Grid(Grid {
                axes: ("Likelihood", "Impact"),
                columns: matrix.impact.clone(),
                rows: matrix.likelihood.iter().rev().map(row).collect(),
                steps: ranked.iter().map(|word| (*word).to_owned()).collect(),
            }),
        }
    }

    /// Lists every rating that a record has, the gravest first, with what the figure cannot show; the last row is the sum.
    pub(super) fn table(&self, register: &Register<'_>) -> Table {
        let mut pairs: Vec<Option<Pair<'_>>> = Vec::new();
        for (_, pair) in &self.records {
            if !pairs.contains(pair) {
                pairs.push(*pair);
            }
        }
        let place = |pair: &Option<Pair<'_>>| {
            let matrix = matrix(register)?;
            let of = |scale: &[String], word: &str| scale.iter().position(|known| known == word);
            let pair = (*pair)?;
            Some((
                pair.rank(register)?,
                of(&matrix.likelihood, pair.likelihood),
                of(&matrix.impact, pair.impact),
            ))
        };
        // What is on no scale stands first: nobody knows how grave it is.
        pairs.sort_by_key(|pair| (place(pair).is_some(), Reverse(place(pair))));
        let mut rows: Vec<Vec<Cell>> = pairs.iter().map(|pair| self.row(register, *pair)).collect();
        if !rows.is_empty() {
            let sum = Cell::count(self.records.len());
            rows.push(vec![
                Cell::text("All"),
                Cell::Empty,
                Cell::Empty,
                sum,
                Cell::Empty,
            ]);
        }
        Table {
            name: self.name,
            caption: format!("{}: {} by level", self.title, self.unit),
            layout: Layout::Plain,
            columns: RATINGS,
            rows,
            when_empty: "There is nothing to rate.",
        }
    }

    fn row(&self, register: &Register<'_>, pair: Option<Pair<'_>>) -> Vec<Cell> {
        let records = self.records.iter().filter(|(_, other)| *other == pair);
        let ids: Vec<&RecordId> = records.map(|(id, _)| *id).collect();
        vec![
            pair.map_or_else(|| Cell::text("not recorded"), |pair| pair.level_cell(register)),
            Cell::maybe(pair.map(|pair| pair.likelihood)),
            Cell::maybe(pair.map(|pair| pair.impact)),
            Cell::count(ids.len()),
            Cell::text(ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        ]
    }
}

const RATINGS: &[Column] = &[
    Column::new("level", "Level"),
    Column::new("likelihood", "Likelihood"),
    Column::new("impact", "Impact"),
    Column::new("number", "Number"),
    Column::new("records", "Records").wide(),
];
