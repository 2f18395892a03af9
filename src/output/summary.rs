//! How many diagnostics there are of each level.

use serde::Serialize;

use crate::diagnostic::counted;
use crate::diagnostic::{Diagnostic, Level};

/// Diagnostics counted by level; in JSON as diagnostics/v1 has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Summary {
    pub error: u64,
    pub warn: u64,
    pub info: u64,
}

impl Summary {
    /// Counts.
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        let mut summary = Self::default();
        for diagnostic in diagnostics {
            match diagnostic.level {
                Level::Error => summary.error += 1,
                Level::Warn => summary.warn += 1,
                Level::Info => summary.info += 1,
            }
        }
        summary
    }

    /// Returns the line for people, such as `2 errors, 1 warning`.
    pub fn line(self) -> String {
        let info = if self.info > 0 {
            Some(format!("{} info", self.info))
        } else {
            None
        };
        let parts: Vec<String> = [(self.error, "error"), (self.warn, "warning")]
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, noun)| counted(number, noun))
            .chain(info)
            .collect();
        if parts.is_empty() {
            "no errors, no warnings".into()
        } else {
            parts.join(", ")
        }
    }
}
