//! APR007: decisions at a time that cannot be, or by a delegate without a current delegation.

use super::flaws::tell_all;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::trust::MAX_SKEW_MINUTES;

pub(in crate::check) const CHECK: Check = Check {
    code: "APR007",
    name: "timing-or-delegation-wrong",
    family: Family::Approval,
    level: Level::Error,
    parameters: &[Parameter {
        name: "max_skew_minutes",
        default: Default::Number(MAX_SKEW_MINUTES),
        meaning: "minutes by which a signer's clock may be ahead of the commit that brings the approval",
    }],
    explanation: include_str!("timing_or_delegation.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    tell_all(context, CHECK.code, |file| file.approval.at.span, out);
}
