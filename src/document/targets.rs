//! Figures against the targets of the Isms.

use super::table::{Cell, Mark, Tone};
use crate::model::{Objective, Target};
use crate::reconcile::{Kpi, Register};

/// How a figure stands against its targets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Against {
    Met,
    Missed,
    /// There is a target, and either it cannot be read or there is no figure to judge.
    NotJudged,
    NoTarget,
}

impl Against {
    /// Returns it as a cell; without a target there is nothing to say.
    pub(super) fn cell(self) -> Cell {
        let (word, rank, tone) = match self {
            Self::Met => ("met", 2, Tone::Good),
            Self::Missed => ("missed", 0, Tone::Bad),
            Self::NotJudged => ("not_judged", 1, Tone::Warning),
            Self::NoTarget => return Cell::Empty,
        };
        Cell::Mark(Mark { word, rank, tone })
    }
}

/// Returns the objectives for a figure.
pub(super) fn objectives<'a>(register: &Register<'a>, name: &str) -> Vec<&'a Objective> {
    let isms = register.repository.isms.as_ref();
    let all = isms.into_iter().flat_map(|isms| &isms.spec.objectives);
    all.filter(|objective| objective.kpi == name).collect()
}

/// Judges a figure by one target, without rounding.
pub(super) fn judged(register: &Register<'_>, objective: &Objective) -> Against {
    let exact = register.kpis.get(objective.kpi.as_str()).and_then(Kpi::exact);
    match (Target::parse(&objective.target), exact) {
        (Some(target), Some((numerator, denominator))) if target.is_met(numerator, denominator) => {
            Against::Met
        }
        (Some(_), Some(_)) => Against::Missed,
        (None, _) | (_, None) => Against::NotJudged,
    }
}

/// Judges a figure by all its targets; one that is missed decides.
pub(super) fn against(register: &Register<'_>, name: &str) -> Against {
    let objectives = objectives(register, name);
    let judged: Vec<Against> = objectives
        .iter()
        .map(|objective| judged(register, objective))
        .collect();
    if judged.is_empty() {
        Against::NoTarget
    } else if judged.contains(&Against::Missed) {
        Against::Missed
    } else if judged.contains(&Against::NotJudged) {
        Against::NotJudged
    } else {
        Against::Met
    }
}

/// Returns two cells: the targets of a figure, and how it stands against them.
pub(super) fn target_cells(register: &Register<'_>, name: &str) -> [Cell; 2] {
    let objectives = objectives(register, name);
    let targets = objectives
        .iter()
        .map(|objective| format!("{} ({})", objective.target, objective.id));
    let told = if objectives.is_empty() {
        Cell::text("no target recorded")
    } else {
        Cell::list(targets)
    };
    [told, against(register, name).cell()]
}
