//! REC003: an exception or acceptance that covers nothing any more.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::check::coverage::{Coverage, coverages};
use crate::check::words::{listed, listed_up_to};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::import::Product;
use crate::model::Finding;
use crate::reconcile::ImportState;

pub(in crate::check) const CHECK: Check = Check {
    code: "REC003",
    name: "orphan-coverage",
    family: Family::Reconcile,
    level: Level::Warn,
    parameters: &[Parameter {
        name: "scans",
        default: Default::Number(2),
        meaning: "complete scans since the beginning without a finding after which a coverage is an orphan",
    }],
    explanation: include_str!("orphan_coverage.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let day = context.as_of().day();
    let mut by_host: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
    for finding in &context.register.findings {
        by_host
            .entry(finding.host.to_lowercase())
            .or_default()
            .push(finding);
    }
    for coverage in coverages(context.repository()) {
        let names_findings = !(coverage.vulns.is_empty() && coverage.patches.is_empty());
        if coverage.is_standing() && coverage.holds_on(day) && names_findings {
            out.extend(judge(context, &coverage, &by_host));
        }
    }
}

fn judge(
    context: &Context<'_>,
    coverage: &Coverage<'_>,
    by_host: &BTreeMap<String, Vec<&Finding>>,
) -> Option<Diagnostic> {
    let on_hosts = coverage
        .resolved
        .iter()
        .filter_map(|host| by_host.get(&host.to_lowercase()))
        .flatten();
    let named: Vec<&Finding> = on_hosts
        .copied()
        .filter(|finding| coverage.names(finding))
        .collect();
    let reason = if named.iter().any(|finding| !finding.disposition.is_closed()) {
        return None;
    } else if named.is_empty() {
        never_seen(context, coverage)?
    } else {
        let closed = listed_up_to(
            3,
            named
                .iter()
                .map(|finding| format!("{} {}", finding.host, finding.vuln)),
        );
        format!("all that it covers is fixed: {closed}")
    };
    let id = &coverage.meta.id;
    Some(
        Diagnostic::warn(CHECK.code, id.span, format!("`{id}` covers no open finding"))
            .label(reason)
            .help(format!(
                "close it with `status: closed`, or mend its vulnerabilities and hosts; its owner is `{}`",
                coverage.meta.owner
            ))
            .subject(id.to_string()),
    )
}

/// Says that the scanners looked and found nothing; `None` while too few have, or while a host was not among them.
fn never_seen(context: &Context<'_>, coverage: &Coverage<'_>) -> Option<String> {
    let starts = context
        .as_of()
        .zone()
        .start_of_day(coverage.starts.value)
        .with_timezone(&Utc);
    let is_later = |at: Option<DateTime<Utc>>| at.is_some_and(|at| at >= starts);
    let complete = context.register.imports.iter().filter(|line| {
        line.product == Product::Scan && line.state == ImportState::Complete && is_later(line.run_at)
    });
    let scans = i64::try_from(complete.count()).unwrap_or(i64::MAX);
    let all_scanned = coverage.resolved.iter().all(|host| {
        context
            .register
            .host(host)
            .is_some_and(|host| is_later(host.last_scan))
    });
    let needed = context.number("scans");
    let hosts = listed(coverage.resolved.iter().take(3));
    (scans >= needed && all_scanned).then(|| {
        format!(
            "{scans} scans since {} found nothing of it on {hosts}",
            coverage.starts
        )
    })
}
