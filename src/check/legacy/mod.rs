//! Rules about systems that their makers no longer support.

mod annual_acceptance;
mod compensate_and_monitor;
mod eol_unrecorded;
mod extended_support;
mod feasibility_roadmap;
mod products;

pub(super) use annual_acceptance::CHECK as ANNUAL_ACCEPTANCE;
pub(super) use compensate_and_monitor::CHECK as COMPENSATE_AND_MONITOR;
pub(super) use eol_unrecorded::CHECK as EOL_UNRECORDED;
pub(super) use extended_support::CHECK as EXTENDED_SUPPORT;
pub(super) use feasibility_roadmap::CHECK as FEASIBILITY_ROADMAP;

use super::Context;
use super::coverage::Coverage;
use crate::check::systems::is_current;
use crate::model::{Date, Lifecycle, Record, RiskAcceptance, RiskAcceptanceType, System};

/// Lists the Systems that run, or are to run, and are in scope.
fn governed<'a>(context: &Context<'a>) -> Vec<&'a Record<System>> {
    let day = context.as_of().day();
    let systems = context.repository().systems.iter();
    systems
        .filter(|system| is_current(system, day) && system.spec.scope.is_in.value)
        .collect()
}

/// Tells whether a System is past the end of all support, bought support included.
fn is_unsupported(context: &Context<'_>, system: &Record<System>) -> bool {
    let row = context.register.systems.get(system.id());
    row.is_some_and(|row| row.is_unsupported)
}

/// Returns the last day of all support, where it is recorded.
fn end_of_support(lifecycle: &Lifecycle) -> Option<Date> {
    let end = lifecycle.eol_date?.value;
    let extended = lifecycle.extended_support.as_ref();
    Some(extended.map_or(end, |support| support.until.value.max(end)))
}

/// Lists the acceptances that are asked for, not ended, and about running an unsupported System.
fn acceptances<'a>(context: &Context<'a>, system: &Record<System>) -> Vec<&'a Record<RiskAcceptance>> {
    let all = context.repository().acceptances.iter();
    all.filter(|acceptance| {
        let names = acceptance
            .spec
            .subject
            .systems
            .iter()
            .any(|named| named.value.0 == *system.id());
        acceptance.spec.acceptance_type == RiskAcceptanceType::UnsupportedSystem
            && names
            && Coverage::of_acceptance(acceptance).is_standing()
    })
    .collect()
}
