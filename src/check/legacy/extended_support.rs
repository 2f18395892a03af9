//! LEG005: support that was bought beyond the end, and is over or soon will be.

use super::governed;
use crate::check::words::excerpt;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};

pub(in crate::check) const CHECK: Check = Check {
    code: "LEG005",
    name: "extended-support-ended",
    family: Family::Legacy,
    level: Level::Error,
    parameters: &[Parameter {
        name: "soon_days",
        default: Default::Number(90),
        meaning: "days before the end of extended support from which the coming end is a warning",
    }],
    explanation: include_str!("extended_support.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let day = context.as_of().day();
    for system in governed(context) {
        let support = system
            .spec
            .lifecycle
            .as_ref()
            .and_then(|lifecycle| lifecycle.extended_support.as_ref());
        let Some(support) = support else { continue };
        let (until, id) = (support.until, system.id());
        let left = until.value.days_since(day);
        let contract = support.reference.as_deref().map_or_else(
            || "no contract is named".into(),
            |name| format!("contract `{}`", excerpt(name)),
        );
        let diagnostic = if left < 0 {
            let message = format!(
                "the extended support of `{id}` ended on {until}: it counts as unsupported from {} on",
                until.value.plus_days(1)
            );
            Diagnostic::error(CHECK.code, until.span, message).help(
                "renew the contract and write the new day, or have the risk accepted, shielded and watched as that of \
                 an unsupported System",
            )
        } else if left <= context.number("soon_days") {
            let message = format!("the extended support of `{id}` ends on {until}, in {left} d");
            Diagnostic::warn(CHECK.code, until.span, message)
                .help("renew the contract, or finish the roadmap before that day")
        } else {
            continue;
        };
        out.push(diagnostic.label(contract).subject(id.to_string()));
    }
}
