//! Episodes: section 3.2, rules 1 and 3 to 7, and the reopening rows of 3.5, as one loop over the runs.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use countersign::model::Quality;

use super::world::{Case, Row, Says};

/// One life of one vulnerability on one host.
#[derive(Clone, Debug)]
pub(super) struct Life<'a> {
    pub(super) host: &'a str,
    pub(super) vuln: usize,
    pub(super) first_seen: DateTime<Utc>,
    /// Every row that calls it open, by time; of a life that is known by a fix only, that row.
    pub(super) sightings: Vec<Sighting<'a>>,
    /// Every row and every absence that speaks for a fix, by time.
    pub(super) looks: Vec<Look>,
    pub(super) closed: Option<DateTime<Utc>>,
    /// The least quality that vouches for the fix.
    pub(super) fix_quality: Option<u8>,
    pub(super) recurrence: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Sighting<'a> {
    pub(super) at: DateTime<Utc>,
    pub(super) scanner: usize,
    pub(super) quality: u8,
    pub(super) row: &'a Row,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) at: DateTime<Utc>,
    pub(super) scanner: usize,
    pub(super) quality: u8,
    /// When the vulnerability was gone, by this look.
    pub(super) gone: DateTime<Utc>,
}

/// Returns every life of one vulnerability on one host, by the runs up to as-of.
pub(super) fn lives<'a>(case: &'a Case, host: &'a str, vuln: usize) -> Vec<Life<'a>> {
    // 3.5, time rules: imports newer than as-of are ignored. W20: runs go by their own time.
    let mut runs: Vec<_> = case.runs.iter().filter(|run| run.at <= case.as_of).collect();
    runs.sort_by_key(|run| run.at);
    let mut lives: Vec<Life<'a>> = Vec::new();
    for run in runs {
        // 3.2.5: only a host in the target list was looked at.
        let Some(target) = run.targets.iter().find(|target| target.host == host) else {
            continue;
        };
        let scanner = &case.scanners[run.scanner];
        let quality = rank(target.quality.unwrap_or(scanner.quality));
        let row = run.rows.iter().find(|row| row.host == host && row.vuln == vuln);
        match row {
            Some(row) if !matches!(row.says, Says::Fixed(_)) => {
                let seen = Sighting {
                    at: run.at,
                    scanner: run.scanner,
                    quality,
                    row,
                };
                see(case, &mut lives, seen, host, vuln);
            }
            // A run that is not whole closes nothing, even where it says fixed: in what is missing it may be open. Where
            // nobody told of it before there is nothing to close.
            Some(_) if !run.is_complete && !lives.is_empty() => {}
            // 3.2.6: a Source says fixed.
            Some(row) => {
                let Says::Fixed(stated) = row.says else { continue };
                let look = Look {
                    at: run.at,
                    scanner: run.scanner,
                    quality,
                    gone: stated.unwrap_or(run.at).min(run.at),
                };
                told_fixed(case, &mut lives, look, row, host, vuln);
            }
            // 3.2.5: absence counts by a complete run of a Source whose absence means fixed.
            None if run.is_complete && scanner.absence_means_fixed => {
                if let Some(life) = lives.last_mut().filter(|life| life.closed.is_none()) {
                    life.looks.push(Look {
                        at: run.at,
                        scanner: run.scanner,
                        quality,
                        gone: run.at,
                    });
                    settle(case, life);
                }
            }
            None => {}
        }
    }
    lives
}

/// The scanner's own first date. One from before the end of the previous life is not about this one (hole:
/// scanners keep their first date for ever, and 3.5 gives a new episode a new clock).
fn claimed(case: &Case, previous: Option<DateTime<Utc>>, scanner: usize, row: &Row) -> Option<DateTime<Utc>> {
    let claimed = case.claimed(scanner, row.first?);
    previous.is_none_or(|ended| claimed > ended).then_some(claimed)
}

fn before_last(lives: &[Life<'_>]) -> Option<DateTime<Utc>> {
    lives.len().checked_sub(2).and_then(|index| lives[index].closed)
}

fn see<'a>(case: &Case, lives: &mut Vec<Life<'a>>, seen: Sighting<'a>, host: &'a str, vuln: usize) {
    let believed = claimed(case, before_last(lives), seen.scanner, seen.row);
    let is_reopened = seen.row.says == Says::Reopened;
    let Some(life) = lives.last_mut() else {
        let first_seen = believed.unwrap_or(seen.at).min(seen.at);
        lives.push(new_life(host, vuln, first_seen, seen, u32::from(is_reopened)));
        return;
    };
    let (Some(closed), Some(fix)) = (life.closed, life.fix_quality) else {
        // 3.2.2: the earliest date counts, and a later import never moves it later.
        life.first_seen = life.first_seen.min(believed.unwrap_or(seen.at));
        life.sightings.push(seen);
        // A scanner that says reopened knows of a fix that nobody else saw; it counts once (hole).
        life.recurrence = life.recurrence.max(u32::from(is_reopened));
        return;
    };
    // 3.2.7: a lower quality does not undo a verified fix; the finding stays fixed and is suspected. The
    // quality of the fix is that of the look, of several the least.
    if seen.quality < fix {
        return;
    }
    // 3.5: within the window the episode goes on. It is counted in local days to the end of the last, as
    // all days are (hole: 3.5 does not say so of the window; the longer window is the stricter).
    let window = u64::from(case.reopen_window.unwrap_or(90));
    if day_of(case, seen.at) <= day_of(case, closed) + Days::new(window) {
        life.closed = None;
        life.recurrence += 1;
        life.fix_quality = None;
        life.first_seen = life.first_seen.min(believed.unwrap_or(seen.at));
        life.sightings.push(seen);
        return;
    }
    let recurrence = life.recurrence + 1;
    let first = claimed(case, Some(closed), seen.scanner, seen.row);
    let first_seen = first.unwrap_or(seen.at).min(seen.at);
    lives.push(new_life(host, vuln, first_seen, seen, recurrence));
}

fn new_life<'a>(
    host: &'a str,
    vuln: usize,
    first_seen: DateTime<Utc>,
    seen: Sighting<'a>,
    recurrence: u32,
) -> Life<'a> {
    Life {
        host,
        vuln,
        first_seen,
        sightings: vec![seen],
        looks: Vec::new(),
        closed: None,
        fix_quality: None,
        recurrence,
    }
}

/// 3.2.6: a Source says fixed.
fn told_fixed<'a>(
    case: &Case,
    lives: &mut Vec<Life<'a>>,
    look: Look,
    row: &'a Row,
    host: &'a str,
    vuln: usize,
) {
    let believed = claimed(case, before_last(lives), look.scanner, row);
    match lives.last_mut() {
        // The scanner tells of a life that began and ended before it was imported. A retired one says
        // nothing that counts, so there the finding is open until somebody looks.
        None => {
            let seen = Sighting {
                at: look.gone,
                scanner: look.scanner,
                quality: look.quality,
                row,
            };
            let first_seen = believed.unwrap_or(look.gone).min(look.gone);
            let mut life = new_life(host, vuln, first_seen, seen, 0);
            if !case.scanners[look.scanner].is_retired {
                life.closed = Some(look.gone);
                life.fix_quality = Some(look.quality);
            }
            lives.push(life);
        }
        Some(life) if life.closed.is_none() => {
            life.first_seen = life.first_seen.min(believed.unwrap_or(life.first_seen));
            life.looks.push(look);
            settle(case, life);
        }
        Some(_) => {}
    }
}

fn best(life: &Life<'_>) -> u8 {
    life.sightings.iter().map(|seen| seen.quality).max().unwrap()
}

/// The last sighting of the best quality.
fn last_of_best(life: &Life<'_>) -> DateTime<Utc> {
    let of_best = life.sightings.iter().filter(|seen| seen.quality == best(life));
    of_best.map(|seen| seen.at).max().unwrap()
}

/// 3.2.6: closes a life when each active Source that saw it at the best quality has looked since, or, with
/// no such Source left, when any active one of that quality has. The best quality is that of all its sightings,
/// those of retired Sources included.
fn settle(case: &Case, life: &mut Life<'_>) {
    let (best, last) = (best(life), last_of_best(life));
    // 3.2.5: the quality of the look is at least that of the detection. A retired Source no longer counts.
    let counts =
        |look: &&Look| look.at > last && look.quality >= best && !case.scanners[look.scanner].is_retired;
    let first_of = |scanner: usize| {
        let looks = life
            .looks
            .iter()
            .filter(counts)
            .filter(|look| look.scanner == scanner);
        // Nothing is gone before the same scanner saw it last, whatever date it states (hole).
        let own = life
            .sightings
            .iter()
            .filter(|seen| seen.scanner == scanner)
            .map(|seen| seen.at)
            .max();
        let after_own = |look: &&Look| own.is_none_or(|own| look.at > own);
        looks
            .filter(after_own)
            .map(|look| (own.map_or(look.gone, |own| look.gone.max(own)), look.quality))
            .next()
    };
    let must_look: BTreeSet<usize> = life
        .sightings
        .iter()
        .filter(|seen| seen.quality == best && !case.scanners[seen.scanner].is_retired)
        .map(|seen| seen.scanner)
        .collect();
    let looks: Option<Vec<(DateTime<Utc>, u8)>> = if must_look.is_empty() {
        let newest = life.sightings.iter().map(|seen| seen.at).max().unwrap();
        let first = life.looks.iter().find(counts);
        first.map(|look| vec![(look.gone.max(newest), look.quality)])
    } else {
        must_look.into_iter().map(first_of).collect()
    };
    if let Some(looks) = looks {
        // Gone when the last of them says so.
        life.closed = looks.iter().map(|(gone, _)| *gone).max();
        life.fix_quality = looks.iter().map(|(_, quality)| *quality).min();
    }
}

/// 3.2.5: an open finding is stale where an active Source that saw it had the host before it since, did not
/// list it, and could not close it by that. 3.2.6: so it is with no active Source left that saw it.
///
/// Hole: rule 5 read to the letter flags a finding, too, by each run that did not have the host at all.
pub(super) fn is_stale(case: &Case, life: &Life<'_>) -> bool {
    if life.closed.is_some() {
        return false;
    }
    let active: BTreeSet<usize> = life
        .sightings
        .iter()
        .map(|seen| seen.scanner)
        .filter(|scanner| !case.scanners[*scanner].is_retired)
        .collect();
    let at_best = life.sightings.iter().filter(|seen| seen.quality == best(life));
    if !at_best.into_iter().any(|seen| active.contains(&seen.scanner)) {
        return true;
    }
    active.into_iter().any(|scanner| misses(case, life, scanner))
}

fn misses(case: &Case, life: &Life<'_>, scanner: usize) -> bool {
    let own = || life.sightings.iter().filter(|seen| seen.scanner == scanner);
    let own_best = own().map(|seen| seen.quality).max().unwrap();
    let since = own().map(|seen| seen.at).max().unwrap().max(last_of_best(life));
    let (mut has_proved, mut has_missed) = (false, false);
    for run in case
        .runs
        .iter()
        .filter(|run| run.scanner == scanner && run.at <= case.as_of && run.at > since)
    {
        let Some(target) = run.targets.iter().find(|target| target.host == life.host) else {
            continue;
        };
        let is_told = run
            .rows
            .iter()
            .any(|row| row.host == life.host && row.vuln == life.vuln);
        let is_proof = run.is_complete && (is_told || case.scanners[scanner].absence_means_fixed);
        let quality = rank(target.quality.unwrap_or(case.scanners[scanner].quality));
        if is_proof && quality >= own_best {
            has_proved = true;
        } else {
            has_missed = true;
        }
    }
    has_missed && !has_proved
}

/// 3.2.4, the quality order: agent > authenticated > unauthenticated > banner > advisory.
fn rank(quality: Quality) -> u8 {
    match quality {
        Quality::Agent => 5,
        Quality::Authenticated => 4,
        Quality::Unauthenticated => 3,
        Quality::Banner => 2,
        Quality::Advisory => 1,
    }
}

/// Returns the local day of a moment.
pub(super) fn day_of(case: &Case, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&case.zone).date_naive()
}

/// Returns the first moment of a local day; in the zones of the worlds no clock is turned at midnight.
pub(super) fn start_of(case: &Case, day: NaiveDate) -> DateTime<Utc> {
    let midnight = case.zone.from_local_datetime(&day.and_time(NaiveTime::MIN));
    midnight.single().unwrap().with_timezone(&Utc)
}

/// Returns 23:59:59 of a local day (3.5, time rules).
pub(super) fn end_of(case: &Case, day: NaiveDate) -> DateTime<Utc> {
    start_of(case, day + Days::new(1)) - TimeDelta::seconds(1)
}
