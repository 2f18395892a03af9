//! EXC004: an exception that goes on and on under new names.

use std::collections::BTreeMap;

use crate::check::coverage::{Coverage, FindingsByHost, replaced};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Date, Kind, RecordId};

pub(in crate::check) const CHECK: Check = Check {
    code: "EXC004",
    name: "excessive-renewals",
    family: Family::Exception,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "max_renewals",
            default: Default::Number(2),
            meaning: "how often an exception may be renewed",
        },
        Parameter {
            name: "window_days",
            default: Default::Number(90),
            meaning: "days after an end within which a new exception of overlapping scope counts as a renewal",
        },
        Parameter {
            name: "max_total_days",
            default: Default::Table(&[("critical", 90), ("high", 180), ("medium", 365), ("low", 730)]),
            meaning: "longest days of a whole chain, by the gravest severity in it",
        },
    ],
    explanation: include_str!("renewals.md"),
    run,
};

/// How many of a chain a message names, the last ones.
const SHOWN: usize = 8;

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    let asked_for = repository
        .exceptions
        .iter()
        .map(Coverage::of_exception)
        .filter(Coverage::is_asked_for);
    let exceptions: Vec<Coverage<'_>> = asked_for.collect();
    let predecessors = predecessors(context, &exceptions);
    let mut walked_for = vec![None; exceptions.len()];
    let replaced = replaced(repository);
    for (index, exception) in exceptions.iter().enumerate() {
        let is_last = !replaced.contains(&(Kind::Exception, &exception.meta.id.value));
        if exception.is_standing() && is_last {
            let chain = chain(&predecessors, index, &mut walked_for);
            let chain: Vec<&Coverage<'_>> = chain.into_iter().map(|at| &exceptions[at]).collect();
            too_often(context, &chain, out);
            too_long(context, &chain, out);
        }
    }
}

/// Finds for each exception the one that it goes on from: the one it renews, else the latest of overlapping
/// scope that began before it and ended no longer than the window before it.
fn predecessors(context: &Context<'_>, exceptions: &[Coverage<'_>]) -> Vec<Option<usize>> {
    let index_of: BTreeMap<&RecordId, usize> = exceptions
        .iter()
        .enumerate()
        .map(|(index, one)| (&one.meta.id.value, index))
        .collect();
    let mut found: Vec<Option<usize>> = vec![None; exceptions.len()];
    for sharing in by_matter(context, exceptions).values() {
        for (later, earlier) in latest_before(exceptions, sharing, context.number("window_days")) {
            let is_later =
                found[later].is_none_or(|best: usize| starts(exceptions, best) < starts(exceptions, earlier));
            if is_later {
                found[later] = Some(earlier);
            }
        }
    }
    for (index, exception) in exceptions.iter().enumerate() {
        let renewed = exception
            .meta
            .renews
            .as_ref()
            .and_then(|renews| index_of.get(&renews.value));
        if let Some(renewed) = renewed {
            found[index] = Some(*renewed);
        }
    }
    found
}

/// Sorts exceptions by what they defer on which host: two that share an entry overlap.
///
/// What a finding is called otherwise is the same matter: an exception for a patch goes on from one for the
/// vulnerability that it fixes.
fn by_matter(context: &Context<'_>, exceptions: &[Coverage<'_>]) -> BTreeMap<(String, String), Vec<usize>> {
    let findings = FindingsByHost::new(context.register);
    let mut matters: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (index, exception) in exceptions.iter().enumerate() {
        let subjects = || exception.vulns.iter().chain(exception.patches);
        let written = exception
            .resolved
            .iter()
            .flat_map(|host| subjects().map(|subject| (subject.to_lowercase(), host.to_lowercase())));
        let seen = findings
            .named_by(exception)
            .map(|finding| (finding.vuln.to_lowercase(), finding.host.to_lowercase()));
        let mut own: Vec<(String, String)> = written.chain(seen).collect();
        own.sort();
        own.dedup();
        for matter in own {
            matters.entry(matter).or_default().push(index);
        }
    }
    matters
}

fn starts(exceptions: &[Coverage<'_>], index: usize) -> Date {
    exceptions[index].starts.value
}

/// Pairs each of some overlapping exceptions with the latest one that began before it and ended near enough.
///
/// One that ended too long before an exception ended too long before every later one as well, so that it is
/// put away for good: the work grows with the number of exceptions, not with that of their pairs.
fn latest_before(exceptions: &[Coverage<'_>], sharing: &[usize], window: i64) -> Vec<(usize, usize)> {
    let mut by_start = sharing.to_vec();
    by_start.sort_by_key(|&index| (starts(exceptions, index), index));
    let mut pairs = Vec::new();
    let mut earlier: Vec<usize> = Vec::new();
    for together in by_start.chunk_by(|&one, &other| starts(exceptions, one) == starts(exceptions, other)) {
        let Some(&first) = together.first() else { continue };
        let start = starts(exceptions, first);
        let is_far = |index: usize| {
            let expires = exceptions[index].expires;
            expires.is_none_or(|expires| start.days_since(expires.value) > window)
        };
        while earlier.last().is_some_and(|&index| is_far(index)) {
            earlier.pop();
        }
        if let Some(&before) = earlier.last() {
            pairs.extend(together.iter().map(|&later| (later, before)));
        }
        earlier.extend(together.iter().rev());
    }
    pairs
}

/// Returns the whole chain that ends in an exception, the first one first. A circle is walked once.
fn chain(predecessors: &[Option<usize>], last: usize, walked_for: &mut [Option<usize>]) -> Vec<usize> {
    let mut chain = Vec::new();
    let mut next = Some(last);
    while let Some(at) = next.filter(|&at| walked_for[at] != Some(last)) {
        walked_for[at] = Some(last);
        chain.push(at);
        next = predecessors[at];
    }
    chain.reverse();
    chain
}

fn too_often(context: &Context<'_>, chain: &[&Coverage<'_>], out: &mut Vec<Diagnostic>) {
    let renewals = i64::try_from(chain.len()).unwrap_or(i64::MAX) - 1;
    let max = context.number("max_renewals");
    if let Some(last) = chain.last().filter(|_| renewals > max) {
        let span = last
            .meta
            .renews
            .as_ref()
            .map_or(last.meta.id.span, |renews| renews.span);
        let id = &last.meta.id;
        let message = format!("`{id}` is renewal {renewals} of one exception: {renewals} > {max}");
        out.push(tell(message, span, chain));
    }
}

fn too_long(context: &Context<'_>, chain: &[&Coverage<'_>], out: &mut Vec<Diagnostic>) {
    let [_, .., last] = chain else { return };
    let Some(severity) = chain.iter().filter_map(|one| one.severity).max() else {
        return;
    };
    let Some(max) = context.by_severity("max_total_days", severity) else {
        return;
    };
    let Some(expires) = last.expires else { return };
    let total = covered_days(chain);
    if total > max {
        let message = format!(
            "`{}` brings its chain to {total} d: {total} > {max} for severity {severity}",
            last.meta.id
        );
        out.push(tell(message, expires.span, chain));
    }
}

/// Counts the days on which the chain stands, each once; where `first_granted` tells of an older beginning,
/// all days since then count.
fn covered_days(chain: &[&Coverage<'_>]) -> i64 {
    let mut total = 0;
    for (index, one) in chain.iter().enumerate() {
        let next = chain.get(index + 1).map(|next| next.starts.value);
        let Some(end) = one
            .expires
            .map(|expires| next.map_or(expires.value, |next| next.min(expires.value)))
        else {
            continue;
        };
        total += end.days_since(one.starts.value).max(0);
    }
    let granted = chain
        .iter()
        .filter_map(|one| one.first_granted)
        .map(|date| date.value)
        .min();
    let starts = chain.iter().map(|one| one.starts.value).min();
    let older = granted.filter(|granted| starts.is_none_or(|starts| *granted < starts));
    let end = chain.last().and_then(|last| last.expires);
    match (older, end) {
        (Some(older), Some(end)) => total.max(end.value.days_since(older)),
        _ => total,
    }
}

fn tell(message: String, span: crate::source::Span, chain: &[&Coverage<'_>]) -> Diagnostic {
    let ids: Vec<String> = chain.iter().map(|one| one.meta.id.to_string()).collect();
    let skipped = ids.len().saturating_sub(SHOWN);
    let shown = ids[skipped..].join(" -> ");
    let before = if skipped == 0 {
        String::new()
    } else {
        format!("{skipped} others -> ")
    };
    let mut diagnostic = Diagnostic::error(CHECK.code, span, message)
        .label(format!("the chain is {before}{shown}"))
        .help("fix the findings, or have the risk owner accept the risk: `countersign new risk-acceptance`");
    if let Some(first) = chain.first() {
        diagnostic = diagnostic.related(first.starts.span, format!("the chain began on {}", first.starts));
    }
    if let Some(last) = ids.last() {
        diagnostic = diagnostic.subject(last.clone());
    }
    diagnostic
}
