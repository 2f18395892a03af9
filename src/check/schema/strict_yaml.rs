//! SCH001: text that is not one strict YAML document.

use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};

pub(in crate::check) const CHECK: Check = Check {
    code: "SCH001",
    name: "strict-yaml",
    family: Family::Schema,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "max_bytes",
            default: Default::Number(1 << 20),
            meaning: "bytes that a record may have",
        },
        Parameter {
            name: "max_depth",
            default: Default::Number(32),
            meaning: "levels of nesting that a record may have",
        },
        Parameter {
            name: "max_nodes",
            default: Default::Number(50_000),
            meaning: "keys and values that a record may have",
        },
    ],
    explanation: include_str!("strict_yaml.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    context.faults(CHECK.code, out);
}
