//! APR002: decisions by somebody who did not hold the role, or in a role that may not decide it.

use super::flaws::tell_all;
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};

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
}
