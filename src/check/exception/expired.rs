//! EXC001: an exception that is past its end.

use chrono::TimeDelta;

use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};

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
    for exception in &repository.exceptions {
        let renewed = repository.exceptions.iter().any(|other| {
            other.meta.is_live() && other.meta.renews.as_ref().is_some_and(|renews| renews.value == *exception.id())
        });
        if !exception.meta.is_live() || exception.meta.declared() == crate::model::Status::Draft || renewed {
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
            Diagnostic::error(CHECK.code, expires.span, format!("exception `{}` has expired", exception.id()))
                .label(format!("ended {days} d ago"))
                .help("close it, or have its owner renew it with a new approval: `countersign renew`")
                .subject(exception.id().to_string()),
        );
    }
}
