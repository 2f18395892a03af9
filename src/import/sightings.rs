//! What one run saw, host by host; runs that saw the same on a host share it.

use std::sync::Arc;

use super::HostIndex;
use crate::model::{ObservationState, Stamp};

/// One check on one host in one run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sighting {
    /// Index into [`super::Scan::checks`].
    pub check: u32,
    pub state: ObservationState,
    pub first_seen: Option<Stamp>,
    /// Read it with [`Sightings::iter`]: where a run says the same of a whole host, this is not asked.
    pub last_seen: Option<Stamp>,
    pub last_fixed: Option<Stamp>,
    /// A fingerprint of the scanner's result, `sha256:…`.
    pub fingerprint: Option<Arc<str>>,
    /// Instances on the host: ports, paths, packages.
    pub instances: u32,
    /// Why the scanner hides it, when it does.
    pub suppressed: Option<Arc<str>>,
}

/// What one run saw, by the place of the host in the run.
#[derive(Clone, Debug, Default)]
pub struct Sightings(Vec<OnHost>);

#[derive(Clone, Debug)]
struct OnHost {
    last_seen: LastSeen,
    sightings: Arc<[Sighting]>,
}

/// When what is on a host was last seen.
#[derive(Clone, Copy, Debug)]
pub enum LastSeen {
    /// Each sighting says it.
    Each,
    /// All of it then.
    All(Option<Stamp>),
}

impl Sightings {
    /// Takes what was seen on the next host.
    pub fn push(&mut self, last_seen: LastSeen, sightings: Arc<[Sighting]>) {
        self.0.push(OnHost { last_seen, sightings });
    }

    /// Returns what was seen on a host, each with when it was last seen.
    pub fn on(&self, host: HostIndex) -> impl Iterator<Item = (&Sighting, Option<Stamp>)> {
        let on_host = self.0.get(host.0 as usize);
        on_host.into_iter().flat_map(OnHost::iter)
    }

    /// Returns everything that was seen.
    pub fn iter(&self) -> impl Iterator<Item = (HostIndex, &Sighting)> {
        let hosts = (0..).map(HostIndex).zip(&self.0);
        hosts.flat_map(|(host, on_host)| on_host.sightings.iter().map(move |sighting| (host, sighting)))
    }
}

impl OnHost {
    fn iter(&self) -> impl Iterator<Item = (&Sighting, Option<Stamp>)> {
        self.sightings.iter().map(|sighting| match self.last_seen {
            LastSeen::Each => (sighting, sighting.last_seen),
            LastSeen::All(last_seen) => (sighting, last_seen),
        })
    }
}

impl FromIterator<Vec<Sighting>> for Sightings {
    fn from_iter<T: IntoIterator<Item = Vec<Sighting>>>(hosts: T) -> Self {
        let mut all = Self::default();
        for sightings in hosts {
            all.push(LastSeen::Each, sightings.into());
        }
        all
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
