//! EXC002: an exception that ends soon.

use crate::check::coverage::{Coverage, replaced};
use crate::check::words::listed;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Decision, Exception, Kind, Record};

pub(in crate::check) const CHECK: Check = Check {
    code: "EXC002",
    name: "expiring-exception",
    family: Family::Exception,
    level: Level::Warn,
    parameters: &[
        Parameter {
            name: "soon_days",
            default: Default::Number(30),
            meaning: "days before the end from which the coming end is said",
        },
        Parameter {
            name: "urgent_days",
            default: Default::Number(7),
            meaning: "days before the end from which the owner and the approvers are named",
        },
    ],
    explanation: include_str!("expiring.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    let day = context.as_of().day();
    let replaced = replaced(repository);
    for exception in &repository.exceptions {
        let coverage = Coverage::of_exception(exception);
        let days = exception.spec.expires.days_since(day);
        let is_soon = (0..=context.number("soon_days")).contains(&days);
        if !coverage.is_standing() || replaced.contains(&(Kind::Exception, exception.id())) || !is_soon {
            continue;
        }
        let left = if days == 0 {
            "today".into()
        } else {
            format!("in {days} d")
        };
        let message = format!(
            "exception `{}` expires on {}, {left}",
            exception.id(),
            exception.spec.expires
        );
        out.push(
            Diagnostic::warn(CHECK.code, exception.spec.expires.span, message)
                .label("the last day on which it counts")
                .help(next_step(context, exception, days))
                .subject(exception.id().to_string()),
        );
    }
}

fn next_step(context: &Context<'_>, exception: &Record<Exception>, days: i64) -> String {
    let step = "close it when the findings are fixed, or have it renewed before: `countersign renew`";
    if days > context.number("urgent_days") {
        return step.into();
    }
    let standing = context.register.standings.of(Kind::Exception, exception.id());
    let approvals = standing
        .decisions
        .iter()
        .filter(|decided| decided.decision == Decision::Approve && decided.is_in_force());
    let approvers: Vec<String> = approvals
        .map(|decided| format!("{} as {}", decided.person, decided.role))
        .collect();
    let approvers = if approvers.is_empty() {
        "nobody has approved it".into()
    } else {
        format!("it was approved by {}", listed(approvers))
    };
    format!("its owner is `{}` and {approvers}; {step}", exception.meta.owner)
}
