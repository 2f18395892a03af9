//! The lines of a segment become the run that they were written from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::line::{CheckLine, EventKind, EventLine, Head, HostLine, Line, LookLine, SeenLine};
use super::state::{Seen, State, keys_of};
use super::words;
use crate::import::{CheckInfo, HostIndex, IMPORTERS, KevListing, Scan, Sighting};
use crate::model::{CvssVector, Date, Host, HostStatus, RecordId, ScanSummary, Skipped, Stamp};

/// Brings a state forward by the lines of a segment, and returns the run; an error names the line, the head's is 1.
pub(super) fn replay(state: &mut State, head: &Head, lines: &[Line]) -> Result<Scan, String> {
    let mut looks: Vec<&LookLine> = Vec::new();
    let mut touched: BTreeSet<(u32, &str)> = BTreeSet::new();
    for (index, line) in lines.iter().enumerate() {
        let done = match line {
            Line::Host(line) => host(state, line),
            Line::Check(line) => check(state, line),
            Line::Kev(line) => {
                let listing = line.added.map(|added| KevListing {
                    added: Date(added),
                    due: line.due.map(Date),
                });
                put(&mut state.kev, &line.cve, listing);
                Ok(())
            }
            Line::Epss(line) => {
                score(line.score.as_deref()).map(|score| put(&mut state.epss, &line.cve, score))
            }
            Line::Look(line) => {
                looks.push(line);
                known_host(state, line.host)
            }
            Line::Event(line) => {
                touched.insert((line.host, &line.id));
                event(state, line)
            }
        };
        done.map_err(|what| format!("line {}: {what}", index + 2))?;
    }
    run(state, head, &looks, &touched)
}

fn put<T>(map: &mut BTreeMap<Arc<str>, T>, key: &str, value: Option<T>) {
    match value {
        Some(value) => map.insert(key.into(), value),
        None => map.remove(key),
    };
}

fn score(text: Option<&str>) -> Result<Option<f64>, String> {
    let Some(text) = text else { return Ok(None) };
    let score: Option<f64> = text
        .parse()
        .ok()
        .filter(|score: &f64| (0.0..=1.0).contains(score));
    score
        .map(Some)
        .ok_or_else(|| format!("`{text}` is no score between 0 and 1"))
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

fn check(state: &mut State, line: &CheckLine) -> Result<(), String> {
    let texts = |texts: &[String]| texts.iter().map(|text| Arc::from(text.as_str())).collect();
    let vectors = line
        .vectors
        .iter()
        .map(|text| CvssVector::parse(text).ok_or_else(|| format!("`{text}` is no vector of CVSS")));
    let info = CheckInfo {
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
    };
    if line.check as usize != state.checks.len() {
        return Err(format!("check {} is not the next one", line.check));
    }
    state.put_check(info);
    Ok(())
}

fn event(state: &mut State, line: &EventLine) -> Result<(), String> {
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
    let on_host = &mut state.on_host[line.host as usize];
    on_host.insert(line.id.as_str().into(), (!is_gone).then_some(seen));
    Ok(())
}

fn sighting(state: &State, line: &SeenLine) -> Result<Seen, String> {
    if line.check as usize >= state.checks.len() {
        return Err(format!("there is no check {}", line.check));
    }
    Ok(Seen {
        check: line.check,
        state: words::state(&line.state)?,
        first: line.first,
        last: line.last,
        fixed: line.fixed,
        fingerprint: line.fingerprint.as_deref().map(Arc::from),
        instances: line.instances,
        suppressed: line.suppressed.as_deref().map(Arc::from),
    })
}

/// Puts the run together: what was looked at, with all that stands on it.
fn run(
    state: &mut State,
    head: &Head,
    looks: &[&LookLine],
    touched: &BTreeSet<(u32, &str)>,
) -> Result<Scan, String> {
    let importer = IMPORTERS
        .iter()
        .find(|importer| importer.name == head.format)
        .ok_or_else(|| format!("this tool knows no format `{}`", head.format))?;
    let mut scan = Scan {
        file: head.file.clone(),
        source: RecordId::new(&head.source),
        is_ad_hoc: false,
        importer,
        sha256: head.sha256.clone(),
        absence_means_fixed: Some(head.absence_means_fixed),
        summary: summary(head),
        hosts: Vec::with_capacity(looks.len()),
        checks: Vec::new(),
        sightings: Vec::new(),
        kev: state
            .kev
            .iter()
            .map(|(cve, listing)| (Arc::clone(cve), *listing))
            .collect(),
        epss: state
            .epss
            .iter()
            .map(|(cve, score)| (Arc::clone(cve), *score))
            .collect(),
    };
    let mut used: BTreeMap<u32, u32> = BTreeMap::new();
    for look in looks {
        let place = u32::try_from(scan.hosts.len()).unwrap_or(u32::MAX);
        scan.hosts.push(Host {
            quality: look.quality.as_deref().map(words::quality).transpose()?,
            scanned_at: look.at.map(Stamp::At),
            ..state.hosts[look.host as usize].clone()
        });
        for (id, group) in &mut state.on_host[look.host as usize] {
            let Some(group) = group else { continue };
            let has_event = touched.contains(&(look.host, &**id));
            for seen in group {
                if !has_event {
                    seen.last = look.last;
                }
                let next = u32::try_from(used.len()).unwrap_or(u32::MAX);
                let check = *used.entry(seen.check).or_insert(next);
                if check == next {
                    scan.checks.push(state.checks[seen.check as usize].clone());
                }
                scan.sightings.push(Sighting {
                    host: HostIndex(place),
                    check,
                    state: seen.state,
                    first_seen: seen.first.map(Stamp::At),
                    last_seen: seen.last.map(Stamp::At),
                    last_fixed: seen.fixed.map(Stamp::At),
                    fingerprint: seen.fingerprint.clone(),
                    instances: seen.instances,
                    suppressed: seen.suppressed.clone(),
                });
            }
        }
    }
    Ok(scan)
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
