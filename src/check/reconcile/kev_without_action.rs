//! REC009: a vulnerability that is known to be exploited, open, and nobody has decided anything.

use chrono::{TimeDelta, Utc};

use super::{place, subject, who_acts};
use crate::check::actions::{Actions, Found, Wanted};
use crate::check::words::excerpt;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Date, Finding};

pub(in crate::check) const CHECK: Check = Check {
    code: "REC009",
    name: "kev-without-action",
    family: Family::Reconcile,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "grace_hours",
            default: Default::Number(24),
            meaning: "hours after the end of the day of the listing, or after the first sighting, within which somebody acts",
        },
        Parameter {
            name: "settle_hours",
            default: Default::Number(72),
            meaning: "hours after the end of a Change within which somebody scans again",
        },
    ],
    explanation: include_str!("kev_without_action.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let as_of = context.as_of();
    let zone = as_of.zone();
    let grace = TimeDelta::hours(context.number("grace_hours"));
    let actions = Actions::new(context, context.number("settle_hours"));
    for finding in &context.register.findings {
        let disposition = finding.disposition;
        let is_decided = disposition.is_closed() || disposition.is_removed() || disposition.is_by_decision();
        let Some((known, what)) = known_since(finding).filter(|_| !is_decided) else {
            continue;
        };
        // What is seen on a host only after the listing can be acted on from then.
        let since = zone.end_of_day(known).with_timezone(&Utc).max(finding.first_seen);
        if as_of.instant() <= since + grace {
            continue;
        }
        let Found::Nothing(short) = actions.against(finding, Wanted::Any) else {
            continue;
        };
        let message = format!(
            "`{}` on `{}` is exploited and open: no decision since {what} on {known}, {} d ago",
            excerpt(&finding.vuln),
            excerpt(&finding.host),
            as_of.day().days_since(known)
        );
        let due = format!("due {} by `{}`", zone.day_of(finding.due), finding.due_reason);
        let why = short.first().map(|why| format!("; {why}")).unwrap_or_default();
        out.push(
            Diagnostic::error(CHECK.code, place(context, finding.system.as_ref()), message)
                .label(format!("{due}{why}"))
                .help(format!(
                    "{}: plan a Change of it, open an Incident, or have an acceptance with `covers_exploited: true` approved after {known}",
                    who_acts(context, finding)
                ))
                .subject(subject(finding)),
        );
    }
}

/// Returns the day of the listing, else the day from which on a Triage or a scanner knows of attacks.
fn known_since(finding: &Finding) -> Option<(Date, &'static str)> {
    let listed = finding.kev.map(|listed| (listed, "its listing"));
    listed.or_else(|| Some((finding.exploited_since?, "exploitation became known")))
}
