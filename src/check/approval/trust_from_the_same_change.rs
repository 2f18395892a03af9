//! APR006: decisions that count only by what the same change brings.

use super::flaws::tell_all;
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};

pub(in crate::check) const CHECK: Check = Check {
    code: "APR006",
    name: "trust-from-the-same-change",
    family: Family::Approval,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("trust_from_the_same_change.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    tell_all(context, CHECK.code, |file| file.approval.person.span, out);
}
