//! LEG004: an unsupported System that nothing shields, or that nobody watches.

use std::collections::BTreeMap;

use super::{acceptances, governed, is_unsupported};
use crate::check::words::excerpt;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Compensating, Date, FeasibilityOption, Record, System};
use crate::source::{Span, Spanned};

pub(in crate::check) const CHECK: Check = Check {
    code: "LEG004",
    name: "compensate-and-monitor-missing",
    family: Family::Legacy,
    level: Level::Error,
    parameters: &[Parameter {
        name: "verify_days",
        default: Default::Number(90),
        meaning: "days for which the verification of a compensating control counts",
    }],
    explanation: include_str!("compensate_and_monitor.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    for system in governed(context) {
        let feasibility = system
            .spec
            .lifecycle
            .as_ref()
            .and_then(|lifecycle| lifecycle.feasibility.as_ref());
        let isolates =
            feasibility.is_some_and(|feasibility| feasibility.option == FeasibilityOption::Isolate);
        let is_unsupported = is_unsupported(context, system);
        if isolates || is_unsupported {
            shielded(context, system, isolates, out);
        }
        if is_unsupported {
            out.extend(watched(system));
        }
    }
}

fn fault(system: &Record<System>, span: Span, message: String, label: &str, help: String) -> Diagnostic {
    Diagnostic::error(CHECK.code, span, message)
        .label(label)
        .help(help)
        .subject(system.id().to_string())
}

/// Flags a System without compensating controls, and each of them that was not looked at for too long.
///
/// A control may stand in the System and again in its acceptance; of each type the newest verification counts.
fn shielded(context: &Context<'_>, system: &Record<System>, isolates: bool, out: &mut Vec<Diagnostic>) {
    let mut newest: BTreeMap<&str, Option<Spanned<Date>>> = BTreeMap::new();
    let own = system
        .spec
        .lifecycle
        .iter()
        .flat_map(|lifecycle| &lifecycle.compensating);
    let accepted = acceptances(context, system);
    let with_acceptance = accepted
        .iter()
        .flat_map(|acceptance| &acceptance.spec.compensating);
    let controls: Vec<&Compensating> = own.chain(with_acceptance).collect();
    for control in &controls {
        let known = newest.entry(&control.control_type).or_default();
        let is_newer = control
            .verified_at
            .is_some_and(|at| known.is_none_or(|known| at.value > known.value));
        if is_newer {
            *known = control.verified_at;
        }
    }
    let max = context.number("verify_days");
    let help = format!(
        "write one under `lifecycle.compensating` with `type`, `description`, `assessed_by` and a `verified_at` \
         within {max} d"
    );
    if newest.is_empty() {
        let why = if isolates {
            "is to be isolated"
        } else {
            "has no support"
        };
        let message = format!("`{}` {why}, and no compensating control shields it", system.id());
        out.push(fault(system, system.meta.id.span, message, "no control", help));
        return;
    }
    for (name, verified) in newest {
        let name = excerpt(name);
        let (span, what) = match verified {
            None => (system.meta.id.span, "was never verified".to_owned()),
            Some(at) => {
                let age = context.as_of().day().days_since(at.value);
                if age < 0 {
                    (
                        at.span,
                        format!("is verified on {at}, a day that is still to come"),
                    )
                } else if age > max {
                    (at.span, format!("has a verification {age} d old: {age} > {max}"))
                } else {
                    continue;
                }
            }
        };
        let message = format!("the control `{name}` of `{}` {what}", system.id());
        let help = format!(
            "look whether it still shields the System, and write the day under `verified_at`; {max} d count"
        );
        out.push(fault(
            system,
            span,
            message,
            "this is what stands between it and an attacker",
            help,
        ));
    }
}

/// Flags an unsupported System without sensors on its hosts or its network.
fn watched(system: &Record<System>) -> Option<Diagnostic> {
    let is_watched = system
        .spec
        .monitoring
        .as_ref()
        .is_some_and(|monitoring| monitoring.edr || monitoring.nta);
    if is_watched {
        return None;
    }
    let message = format!("`{}` has no support, and nothing watches it", system.id());
    let help = "write `monitoring` with `edr` for sensors on its hosts or `nta` for its network traffic, and how often \
                somebody looks (`review_days`)";
    Some(fault(
        system,
        system.meta.id.span,
        message,
        "neither `monitoring.edr` nor `monitoring.nta`",
        help.into(),
    ))
}
