//! REC009: a vulnerability that is known to be exploited, open, and nobody has decided anything.

use chrono::TimeDelta;

use super::{place, subject, who_acts};
use crate::check::words::excerpt;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};

pub(in crate::check) const CHECK: Check = Check {
    code: "REC009",
    name: "kev-without-action",
    family: Family::Reconcile,
    level: Level::Error,
    parameters: &[Parameter {
        name: "grace_hours",
        default: Default::Number(24),
        meaning: "hours after the end of the day of the listing within which somebody decides",
    }],
    explanation: include_str!("kev_without_action.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let as_of = context.as_of();
    let zone = as_of.zone();
    let grace = TimeDelta::hours(context.number("grace_hours"));
    for finding in &context.register.findings {
        let disposition = finding.disposition;
        let is_decided = disposition.is_closed() || disposition.is_removed() || disposition.is_by_decision();
        let Some(listed) = finding.kev.filter(|_| !is_decided) else {
            continue;
        };
        if as_of.instant() <= zone.end_of_day(listed) + grace {
            continue;
        }
        let message = format!(
            "`{}` on `{}` is exploited and open: no decision since its listing on {listed}, {} d ago",
            excerpt(&finding.vuln),
            excerpt(&finding.host),
            as_of.day().days_since(listed)
        );
        out.push(
            Diagnostic::error(CHECK.code, place(context, finding.system.as_ref()), message)
                .label(format!("due {} by `{}`", zone.day_of(finding.due), finding.due_reason))
                .help(format!(
                    "{}: patch it now, or have an acceptance with `covers_exploited: true` approved after {listed}",
                    who_acts(context, finding)
                ))
                .subject(subject(finding)),
        );
    }
}
