//! APR002: decisions by somebody who did not hold the role, or in a role that may not decide it; and records
//! that claim less than they are about, so that a lower role is asked.

use super::flaws::tell_all;
use crate::check::coverage::{Coverage, FindingsByHost};
use crate::check::words::listed_up_to;
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Exception, Finding, Record};

pub(in crate::check) const CHECK: Check = Check {
    code: "APR002",
    name: "approver-without-authority",
    family: Family::Approval,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("authority.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    tell_all(context, CHECK.code, |file| file.approval.role.span, out);
    let findings = FindingsByHost::new(context.register);
    for exception in &context.repository().exceptions {
        if Coverage::of_exception(exception).is_standing() {
            out.extend(understated(exception, &findings));
        }
    }
}

/// A severity that is declared lower than what its findings are rated at reaches a lower approver.
fn understated(exception: &Record<Exception>, findings: &FindingsByHost<'_>) -> Option<Diagnostic> {
    const NAMED: usize = 3;
    let coverage = Coverage::of_exception(exception);
    let declared = exception.spec.severity;
    let is_graver = |finding: &&Finding| finding.closed.is_none() && finding.severity > declared.value;
    let graver: Vec<&Finding> = findings.named_by(&coverage).filter(is_graver).collect();
    let rated = graver.iter().map(|finding| finding.severity).max()?;
    let places = graver
        .iter()
        .map(|finding| format!("{} on {}", finding.vuln, finding.host));
    let message = format!(
        "`{}` says {declared}, its findings are rated {rated}: {}",
        exception.id(),
        listed_up_to(NAMED, places)
    );
    let help = format!(
        "write `severity: {rated}` and have it approved by those who may for {rated}, or have the rating mended by \
         an approved Triage with `cvss_env`; until then it does not cover them"
    );
    Some(
        Diagnostic::error(CHECK.code, declared.span, message)
            .label(format!("asks those who may approve {declared}"))
            .help(help)
            .subject(exception.id().to_string()),
    )
}
