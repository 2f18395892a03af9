//! What every run said of one vulnerability on one host, by time: the matter of a trace.

use std::sync::Arc;

use super::episode::Event;
use super::identity::KnownHost;
use super::join::{Fanned, Look, Ratings, all_events, fan_out, gather, observers};
use super::runs::Run;
use crate::load::Repository;
use crate::model::AsOf;

/// What the runs said of one vulnerability on one host, by time.
pub(super) struct Heard {
    pub(super) host: Arc<str>,
    pub(super) vuln: Arc<str>,
    pub(super) told: Vec<Told>,
}

/// What one run said.
pub(super) struct Told {
    pub(super) event: Event,
    /// Index of the run.
    pub(super) run: usize,
    /// The scanner's id with its family, and its word for the severity; nothing where it was not seen.
    pub(super) seen_as: Option<(Arc<str>, Arc<str>)>,
}

/// Tells what was said of the wanted vulnerabilities on the wanted hosts.
pub(super) fn hear(
    repository: &Repository,
    runs: &[Run<'_>],
    as_of: AsOf,
    is_host: impl Fn(&KnownHost) -> bool,
    is_vuln: impl Fn(&str) -> bool,
) -> Vec<Heard> {
    let (joined, places) = gather(repository, runs, as_of);
    let ratings = Ratings::new(runs, &joined.aliases);
    let mut heard = Vec::new();
    for (host, known) in joined.identities.hosts.iter().enumerate() {
        if is_host(known) {
            let fanned = fan_out(runs, &places[host], &ratings);
            heard.extend(hear_host(
                known,
                &fanned,
                runs,
                &joined.looks[host],
                (as_of, &is_vuln),
            ));
        }
    }
    heard
}

/// Tells what was said of the wanted vulnerabilities on one host.
fn hear_host(
    known: &KnownHost,
    fanned: &[Fanned<'_>],
    runs: &[Run<'_>],
    looks: &[Look],
    (as_of, is_vuln): (AsOf, &dyn Fn(&str) -> bool),
) -> Vec<Heard> {
    let mut heard = Vec::new();
    for group in fanned.chunk_by(|one, other| one.vuln == other.vuln) {
        let Some(first) = group.first() else { continue };
        let mut names = group.iter().flat_map(|fanned| {
            let named = fanned.check.aliases.iter().chain(&fanned.check.remediation);
            named.chain([&fanned.vuln, &fanned.rated.own])
        });
        if !names.any(|name| is_vuln(name)) {
            continue;
        }
        let seen_as = |run: usize| {
            let seen = group.iter().find(|fanned| fanned.run == run)?;
            Some((
                Arc::clone(&seen.rated.own),
                Arc::clone(&seen.check.severity_given),
            ))
        };
        let observers = observers(group, runs, looks);
        let mut told: Vec<Told> = all_events(group, runs, (looks, &observers), as_of)
            .into_iter()
            .map(|(run, event)| Told {
                event,
                run,
                seen_as: seen_as(run),
            })
            .collect();
        told.sort_by_key(|told| (told.event.at, told.event.said, told.event.source));
        heard.push(Heard {
            host: Arc::clone(&known.id),
            vuln: Arc::clone(&first.vuln),
            told,
        });
    }
    heard
}
