//! What one run saw, host by host; runs that saw the same on a host share it.

use std::sync::Arc;

use super::HostIndex;
use crate::model::{Fingerprint, ObservationState, Stamp};

/// One check on one host in one run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sighting {
    /// Index into [`super::Scan::checks`].
    pub check: u32,
    pub state: ObservationState,
    pub first_seen: Option<Stamp>,
    /// Of a sighting that runs share it is what one of them said: [`Sightings::on`] tells what each did.
    pub last_seen: Option<Stamp>,
    pub last_fixed: Option<Stamp>,
    /// Of the scanner's result.
    pub fingerprint: Option<Fingerprint>,
    /// Instances on the host: ports, paths, packages.
    pub instances: u32,
    /// Why the scanner hides it, when it does.
    pub suppressed: Option<Arc<str>>,
}

/// What one run saw, by the place of the host in the run.
#[derive(Clone, Debug, Default)]
pub struct Sightings(Vec<OnHost>);

#[derive(Clone, Debug)]
enum OnHost {
    Own(Box<[Sighting]>),
    Shared {
        last_seen: Option<Stamp>,
        sightings: Arc<[SharedSighting]>,
    },
}

/// A sighting that several runs share.
#[derive(Clone, Debug)]
pub struct SharedSighting {
    pub sighting: Arc<Sighting>,
    /// Whether it says itself when it was last seen; else that is said once for the host.
    pub is_dated: bool,
}

impl Sightings {
    /// Takes what was seen on the next host, and when that was which is not dated itself.
    pub fn push_shared(&mut self, last_seen: Option<Stamp>, sightings: Arc<[SharedSighting]>) {
        self.0.push(OnHost::Shared { last_seen, sightings });
    }

    /// Returns what was seen on a host, each with when it was last seen.
    pub fn on(&self, host: HostIndex) -> impl Iterator<Item = (&Sighting, Option<Stamp>)> {
        OnHost::iter(self.0.get(host.0 as usize))
    }

    /// Returns everything that was seen.
    pub fn iter(&self) -> impl Iterator<Item = (HostIndex, &Sighting)> {
        let hosts = (0..).map(HostIndex).zip(&self.0);
        hosts.flat_map(|(host, on_host)| {
            OnHost::iter(Some(on_host)).map(move |(sighting, _)| (host, sighting))
        })
    }
}

impl OnHost {
    fn iter(on_host: Option<&Self>) -> impl Iterator<Item = (&Sighting, Option<Stamp>)> {
        let (own, shared, last_seen) = match on_host {
            None => (&[][..], &[][..], None),
            Some(Self::Own(own)) => (&own[..], &[][..], None),
            Some(Self::Shared { last_seen, sightings }) => (&[][..], &sightings[..], *last_seen),
        };
        let own = own.iter().map(|sighting| (sighting, sighting.last_seen));
        own.chain(shared.iter().map(move |SharedSighting { sighting, is_dated }| {
            let last_seen = if *is_dated { sighting.last_seen } else { last_seen };
            (&**sighting, last_seen)
        }))
    }
}

impl FromIterator<Vec<Sighting>> for Sightings {
    fn from_iter<T: IntoIterator<Item = Vec<Sighting>>>(hosts: T) -> Self {
        let own = |sightings: Vec<Sighting>| OnHost::Own(sightings.into());
        Self(hosts.into_iter().map(own).collect())
    }
}

impl FromIterator<(HostIndex, Sighting)> for Sightings {
    fn from_iter<T: IntoIterator<Item = (HostIndex, Sighting)>>(sightings: T) -> Self {
        let mut hosts: Vec<Vec<Sighting>> = Vec::new();
        for (HostIndex(host), sighting) in sightings {
            let host = host as usize;
            hosts.resize_with(hosts.len().max(host + 1), Vec::new);
            hosts[host].push(sighting);
        }
        hosts.into_iter().collect()
    }
}
