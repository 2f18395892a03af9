//! LEG003: an outdated System of which nobody has decided what becomes of it, or whose way out is late.

use super::governed;
use crate::check::words::excerpt;
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Lifecycle, Record, System};
use crate::source::Span;

pub(in crate::check) const CHECK: Check = Check {
    code: "LEG003",
    name: "feasibility-roadmap-missing",
    family: Family::Legacy,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("feasibility_roadmap.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    for system in governed(context) {
        let Some(lifecycle) = &system.spec.lifecycle else {
            continue;
        };
        undecided(context, system, lifecycle, out);
        late(context, system, lifecycle, out);
    }
}

fn undecided(
    context: &Context<'_>,
    system: &Record<System>,
    lifecycle: &Lifecycle,
    out: &mut Vec<Diagnostic>,
) {
    let Some(eol) = lifecycle
        .eol_date
        .filter(|eol| context.as_of().is_past(eol.value))
    else {
        return;
    };
    let fault = |what: &str, help: &str, span: Span| {
        let message = format!(
            "`{}` is past its end of life of {eol} without {what}",
            system.id()
        );
        Diagnostic::error(CHECK.code, span, message)
            .label("the end of life is here")
            .help(help)
            .subject(system.id().to_string())
    };
    if lifecycle.feasibility.is_none() {
        out.push(fault(
            "a decision on what is feasible",
            "write `lifecycle.feasibility` with `option` (`upgrade`, `replace` or `isolate`), the technical and the \
             business side, who assessed it and when",
            eol.span,
        ));
    }
    if lifecycle.roadmap.is_empty() {
        out.push(fault(
            "a roadmap",
            "write `lifecycle.roadmap`: the steps to its replacement or end, each with its day and its resources",
            eol.span,
        ));
    }
}

fn late(context: &Context<'_>, system: &Record<System>, lifecycle: &Lifecycle, out: &mut Vec<Diagnostic>) {
    let day = context.as_of().day();
    for step in &lifecycle.roadmap {
        let days = day.days_since(step.due.value);
        let is_done = step.done.is_some_and(|done| done.value <= day);
        if is_done || days <= 0 {
            continue;
        }
        let message = format!(
            "`{}` of the roadmap of `{}` is {days} d late",
            excerpt(&step.milestone),
            system.id()
        );
        out.push(
            Diagnostic::warn(CHECK.code, step.due.span, message)
                .label("due, and not `done`")
                .help("write the day on which it was `done`, or a new day with the reason and have the System approved")
                .subject(system.id().to_string()),
        );
    }
}
