//! SLA001: a matrix with holes, out of order, or against what the Policy says.

use std::collections::BTreeMap;

use super::windows::{Windows, against_windows};
use crate::check::words::{excerpt, listed};
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Isms, MatrixCell, Policy, Record, Severity, Sla, TimeUnit};
use crate::source::{Span, Spanned};

pub(in crate::check) const CHECK: Check = Check {
    code: "SLA001",
    name: "contradictory-matrix",
    family: Family::Sla,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("matrix.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    let windows = Windows::of(context);
    for sla in repository.slas.iter().filter(|sla| sla.meta.is_live()) {
        let mut faults = Vec::new();
        if let Some(isms) = &repository.isms {
            holes(isms, sla, &mut faults);
            order(isms, sla, &mut faults);
        }
        for policy in repository.policies.iter().filter(|policy| policy.meta.is_live()) {
            against_policy(policy, sla, &mut faults);
        }
        if let Some(windows) = &windows {
            against_windows(context, windows, sla, &mut faults);
        }
        out.extend(
            faults
                .into_iter()
                .map(|fault| fault.subject(sla.id().to_string())),
        );
    }
}

type Cell = Spanned<MatrixCell>;

/// Returns the hours of a cell; business days are spread over their weeks. `None` without days and hours.
fn hours(cell: &MatrixCell) -> Option<i64> {
    let days = |days: u32| match cell.unit {
        Some(TimeUnit::Business) => i64::from(days) + 2 * i64::from(days / 5),
        Some(TimeUnit::Calendar) | None => i64::from(days),
    };
    cell.hours
        .map(i64::from)
        .or_else(|| cell.days.map(|number| days(number) * 24))
}

/// Writes `72 h`, `7 d` or `5 business d`.
pub(super) fn time(cell: &MatrixCell) -> String {
    let unit = if cell.unit == Some(TimeUnit::Business) {
        "business "
    } else {
        ""
    };
    match (cell.hours, cell.days) {
        (Some(hours), _) => format!("{hours} {unit}h"),
        (None, Some(days)) => format!("{days} {unit}d"),
        (None, None) => "no time".into(),
    }
}

pub(super) fn name(cell: &MatrixCell) -> String {
    format!("{}/{}", cell.severity, excerpt(&cell.tier))
}

fn holes(isms: &Record<Isms>, sla: &Record<Sla>, out: &mut Vec<Diagnostic>) {
    let matrix = &sla.spec.matrix;
    let mut first_of: BTreeMap<(Severity, &str), &Cell> = BTreeMap::new();
    for cell in matrix.iter() {
        let Some(first) = first_of.get(&(cell.severity, cell.tier.as_str())) else {
            first_of.insert((cell.severity, &cell.tier), cell);
            continue;
        };
        out.push(
            Diagnostic::error(
                CHECK.code,
                cell.span,
                format!("the cell {} is there twice", name(cell)),
            )
            .related(first.span, format!("first here with {}", time(first)))
            .help("keep one of the two"),
        );
    }
    for severity in isms.spec.severities.iter() {
        for tier in &isms.spec.tiers {
            if !first_of.contains_key(&(*severity, tier.id.as_str())) {
                let message = format!(
                    "the matrix of `{}` has no cell {severity}/{}",
                    sla.id(),
                    excerpt(&tier.id)
                );
                out.push(Diagnostic::error(CHECK.code, matrix.span, message).help(format!(
                    "add `{{severity: {severity}, tier: {}, days: …}}`",
                    excerpt(&tier.id)
                )));
            }
        }
    }
    for cell in matrix
        .iter()
        .filter(|cell| !isms.spec.severities.contains(&cell.severity))
    {
        let message = format!(
            "the cell {} has no effect: the Isms does not use its severity",
            name(cell)
        );
        out.push(
            Diagnostic::error(CHECK.code, cell.span, message)
                .help(format!("severities are {}", listed(isms.spec.severities.iter()))),
        );
    }
}

/// The graver and the more critical never has more time.
fn order(isms: &Record<Isms>, sla: &Record<Sla>, out: &mut Vec<Diagnostic>) {
    let cell = |severity: Severity, tier: &str| {
        sla.spec
            .matrix
            .iter()
            .find(|cell| cell.severity == severity && cell.tier == tier)
    };
    let (severities, tiers) = (&isms.spec.severities.value, &isms.spec.tiers);
    for tier in tiers {
        for pair in severities.windows(2) {
            compare(cell(pair[0], &tier.id), cell(pair[1], &tier.id), "graver", out);
        }
    }
    for severity in severities {
        for pair in tiers.windows(2) {
            compare(
                cell(*severity, &pair[0].id),
                cell(*severity, &pair[1].id),
                "more critical",
                out,
            );
        }
    }
}

fn compare(stricter: Option<&Cell>, looser: Option<&Cell>, word: &str, out: &mut Vec<Diagnostic>) {
    let (Some(stricter), Some(looser)) = (stricter, looser) else {
        return;
    };
    let (Some(hours), Some(limit)) = (hours(stricter), hours(looser)) else {
        return;
    };
    if hours <= limit {
        return;
    }
    let message = format!(
        "{} has more time than {}: {} > {}",
        name(stricter),
        name(looser),
        time(stricter),
        time(looser)
    );
    out.push(
        Diagnostic::error(CHECK.code, stricter.span, message)
            .label(format!("the {word} of the two"))
            .related(looser.span, "the other one is here")
            .help(format!("give {} at most {}", name(stricter), time(looser))),
    );
}

fn against_policy(policy: &Record<Policy>, sla: &Record<Sla>, out: &mut Vec<Diagnostic>) {
    let cells = &sla.spec.matrix.value;
    for cadence in policy
        .spec
        .cadence
        .iter()
        .filter(|cadence| !cadence.emergency_lane)
    {
        let days = i64::from(cadence.cycle.value.days());
        if let Some(cell) = tightest(cells, days * 24, |cell| cell.tier == cadence.tier.value) {
            let message = format!(
                "cadence cannot meet SLA: {} has {}, its tier is patched every {days} d",
                name(cell),
                time(cell)
            );
            let help = "patch the tier more often, or open an emergency lane: `emergency_lane: true`";
            out.push(contradiction(cell, message, cadence.cycle.span, policy, help));
        }
    }
    for adoption in &policy.spec.adoption {
        let Some(delay) = adoption.delay_days.map(i64::from) else {
            continue;
        };
        if let Some(cell) = tightest(cells, delay * 24, |_| true) {
            let message = format!(
                "adoption delay exceeds SLA: {} has {}, `{}` waits {delay} d",
                name(cell),
                time(cell),
                excerpt(&adoption.class)
            );
            let help = "shorten `delay_days`; a condition in words does not count";
            out.push(contradiction(cell, message, policy.meta.id.span, policy, help));
        }
    }
    for threshold in &policy.spec.auto_install {
        let within = i64::from(threshold.within_hours.value);
        if let Some(cell) = tightest(cells, within, |cell| cell.severity == threshold.severity) {
            let message = format!(
                "automatic threshold later than SLA: {} has {}, it installs within {within} h",
                name(cell),
                time(cell)
            );
            let help = "lower `within_hours` to the time of the cell";
            out.push(contradiction(
                cell,
                message,
                threshold.within_hours.span,
                policy,
                help,
            ));
        }
    }
}

/// Returns the cell with the least time of those that have less than some hours.
fn tightest(cells: &[Cell], than: i64, fits: impl Fn(&MatrixCell) -> bool) -> Option<&Cell> {
    let timed = cells
        .iter()
        .filter(|cell| fits(cell))
        .filter_map(|cell| Some((hours(cell)?, cell)));
    timed
        .filter(|(hours, _)| *hours < than)
        .min_by_key(|(hours, _)| *hours)
        .map(|(_, cell)| cell)
}

fn contradiction(
    cell: &Cell,
    message: String,
    place: Span,
    policy: &Record<Policy>,
    help: &str,
) -> Diagnostic {
    Diagnostic::error(CHECK.code, cell.span, message)
        .related(place, format!("`{}` says so", policy.id()))
        .help(help)
}
