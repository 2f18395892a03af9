//! REC007: Sources that disagree about a finding.

use super::{place, subject, who_acts};
use crate::check::words::excerpt;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Discrepancy, DiscrepancyKind, Finding};

pub(in crate::check) const CHECK: Check = Check {
    code: "REC007",
    name: "scanner-discrepancy",
    family: Family::Reconcile,
    level: Level::Warn,
    parameters: &[Parameter {
        name: "settle_days",
        default: Default::Number(7),
        meaning: "days within which all Sources that saw a finding are to look again after one calls it gone",
    }],
    explanation: include_str!("scanner_discrepancy.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    for finding in &context.register.findings {
        let is_told = finding.disposition != crate::model::Disposition::ClosedRetired
            && !finding.disposition.is_removed();
        if let Some(discrepancy) = finding.discrepancy.as_deref().filter(|_| is_told) {
            out.extend(judge(context, finding, discrepancy));
        }
    }
}

fn judge(context: &Context<'_>, finding: &Finding, discrepancy: &Discrepancy) -> Option<Diagnostic> {
    let zone = context.as_of().zone();
    let (gone, seen) = (zone.day_of(discrepancy.gone_at), zone.day_of(discrepancy.seen_at));
    let (gone_by, seen_by) = (excerpt(&discrepancy.gone_by), excerpt(&discrepancy.seen_by));
    let (state, what) = match discrepancy.kind {
        DiscrepancyKind::Suspected => (
            "fixed, and suspected",
            format!("`{seen_by}` sees worse and saw it on {seen}"),
        ),
        DiscrepancyKind::Contradicted => ("open", format!("`{seen_by}` saw it on {seen}")),
        DiscrepancyKind::Awaited => {
            let waited = context.as_of().day().days_since(gone);
            if waited <= context.number("settle_days") {
                return None;
            }
            ("open", format!("`{seen_by}` has not looked since {seen}"))
        }
    };
    let message = format!(
        "`{}` on `{}`: `{gone_by}` calls it gone since {gone}, and {what}",
        excerpt(&finding.vuln),
        excerpt(&finding.host)
    );
    let help = format!(
        "{}: scan the host again with credentials, or settle it by a triage that says what each of them looked at",
        who_acts(context, finding)
    );
    Some(
        Diagnostic::warn(CHECK.code, place(context, finding.system.as_ref()), message)
            .label(format!("it counts as {state} until then"))
            .help(help)
            .subject(subject(finding)),
    )
}
