//! A run becomes the lines that tell it from the run before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::epss;
use super::line::{
    CheckLine, EventKind, EventLine, ForgottenLine, HostLine, KevLine, Line, LookLine, SeenLine,
};
use super::state::{OnHost, Seen, State, id_of, instant, is_same, key_of, keys_of, lasting};
use super::words;
use crate::import::{CheckInfo, HostIndex, Scan, Sighting};
use crate::model::{Advice, Host, HostStatus, ObservationState, Severity, Stamp, Zone};

/// What is seen on a host, by the scanner's id.
type Groups = BTreeMap<Arc<str>, Vec<Seen>>;

/// What a run is written with.
pub(super) struct Terms {
    pub(super) zone: Zone,
    pub(super) run_at: Option<DateTime<Utc>>,
    /// Whether something that is not in the run is gone.
    pub(super) proves: bool,
}

/// Writes a run as its difference to a state, and brings the state forward.
pub(super) fn delta(state: &mut State, scan: &Scan, terms: &Terms) -> Vec<Line> {
    let mut lines = Vec::new();
    let hosts = hosts(state, scan, &mut lines);
    let checks = checks(state, scan, &mut lines);
    kev(state, scan, &mut lines);
    scores(state, scan, &mut lines);
    knowledge(state, scan, &mut lines);
    advice(state, scan, &mut lines);
    let mut on_hosts: BTreeMap<u32, (usize, Groups)> = BTreeMap::new();
    for (place, index) in hosts.iter().enumerate() {
        on_hosts.entry(*index).or_insert((place, Groups::new()));
    }
    for (place, index) in (0..).map(HostIndex).zip(&hosts) {
        let Some((_, groups)) = on_hosts.get_mut(index) else {
            continue;
        };
        for (sighting, last) in scan.sightings.on(place) {
            let Some(&check) = checks.get(sighting.check as usize) else {
                continue;
            };
            let id = state.id(&id_of(&state.checks[check as usize]));
            let seen = seen(sighting, last, check, terms.zone);
            groups.entry(id).or_default().push(seen);
        }
    }
    for (index, (place, mut groups)) in on_hosts {
        groups.values_mut().for_each(|group| group.sort_by(order));
        let last = most_common(groups.values().flatten().map(|seen| instant(seen.last_seen)));
        let host = &scan.hosts[place];
        let at = host.scanned_at.map(|stamp| terms.zone.instant(stamp));
        lines.push(Line::Look(LookLine {
            host: index,
            at: at.filter(|at| Some(*at) != terms.run_at),
            quality: host.quality.map(|quality| quality.word().to_owned()),
            last,
        }));
        let before = &mut state.on_host[index as usize];
        events(
            before,
            groups,
            last,
            (index, terms.proves),
            &state.checks,
            &mut lines,
        );
    }
    lines
}

/// Compares what is on a host with what was, and takes it over.
fn events(
    before: &mut OnHost,
    groups: Groups,
    last: Option<DateTime<Utc>>,
    (host, proves): (u32, bool),
    checks: &[Arc<CheckInfo>],
    lines: &mut Vec<Line>,
) {
    let mut events: BTreeMap<Arc<str>, EventLine> = BTreeMap::new();
    before.told = None;
    for (id, was) in &mut before.seen {
        if was.is_some() && !groups.contains_key(id) {
            *was = None;
            let event = if proves {
                EventKind::Absent
            } else {
                EventKind::Stale
            };
            let id = Arc::clone(id);
            events.insert(
                Arc::clone(&id),
                EventLine {
                    event,
                    host,
                    id: id.to_string(),
                    seen: Vec::new(),
                },
            );
        }
    }
    for (id, group) in groups {
        let was = before.seen.get(&id);
        if let Some(event) = event(was, &group, last, checks) {
            events.insert(
                Arc::clone(&id),
                EventLine {
                    event,
                    host,
                    id: id.to_string(),
                    seen: group.iter().map(seen_line).collect(),
                },
            );
        }
        before.seen.insert(id, Some(group));
    }
    lines.extend(events.into_values().map(Line::Event));
}

/// Says what happened to a check on a host; `None` where nothing did but that it was seen once more.
fn event(
    was: Option<&Option<Vec<Seen>>>,
    group: &[Seen],
    last: Option<DateTime<Utc>>,
    checks: &[Arc<CheckInfo>],
) -> Option<EventKind> {
    let is_fixed = |group: &[Seen]| group.iter().all(|seen| seen.state == ObservationState::Fixed);
    let was = match was {
        None if is_fixed(group) => return Some(EventKind::Fixed),
        None => return Some(EventKind::Seen),
        Some(None) if is_fixed(group) => return Some(EventKind::Fixed),
        Some(None) => return Some(EventKind::SeenAgain),
        Some(Some(was)) => was,
    };
    let is_same = was.len() == group.len() && was.iter().zip(group).all(|(was, is)| is_same(was, is));
    if is_same {
        let is_usual = group.iter().all(|seen| instant(seen.last_seen) == last);
        return (!is_usual).then_some(EventKind::Changed);
    }
    let rating = |group: &[Seen]| -> Vec<(Arc<str>, Option<Severity>)> {
        let checks = group.iter().map(|seen| &checks[seen.check as usize]);
        let mut ratings: Vec<_> = checks
            .map(|check| (Arc::clone(&check.severity_given), check.severity))
            .collect();
        ratings.dedup();
        ratings
    };
    let is_reopened = group.iter().any(|seen| seen.state == ObservationState::Reopened);
    let was_reopened = was.iter().any(|seen| seen.state == ObservationState::Reopened);
    Some(match (is_fixed(was), is_fixed(group)) {
        (false, true) => EventKind::Fixed,
        (true, false) => EventKind::Reopened,
        (_, _) if is_reopened && !was_reopened => EventKind::Reopened,
        (_, _) if rating(was) != rating(group) => EventKind::SeverityChanged,
        (_, _) => EventKind::Changed,
    })
}

fn hosts(state: &mut State, scan: &Scan, lines: &mut Vec<Line>) -> Vec<u32> {
    let mut found = Vec::with_capacity(scan.hosts.len());
    for (host, key) in scan.hosts.iter().zip(keys_of(&scan.hosts)) {
        let known = state.by_key.get(&key).copied();
        let index = known.unwrap_or_else(|| u32::try_from(state.hosts.len()).unwrap_or(u32::MAX));
        let host = lasting(host);
        if known.is_none_or(|known| state.hosts[known as usize] != host) {
            lines.push(Line::Host(Box::new(host_line(index, &host))));
            state.put_host(index, key, host);
        }
        found.push(index);
    }
    found
}

fn checks(state: &mut State, scan: &Scan, lines: &mut Vec<Line>) -> Vec<u32> {
    let mut found = Vec::with_capacity(scan.checks.len());
    for check in &scan.checks {
        let index = match state.find_check(check) {
            Some(index) => index,
            None => {
                let index = state.put_check(Arc::clone(check));
                lines.push(Line::Check(Box::new(check_line(Some(index), check))));
                index
            }
        };
        found.push(index);
    }
    found
}

fn kev(state: &mut State, scan: &Scan, lines: &mut Vec<Line>) {
    replace(&mut state.kev, &scan.kev, |cve, listing| {
        lines.push(Line::Kev(KevLine {
            cve: cve.to_string(),
            added: listing.map(|listing| listing.added.0),
            due: listing.and_then(|listing| listing.due).map(|due| due.0),
        }));
    });
}

fn scores(state: &mut State, scan: &Scan, lines: &mut Vec<Line>) {
    let mut changes = Vec::new();
    replace(&mut state.epss, &scan.epss, |cve, score| {
        changes.push((Arc::clone(cve), score))
    });
    lines.extend(epss::lines(changes).into_iter().map(Line::Epss));
}

fn knowledge(state: &mut State, scan: &Scan, lines: &mut Vec<Line>) {
    let entries: Vec<_> = scan
        .knowledge
        .iter()
        .map(|check| (id_of(check), Arc::clone(check)))
        .collect();
    replace(&mut state.knowledge, &entries, |id, check| {
        lines.push(match check {
            Some(check) => Line::Knowledge(Box::new(check_line(None, &check))),
            None => Line::Forgotten(ForgottenLine { id: id.to_string() }),
        });
    });
}

fn advice(state: &mut State, scan: &Scan, lines: &mut Vec<Line>) {
    let entries: Vec<_> = scan
        .advice
        .iter()
        .map(|advice| (key_of(advice), Arc::clone(advice)))
        .collect();
    replace(&mut state.advice, &entries, |key, advice| {
        lines.push(match advice {
            Some(advice) => Line::Advice(Box::new(Advice::clone(&advice))),
            None => Line::Unsaid(ForgottenLine { id: key.to_string() }),
        });
    });
}

/// Takes over the entries of a catalogue, and tells which are new or otherwise, then which are gone.
fn replace<T: Clone + PartialEq>(
    was: &mut BTreeMap<Arc<str>, T>,
    entries: &[(Arc<str>, T)],
    mut tell: impl FnMut(&Arc<str>, Option<T>),
) {
    let is: BTreeMap<Arc<str>, T> = entries.iter().cloned().collect();
    for (cve, entry) in &is {
        if was.get(cve) != Some(entry) {
            tell(cve, Some(entry.clone()));
        }
    }
    for cve in was.keys().filter(|cve| !is.contains_key(*cve)) {
        tell(cve, None);
    }
    *was = is;
}

fn seen(sighting: &Sighting, last: Option<Stamp>, check: u32, zone: Zone) -> Seen {
    let resolved = |stamp: Option<Stamp>| stamp.map(|stamp| Stamp::At(zone.instant(stamp)));
    Arc::new(Sighting {
        check,
        first_seen: resolved(sighting.first_seen),
        last_seen: resolved(last),
        last_fixed: resolved(sighting.last_fixed),
        ..sighting.clone()
    })
}

fn order(one: &Seen, other: &Seen) -> std::cmp::Ordering {
    let key = |seen: &Seen| {
        let words = (seen.fingerprint, seen.suppressed.clone());
        let dates = (instant(seen.first_seen), instant(seen.last_fixed));
        let last = instant(seen.last_seen);
        (seen.check, seen.state, words, dates, seen.instances, last)
    };
    key(one).cmp(&key(other))
}

/// Of the moments that occur most often the latest.
fn most_common(moments: impl Iterator<Item = Option<DateTime<Utc>>>) -> Option<DateTime<Utc>> {
    let mut counts: BTreeMap<Option<DateTime<Utc>>, u32> = BTreeMap::new();
    for moment in moments {
        *counts.entry(moment).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(moment, count)| (*count, *moment));
    most.and_then(|(moment, _)| moment)
}

fn host_line(index: u32, host: &Host) -> HostLine {
    HostLine {
        host: index,
        name: host.name.clone(),
        fqdn: host.fqdn.clone(),
        hostname: host.hostname.clone(),
        ips: host.ips.clone(),
        macs: host.macs.clone(),
        uuid: host.uuid.clone(),
        serial: host.serial.clone(),
        agent: host.agent.clone(),
        cloud_id: host.cloud_id.clone(),
        os: host.os.clone(),
        status: (host.status != HostStatus::Unknown).then(|| words::of_status(host.status).to_owned()),
        aliases: host.aliases.clone(),
        fields: host.fields.clone(),
    }
}

fn check_line(index: Option<u32>, check: &CheckInfo) -> CheckLine {
    let texts = |texts: &[Arc<str>]| texts.iter().map(ToString::to_string).collect();
    CheckLine {
        check: index,
        family: check.family.to_string(),
        id: check.id.to_string(),
        cves: texts(&check.cves),
        aliases: texts(&check.aliases),
        title: check.title.to_string(),
        severity_given: check.severity_given.to_string(),
        severity: check.severity.map(|severity| severity.word().to_owned()),
        vectors: check
            .vectors
            .iter()
            .map(|vector| vector.text.to_string())
            .collect(),
        remediation: check.remediation.as_deref().map(str::to_owned),
        fix_available: check.fix_available,
        exploit: (check.exploit != crate::model::Exploit::None).then(|| check.exploit.word().to_owned()),
        patch_published: check.patch_published,
        potential: check.potential,
    }
}

fn seen_line(seen: &Seen) -> SeenLine {
    SeenLine {
        check: seen.check,
        state: words::of_state(seen.state).to_owned(),
        first: instant(seen.first_seen),
        last: instant(seen.last_seen),
        fixed: instant(seen.last_fixed),
        fingerprint: seen.fingerprint.map(|fingerprint| fingerprint.to_string()),
        instances: seen.instances,
        suppressed: seen.suppressed.as_deref().map(str::to_owned),
    }
}
