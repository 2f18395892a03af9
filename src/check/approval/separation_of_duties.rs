//! APR003: approvals of one's own work.

use super::flaws::tell_all;
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};

pub(in crate::check) const CHECK: Check = Check {
    code: "APR003",
    name: "separation-of-duties-broken",
    family: Family::Approval,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("separation_of_duties.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    tell_all(context, CHECK.code, |file| file.approval.person.span, out);
}
