//! SCH002: a record that does not fit its schema, or a word that nothing knows.

use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};

use super::{closed_sets, exactly_one, expressions, work};

pub(in crate::check) const CHECK: Check = Check {
    code: "SCH002",
    name: "schema-violation",
    family: Family::Schema,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("violation.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    context.faults(CHECK.code, out);
    let repository = context.repository();
    expressions::unknown_names(repository, out);
    closed_sets::unknown_words(repository, out);
    exactly_one::contradictory_fields(repository, out);
    work::of_work(repository, out);
}
