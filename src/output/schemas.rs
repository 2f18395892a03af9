//! The schemas of the machine formats, written by hand; tests hold the outputs against them.

/// A schema of one machine format.
#[derive(Clone, Copy, Debug)]
pub struct OutputSchema {
    /// The name as the command line takes it, such as `diagnostics-v1`.
    pub name: &'static str,
    pub text: &'static str,
}

/// All of them, by name.
pub const OUTPUT_SCHEMAS: [OutputSchema; 9] = [
    OutputSchema {
        name: "bundle-v1",
        text: include_str!("../../schemas/bundle-v1.schema.json"),
    },
    OutputSchema {
        name: "changes-v1",
        text: include_str!("../../schemas/changes-v1.schema.json"),
    },
    OutputSchema {
        name: "diagnostics-v1",
        text: include_str!("../../schemas/diagnostics-v1.schema.json"),
    },
    OutputSchema {
        name: "log-v1",
        text: include_str!("../../schemas/log-v1.schema.json"),
    },
    OutputSchema {
        name: "plan-v1",
        text: include_str!("../../schemas/plan-v1.schema.json"),
    },
    OutputSchema {
        name: "register-v1",
        text: include_str!("../../schemas/register-v1.schema.json"),
    },
    OutputSchema {
        name: "sample-v1",
        text: include_str!("../../schemas/sample-v1.schema.json"),
    },
    OutputSchema {
        name: "trace-v1",
        text: include_str!("../../schemas/trace-v1.schema.json"),
    },
    OutputSchema {
        name: "whatif-v1",
        text: include_str!("../../schemas/whatif-v1.schema.json"),
    },
];
