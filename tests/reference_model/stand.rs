//! Coverage: section 3.6, and row 5 of 3.4.

use chrono::{DateTime, Utc};

use super::due::exploited_since;
use super::lives::{Life, day_of, end_of, start_of};
use super::world::{Case, Cover, Sort};

/// What stands for a finding at a moment.
#[derive(Debug, Default)]
pub(super) struct Stand<'a> {
    /// The coverages that count together.
    pub(super) by: Vec<&'a Cover>,
    /// Set aside because the vulnerability is exploited.
    pub(super) suspended: Vec<&'a Cover>,
}

impl Stand<'_> {
    pub(super) fn has(&self, sort: Sort) -> bool {
        self.by.iter().any(|cover| cover.sort == sort)
    }

    /// The last moment: of coverages that are active together, the earliest end governs; but one that
    /// another one of them renews gives way to that one.
    pub(super) fn until(&self, case: &Case) -> Option<DateTime<Utc>> {
        let gives_way = |cover: &Cover| {
            self.by
                .iter()
                .any(|other| other.renews.as_ref() == Some(&cover.id))
        };
        let governing = self.by.iter().filter(|cover| !gives_way(cover));
        governing.map(|cover| end_of(case, cover.expires)).min()
    }
}

/// Whether one renews the other, at once or through others.
fn renews(case: &Case, later: &Cover, earlier: &Cover) -> bool {
    let mut next = later.renews.as_ref();
    for _ in 0..case.covers.len() {
        match next {
            Some(id) if *id == earlier.id => return true,
            Some(id) => {
                let found = case.covers.iter().find(|cover| cover.id == *id);
                next = found.and_then(|cover| cover.renews.as_ref());
            }
            None => return false,
        }
    }
    false
}

/// 3.6: approved and neither draft nor ended, as things are at as-of.
pub(super) fn is_in_force(case: &Case, cover: &Cover) -> bool {
    cover.status == "submitted" && is_granted(cover, case.as_of)
}

/// Whether the newest decision by a moment is an approval.
fn is_granted(cover: &Cover, at: DateTime<Utc>) -> bool {
    let approved = cover.approvals.iter().copied().filter(|one| *one <= at).max();
    let revoked = cover.revoked.filter(|revoked| *revoked <= at);
    approved.is_some() && approved > revoked
}

/// 3.6: start <= moment <= end, and approved by then.
pub(super) fn is_active(case: &Case, cover: &Cover, at: DateTime<Utc>) -> bool {
    let day = day_of(case, at);
    let granted = cover.approvals.iter().any(|approved| *approved <= at);
    granted && cover.starts <= day && day <= cover.expires
}

fn granted(cover: &Cover) -> DateTime<Utc> {
    cover.approvals.iter().copied().min().unwrap()
}

/// Whether the System is unsupported, at as-of as all dates of 3.4.
pub(super) fn is_unsupported(case: &Case, host: &str) -> bool {
    let day = day_of(case, case.as_of);
    let unit = case.unit_of(host);
    unit.is_some_and(|unit| {
        let is_past_end = unit.end_of_life.is_some_and(|end| day > end);
        is_past_end && unit.extended_support.is_none_or(|until| day > until)
    })
}

/// 3.4 row 6: no vendor fix, by every observation; unknown means that there is one.
fn has_no_fix(case: &Case, life: &Life<'_>) -> bool {
    let runs = case.runs.iter().filter(|run| run.at <= case.as_of);
    let mut rows = runs
        .flat_map(|run| &run.rows)
        .filter(|row| row.host == life.host && row.vuln == life.vuln);
    rows.all(|row| row.fix_available == Some(false))
}

/// Every coverage whose scope holds the finding, at whatever time.
fn in_scope<'a>(case: &'a Case, life: &Life<'_>) -> Vec<&'a Cover> {
    let holds = |cover: &&Cover| match cover.sort {
        Sort::Exception | Sort::Acceptance => {
            cover.vulns.contains(&life.vuln) && cover.hosts.iter().any(|host| host == life.host)
        }
        Sort::Unsupported => {
            let is_its_system = case
                .unit_of(life.host)
                .is_some_and(|unit| unit.id == cover.system);
            is_its_system && is_unsupported(case, life.host) && has_no_fix(case, life)
        }
        Sort::ScopeExclusion => false,
    };
    case.covers.iter().filter(holds).collect()
}

/// Returns what stands for a finding at a moment; `is_judged` where it is open and that moment is as-of.
///
/// Now only what is in force counts. Then, what was approved and no draft: its author may have ended it since,
/// as one does when the finding is fixed (hole: `status` has no date; 3.6 says what an early end does to
/// findings that are open).
pub(super) fn stand<'a>(case: &'a Case, life: &Life<'_>, at: DateTime<Utc>, is_judged: bool) -> Stand<'a> {
    let lives = |cover: &Cover| match is_judged {
        true => is_in_force(case, cover),
        false => cover.status != "draft" && cover.approvals.iter().any(|approved| *approved <= case.as_of),
    };
    let scope: Vec<&Cover> = in_scope(case, life)
        .into_iter()
        .filter(|cover| lives(cover))
        .collect();
    let mut stand = Stand::default();
    // It is set aside for the whole of that local day (hole: 3.4 knows the day only; a run has an hour).
    let exploited = exploited_since(case, life, case.as_of).filter(|since| *since <= day_of(case, at));
    for cover in scope.iter().copied() {
        let is_ended = scope.iter().any(|other| ended_by(case, cover, other, at));
        if !is_active(case, cover, at) || !is_granted(cover, at) || is_ended {
            continue;
        }
        // 3.4 row 5: each without an approval dated after the day, or without `covers_exploited`, is set aside.
        let is_set_aside = exploited.is_some_and(|since| {
            let mut known = cover.approvals.iter().filter(|approved| **approved <= at);
            !cover.covers_exploited || !known.any(|approved| day_of(case, *approved) > since)
        });
        if is_set_aside {
            stand.suspended.push(cover);
        } else {
            stand.by.push(cover);
        }
    }
    stand
}

/// 3.6, overlap: after the earlier of two has ended, the later counts only if approved anew, or as its renewal.
fn ended_by(case: &Case, cover: &Cover, other: &Cover, at: DateTime<Utc>) -> bool {
    let span = |cover: &Cover| {
        let start = start_of(case, cover.starts);
        (start.max(granted(cover)), end_of(case, cover.expires))
    };
    let ((from, to), (other_from, other_to)) = (span(cover), span(other));
    let have_met = other.id != cover.id && from <= other_to && other_from <= to && other_from <= other_to;
    let mut anew = cover
        .approvals
        .iter()
        .filter(|approved| **approved <= at && **approved > other_to);
    other_to < at && have_met && !renews(case, cover, other) && anew.next().is_none()
}
