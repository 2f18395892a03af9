//! EXC004: an exception that goes on and on under new names.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::coverage::{Coverage, pairs_by_subject, replaced};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Kind, RecordId};

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

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    let asked_for = repository
        .exceptions
        .iter()
        .map(Coverage::of_exception)
        .filter(Coverage::is_asked_for);
    let exceptions: Vec<Coverage<'_>> = asked_for.collect();
    let predecessors = predecessors(context, &exceptions);
    let replaced = replaced(repository);
    for (index, exception) in exceptions.iter().enumerate() {
        let is_last = !replaced.contains(&(Kind::Exception, &exception.meta.id.value));
        if exception.is_standing() && is_last {
            let chain = chain(&predecessors, index);
            let chain: Vec<&Coverage<'_>> = chain.into_iter().map(|at| &exceptions[at]).collect();
            too_often(context, &chain, out);
            too_long(context, &chain, out);
        }
    }
}

/// Finds for each exception the one that it goes on from: the one it renews, else the latest of overlapping
/// scope that began before it and ended no longer than the window before it.
fn predecessors(context: &Context<'_>, exceptions: &[Coverage<'_>]) -> BTreeMap<usize, usize> {
    let index_of: BTreeMap<&RecordId, usize> = exceptions
        .iter()
        .enumerate()
        .map(|(index, one)| (&one.meta.id.value, index))
        .collect();
    let mut found: BTreeMap<usize, usize> = BTreeMap::new();
    for (one, other) in pairs_by_subject(exceptions) {
        let (earlier, later) = if exceptions[one].starts.value <= exceptions[other].starts.value {
            (one, other)
        } else {
            (other, one)
        };
        let (before, after) = (&exceptions[earlier], &exceptions[later]);
        let gap = before
            .expires
            .map(|expires| after.starts.days_since(expires.value));
        let is_near = gap.is_some_and(|gap| gap <= context.number("window_days"));
        let begins_before = before.starts.value < after.starts.value;
        if is_near && begins_before && before.shared(after).is_some() {
            let latest = found.entry(later).or_insert(earlier);
            if exceptions[*latest].starts.value < before.starts.value {
                *latest = earlier;
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
            found.insert(index, *renewed);
        }
    }
    found
}

/// Returns the whole chain that ends in an exception, the first one first. A circle is walked once.
fn chain(predecessors: &BTreeMap<usize, usize>, last: usize) -> Vec<usize> {
    let mut chain = vec![last];
    let mut seen = BTreeSet::from([last]);
    let mut at = last;
    while let Some(before) = predecessors.get(&at).filter(|before| seen.insert(**before)) {
        chain.push(*before);
        at = *before;
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
    let mut diagnostic = Diagnostic::error(CHECK.code, span, message)
        .label(format!("the chain is {}", ids.join(" -> ")))
        .help("fix the findings, or have the risk owner accept the risk: `countersign new risk-acceptance`");
    if let Some(first) = chain.first() {
        diagnostic = diagnostic.related(first.starts.span, format!("the chain began on {}", first.starts));
    }
    if let Some(last) = ids.last() {
        diagnostic = diagnostic.subject(last.clone());
    }
    diagnostic
}
