//! What may move the due date of a finding, by time.

use chrono::{DateTime, Utc};

use super::freeze::MAX_DAYS;
use super::{Facts, Ground, Law};

/// Something that may move a due date.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Happening {
    Severity,
    Condition,
    System(usize),
    Agreement(usize),
    Rated,
    Override(usize),
    Pause,
    Resume,
    Freeze(usize),
}

/// Lists what happened after the first sighting and before the end, by time.
pub(super) fn happenings(
    facts: &Facts<'_>,
    law: Law<'_>,
    ground: &Ground<'_>,
    end: DateTime<Utc>,
) -> Vec<(DateTime<Utc>, Happening)> {
    use Happening::{Agreement, Condition, Override, Pause, Rated, Resume, System};
    let almanac = &ground.almanac;
    let first_seen = facts.first_seen;
    let mut found: Vec<(DateTime<Utc>, Happening)> = Vec::new();
    let later = |at: DateTime<Utc>| at > first_seen;
    found.extend(facts.rises.iter().map(|(at, _)| (*at, Happening::Severity)));
    let listed = facts.kev.map(|listing| listing.added);
    let days = listed
        .into_iter()
        .chain(facts.evidence.iter().map(|(day, _)| *day));
    let decided = facts
        .triages
        .iter()
        .filter(|(triage, _)| !triage.spec.ssvc.is_empty());
    let moments = days
        .map(|day| almanac.start_of(day))
        .chain(decided.map(|(_, approved)| *approved));
    found.extend(moments.map(|at| (at, Condition)));
    found.extend(facts.exploit_said.iter().map(|(at, _)| (*at, Condition)));
    let systems = facts.systems.iter().enumerate().skip(1);
    found.extend(systems.map(|(index, version)| (version.from, System(index))));
    if let Law::Agreement(versions) = law {
        let versions = versions.iter().enumerate().skip(1);
        found.extend(versions.map(|(index, version)| (version.from, Agreement(index))));
    }
    found.retain(|(at, _)| later(*at));
    let since = |at: DateTime<Utc>| at.max(first_seen);
    found.extend(facts.rated.iter().map(|rated| (since(rated.at), Rated)));
    if let Some(pause) = &facts.pause {
        found.push((since(pause.known), Pause));
        found.extend(pause.until_known.map(|at| (since(at.max(pause.known)), Resume)));
    }
    for (index, one) in facts.overrides.iter().enumerate() {
        found.extend(one.reaches(first_seen).map(|at| (at, Override(index))));
    }
    found.retain(|(at, _)| *at <= end);
    found.extend(freezes(facts, law, ground, end));
    found.sort_unstable();
    found
}

/// The freezes that may pause the clock; those are known before they come.
fn freezes(
    facts: &Facts<'_>,
    law: Law<'_>,
    ground: &Ground<'_>,
    end: DateTime<Utc>,
) -> Vec<(DateTime<Utc>, Happening)> {
    let Law::Agreement(versions) = law else {
        return Vec::new();
    };
    if !versions.iter().any(|version| version.sla.clock.freeze_pauses) {
        return Vec::new();
    }
    let almanac = &ground.almanac;
    let (first_day, last_day) = (almanac.day_of(facts.first_seen), almanac.day_of(end));
    let mut days_to_come = 0;
    let mut found = Vec::new();
    for (index, freeze) in facts.freezes.iter().enumerate() {
        let at = almanac.start_of(freeze.first).max(facts.first_seen);
        let is_closed = facts.closed.is_some_and(|closed| at >= closed);
        if freeze.last < first_day || is_closed {
            continue;
        }
        found.push((at, Happening::Freeze(index)));
        // What comes after the most days that a due date is moved by can move it no more.
        if freeze.first > last_day {
            days_to_come += freeze.last.days_since(freeze.first) + 1;
        }
        if days_to_come >= MAX_DAYS {
            break;
        }
    }
    found
}
