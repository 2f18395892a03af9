//! REC010: a finding that was closed and is back.

use super::{place, subject, who_acts};
use crate::check::words::excerpt;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};

pub(in crate::check) const CHECK: Check = Check {
    code: "REC010",
    name: "reopened-finding",
    family: Family::Reconcile,
    level: Level::Warn,
    parameters: &[Parameter {
        name: "window_days",
        default: Default::Number(90),
        meaning: "days since it was last seen for which a finding that came back is told",
    }],
    explanation: include_str!("reopened.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let zone = context.as_of().zone();
    let oldest = context.as_of().day().plus_days(-context.number("window_days"));
    for finding in &context.register.findings {
        let is_open = !finding.disposition.is_closed() && !finding.disposition.is_removed();
        let last = zone.day_of(finding.last_seen);
        if finding.recurrence == 0 || !is_open || last < oldest {
            continue;
        }
        let times = match finding.recurrence {
            1 => "once".to_owned(),
            more => format!("{more} times"),
        };
        let message = format!(
            "`{}` on `{}` was closed and came back {times}, last seen on {last}",
            excerpt(&finding.vuln),
            excerpt(&finding.host)
        );
        out.push(
            Diagnostic::warn(CHECK.code, place(context, finding.system.as_ref()), message)
                .label(format!(
                    "due {} by `{}`",
                    zone.day_of(finding.due),
                    finding.due_reason
                ))
                .help(format!(
                    "{}: find out why the fix did not hold, such as an old image or a rolled back update, before it \
                     is installed again",
                    who_acts(context, finding)
                ))
                .subject(subject(finding)),
        );
    }
}
