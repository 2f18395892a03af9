//! APR005: decisions whose signature is not good for the person at that time.

use super::flaws::tell_all;
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};

pub(in crate::check) const CHECK: Check = Check {
    code: "APR005",
    name: "signature-invalid",
    family: Family::Approval,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("signature.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    tell_all(context, CHECK.code, |file| file.approval.person.span, out);
}
