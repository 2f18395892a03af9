//! SCH003: a record whose id, kind and place do not agree.

use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};

pub(in crate::check) const CHECK: Check = Check {
    code: "SCH003",
    name: "record-identity",
    family: Family::Schema,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("record_identity.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    context.faults(CHECK.code, out);
}
