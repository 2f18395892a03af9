//! The longest time that a regulation leaves, which no approval lengthens.

use chrono::Months;

use super::not_permitted::{CHECK, Case};
use crate::check::Context;
use crate::check::words::excerpt;
use crate::diagnostic::Diagnostic;
use crate::model::{CapStart, Date, Record, Regulation, RegulationCap, System};

/// Finds each regulation whose time an exception outlasts.
pub(super) fn beyond_caps(context: &Context<'_>, case: &Case<'_>) -> Vec<Diagnostic> {
    let Some(isms) = &context.repository().isms else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    for regulation in &isms.spec.regulations {
        let is_tagged = |system: &&&Record<System>| system.spec.regulations.contains(&regulation.tag);
        let Some(system) = case.systems.iter().find(is_tagged) else {
            continue;
        };
        let of_severity = regulation.caps.iter().filter(|cap| cap.severity == case.severity);
        faults.extend(of_severity.filter_map(|cap| beyond(context, case, (regulation, cap), system)));
    }
    faults
}

fn beyond(
    context: &Context<'_>,
    case: &Case<'_>,
    (regulation, cap): (&Regulation, &RegulationCap),
    system: &Record<System>,
) -> Option<Diagnostic> {
    let (from, since) = start(context, case, cap.from);
    let (last, time) = match (cap.days, cap.months) {
        (Some(days), _) => (from.plus_days(i64::from(days)), format!("{days}-day")),
        (None, Some(months)) => (
            Date(from.0.checked_add_months(Months::new(months))?),
            format!("{months}-month"),
        ),
        (None, None) => return None,
    };
    let expires = case.exception.spec.expires;
    if expires.value <= last {
        return None;
    }
    let message = format!(
        "exception `{}` runs to {} d after {since} on {from}, against the {time} cap of `{}` for {} on `{}`",
        case.exception.id(),
        expires.days_since(from),
        excerpt(&regulation.id),
        case.severity,
        system.id()
    );
    Some(
        Diagnostic::error(CHECK.code, expires.span, message)
            .label(format!("{} d beyond the cap", expires.days_since(last)))
            .help(format!(
                "let it end on {last} at the latest: no approval lengthens what a regulation leaves"
            )),
    )
}

/// Returns the day from which a cap runs and what happened on it.
///
/// Where no export says, the exception's own first day counts: it was not granted before the patch was out.
fn start(context: &Context<'_>, case: &Case<'_>, from: CapStart) -> (Date, &'static str) {
    let zone = context.as_of().zone();
    let released = case
        .findings
        .iter()
        .filter_map(|finding| finding.patch_published)
        .min();
    let detected = case
        .findings
        .iter()
        .map(|finding| zone.day_of(finding.first_seen))
        .min();
    let spec = &case.exception.spec;
    let granted = spec
        .first_granted
        .map_or(spec.starts.value, |first| first.value.min(spec.starts.value));
    let known = match from {
        CapStart::PatchReleased => released
            .map(|day| (day, "the patch came out"))
            .or(detected.map(|day| (day, "it was first detected"))),
        CapStart::FirstDetected => detected.map(|day| (day, "it was first detected")),
    };
    known.unwrap_or((granted, "it was first granted"))
}
