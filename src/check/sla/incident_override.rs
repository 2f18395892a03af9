//! SLA004: an incident that overrides agreed times without approval, without reason, for too long, or to give more time.

use crate::check::words::excerpt;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Decision, Incident, Kind, MatrixCell, Record, Sla, SlaOverride, Status};
use crate::source::Span;

pub(in crate::check) const CHECK: Check = Check {
    code: "SLA004",
    name: "incident-override",
    family: Family::Sla,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "max_days",
            default: Default::Number(30),
            meaning: "days that an override lasts at most",
        },
        Parameter {
            name: "min_reason",
            default: Default::Number(20),
            meaning: "characters that its justification has at least",
        },
    ],
    explanation: include_str!("incident_override.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let asked = context.repository().incidents.iter();
    for incident in asked.filter(|incident| incident.meta.declared() == Status::Submitted) {
        let overrides = &incident.spec.sla_overrides;
        if overrides.is_empty() {
            continue;
        }
        let mut found = Vec::new();
        if !context
            .register
            .standings
            .of(Kind::Incident, incident.id())
            .counts()
        {
            found.push(
                Diagnostic::error(
                    CHECK.code,
                    overrides[0].from.span,
                    format!("the override of `{}` is not approved", incident.id()),
                )
                .label("agreed times stay as they are")
                .help(format!(
                    "have it approved: `countersign approve {}`",
                    incident.id()
                )),
            );
        }
        for one in overrides {
            by_itself(context, one, &mut found);
            found.extend(loosening(context, incident, one));
        }
        out.extend(
            found
                .into_iter()
                .map(|fault| fault.subject(incident.id().to_string())),
        );
    }
}

fn by_itself(context: &Context<'_>, one: &SlaOverride, out: &mut Vec<Diagnostic>) {
    let (from, to) = (one.from.value.utc(), one.to.value.utc());
    let most = context.number("max_days");
    let days = (to - from).num_days();
    if to <= from {
        let message = "the override ends before it begins";
        out.push(Diagnostic::error(CHECK.code, one.to.span, message).help("write a later `to`"));
    } else if to - from > chrono::TimeDelta::days(most) {
        let message = format!("the override lasts {days} d; at most {most} d are allowed");
        let help = "end it earlier, and change the agreement where the time shall stay";
        out.push(
            Diagnostic::error(CHECK.code, one.to.span, message)
                .related(one.from.span, "begins here")
                .help(help),
        );
    }
    let length = i64::try_from(one.justification.trim().chars().count()).unwrap_or(i64::MAX);
    if length < context.number("min_reason") {
        let message = format!(
            "the override says too little of why: `{}`",
            excerpt(&one.justification)
        );
        let help = "say what was seen, where, and by whom";
        out.push(Diagnostic::error(CHECK.code, one.from.span, message).help(help));
    }
}

/// An override that gives more time than a cell which it overrides is ignored unless senior management approved it.
fn loosening(context: &Context<'_>, incident: &Record<Incident>, one: &SlaOverride) -> Option<Diagnostic> {
    let (sla, _, span) =
        overridden(context, incident, one).find(|(_, cell, _)| i64::from(one.hours) > least_hours(cell))?;
    let rules = context.approval_rules();
    let seniors = rules.roles("senior_management");
    let standing = context.register.standings.of(Kind::Incident, incident.id());
    let by_senior = standing.decisions.iter().any(|decided| {
        decided.decision == Decision::Approve && decided.is_in_force() && seniors.contains(&decided.role)
    });
    let message = format!(
        "the override gives {} h for {}/{}, more than `{}` does",
        one.hours,
        one.severity,
        excerpt(&one.tier),
        sla.id()
    );
    let diagnostic = if by_senior {
        Diagnostic::info(CHECK.code, one.tier.span, message)
            .help("senior management has approved it; it counts")
    } else {
        Diagnostic::error(CHECK.code, one.tier.span, message)
            .label("it is ignored: senior management has not approved it")
            .help("give fewer hours, or have senior management approve it")
    };
    Some(diagnostic.related(span, "the cell is here"))
}

/// The cells that an override takes the place of, each with its agreement.
fn overridden<'a>(
    context: &Context<'a>,
    incident: &Record<Incident>,
    one: &SlaOverride,
) -> impl Iterator<Item = (&'a Record<Sla>, &'a MatrixCell, Span)> {
    let named = incident.spec.systems.iter();
    let slas: std::collections::BTreeSet<_> = named
        .filter_map(|system| context.register.sla_of(&system.value.0))
        .map(Record::id)
        .collect();
    let (severity, tier) = (one.severity, one.tier.value.clone());
    slas.into_iter()
        .filter_map(|id| context.repository().slas.get(id))
        .flat_map(|sla| sla.spec.matrix.iter().map(move |cell| (sla, cell)))
        .filter(move |(_, cell)| cell.severity == severity && cell.tier == tier)
        .map(|(sla, cell)| (sla, &cell.value, cell.span))
}

/// The hours that a cell gives at least: the day on which its clock starts may be over.
fn least_hours(cell: &MatrixCell) -> i64 {
    match (cell.hours, cell.days) {
        (Some(hours), _) => i64::from(hours),
        // To the end of the last day there is always more than the whole days.
        (None, Some(days)) => i64::from(days) * 24,
        (None, None) => 0,
    }
}
