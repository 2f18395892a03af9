//! GitLab's code quality report.

use std::io::{self, Write};

use serde_json::json;

use super::{Report, fingerprints, full_message, path_of};
use crate::diagnostic::Level;
use crate::output::json::{Each, write_pretty};

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let fingerprints = fingerprints(report);
    let entries = Each(|| {
        report
            .diagnostics
            .iter()
            .zip(&fingerprints)
            .map(|(diagnostic, fingerprint)| {
                json!({
                    "description": full_message(diagnostic),
                    "check_name": diagnostic.code,
                    "fingerprint": fingerprint,
                    "severity": severity(diagnostic.level),
                    "location": {
                        "path": path_of(report.sources, diagnostic.span),
                        "lines": {"begin": diagnostic.span.line, "end": diagnostic.span.end_line},
                    },
                })
            })
    });
    write_pretty(&entries, out)
}

/// An error blocks, and GitLab has a word for that.
fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "blocker",
        Level::Warn => "minor",
        Level::Info => "info",
    }
}
