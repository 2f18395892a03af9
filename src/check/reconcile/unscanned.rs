//! REC004: a host in scope that no good scan has seen in time.

use super::place;
use crate::check::words::excerpt;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::reconcile::HostRow;
use crate::source::Span;

pub(in crate::check) const CHECK: Check = Check {
    code: "REC004",
    name: "unscanned-host",
    family: Family::Reconcile,
    level: Level::Error,
    parameters: &[Parameter {
        name: "max_age_days",
        default: Default::Number(7),
        meaning: "days after which a scan no longer counts, where no Policy says so under `scanning`",
    }],
    explanation: include_str!("unscanned.md"),
    run,
};

/// What the strictest Policy in force asks for.
struct Cadence {
    max_age_days: i64,
    authenticated: bool,
    policy: Option<(String, Span)>,
}

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let cadence = cadence(context);
    out.extend(
        context
            .register
            .hosts
            .iter()
            .filter(|host| host.counts)
            .filter_map(|host| judge(context, &cadence, host)),
    );
}

fn cadence(context: &Context<'_>) -> Cadence {
    let policies: Vec<_> = context
        .repository()
        .policies
        .iter()
        .filter(|policy| policy.meta.is_live())
        .collect();
    let strictest = policies
        .iter()
        .min_by_key(|policy| policy.spec.scanning.max_age_days);
    Cadence {
        max_age_days: strictest.map_or_else(
            || context.number("max_age_days"),
            |policy| policy.spec.scanning.max_age_days.into(),
        ),
        authenticated: policies.iter().any(|policy| policy.spec.scanning.authenticated),
        policy: strictest.map(|policy| (policy.id().to_string(), policy.meta.id.span)),
    }
}

fn judge(context: &Context<'_>, cadence: &Cadence, host: &HostRow) -> Option<Diagnostic> {
    let as_of = context.as_of();
    let zone = as_of.zone();
    let max = cadence.max_age_days;
    let what = if cadence.authenticated {
        "authenticated scan"
    } else {
        "scan"
    };
    let name = excerpt(&host.id);
    let (message, label) = match host.last_qualifying_scan.map(|at| zone.day_of(at)) {
        Some(last) => {
            let age = as_of.day().days_since(last);
            if age <= max {
                return None;
            }
            (
                format!("the last {what} of `{name}` is too old: {age} d > {max} d"),
                format!("scanned on {last}"),
            )
        }
        None => {
            let other = host
                .last_scan
                .map(|at| format!("last seen without it on {}", zone.day_of(at)));
            (
                format!("`{name}` has no {what} at all: one each {max} d is asked for"),
                other.unwrap_or_else(|| "no scan names it".into()),
            )
        }
    };
    let mut diagnostic = Diagnostic::error(CHECK.code, place(context, host.system.as_ref()), message)
        .label(label)
        .help("scan it and import the export, or retire it in the inventory: not scanned is not compliant")
        .subject(host.id.to_string());
    if let Some((policy, span)) = &cadence.policy {
        diagnostic = diagnostic.related(*span, format!("`{policy}` asks for it under `scanning`"));
    }
    Some(diagnostic)
}
