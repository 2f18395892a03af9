//! SARIF 2.1.0, which code scanning reads.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};

use super::{Report, fingerprints, path_of};
use crate::check::{self, CHECKS};
use crate::diagnostic::{Diagnostic, Level};
use crate::output::json::{Each, write_pretty};

#[derive(Serialize)]
struct Log<R: Serialize> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<R>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<R: Serialize> {
    tool: Value,
    column_kind: &'static str,
    properties: Value,
    results: R,
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let rules = rules(report.diagnostics);
    let positions: BTreeMap<&str, usize> = rules
        .iter()
        .enumerate()
        .map(|(index, rule)| (rule.0, index))
        .collect();
    let fingerprints = fingerprints(report);
    let results = Each(|| {
        report
            .diagnostics
            .iter()
            .zip(&fingerprints)
            .map(|(diagnostic, fingerprint)| {
                result(
                    report,
                    diagnostic,
                    positions.get(diagnostic.code).copied(),
                    fingerprint,
                )
            })
    });
    let rules: Vec<Value> = rules.into_iter().map(|(_, rule)| rule).collect();
    let run = Run {
        tool: json!({"driver": {
            "name": "countersign",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        }}),
        column_kind: "unicodeCodePoints",
        properties: json!({"as_of": report.as_of.to_string(), "commit": report.commit}),
        results,
    };
    let schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
    write_pretty(
        &Log {
            schema,
            version: "2.1.0",
            runs: [run],
        },
        out,
    )
}

/// Returns every rule, whether or not it said anything, and what spoke without being a rule.
fn rules(diagnostics: &[Diagnostic]) -> Vec<(&'static str, Value)> {
    let mut rules: BTreeMap<&'static str, Value> =
        CHECKS.iter().map(|check| (check.code, rule(check))).collect();
    for diagnostic in diagnostics {
        rules.entry(diagnostic.code).or_insert_with(|| {
            let name = if diagnostic.name.is_empty() {
                diagnostic.code
            } else {
                diagnostic.name
            };
            json!({"id": diagnostic.code, "name": name, "shortDescription": {"text": name}})
        });
    }
    rules.into_iter().collect()
}

fn rule(check: &check::Check) -> Value {
    let mut paragraphs = check
        .explanation
        .split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|paragraph| !paragraph.is_empty() && !paragraph.starts_with('#'));
    let short = paragraphs.next().unwrap_or_else(|| check.name.to_owned());
    let full = match paragraphs
        .next()
        .and_then(|why| why.strip_prefix("**Why.** ").map(str::to_owned))
    {
        Some(why) => format!("{short} {why}"),
        None => short.clone(),
    };
    let without_examples = check
        .explanation
        .split("```")
        .next()
        .unwrap_or_default()
        .trim_end();
    json!({
        "id": check.code,
        "name": check.name,
        "shortDescription": {"text": short},
        "fullDescription": {"text": full},
        "help": {"text": without_examples, "markdown": check.explanation},
        "defaultConfiguration": {"level": level(check.level)},
    })
}

fn result(report: &Report<'_>, diagnostic: &Diagnostic, position: Option<usize>, fingerprint: &str) -> Value {
    let text = match &diagnostic.help {
        Some(help) => format!("{}; {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut location = json!({"physicalLocation": place(report, diagnostic.span)});
    if let Some(label) = &diagnostic.label {
        location["message"] = json!({"text": label});
    }
    let mut result = json!({
        "ruleId": diagnostic.code,
        "ruleIndex": position,
        "level": level(diagnostic.level),
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"countersign/v1": fingerprint},
    });
    if !diagnostic.related.is_empty() {
        let related = diagnostic.related.iter().enumerate().map(|(index, related)| {
            json!({
                "id": index + 1,
                "physicalLocation": place(report, related.span),
                "message": {"text": related.message},
            })
        });
        result["relatedLocations"] = related.collect();
    }
    if let Some(subject) = &diagnostic.subject {
        result["properties"] = json!({"subject": subject});
    }
    result
}

fn place(report: &Report<'_>, span: crate::source::Span) -> Value {
    json!({
        "artifactLocation": {"uri": uri(path_of(report.sources, span))},
        "region": {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        },
    })
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warning",
        Level::Info => "note",
    }
}

/// Returns a path as a relative URI reference: all but unreserved characters and `/` percent-encoded.
fn uri(path: &str) -> String {
    use std::fmt::Write as _;
    path.bytes()
        .fold(String::with_capacity(path.len()), |mut uri, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
                uri.push(char::from(byte));
            } else {
                let _ = write!(uri, "%{byte:02X}");
            }
            uri
        })
}
