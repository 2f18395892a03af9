//! EXC001: an exception that is past its end.

use chrono::TimeDelta;

use crate::check::coverage::{Coverage, replaced};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::Kind;

pub(in crate::check) const CHECK: Check = Check {
    code: "EXC001",
    name: "expired-exception",
    family: Family::Exception,
    level: Level::Error,
    parameters: &[Parameter {
        name: "grace_hours",
        default: Default::Number(0),
        meaning: "hours after the end of the last day during which nothing is said",
    }],
    explanation: include_str!("expired.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    let as_of = context.as_of();
    let replaced = replaced(repository);
    for exception in &repository.exceptions {
        let is_replaced = replaced.contains(&(Kind::Exception, exception.id()));
        if !Coverage::of_exception(exception).is_standing() || is_replaced {
            continue;
        }
        let expires = exception.spec.expires;
        let grace = TimeDelta::hours(context.number("grace_hours"));
        let end = as_of.zone().end_of_day(expires.value) + grace;
        if as_of.instant() <= end {
            continue;
        }
        let days = as_of.day().days_since(expires.value);
        out.push(
            Diagnostic::error(
                CHECK.code,
                expires.span,
                format!("exception `{}` has expired", exception.id()),
            )
            .label(format!("ended {days} d ago"))
            .help("close it, or have its owner renew it with a new approval: `countersign renew`")
            .subject(exception.id().to_string()),
        );
    }
}
