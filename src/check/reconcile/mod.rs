//! Rules about findings and hosts: what the scanners saw against what the records say.

mod active_exploitation;
mod coverage_lapsed;
mod decommissioned;
mod import_provenance;
mod import_quality;
mod kev_without_action;
mod objective_missed;
mod orphan_coverage;
mod overdue;
mod patched_but_vulnerable;
mod reopened;
mod rescan_after_change;
mod scanner_discrepancy;
mod triage_unsupported;
mod unauthorised_deployment;
mod unknown_or_ambiguous;
mod unscanned;

pub(super) use active_exploitation::CHECK as ACTIVE_EXPLOITATION;
pub(super) use coverage_lapsed::CHECK as COVERAGE_LAPSED;
pub(super) use decommissioned::CHECK as DECOMMISSIONED;
pub(super) use import_provenance::CHECK as IMPORT_PROVENANCE;
pub(super) use import_quality::CHECK as IMPORT_QUALITY;
pub(super) use kev_without_action::CHECK as KEV_WITHOUT_ACTION;
pub(super) use objective_missed::CHECK as OBJECTIVE_MISSED;
pub(super) use orphan_coverage::CHECK as ORPHAN_COVERAGE;
pub(super) use overdue::CHECK as OVERDUE;
pub(super) use patched_but_vulnerable::CHECK as PATCHED_BUT_VULNERABLE;
pub(super) use reopened::CHECK as REOPENED;
pub(super) use rescan_after_change::CHECK as RESCAN_AFTER_CHANGE;
pub(super) use scanner_discrepancy::CHECK as SCANNER_DISCREPANCY;
pub(super) use triage_unsupported::CHECK as TRIAGE_UNSUPPORTED;
pub(super) use unauthorised_deployment::CHECK as UNAUTHORISED_DEPLOYMENT;
pub(super) use unknown_or_ambiguous::CHECK as UNKNOWN_OR_AMBIGUOUS;
pub(super) use unscanned::CHECK as UNSCANNED;

use super::Context;
use crate::model::{Finding, RecordId};
use crate::source::Span;

/// Returns the place of what is said about a System: its id, or the root record where no System claims the host.
pub(in crate::check) fn place(context: &Context<'_>, system: Option<&RecordId>) -> Span {
    let repository = context.repository();
    let found = system.and_then(|id| repository.systems.get(id));
    found.map_or_else(|| repository.root_span(), |system| system.meta.id.span)
}

/// Returns the place of what is said about a Source: its id, or the root record where there is none.
fn place_of_source(context: &Context<'_>, source: Option<&RecordId>) -> Span {
    let repository = context.repository();
    let found = source.and_then(|id| repository.tools.get(id));
    found.map_or_else(|| repository.root_span(), |source| source.meta.id.span)
}

/// Writes `web01 CVE-2025-1111`.
fn subject(finding: &Finding) -> String {
    format!("{} {}", finding.host, finding.vuln)
}

/// Names who must act: the System's owner of patches, else its owner, else that nobody is known.
fn who_acts(context: &Context<'_>, finding: &Finding) -> String {
    let Some(system) = context.register.system_of(finding) else {
        return "no System claims the host".into();
    };
    let owner = system
        .spec
        .patch_owner
        .as_ref()
        .map_or(&system.meta.owner.value, |owner| &owner.value.0);
    format!("`{owner}` patches `{}`", system.id())
}
