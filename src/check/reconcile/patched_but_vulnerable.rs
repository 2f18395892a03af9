//! REC008: findings that a deployment tool calls patched, and no scan does.

use super::{place, subject, who_acts};
use crate::check::words::excerpt;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Finding, Installed};

pub(in crate::check) const CHECK: Check = Check {
    code: "REC008",
    name: "patched-but-vulnerable",
    family: Family::Reconcile,
    level: Level::Error,
    parameters: &[Parameter {
        name: "verify_hours",
        default: Default::Number(72),
        meaning: "hours within which a scan is to confirm what a deployment tool calls installed",
    }],
    explanation: include_str!("patched_but_vulnerable.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let open = context
        .register
        .findings
        .iter()
        .filter(|finding| finding.closed.is_none() && !finding.disposition.is_removed());
    for finding in open {
        if let Some(installed) = &finding.installed {
            out.extend(judge(context, finding, installed));
        }
    }
}

fn judge(context: &Context<'_>, finding: &Finding, installed: &Installed) -> Option<Diagnostic> {
    let zone = context.as_of().zone();
    let hours = (context.as_of().instant() - installed.at).num_hours();
    let what = if finding.last_seen > installed.at {
        let observers: Vec<&str> = finding
            .said
            .observers
            .iter()
            .map(|observer| &**observer)
            .collect();
        format!(
            "and {} still saw it on {}",
            observers.join(", "),
            zone.day_of(finding.last_seen)
        )
    } else if hours > context.number("verify_hours") {
        format!("and no scan has confirmed it in {hours} h")
    } else {
        return None;
    };
    let message = format!(
        "`{}` on `{}`: `{}` calls `{}` installed since {}, {what}",
        excerpt(&finding.vuln),
        excerpt(&finding.host),
        installed.source,
        excerpt(&installed.patch),
        zone.day_of(installed.at)
    );
    Some(
        Diagnostic::error(CHECK.code, place(context, finding.system.as_ref()), message)
            .label(who_acts(context, finding))
            .help("restart what still runs the old version, or install it again; then scan the host with credentials")
            .subject(subject(finding)),
    )
}
