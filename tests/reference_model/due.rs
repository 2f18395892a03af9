//! Due dates: section 3.5, as the earliest of everything that runs.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, Utc, Weekday};
use countersign::model::Severity;

use super::lives::{Life, day_of, end_of, start_of};
use super::world::{Agreement, Case, Finds, Span, Start, Verdict};

/// A due date with the rules that give it; several where they give the same.
pub(super) type Due = (DateTime<Utc>, BTreeSet<&'static str>);

/// Caps of the one regulation, in days from the first detection.
fn cap(severity: Severity) -> Option<u64> {
    match severity {
        Severity::Critical => Some(5),
        Severity::High => Some(9),
        Severity::Medium | Severity::Low => None,
    }
}

fn is_about(case: &Case, verdict: &Verdict, life: &Life<'_>) -> bool {
    let is_here = if verdict.hosts.is_empty() {
        case.unit_of(life.host)
            .is_some_and(|unit| unit.id == verdict.system)
    } else {
        verdict.hosts.iter().any(|host| host == life.host)
    };
    verdict.vuln == life.vuln && is_here
}

/// Every Triage of the finding that was approved by a moment, with its first approval.
///
/// One that has expired by as-of counts at no time (hole: whether evidence of an exploit outlives its Triage).
pub(super) fn triages<'a>(
    case: &'a Case,
    life: &Life<'_>,
    at: DateTime<Utc>,
) -> Vec<(&'a Verdict, DateTime<Utc>)> {
    let about = case
        .triages
        .iter()
        .filter(|verdict| is_about(case, verdict, life));
    about
        .filter(|verdict| day_of(case, case.as_of) <= verdict.expires)
        .filter_map(|verdict| {
            let first = verdict.approvals.iter().copied().min()?;
            (first <= at).then_some((verdict, first))
        })
        .collect()
}

/// The local day since which the vulnerability is known to be used in attacks, by scanners or a Triage.
pub(super) fn attacked_since(case: &Case, life: &Life<'_>, at: DateTime<Utc>) -> Option<NaiveDate> {
    let runs = case.runs.iter().filter(|run| run.at <= at);
    let scanned = runs
        .filter(|run| {
            run.rows
                .iter()
                .any(|row| row.host == life.host && row.vuln == life.vuln && row.is_exploited)
        })
        .map(|run| day_of(case, run.at));
    // Evidence counts from its own day, whenever its Triage was approved (hole; the fail-closed reading: an
    // earlier due, and an older decision set aside since that day).
    let triaged = triages(case, life, case.as_of)
        .into_iter()
        .filter_map(|(verdict, _)| match verdict.finds {
            Finds::Exploited(day) => Some(day),
            Finds::FalsePositive | Finds::NotAffected | Finds::Rated(_) | Finds::UnderInvestigation => None,
        })
        .filter(|day| *day <= day_of(case, at));
    scanned.chain(triaged).min()
}

/// The day of the listing, once it has come.
pub(super) fn listed_on(case: &Case, life: &Life<'_>, at: DateTime<Utc>) -> Option<NaiveDate> {
    let listings = case.listings.iter().filter(|listing| listing.vuln == life.vuln);
    listings
        .map(|listing| listing.added)
        .filter(|added| *added <= day_of(case, at))
        .min()
}

/// The local day on which it became exploited or listed (3.4 row 5).
pub(super) fn exploited_since(case: &Case, life: &Life<'_>, at: DateTime<Utc>) -> Option<NaiveDate> {
    attacked_since(case, life, at)
        .into_iter()
        .chain(listed_on(case, life, at))
        .min()
}

/// How grave, and since when: the first entry, and each rise after it.
pub(super) fn severities(case: &Case, life: &Life<'_>, at: DateTime<Utc>) -> Vec<(DateTime<Utc>, Severity)> {
    // 3.2.2: of several scanners the higher counts, until a Triage settles it; one that is seen lower later
    // is not lowered by that (3.5: severity down by approved Triage only), in a new life neither (hole).
    let mut runs: Vec<_> = case.runs.iter().filter(|run| run.at <= at).collect();
    runs.sort_by_key(|run| run.at);
    let mut rises: Vec<(DateTime<Utc>, Severity)> = Vec::new();
    for run in runs {
        let mut rows = run.rows.iter();
        let row = rows.find(|row| row.host == life.host && row.vuln == life.vuln);
        if let Some(row) = row
            && rises.last().is_none_or(|(_, severity)| row.severity > *severity)
        {
            // What was known when the life began is where it begins.
            if run.at <= life.first_seen {
                rises.clear();
            }
            rises.push((run.at, row.severity));
        }
    }
    if rises.is_empty() {
        rises.push((life.first_seen, life.sightings[0].row.severity));
    }
    // Of several Triages the gravest counts.
    let rated = triages(case, life, at)
        .into_iter()
        .filter_map(|(verdict, since)| match verdict.finds {
            Finds::Rated(severity) => Some((severity, since)),
            Finds::FalsePositive | Finds::NotAffected | Finds::Exploited(_) | Finds::UnderInvestigation => {
                None
            }
        })
        .max_by_key(|(severity, since)| (*severity, std::cmp::Reverse(*since)));
    rises[0].0 = life.first_seen;
    let Some((severity, since)) = rated else {
        return rises;
    };
    // One from before the life rates from its first moment on: where it raises, the scanners' own severity asks
    // for its date, too, and the earlier of both counts (hole; they differ only where the graver cell is longer).
    let since = since.max(life.first_seen);
    let (mut before, after): (Vec<_>, Vec<_>) = rises.into_iter().partition(|(rise, _)| *rise <= since);
    let is_exploited = exploited_since(case, life, at).is_some();
    if severity < before.last().unwrap().1 {
        // 3.4, under the table: never for what is exploited or listed.
        if !is_exploited {
            return vec![(life.first_seen, severity)];
        }
        // A date that the lowering had made earlier stays (hole, as above).
        if exploited_since(case, life, since).is_none() {
            before.insert(0, (life.first_seen, severity));
        }
        before.extend(after);
        return before;
    }
    if severity > before.last().unwrap().1 {
        before.push((since, severity));
    }
    // 3.2.2: the Triage has settled what scanners say, later, too (hole) but not of what is exploited.
    before.extend(
        after
            .into_iter()
            .filter(|(_, risen)| is_exploited && *risen > severity),
    );
    before
}

/// Adds the time of a cell (3.5, time rules: days to the local date, hours absolute).
fn after(case: &Case, start: DateTime<Utc>, span: Span) -> DateTime<Utc> {
    match span {
        Span::Hours(hours) => start + TimeDelta::hours(i64::from(hours)),
        Span::Days(days) => days_after(case, start, u64::from(days)),
        Span::Business(days) => {
            let mut day = day_of(case, start);
            let mut left = days;
            while left > 0 {
                day = day + Days::new(1);
                // 3.5, time rules: business days use Calendar.holidays.
                let is_free = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
                if !is_free && !case.holidays.contains(&day) {
                    left -= 1;
                }
            }
            end_of(case, day)
        }
    }
}

fn days_after(case: &Case, start: DateTime<Utc>, days: u64) -> DateTime<Utc> {
    end_of(case, day_of(case, start) + Days::new(days))
}

/// 3.5, start.
fn start(case: &Case, life: &Life<'_>, agreement: &Agreement) -> DateTime<Utc> {
    let seen = life.first_seen;
    let Some(patch) = case.vulns[life.vuln]
        .patch_published
        .map(|day| start_of(case, day))
    else {
        return seen;
    };
    match agreement.start {
        Start::FirstDetected => seen,
        Start::PatchReleased => patch,
        Start::Earliest => seen.min(patch),
        Start::Latest => seen.max(patch),
    }
}

fn cell(agreement: &Agreement, severity: Severity) -> Span {
    let place = Severity::ALL.iter().position(|one| *one == severity).unwrap();
    agreement.cells[place]
}

/// The due date without any coverage, by what is known at a moment.
pub(super) fn due_at(case: &Case, life: &Life<'_>, at: DateTime<Utc>) -> Due {
    let unit = case.unit_of(life.host);
    let agreement = unit.and_then(|unit| case.agreements.iter().find(|one| one.tier == unit.tier));
    let rises = severities(case, life, at);
    let mut dues: Vec<(DateTime<Utc>, &'static str)> = Vec::new();
    for (index, (rise, severity)) in rises.iter().enumerate() {
        let is_first = index == 0 || *rise <= life.first_seen;
        if let Some(agreement) = agreement {
            // 3.5, severity up at t: the earlier of the old due and t + the new time.
            // But never from before the clock starts (hole: else what rose would be due before what was as grave
            // from the first day on).
            let from = start(case, life, agreement);
            let from = if is_first { from } else { from.max(*rise) };
            dues.push((after(case, from, cell(agreement, *severity)), "sla"));
        } else {
            // 3.4, below the table: the shortest cell that any Sla has.
            let from = if is_first { life.first_seen } else { *rise };
            for agreement in &case.agreements {
                dues.push((after(case, from, cell(agreement, *severity)), "strictest"));
            }
        }
        let days = cap(*severity).filter(|_| unit.is_some_and(|unit| unit.is_regulated));
        if let Some(days) = days {
            // A cap that comes to apply after its own date asks for the moment at which it does (hole: 3.5 says
            // min of all; it is overdue at once either way, and no date is told that had passed before that).
            let least = if is_first { life.first_seen } else { *rise };
            dues.push((days_after(case, life.first_seen, days).max(least), "cap"));
        }
    }
    override_times(case, life, at, &rises, &mut dues);
    if case.agreements.is_empty() {
        dues.push((life.first_seen, "strictest"));
    }
    if let Some(agreement) = agreement {
        accelerate(case, life, at, agreement, &mut dues);
        dues.extend(kev(case, life, at, agreement).map(|due| (due, "kev")));
    }
    let earliest = dues.iter().map(|(due, _)| *due).min().unwrap();
    let reasons = dues
        .into_iter()
        .filter(|(due, _)| *due == earliest)
        .map(|(_, reason)| reason);
    (earliest, reasons.collect())
}

/// 3.5, incident override: for what is open while it is in force, from the first moment at which it fits. No
/// senior manager has approved any, so that none gives more time.
fn override_times(
    case: &Case,
    life: &Life<'_>,
    at: DateTime<Utc>,
    rises: &[(DateTime<Utc>, Severity)],
    dues: &mut Vec<(DateTime<Utc>, &'static str)>,
) {
    let Some(unit) = case.unit_of(life.host) else {
        return;
    };
    for incident in &case.incidents {
        // Its approval has no say from when on: once it is there it counts from the override's own start (hole).
        let is_approved = incident.approvals.iter().any(|approved| *approved <= case.as_of);
        let is_about = incident.vulns.is_empty() || incident.vulns.contains(&life.vuln);
        let is_its = incident.system == unit.id && incident.tier == unit.tier;
        if !is_approved || incident.status == "draft" || !is_about || !is_its {
            continue;
        }
        for (index, (rise, severity)) in rises.iter().enumerate() {
            let fits = incident.from.max(*rise).max(life.first_seen);
            let next = rises.get(index + 1).map(|(next, _)| *next);
            let has_risen = next.is_some_and(|next| next <= fits && fits > life.first_seen);
            if *severity == incident.severity && fits <= incident.to && fits <= at && !has_risen {
                dues.push((fits + TimeDelta::hours(i64::from(incident.hours)), "override"));
            }
        }
    }
}

/// 3.5, exploit evidence at t; evidence that is older than the finding counts from the finding.
fn accelerate(
    case: &Case,
    life: &Life<'_>,
    at: DateTime<Utc>,
    agreement: &Agreement,
    dues: &mut Vec<(DateTime<Utc>, &'static str)>,
) {
    // A listing says that it is exploited: `exploitation == active` holds from then on (hole: no rule says so).
    if let (Some(days), Some(since)) = (agreement.exploited_days, exploited_since(case, life, at)) {
        let from = day_of(case, life.first_seen).max(since);
        dues.push((end_of(case, from + Days::new(u64::from(days))), "accelerator"));
    }
}

/// 3.5, KEV at t.
fn kev(case: &Case, life: &Life<'_>, at: DateTime<Utc>, agreement: &Agreement) -> Option<DateTime<Utc>> {
    let mode = agreement.kev?;
    let added = listed_on(case, life, at)?;
    let listing = case
        .listings
        .iter()
        .find(|listing| listing.vuln == life.vuln && listing.added == added)?;
    let first_day = day_of(case, life.first_seen);
    let listed = match mode.days {
        Some(days) => Some(end_of(case, added + Days::new(u64::from(days)))),
        None => listing.due.map(|due| end_of(case, due)),
    };
    // An old entry on a new host: `min_days` from the first sighting, but no less than the listing leaves by
    // itself (hole: to the letter `min_days` would take time away from an entry of yesterday).
    let least = mode
        .min_days
        .map(|days| end_of(case, first_day + Days::new(u64::from(days))));
    let is_old = added < first_day;
    let due = match (listed, least) {
        (Some(listed), Some(least)) if is_old => listed.max(least),
        (Some(listed), _) => listed,
        (None, least) => least?,
    };
    let floor = TimeDelta::hours(i64::from(mode.floor_hours.unwrap_or(24)));
    Some(due.max(life.first_seen + floor))
}
