//! Lays the model beside the real one, and makes a difference small.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use countersign::import::Scan;
use countersign::load::Repository;
use countersign::model::{AsOf, Date, Finding, Zone};
use countersign::reconcile::{Period, Question, Register, reconcile};
use rayon::prelude::*;

use super::build;
use super::generate::generate;
use super::judge::{Expected, judge};
use super::world::Case;
use crate::signing::believing;

/// How many worlds an ordinary test run makes.
const WORLDS: u64 = 4_000;

/// The worlds to try: `REFERENCE_WORLDS` many from `REFERENCE_FROM` on.
pub(super) fn seeds(ordinary: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let from = number("REFERENCE_FROM").unwrap_or(0);
    from..from + number("REFERENCE_WORLDS").unwrap_or(ordinary)
}

/// Reconciles a world by the real one, over a period that holds everything.
pub(super) fn reconciled<T>(case: &Case, look: impl FnOnce(&Register<'_>) -> T) -> T {
    reconciled_with(&build::repository(case), &build::scans(case), case, look)
}

pub(super) fn reconciled_with<T>(
    repository: &Repository,
    scans: &[Scan],
    case: &Case,
    look: impl FnOnce(&Register<'_>) -> T,
) -> T {
    let as_of = AsOf::new(case.as_of, Zone(case.zone));
    let question = Question {
        as_of,
        period: Some(Period {
            from: Date(chrono::NaiveDate::from_ymd_opt(2000, 1, 1).unwrap()),
            to: Date(chrono::NaiveDate::from_ymd_opt(2090, 1, 1).unwrap()),
        }),
        due_soon_days: case.due_soon_days,
        verify_hours: 72,
    };
    let standings = believing(repository, case.as_of);
    look(&reconcile(repository, standings, scans, question))
}

/// Names the field and both values for each field in which one finding differs; times in the world's zone.
fn differences_of(case: &Case, expected: &Expected, found: &Finding) -> Vec<String> {
    let mut lines = Vec::new();
    let mut compare = |field: &str, model: &dyn std::fmt::Debug, real: &dyn std::fmt::Debug| {
        let (model, real) = (format!("{model:?}"), format!("{real:?}"));
        if model != real {
            lines.push(format!("{field}: model {model}, real {real}"));
        }
    };
    let local = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&case.zone).to_rfc3339();
    compare(
        "first_seen",
        &local(expected.first_seen),
        &local(found.first_seen),
    );
    compare("closed", &expected.closed.map(local), &found.closed.map(local));
    compare("recurrence", &expected.recurrence, &found.recurrence);
    compare("stale", &expected.stale, &found.stale);
    compare("base_due", &local(expected.base_due), &local(found.base_due));
    compare("disposition", &expected.disposition, &found.disposition);
    compare("due", &local(expected.due), &local(found.due));
    compare(
        "breached",
        &expected.breached.map(local),
        &found.breached.map(local),
    );
    let family = found.due_reason.split(':').next().unwrap_or_default();
    if !expected.reasons.contains(family) {
        lines.push(format!(
            "due_reason: model {:?}, real {}",
            expected.reasons, found.due_reason
        ));
    }
    let named = found.coverage.as_ref().map(|coverage| coverage.id.to_string());
    let fits = match &named {
        Some(id) => expected.coverage.contains(id),
        None => expected.coverage.is_empty(),
    };
    if !fits {
        lines.push(format!("coverage: model {:?}, real {named:?}", expected.coverage));
    }
    let suspended: std::collections::BTreeSet<String> =
        found.suspended.iter().map(ToString::to_string).collect();
    if expected.suspended != suspended {
        lines.push(format!(
            "suspended: model {:?}, real {suspended:?}",
            expected.suspended
        ));
    }
    lines
}

/// Returns what differs between the model and the real one, nothing where they agree.
pub(super) fn differences(case: &Case) -> Vec<String> {
    let expected = judge(case);
    reconciled(case, |register| {
        let mut lines = Vec::new();
        let names = |findings: Vec<(&str, &str)>| format!("{findings:?}");
        let real = names(
            register
                .findings
                .iter()
                .map(|one| (&*one.host, &*one.vuln))
                .collect(),
        );
        let model = names(
            expected
                .iter()
                .map(|one| (one.host.as_str(), one.vuln.as_str()))
                .collect(),
        );
        if real != model {
            lines.push(format!("findings: model {model}, real {real}"));
            return lines;
        }
        for (expected, found) in expected.iter().zip(&register.findings) {
            for line in differences_of(case, expected, found) {
                lines.push(format!("{} {}: {line}", found.host, found.vuln));
            }
        }
        lines
    })
}

/// Every world that is one part smaller.
fn smaller(case: &Case) -> Vec<Case> {
    let mut cases = Vec::new();
    macro_rules! without_each {
        ($field:ident) => {
            for index in 0..case.$field.len() {
                let mut less = case.clone();
                less.$field.remove(index);
                cases.push(less);
            }
        };
    }
    without_each!(runs);
    without_each!(covers);
    without_each!(triages);
    without_each!(listings);
    without_each!(systems);
    without_each!(agreements);
    without_each!(incidents);
    without_each!(holidays);
    for run in 0..case.runs.len() {
        for row in 0..case.runs[run].rows.len() {
            let mut less = case.clone();
            less.runs[run].rows.remove(row);
            cases.push(less);
        }
        for target in 0..case.runs[run].targets.len() {
            let mut less = case.clone();
            let gone = less.runs[run].targets.remove(target);
            less.runs[run].rows.retain(|row| row.host != gone.host);
            cases.push(less);
        }
    }
    unused(case, &mut cases);
    plainer(case, &mut cases);
    cases
}

/// Every world without one scanner that has no run, or one vulnerability that nothing names.
fn unused(case: &Case, cases: &mut Vec<Case>) {
    for index in 0..case.scanners.len() {
        if case.runs.iter().all(|run| run.scanner != index) {
            let mut less = case.clone();
            less.scanners.remove(index);
            less.runs
                .iter_mut()
                .filter(|run| run.scanner > index)
                .for_each(|run| run.scanner -= 1);
            cases.push(less);
        }
    }
    for index in 0..case.vulns.len() {
        let names = |vuln: &usize| *vuln == index;
        let mut less = case.clone();
        let cuts = less.covers.iter_mut().filter(|cover| cover.vulns.len() > 1);
        cuts.for_each(|cover| cover.vulns.retain(|vuln| *vuln != index));
        let is_named = less
            .runs
            .iter()
            .flat_map(|run| &run.rows)
            .any(|row| names(&row.vuln))
            || less.listings.iter().any(|listing| names(&listing.vuln))
            || less.triages.iter().any(|verdict| names(&verdict.vuln))
            || less.incidents.iter().any(|one| one.vulns.contains(&index))
            || less.covers.iter().any(|cover| cover.vulns.contains(&index));
        if is_named {
            continue;
        }
        less.vulns.remove(index);
        let rows = less
            .runs
            .iter_mut()
            .flat_map(|run| &mut run.rows)
            .map(|row| &mut row.vuln);
        let rest = less.listings.iter_mut().map(|listing| &mut listing.vuln);
        let rest = rest.chain(less.triages.iter_mut().map(|verdict| &mut verdict.vuln));
        let rest = rest.chain(less.covers.iter_mut().flat_map(|cover| &mut cover.vulns));
        let rest = rest.chain(less.incidents.iter_mut().flat_map(|one| &mut one.vulns));
        rows.chain(rest)
            .filter(|vuln| **vuln > index)
            .for_each(|vuln| *vuln -= 1);
        cases.push(less);
    }
}

/// Every world with one thing that says less.
fn plainer(case: &Case, cases: &mut Vec<Case>) {
    let mut change = |applies: bool, edit: &dyn Fn(&mut Case)| {
        if applies {
            let mut less = case.clone();
            edit(&mut less);
            cases.push(less);
        }
    };
    for run in 0..case.runs.len() {
        for row in 0..case.runs[run].rows.len() {
            let one = &case.runs[run].rows[row];
            change(one.first.is_some(), &|less| less.runs[run].rows[row].first = None);
            change(one.is_exploited, &|less| {
                less.runs[run].rows[row].is_exploited = false
            });
            change(one.fingerprint.is_some(), &|less| {
                less.runs[run].rows[row].fingerprint = None
            });
            change(one.fix_available.is_some(), &|less| {
                less.runs[run].rows[row].fix_available = None
            });
            let high = countersign::model::Severity::High;
            change(one.severity != high, &|less| {
                less.runs[run].rows[row].severity = high
            });
        }
        for target in 0..case.runs[run].targets.len() {
            let says = case.runs[run].targets[target].quality.is_some();
            change(says, &|less| less.runs[run].targets[target].quality = None);
        }
    }
    for index in 0..case.vulns.len() {
        let has = case.vulns[index].patch_published.is_some();
        change(has, &|less| less.vulns[index].patch_published = None);
    }
    for index in 0..case.covers.len() {
        let many = case.covers[index].approvals.len() > 1;
        change(many, &|less| less.covers[index].approvals.truncate(1));
    }
    for index in 0..case.systems.len() {
        change(case.systems[index].retired_on.is_some(), &|less| {
            less.systems[index].retired_on = None
        });
        change(case.systems[index].end_of_life.is_some(), &|less| {
            less.systems[index].end_of_life = None
        });
        change(case.systems[index].is_regulated, &|less| {
            less.systems[index].is_regulated = false
        });
    }
    for index in 0..case.agreements.len() {
        change(case.agreements[index].kev.is_some(), &|less| {
            less.agreements[index].kev = None
        });
    }
}

/// Takes parts away as long as the world still fails.
pub(super) fn shrink(mut case: Case, fails: impl Fn(&Case) -> bool) -> Case {
    while let Some(less) = smaller(&case).into_iter().find(&fails) {
        case = less;
    }
    case
}

/// The kind of a difference: the field, so that shrinking does not slip into another one.
fn kind(line: &str) -> &str {
    let end = line.find(": model ").unwrap_or(line.len());
    line[..end].rsplit(' ').next().unwrap_or(line)
}

fn report(seed: u64) -> Option<String> {
    let case = generate(seed);
    let found = differences(&case);
    let first = kind(found.first()?).to_owned();
    let small = shrink(case, |less| {
        differences(less).iter().any(|line| kind(line) == first)
    });
    let mut text = format!("world {seed}\n{}", small.table());
    for line in differences(&small) {
        writeln!(text, "  DIFFERS {line}").unwrap();
    }
    Some(text)
}

/// The worlds that differ, by the first field that does.
fn differing(seeds: std::ops::Range<u64>) -> BTreeMap<String, Vec<u64>> {
    let found: Vec<(u64, Vec<String>)> = seeds
        .into_par_iter()
        .map(|seed| (seed, differences(&generate(seed))))
        .filter(|(_, lines)| !lines.is_empty())
        .collect();
    let mut by_kind: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (seed, lines) in found {
        by_kind.entry(kind(&lines[0]).to_owned()).or_default().push(seed);
    }
    by_kind
}

#[test]
fn the_real_one_agrees_with_the_model() {
    let seeds = seeds(WORLDS);
    println!("worlds {seeds:?}; REFERENCE_WORLDS and REFERENCE_FROM choose others");
    let differing = differing(seeds);
    let counts: BTreeMap<&str, usize> = differing
        .iter()
        .map(|(kind, seeds)| (kind.as_str(), seeds.len()))
        .collect();
    let shown: Vec<u64> = differing
        .values()
        .flat_map(|seeds| seeds.iter().take(2))
        .copied()
        .collect();
    let reports: Vec<String> = shown.into_par_iter().filter_map(report).collect();
    assert!(
        differing.is_empty(),
        "worlds that differ, by the first field that does: {counts:?}\n\n{}",
        reports.join("\n")
    );
}
