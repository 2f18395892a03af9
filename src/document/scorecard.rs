//! D14, the executive scorecard: a few figures against their targets, the gravest risks, the decisions that end.

use serde::Serialize;

use super::cover::each_once;
use super::decisions::{DecisionRow, EXPIRING_DAYS, Phase, decision_rows};
use super::measures::{
    COUNTED, RATES, counted, in_words, label, month_figure, month_name, month_table, shown,
};
use super::ratings::{Pair, gravest};
use super::table::{Cell, Column, Layout, Table};
use super::targets::{Against, against, objectives, target_cells};
use super::words::{approval_mark, days_left};
use super::{DocumentKind, Request, View, values};
use crate::model::{Kind, Record, RecordId, Risk};
use crate::reconcile::{Kpi, Month, Register};

/// The executive scorecard.
pub(super) const D14: DocumentKind = DocumentKind {
    id: "D14",
    slug: "scorecard",
    title: "Executive scorecard",
    audience: "board, senior management",
    purpose: "Do we keep what we promised, which risks are the gravest, and which decisions end.",
    template: "D14.md",
    tables: &["scorecard", "risks", "decisions", "months"],
    view,
};

/// Figures that a scorecard has.
const MOST_FIGURES: usize = 8;
/// Risks that it lists; the risk register lists all.
const MOST_RISKS: usize = 3;
/// Decisions that it lists; D02 lists all.
const MOST_DECISIONS: usize = 4;
/// Months that stand beside a figure for machines; of these the last two on the page.
const MOST_MONTHS: usize = 3;

/// What fills the places that no objective asks for.
const DEFAULTS: [&str; 5] = [
    "host_compliance",
    "scan_coverage",
    "open_age_median",
    "mttp_median",
    "exception_volume",
];

/// The single values of the view.
#[derive(Serialize)]
struct Scorecard {
    figures: usize,
    objectives_met: usize,
    objectives_missed: usize,
    objectives_not_judged: usize,
    without_target: usize,
    risks: usize,
    expired: usize,
    expiring: usize,
    decisions_shown: usize,
    soon_days: i64,
}

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let names = names(register);
    let judged: Vec<Against> = names.iter().map(|name| against(register, name)).collect();
    let of = |wanted: Against| judged.iter().filter(|one| **one == wanted).count();
    let risks = gravest(register);
    let decisions = ending(request);
    let of_phase = |phase| decisions.iter().filter(|row| row.phase == phase).count();
    let (risk_rows, decision_rows) = (risk_table(register, &risks), decision_table(register, &decisions));
    let card = Scorecard {
        figures: names.len(),
        objectives_met: of(Against::Met),
        objectives_missed: of(Against::Missed),
        objectives_not_judged: of(Against::NotJudged),
        without_target: of(Against::NoTarget),
        risks: risks.len(),
        expired: of_phase(Phase::Expired),
        expiring: of_phase(Phase::Expiring),
        decisions_shown: decision_rows.rows.len(),
        soon_days: EXPIRING_DAYS,
    };
    View {
        classification: "confidential",
        values: values(&card),
        underlying: underlying(register, &risks, &decisions),
        tables: vec![
            figure_table(register, &names),
            risk_rows,
            decision_rows,
            month_table(register),
        ],
        figures: vec![month_figure(register)],
    }
}

fn underlying(
    register: &Register<'_>,
    risks: &[&Record<Risk>],
    decisions: &[DecisionRow<'_>],
) -> Vec<(Kind, RecordId)> {
    let isms = register.repository.isms.iter();
    let mut underlying: Vec<(Kind, RecordId)> = isms.map(|isms| (Kind::Isms, isms.id().clone())).collect();
    let risks = risks.iter().take(MOST_RISKS);
    underlying.extend(risks.map(|risk| (Kind::Risk, risk.id().clone())));
    let decisions = decisions.iter().take(MOST_DECISIONS);
    underlying.extend(decisions.map(|row| (row.body.kind(), row.meta.id.value.clone())));
    each_once(underlying)
}

/// Chooses the figures: the three rates, then those that have a target, then the usual ones.
fn names(register: &Register<'_>) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = RATES.iter().take(3).map(|(name, _)| *name).collect();
    let has_target = |name: &&&'static str| !objectives(register, name).is_empty();
    let with_target = register.kpis.keys().filter(has_target).copied();
    for name in with_target.chain(DEFAULTS) {
        if names.len() < MOST_FIGURES && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

const SCORECARD: &[Column] = &[
    Column::new("label", "Figure"),
    Column::data("name"),
    Column::new("shown", "Value").tight(),
    COUNTED[0],
    COUNTED[1],
    COUNTED[2],
    COUNTED[3],
    Column::new("target", "Target").tight(),
    Column::new("against", "Against the target").tight(),
    Column::new("trend", "Month before, and the last").wide(),
    Column::data("direction"),
    Column::data("months"),
    Column::new("definition", "What over what").wide(),
];

fn figure_table(register: &Register<'_>, names: &[&'static str]) -> Table {
    let rows = names.iter().map(|name| {
        let kpi = register.kpis.get(name);
        let mut row = vec![Cell::text(label(name)), Cell::text(*name), shown(register, kpi)];
        row.extend(counted(kpi));
        row.extend(target_cells(register, name));
        let known = known_months(register, name);
        let months: Vec<String> = known
            .iter()
            .map(|(month, kpi)| format!("{}: {}", month_name(month), in_words(register, kpi)))
            .collect();
        let direction = direction(&known);
        let latest = months[months.len().saturating_sub(2)..].join("; ");
        row.push(Cell::text(match direction {
            Some(direction) => format!("{direction}: {latest}"),
            None if latest.is_empty() => "no month known".to_owned(),
            None => format!("no month before; {latest}"),
        }));
        row.push(Cell::maybe(direction));
        row.push(Cell::list(months));
        row.push(Cell::maybe(kpi.map(|kpi| kpi.title)));
        row
    });
    let period = register.period;
    Table {
        name: "scorecard",
        caption: format!("Figures of the period {} to {}", period.from, period.to),
        layout: Layout::Plain,
        columns: SCORECARD,
        rows: rows.collect(),
        when_empty: "",
    }
}

/// Returns the latest months in which a figure was counted over something, the oldest first.
fn known_months<'a>(register: &'a Register<'_>, name: &str) -> Vec<(&'a Month, &'a Kpi)> {
    let figure = |month: &'a Month| {
        let kpi = month.figures.get(name)?;
        kpi.exact().map(|_| (month, kpi))
    };
    let mut known: Vec<_> = register.months.iter().filter_map(figure).collect();
    known.drain(..known.len().saturating_sub(MOST_MONTHS));
    known
}

/// Compares the last two months; whether that is good only a target can tell.
fn direction(known: &[(&Month, &Kpi)]) -> Option<&'static str> {
    let [.., (_, before), (_, last)] = known else {
        return None;
    };
    let ((before, of), (last, over)) = before.exact().zip(last.exact())?;
    let (last, before) = (
        u128::from(last) * u128::from(of),
        u128::from(before) * u128::from(over),
    );
    Some(match last.cmp(&before) {
        std::cmp::Ordering::Greater => "up",
        std::cmp::Ordering::Equal => "level",
        std::cmp::Ordering::Less => "down",
    })
}

const RISKS: &[Column] = &[
    Column::new("risk", "Risk").tight(),
    Column::new("title", "What it is").wide(),
    Column::new("before", "Level"),
    Column::new("after", "After treatment"),
    Column::new("treatment", "Treatment"),
    Column::new("owner", "Owner").tight(),
    Column::new("reviewed", "Reviewed").tight(),
    Column::new("approval", "Approval").tight(),
];

fn risk_table(register: &Register<'_>, risks: &[&Record<Risk>]) -> Table {
    let level = |pair: Pair<'_>| Cell::text(pair.level_words(register));
    let rows = risks.iter().take(MOST_RISKS).map(|record| {
        let risk = &record.spec;
        let after = risk.residual.as_ref().map(Pair::of);
        vec![
            Cell::shown(record.id()),
            Cell::text(record.meta.title.as_str()),
            level(Pair::before_treatment(risk)),
            after.map_or_else(|| Cell::text("not recorded"), level),
            Cell::text(risk.treatment.word()),
            Cell::shown(&record.meta.owner),
            Cell::shown(risk.reviewed),
            Cell::Mark(approval_mark(register, Kind::Risk, record.id())),
        ]
    });
    Table {
        name: "risks",
        caption: format!(
            "The gravest {} of {} recorded risks, by what remains after treatment",
            risks.len().min(MOST_RISKS),
            risks.len()
        ),
        layout: Layout::Plain,
        columns: RISKS,
        rows: rows.collect(),
        when_empty: "No risk is recorded.",
    }
}

/// Returns the decisions that have ended without being closed, then those that end soon, by their last day.
fn ending<'a>(request: &Request<'a>) -> Vec<DecisionRow<'a>> {
    let mut rows = decision_rows(request);
    rows.retain(|row| matches!(row.phase, Phase::Expired | Phase::Expiring));
    rows.sort_by_key(|row| (row.expires, row.meta.id.value.clone()));
    rows
}

const DECISIONS: &[Column] = &[
    Column::new("decision", "Decision").tight(),
    Column::new("title", "What it is").wide(),
    Column::new("state", "State").tight(),
    Column::new("expires", "Last day").tight(),
    Column::new("days_left", "Days left"),
    Column::new("findings", "Findings that it covers"),
    Column::new("findings_lapsed", "Findings open since it ended"),
    Column::new("owner", "Owner").tight(),
];

fn decision_table(register: &Register<'_>, decisions: &[DecisionRow<'_>]) -> Table {
    let rows = decisions.iter().take(MOST_DECISIONS).map(|row| {
        vec![
            Cell::shown(&row.meta.id.value),
            Cell::text(row.meta.title.as_str()),
            Cell::Mark(row.mark),
            Cell::maybe_shown(row.expires),
            row.expires
                .map_or(Cell::Empty, |expires| Cell::Number(days_left(register, expires))),
            Cell::count(row.bearing.covered),
            Cell::count(row.bearing.lapsed),
            Cell::shown(&row.meta.owner),
        ]
    });
    Table {
        name: "decisions",
        caption: format!("Exceptions and acceptances that have expired or end within {EXPIRING_DAYS} days"),
        layout: Layout::Plain,
        columns: DECISIONS,
        rows: rows.collect(),
        when_empty: "No decision has expired, and none ends soon.",
    }
}
