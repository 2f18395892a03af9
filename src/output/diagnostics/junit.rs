//! JUnit: a test case for each diagnostic, and one for each rule that has nothing to say.
//!
//! Build servers list failed cases by name and count the rest, so that a case a diagnostic shows each
//! mistake with its place, and a case a silent rule shows what was looked at. Only errors fail; the
//! text of warnings stands in the case's output. A rule that is turned off is skipped, not passed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::{Report, full_message, path_of};
use crate::check::CHECKS;
use crate::diagnostic::{Diagnostic, Level};
use crate::output::text::visible;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let spoken: BTreeSet<&str> = report
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect();
    let silent: Vec<(&str, &str)> = CHECKS
        .iter()
        .map(|check| (check.code, check.name))
        .filter(|(code, _)| !spoken.contains(code))
        .collect();
    let failures = report
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.level == Level::Error)
        .count();
    let skipped = silent
        .iter()
        .filter(|(code, _)| report.codes_off.contains(code))
        .count();
    let tests = report.diagnostics.len() + silent.len();
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"");
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"countersign\" {counts}>")?;
    writeln!(out, "  <testsuite name=\"countersign check\" {counts}>")?;
    writeln!(out, "    <properties>")?;
    writeln!(out, "      <property name=\"as_of\" value=\"{}\"/>", report.as_of)?;
    if let Some(commit) = report.commit {
        writeln!(out, "      <property name=\"commit\" value=\"{}\"/>", xml(commit))?;
    }
    writeln!(out, "    </properties>")?;
    let mut names: BTreeMap<String, u32> = BTreeMap::new();
    for diagnostic in report.diagnostics {
        write_diagnostic(report, diagnostic, &mut names, out)?;
    }
    for (code, name) in silent {
        let head = format!("    <testcase classname=\"{code} {name}\" name=\"nothing to report\"");
        if report.codes_off.contains(&code) {
            writeln!(
                out,
                "{head}>\n      <skipped message=\"turned off in compliance.yaml\"/>\n    </testcase>"
            )?;
        } else {
            writeln!(out, "{head}/>")?;
        }
    }
    writeln!(out, "  </testsuite>")?;
    writeln!(out, "</testsuites>")
}

fn write_diagnostic(
    report: &Report<'_>,
    diagnostic: &Diagnostic,
    names: &mut BTreeMap<String, u32>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let path = path_of(report.sources, diagnostic.span);
    let rule = format!("{} {}", diagnostic.code, diagnostic.name);
    let mut name = format!("{path}:{}: {}", diagnostic.span.line, diagnostic.message);
    let times = names.entry(name.clone()).or_default();
    *times += 1;
    if *times > 1 {
        // Build servers take cases of one name for one case.
        name = format!("{name} ({times})");
    }
    writeln!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\">",
        xml(rule.trim_end()),
        xml(&name),
        xml(path),
        diagnostic.span.line
    )?;
    let body = body(report, diagnostic);
    match diagnostic.level {
        Level::Error => {
            let message = xml(&full_message(diagnostic));
            writeln!(
                out,
                "      <failure message=\"{message}\" type=\"{}\">{body}</failure>",
                diagnostic.code
            )?;
        }
        Level::Warn | Level::Info => writeln!(out, "      <system-out>{body}</system-out>")?,
    }
    writeln!(out, "    </testcase>")
}

/// Returns the text of a case, escaped, each part on its line.
fn body(report: &Report<'_>, diagnostic: &Diagnostic) -> String {
    let place = |span: crate::source::Span| {
        format!("{}:{}:{}", path_of(report.sources, span), span.line, span.column)
    };
    let level = diagnostic.level.word();
    let mut lines = vec![
        format!("{level}[{}]: {}", diagnostic.code, full_message(diagnostic)),
        format!("at {}", place(diagnostic.span)),
    ];
    lines.extend(
        diagnostic
            .related
            .iter()
            .map(|related| format!("see {}: {}", place(related.span), related.message)),
    );
    lines.extend(diagnostic.help.iter().map(|help| format!("help: {help}")));
    lines.iter().map(|line| xml(line)).collect::<Vec<_>>().join("\n")
}

/// Escapes text and attribute values; what XML cannot hold is already written out.
fn xml(text: &str) -> String {
    visible(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&apos;")
}
