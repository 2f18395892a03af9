//! REC002: a finding that is open although its exception or acceptance has ended.

use super::{place, subject, who_acts};
use crate::check::words::{excerpt, listed};
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Disposition, Finding, RecordId};
use crate::source::Span;

pub(in crate::check) const CHECK: Check = Check {
    code: "REC002",
    name: "coverage-lapsed",
    family: Family::Reconcile,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("coverage_lapsed.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    for finding in context
        .register
        .findings
        .iter()
        .filter(|finding| is_uncovered(finding.disposition))
    {
        if !finding.suspended.is_empty() {
            out.push(suspended(context, finding));
        }
        if !finding.lapsed.is_empty() {
            out.push(lapsed(context, finding));
        }
    }
}

/// Another decision may stand for the finding by now; then nothing has lapsed.
fn is_uncovered(disposition: Disposition) -> bool {
    !disposition.is_closed() && !disposition.is_removed() && !disposition.is_by_decision()
}

fn lapsed(context: &Context<'_>, finding: &Finding) -> Diagnostic {
    let zone = context.as_of().zone();
    let message = format!(
        "`{}` on `{}` is open although {} no longer covers it",
        excerpt(&finding.vuln),
        excerpt(&finding.host),
        listed(&finding.lapsed)
    );
    let diagnostic = Diagnostic::error(CHECK.code, place(context, finding.system.as_ref()), message)
        .label(format!(
            "its own due date counts again: {}",
            zone.day_of(finding.base_due)
        ))
        .help(format!(
            "{}: fix it, or have the decision renewed and approved anew",
            who_acts(context, finding)
        ))
        .subject(subject(finding));
    finding
        .lapsed
        .iter()
        .fold(diagnostic, |diagnostic, id| match end_of(context, id) {
            Some((span, words)) => diagnostic.related(span, words),
            None => diagnostic,
        })
}

fn suspended(context: &Context<'_>, finding: &Finding) -> Diagnostic {
    let listing = finding.kev.map(|day| format!("in the KEV catalogue since {day}"));
    let message = format!(
        "`{}` on `{}` is open: {} is set aside, because the vulnerability is exploited",
        excerpt(&finding.vuln),
        excerpt(&finding.host),
        listed(&finding.suspended)
    );
    let diagnostic = Diagnostic::error(CHECK.code, place(context, finding.system.as_ref()), message)
        .label(listing.unwrap_or_else(|| "known to be exploited".into()))
        .help(format!(
            "{}: fix it, or have a decision with `covers_exploited: true` approved now that it is exploited",
            who_acts(context, finding)
        ))
        .subject(subject(finding));
    finding.suspended.iter().fold(diagnostic, |diagnostic, id| {
        match context.repository().record(id) {
            Some(meta) => {
                diagnostic.related(meta.id.span, format!("`{id}` was decided without knowing this"))
            }
            None => diagnostic,
        }
    })
}

/// Returns the place and the words for the end of a coverage.
fn end_of(context: &Context<'_>, id: &RecordId) -> Option<(Span, String)> {
    let repository = context.repository();
    let meta = repository.record(id)?;
    let exception = repository
        .exceptions
        .get(id)
        .map(|exception| exception.spec.expires);
    let acceptance = repository
        .acceptances
        .get(id)
        .and_then(|acceptance| acceptance.spec.expires);
    let expires = exception
        .or(acceptance)
        .filter(|expires| context.as_of().is_past(expires.value));
    Some(match (expires, meta.status.filter(|_| !meta.is_live())) {
        (_, Some(status)) => (status.span, format!("`{id}` is no longer in force")),
        (Some(expires), None) => (expires.span, format!("`{id}` ended on {expires}")),
        (None, None) => (meta.id.span, format!("`{id}` is no longer approved as it stands")),
    })
}
