//! What every run said of one vulnerability on one host, by time: the matter of a trace.

use std::sync::Arc;

use super::checks::Ratings;
use super::episode::Event;
use super::events::{Fanned, Listener, Speakers};
use super::identity::KnownHost;
use super::join::{Look, gather};
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
    let speakers = Speakers::new(runs, as_of);
    let (mut heard, mut fanned) = (Vec::new(), Vec::new());
    for (host, known) in joined.identities.hosts.iter().enumerate() {
        if is_host(known) {
            speakers.fan_out(&places[host], &ratings, &mut fanned);
            heard.extend(hear_host(
                known,
                &fanned,
                &speakers,
                &joined.looks[host],
                &is_vuln,
            ));
        }
    }
    heard
}

/// Tells what was said of the wanted vulnerabilities on one host.
fn hear_host(
    known: &KnownHost,
    fanned: &[Fanned<'_>],
    speakers: &Speakers<'_>,
    looks: &[Look],
    is_vuln: &dyn Fn(&str) -> bool,
) -> Vec<Heard> {
    let (mut heard, mut listener) = (Vec::new(), Listener::default());
    for group in fanned.chunk_by(|one, other| one.meaning.place == other.meaning.place) {
        let Some(first) = group.first() else { continue };
        let mut names = group.iter().flat_map(|fanned| {
            let check = &fanned.rated.check;
            let named = check.aliases.iter().chain(&check.remediation);
            named.chain([&fanned.meaning.vuln, &fanned.rated.own])
        });
        if !names.any(|name| is_vuln(name)) {
            continue;
        }
        let seen_as = |run: usize| {
            let seen = group.iter().find(|fanned| fanned.run == run)?.rated;
            Some((Arc::clone(&seen.own), Arc::clone(&seen.check.severity_given)))
        };
        let told = listener.hear(speakers, group, looks).iter().map(|event| Told {
            event: *event,
            seen_as: seen_as(event.run),
        });
        heard.push(Heard {
            host: Arc::clone(&known.id),
            vuln: Arc::clone(&first.meaning.vuln),
            told: told.collect(),
        });
    }
    heard
}
