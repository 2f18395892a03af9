//! The table of dispositions: section 3.4, row by row.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use countersign::model::Disposition;

use super::due::{Due, due_at, exploited_since, triages};
use super::lives::{Life, day_of, end_of, is_stale, lives, start_of};
use super::stand::{is_active, is_in_force, is_unsupported, stand};
use super::world::{Case, Finds, Says, Sort, Unit};

/// What the model expects of one finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Expected {
    pub(super) host: String,
    pub(super) vuln: String,
    pub(super) first_seen: DateTime<Utc>,
    pub(super) closed: Option<DateTime<Utc>>,
    pub(super) recurrence: u32,
    pub(super) stale: bool,
    pub(super) base_due: DateTime<Utc>,
    pub(super) reasons: BTreeSet<&'static str>,
    pub(super) disposition: Disposition,
    pub(super) due: DateTime<Utc>,
    pub(super) breached: Option<DateTime<Utc>>,
    /// Any of them may be named.
    pub(super) coverage: BTreeSet<String>,
    pub(super) suspended: BTreeSet<String>,
}

/// Judges a world.
pub(super) fn judge(case: &Case) -> Vec<Expected> {
    let hosts: BTreeSet<&str> = case
        .runs
        .iter()
        .flat_map(|run| run.targets.iter().map(|target| target.host.as_str()))
        .collect();
    let mut expected = Vec::new();
    for host in hosts {
        for vuln in 0..case.vulns.len() {
            for life in lives(case, host, vuln) {
                expected.push(judge_one(case, &life));
            }
        }
    }
    expected.sort_by(|one, other| {
        (&one.host, &one.vuln, one.first_seen).cmp(&(&other.host, &other.vuln, other.first_seen))
    });
    expected
}

fn judge_one(case: &Case, life: &Life<'_>) -> Expected {
    // What came after the end does not change how it was.
    let closed = life.closed.or_else(|| retired(case, life));
    let end = closed.unwrap_or(case.as_of);
    let (base_due, reasons): Due = due_at(case, life, end);
    let breached = breach(case, life, end);
    let stands = stand(case, life, end, closed.is_none());
    let disposition = disposition(case, life, base_due, breached);
    let is_by_decision = disposition.is_by_decision();
    let names = |sort: Sort| -> BTreeSet<String> {
        let of_it = stands.by.iter().filter(|cover| cover.sort == sort);
        of_it.map(|cover| cover.id.clone()).collect()
    };
    let sort = match () {
        () if disposition == Disposition::AcceptedUnsupported => Some(Sort::Unsupported),
        () if disposition == Disposition::Accepted => Some(Sort::Acceptance),
        () if disposition == Disposition::Deferred => Some(Sort::Exception),
        () => None,
    };
    let coverage = sort.map(names).unwrap_or_default();
    let set_aside = stands.suspended.iter().map(|cover| cover.id.clone()).collect();
    let due = if is_by_decision {
        stands.until(case).unwrap()
    } else {
        base_due
    };
    Expected {
        host: life.host.into(),
        vuln: case.vulns[life.vuln].id.clone(),
        first_seen: life.first_seen,
        closed,
        recurrence: life.recurrence,
        stale: is_stale(case, life),
        base_due,
        reasons,
        disposition,
        due,
        breached,
        coverage,
        suspended: if closed.is_some() {
            BTreeSet::new()
        } else {
            set_aside
        },
    }
}

fn disposition(
    case: &Case,
    life: &Life<'_>,
    due: DateTime<Utc>,
    breached: Option<DateTime<Utc>>,
) -> Disposition {
    let now = case.as_of;
    let unit = case.unit_of(life.host);
    // Row 1.
    if retired(case, life).is_some() {
        return Disposition::ClosedRetired;
    }
    // Row 2.
    if life.closed.is_some() {
        return if breached.is_some() {
            Disposition::FixedLate
        } else {
            Disposition::FixedInTime
        };
    }
    // Row 3.
    if is_not_applicable(case, life) {
        return Disposition::NotApplicable;
    }
    // Row 4.
    if unit.is_some_and(|unit| is_excluded(case, unit)) {
        return Disposition::OutOfScope;
    }
    // Row 5: with no coverage left, go on at row 9.
    let stands = stand(case, life, now, true);
    if !(exploited_since(case, life, now).is_some() && stands.by.is_empty()) {
        // Row 6.
        if stands.has(Sort::Unsupported) {
            return Disposition::AcceptedUnsupported;
        }
        // Row 6b: such an acceptance is one that is valid now, whether or not it holds for this finding.
        let is_governed = case.covers.iter().any(|cover| {
            let is_its = unit.is_some_and(|unit| unit.id == cover.system);
            cover.sort == Sort::Unsupported
                && is_its
                && is_in_force(case, cover)
                && is_active(case, cover, now)
        });
        if is_unsupported(case, life.host) && !is_governed {
            return Disposition::UnsupportedUngoverned;
        }
        // Row 7.
        if stands.has(Sort::Acceptance) {
            return Disposition::Accepted;
        }
        // Row 8.
        if stands.has(Sort::Exception) {
            return Disposition::Deferred;
        }
    }
    // Rows 9 and 10 need deployments and a vendor's missing fix, which no world has.
    // Rows 11 and 12.
    let days = (day_of(case, due) - day_of(case, now)).num_days();
    match () {
        () if due < now => Disposition::Overdue,
        () if days <= case.due_soon_days => Disposition::DueSoon,
        () => Disposition::Open,
    }
}

/// Row 1: the day's end on which the host was retired, where nobody saw it after that.
fn retired(case: &Case, life: &Life<'_>) -> Option<DateTime<Utc>> {
    let day = case.unit_of(life.host)?.retired_on?;
    let was_seen = case.runs.iter().any(|run| {
        let names = run.targets.iter().any(|target| target.host == life.host);
        names && run.at <= case.as_of && day_of(case, run.at) > day
    });
    (day_of(case, case.as_of) > day && !was_seen).then(|| end_of(case, day))
}

/// Row 3: an approved, unexpired Triage, whose fingerprint each open observation has.
fn is_not_applicable(case: &Case, life: &Life<'_>) -> bool {
    triages(case, life, case.as_of).into_iter().any(|(verdict, _)| {
        let takes_out = matches!(verdict.finds, Finds::FalsePositive | Finds::NotAffected);
        takes_out
            && verdict.fingerprint.is_none_or(|print| {
                open_observations(case, life)
                    .into_iter()
                    .all(|seen| seen == Some(print))
            })
    })
}

/// The newest row of each scanner, where that is not that it is fixed. What is merely absent is still open.
fn open_observations(case: &Case, life: &Life<'_>) -> Vec<Option<char>> {
    let mut open = Vec::new();
    for scanner in 0..case.scanners.len() {
        let runs = case
            .runs
            .iter()
            .filter(|run| run.scanner == scanner && run.at <= case.as_of);
        let rows = runs.flat_map(|run| run.rows.iter().map(move |row| (run.at, row)));
        let newest = rows
            .filter(|(_, row)| row.host == life.host && row.vuln == life.vuln)
            .max_by_key(|(at, _)| *at);
        open.extend(
            newest
                .filter(|(_, row)| !matches!(row.says, Says::Fixed(_)))
                .map(|(_, row)| row.fingerprint),
        );
    }
    open
}

/// Row 4: out of scope, with the valid acceptance that its scope names.
fn is_excluded(case: &Case, unit: &Unit) -> bool {
    let named = unit.out_of_scope.as_ref().and_then(Option::as_ref);
    named.is_some_and(|id| {
        case.covers.iter().any(|cover| {
            cover.id == *id
                && cover.sort == Sort::ScopeExclusion
                && is_in_force(case, cover)
                && is_active(case, cover, case.as_of)
        })
    })
}

/// 3.5 and 3.6: the first due date that passed while the finding was open and nothing stood for it, by what
/// was known then. A date that a Triage moves later stays breached; so do the days before a late approval.
/// The days between a fix and the sighting that undid it are not credited (3.5, reopened within the window).
fn breach(case: &Case, life: &Life<'_>, end: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let is_open = life.closed.or_else(|| retired(case, life)).is_none();
    let mut moments = turning_points(case, life, end);
    let dues: Vec<_> = moments
        .iter()
        .map(|at| due_at(case, life, *at).0 + TimeDelta::seconds(1))
        .collect();
    moments.extend(dues);
    moments.retain(|at| *at >= life.first_seen && *at <= end);
    moments.sort();
    moments.dedup();
    moments.into_iter().find_map(|at| {
        let due = due_at(case, life, at).0;
        let stands = || stand(case, life, at, is_open && at == case.as_of);
        (due < at && stands().by.is_empty()).then_some(due)
    })
}

/// Every moment at which something may change.
fn turning_points(case: &Case, life: &Life<'_>, end: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let starts = |day: NaiveDate| start_of(case, day);
    let ends = |day: NaiveDate| end_of(case, day) + TimeDelta::seconds(1);
    let mut moments = vec![life.first_seen, end];
    moments.extend(case.runs.iter().map(|run| run.at));
    // What a run calls exploited is so for the whole of its local day.
    moments.extend(case.runs.iter().map(|run| starts(day_of(case, run.at))));
    for cover in &case.covers {
        moments.extend(cover.approvals.iter().copied());
        moments.extend(cover.revoked);
        moments.extend([starts(cover.starts), ends(cover.expires)]);
    }
    for verdict in &case.triages {
        moments.extend(verdict.approvals.iter().copied());
        moments.push(ends(verdict.expires));
        // Evidence has its day, too.
        if let Finds::Exploited(day) = verdict.finds {
            moments.push(starts(day));
        }
    }
    moments.extend(case.listings.iter().map(|listing| starts(listing.added)));
    for incident in &case.incidents {
        moments.extend([incident.from, incident.to + TimeDelta::seconds(1)]);
    }
    for unit in &case.systems {
        moments.extend(
            unit.end_of_life
                .iter()
                .chain(&unit.extended_support)
                .map(|day| ends(*day)),
        );
    }
    moments.retain(|at| *at >= life.first_seen && *at <= end);
    moments
}
