//! The lines of a segment become the run that they were written from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::epss;
use super::line::{CheckLine, EventKind, EventLine, Head, HostLine, Line, LookLine, SeenLine};
use super::state::{Seen, State, id_of, instant, key_of, keys_of};
use super::words;
use crate::import::{CheckInfo, Importer, KevListing, Scan, SharedSighting, Sighting, Sightings};
use crate::model::{
    CvssVector, Date, Fingerprint, Host, HostStatus, Quality, RecordId, ScanSummary, Skipped, Stamp,
};

/// What a run said of itself, while its lines were taken over.
pub(super) struct Told {
    looks: Vec<Look>,
    /// What has an event of its own, by host.
    events: BTreeMap<u32, BTreeSet<Arc<str>>>,
}

/// A host that was looked at.
struct Look {
    host: u32,
    at: Option<DateTime<Utc>>,
    quality: Option<Quality>,
    last: Option<DateTime<Utc>>,
}

/// Brings a state forward by the lines of a segment; an error names the line, the head's is 1.
pub(super) fn replay(
    state: &mut State,
    lines: impl Iterator<Item = Result<Line, String>>,
) -> Result<Told, String> {
    let mut told = Told {
        looks: Vec::new(),
        events: BTreeMap::new(),
    };
    for (index, line) in lines.enumerate() {
        let done = match line? {
            Line::Host(line) => host(state, &line),
            Line::Check(line) => check(state, &line),
            Line::Knowledge(line) => knowledge(state, &line),
            Line::Forgotten(line) => {
                put(&mut state.knowledge, &line.id, None);
                Ok(())
            }
            Line::Advice(advice) => {
                put(&mut state.advice, &key_of(&advice), Some(Arc::from(advice)));
                Ok(())
            }
            Line::Unsaid(line) => {
                put(&mut state.advice, &line.id, None);
                Ok(())
            }
            Line::Kev(line) => {
                let listing = line.added.map(|added| KevListing {
                    added: Date(added),
                    due: line.due.map(Date),
                });
                put(&mut state.kev, &line.cve, listing);
                Ok(())
            }
            Line::Epss(line) => epss::take(&mut state.epss, &line),
            Line::Look(line) => look(state, &line).map(|look| told.looks.push(look)),
            Line::Event(line) => event(state, &line).map(|id| {
                told.events.entry(line.host).or_default().insert(id);
            }),
        };
        done.map_err(|what| format!("line {}: {what}", index + 2))?;
    }
    Ok(told)
}

fn look(state: &State, line: &LookLine) -> Result<Look, String> {
    known_host(state, line.host)?;
    Ok(Look {
        host: line.host,
        at: line.at,
        quality: line.quality.as_deref().map(words::quality).transpose()?,
        last: line.last,
    })
}

fn put<T>(map: &mut BTreeMap<Arc<str>, T>, key: &str, value: Option<T>) {
    match value {
        Some(value) => map.insert(key.into(), value),
        None => map.remove(key),
    };
}

fn known_host(state: &State, host: u32) -> Result<(), String> {
    if (host as usize) < state.hosts.len() {
        Ok(())
    } else {
        Err(format!("there is no host {host}"))
    }
}

fn host(state: &mut State, line: &HostLine) -> Result<(), String> {
    let host = Host {
        name: line.name.clone(),
        fqdn: line.fqdn.clone(),
        hostname: line.hostname.clone(),
        ips: line.ips.clone(),
        macs: line.macs.clone(),
        uuid: line.uuid.clone(),
        serial: line.serial.clone(),
        agent: line.agent.clone(),
        cloud_id: line.cloud_id.clone(),
        os: line.os.clone(),
        status: line
            .status
            .as_deref()
            .map_or(Ok(HostStatus::Unknown), words::status)?,
        quality: None,
        scanned_at: None,
        aliases: line.aliases.clone(),
        fields: line.fields.clone(),
    };
    if let Some(known) = state.hosts.get_mut(line.host as usize) {
        *known = host;
        return Ok(());
    }
    let best = keys_of(std::slice::from_ref(&host)).remove(0);
    let numbered = (2..).map(|number: u32| format!("{best}#{number}"));
    let free = std::iter::once(best.clone())
        .chain(numbered)
        .find(|key| !state.by_key.contains_key(key));
    let is_next = state.put_host(line.host, free.unwrap_or(best), host);
    if is_next {
        Ok(())
    } else {
        Err(format!("host {} is not the next one", line.host))
    }
}

fn info(line: &CheckLine) -> Result<CheckInfo, String> {
    let texts = |texts: &[String]| texts.iter().map(|text| Arc::from(text.as_str())).collect();
    let vectors = line
        .vectors
        .iter()
        .map(|text| CvssVector::parse(text).ok_or_else(|| format!("`{text}` is no vector of CVSS")));
    Ok(CheckInfo {
        family: line.family.as_str().into(),
        id: line.id.as_str().into(),
        cves: texts(&line.cves),
        aliases: texts(&line.aliases),
        title: line.title.as_str().into(),
        severity_given: line.severity_given.as_str().into(),
        severity: line.severity.as_deref().map(words::severity).transpose()?,
        vectors: vectors.collect::<Result<_, _>>()?,
        remediation: line.remediation.as_deref().map(Arc::from),
        fix_available: line.fix_available,
        exploit: line
            .exploit
            .as_deref()
            .map_or(Ok(crate::model::Exploit::None), words::exploit)?,
        patch_published: line.patch_published,
        potential: line.potential,
    })
}

fn check(state: &mut State, line: &CheckLine) -> Result<(), String> {
    match line.check {
        Some(check) if check as usize == state.checks.len() => {}
        Some(check) => return Err(format!("check {check} is not the next one")),
        None => return Err("a check without a number".into()),
    }
    state.put_check(Arc::new(info(line)?));
    Ok(())
}

fn knowledge(state: &mut State, line: &CheckLine) -> Result<(), String> {
    if let Some(check) = line.check {
        return Err(format!("what is known of a check has the number {check}"));
    }
    let info = Arc::new(info(line)?);
    state.knowledge.insert(id_of(&info), info);
    Ok(())
}

/// Takes over what happened, and returns the id of the check.
fn event(state: &mut State, line: &EventLine) -> Result<Arc<str>, String> {
    known_host(state, line.host)?;
    let is_gone = matches!(line.event, EventKind::Absent | EventKind::Stale);
    if is_gone != line.seen.is_empty() {
        return Err("an event of what is gone has no sightings, and every other has some".into());
    }
    let seen = line
        .seen
        .iter()
        .map(|seen| sighting(state, seen))
        .collect::<Result<Vec<_>, _>>()?;
    let id = state.id(&line.id);
    let on_host = &mut state.on_host[line.host as usize];
    on_host.told = None;
    let was = on_host.seen.get(&id).and_then(Option::as_ref);
    // A fixed one is told again in every run with the date of then.
    if is_gone || was != Some(&seen) {
        on_host.seen.insert(Arc::clone(&id), (!is_gone).then_some(seen));
    }
    Ok(id)
}

fn sighting(state: &State, line: &SeenLine) -> Result<Seen, String> {
    if line.check as usize >= state.checks.len() {
        return Err(format!("there is no check {}", line.check));
    }
    let at = |moment: Option<DateTime<Utc>>| moment.map(Stamp::At);
    let fingerprint = |text: &str| {
        Fingerprint::read(text)
            .ok_or_else(|| format!("the fingerprint {text:?} is not `sha256:` with 64 hex digits"))
    };
    Ok(Arc::new(Sighting {
        check: line.check,
        state: words::state(&line.state)?,
        first_seen: at(line.first),
        last_seen: at(line.last),
        last_fixed: at(line.fixed),
        fingerprint: line.fingerprint.as_deref().map(fingerprint).transpose()?,
        instances: line.instances,
        suppressed: line.suppressed.as_deref().map(Arc::from),
    }))
}

/// Names the hosts that a run looked at.
pub(super) fn hosts(state: &State, told: &Told) -> Vec<Host> {
    let hosts = told.looks.iter().map(|look| Host {
        quality: look.quality,
        scanned_at: look.at.map(Stamp::At),
        ..state.hosts[look.host as usize].clone()
    });
    hosts.collect()
}

/// Puts the run together: what was looked at, with all that stands on it, and the catalogue where that is wanted.
pub(super) fn run(
    state: &mut State,
    head: &Head,
    told: &Told,
    (importer, has_catalogue): (&'static Importer, bool),
) -> Scan {
    let mut sightings = Sightings::default();
    for look in &told.looks {
        let on_host = on_host(state, look, told.events.get(&look.host));
        sightings.push_shared(look.last.map(Stamp::At), on_host);
    }
    let mut catalogue = (Vec::new(), Vec::new(), Vec::new());
    if has_catalogue {
        let kev = state.kev.iter().map(|(cve, listing)| (Arc::clone(cve), *listing));
        let epss = state.epss.iter().map(|(cve, score)| (Arc::clone(cve), *score));
        let knowledge = state.knowledge.values().cloned();
        catalogue = (kev.collect(), epss.collect(), knowledge.collect());
    }
    let (kev, epss, knowledge) = catalogue;
    Scan {
        file: head.file.clone(),
        source: RecordId::new(&head.source),
        is_ad_hoc: false,
        importer,
        sha256: head.sha256.clone(),
        absence_means_fixed: Some(head.absence_means_fixed),
        summary: summary(head),
        hosts: hosts(state, told),
        checks: state.checks.clone(),
        sightings,
        kev,
        epss,
        knowledge,
        advice: state.advice.values().cloned().collect(),
    }
}

/// Tells what stands on a host; what has no event was last seen when the look says, whatever was said before.
fn on_host(state: &mut State, look: &Look, events: Option<&BTreeSet<Arc<str>>>) -> Arc<[SharedSighting]> {
    let on_host = &mut state.on_host[look.host as usize];
    if let Some(told) = &on_host.told {
        return Arc::clone(told);
    }
    let groups = on_host.seen.iter().flat_map(|(id, group)| {
        let has_event = events.is_some_and(|events| events.contains(id));
        group.iter().flatten().map(move |seen| (has_event, seen))
    });
    let told: Arc<[SharedSighting]> = groups
        .map(|(has_event, seen)| SharedSighting {
            sighting: Arc::clone(seen),
            is_dated: has_event && instant(seen.last_seen) != look.last,
        })
        .collect();
    // A date of its own counts for this run alone.
    if told.iter().all(|one| !one.is_dated) {
        on_host.told = Some(Arc::clone(&told));
    }
    told
}

fn summary(head: &Head) -> ScanSummary {
    let rows = |rows: &[super::line::Rows]| {
        let rows = rows.iter().map(|rows| Skipped {
            reason: rows.reason.clone(),
            rows: rows.rows,
        });
        rows.collect()
    };
    ScanSummary {
        run_at: head.run_at.map(Stamp::At),
        hosts: head.hosts,
        observations: head.observations,
        informational: head.informational,
        skipped: rows(&head.skipped),
        left_out: rows(&head.left_out),
        incomplete: head.incomplete.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::SeenLine;
    use super::{State, check, sighting};

    #[test]
    fn a_sighting_whose_fingerprint_is_none_is_refused() {
        let mut state = State::default();
        let line = r#"{"check": 0, "family": "nessus", "id": "1", "title": "A", "severity_given": "High"}"#;
        check(&mut state, &serde_json::from_str(line).unwrap()).unwrap();
        let read = |fingerprint: &str| {
            let line =
                format!(r#"{{"check": 0, "state": "seen", "instances": 1, "fingerprint": "{fingerprint}"}}"#);
            let line: SeenLine = serde_json::from_str(&line).unwrap();
            sighting(&state, &line)
        };
        let good = format!("sha256:{}", "0a".repeat(32));
        let seen = read(&good).unwrap();
        assert_eq!(seen.fingerprint.map(|one| one.to_string()), Some(good.clone()));
        for bad in ["", "0a", &good[1..], &good[..70], &good.to_uppercase()] {
            let error = read(bad).unwrap_err();
            assert!(error.contains("is not `sha256:` with 64 hex digits"), "{error}");
        }
    }
}
