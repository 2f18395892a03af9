//! REC001: a finding that is past its due date without a decision.

use super::{place, subject, who_acts};
use crate::check::words::excerpt;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Disposition, Finding};

pub(in crate::check) const CHECK: Check = Check {
    code: "REC001",
    name: "overdue-finding",
    family: Family::Reconcile,
    level: Level::Error,
    parameters: &[Parameter {
        name: "soon_days",
        default: Default::Number(7),
        meaning: "days before the due day from which the coming day is a warning",
    }],
    explanation: include_str!("overdue.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let (day, zone) = (context.as_of().day(), context.as_of().zone());
    for finding in &context.register.findings {
        let days = zone.day_of(finding.due).days_since(day);
        match finding.disposition {
            Disposition::Overdue => out.push(overdue(context, finding, -days)),
            Disposition::Open | Disposition::DueSoon if days <= context.number("soon_days") => {
                out.push(soon(context, finding, days));
            }
            Disposition::Open
            | Disposition::DueSoon
            | Disposition::ClosedRetired
            | Disposition::FixedInTime
            | Disposition::FixedLate
            | Disposition::NotApplicable
            | Disposition::OutOfScope
            | Disposition::AcceptedUnsupported
            | Disposition::UnsupportedUngoverned
            | Disposition::Accepted
            | Disposition::Deferred
            | Disposition::PendingVerification
            | Disposition::MitigationPending => {}
        }
    }
}

/// A due of some hours can be over on its own day; it is overdue for a day all the same.
fn overdue(context: &Context<'_>, finding: &Finding, days: i64) -> Diagnostic {
    let message = format!(
        "{} is overdue {} d, severity {}",
        told(finding),
        days.max(1),
        finding.severity
    );
    let patch = finding
        .said
        .remediation
        .as_ref()
        .map(|key| format!("install `{}`", excerpt(key)));
    let patch = patch.unwrap_or_else(|| "patch it".into());
    Diagnostic::error(CHECK.code, place(context, finding.system.as_ref()), message)
        .label(due(context, finding))
        .help(format!(
            "{}: {patch} and scan again, or ask for an exception: `countersign new exception`",
            who_acts(context, finding)
        ))
        .subject(subject(finding))
}

fn soon(context: &Context<'_>, finding: &Finding, days: i64) -> Diagnostic {
    let left = if days <= 0 {
        "today".into()
    } else {
        format!("in {days} d")
    };
    let message = format!("{} is due {left}, severity {}", told(finding), finding.severity);
    Diagnostic::warn(CHECK.code, place(context, finding.system.as_ref()), message)
        .label(due(context, finding))
        .help(format!(
            "{}: plan the work before that day",
            who_acts(context, finding)
        ))
        .subject(subject(finding))
}

fn told(finding: &Finding) -> String {
    format!("`{}` on `{}`", excerpt(&finding.vuln), excerpt(&finding.host))
}

fn due(context: &Context<'_>, finding: &Finding) -> String {
    let due = crate::model::AsOf::new(finding.due, context.as_of().zone());
    let seen = context.as_of().zone().day_of(finding.first_seen);
    let plan = finding.plan_by.map_or_else(String::new, |day| {
        format!("; in a freeze, so plan the work by {day}")
    });
    format!("due {due} by `{}`, first seen {seen}{plan}", finding.due_reason)
}
