//! SCH005: a date or an instant in another form than the one.

use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};

pub(in crate::check) const CHECK: Check = Check {
    code: "SCH005",
    name: "time-format",
    family: Family::Schema,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "min_year",
            default: Default::Number(1990),
            meaning: "first year that a date may have",
        },
        Parameter {
            name: "max_year",
            default: Default::Number(2100),
            meaning: "last year that a date may have",
        },
    ],
    explanation: include_str!("time_format.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    context.faults(CHECK.code, out);
}
