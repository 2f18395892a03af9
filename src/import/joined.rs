//! The files of one run, poured as one: hosts that two files name alike are one host, counts are added up.

use std::collections::{BTreeMap, HashMap};

use super::{CheckInfo, HostIndex, Sink};
use crate::model::{Advice, Date, Host, Observation, ScanSummary, Skipped, Stamp};

/// How many reasons of incomplete files are named.
const MAX_REASONS: usize = 3;

/// A sink for one file after the other.
pub(super) struct Joined<'a> {
    sink: &'a mut dyn Sink,
    /// The hosts of the files before this one, by name.
    before: HashMap<String, Vec<(Keys, HostIndex)>>,
    /// The hosts that this file brought.
    fresh: BTreeMap<HostIndex, (String, Keys)>,
    /// Hosts of this file that a file before it named.
    repeated: u64,
    summary: ScanSummary,
    reasons: Vec<String>,
}

/// What tells two hosts of one name apart.
#[derive(Clone, Default)]
struct Keys {
    ids: [Option<String>; 5],
    ips: Vec<String>,
}

impl Keys {
    fn of(host: &Host) -> Self {
        let ids = [&host.agent, &host.uuid, &host.serial, &host.cloud_id, &host.fqdn];
        Self {
            ids: ids.map(Clone::clone),
            ips: host.ips.clone(),
        }
    }

    /// Tells whether they may be of one host: no key of theirs differs, or they share one that names one machine.
    fn agree(&self, other: &Self) -> bool {
        let pairs = || self.ids.iter().zip(&other.ids);
        let differ = pairs().any(|(one, other)| one.is_some() && other.is_some() && one != other);
        let share = pairs().any(|(one, other)| one.is_some() && one == other);
        let no_ip = self.ips.is_empty() || other.ips.is_empty();
        !differ && (share || no_ip || self.ips.iter().any(|ip| other.ips.contains(ip)))
    }
}

impl<'a> Joined<'a> {
    pub(super) fn new(sink: &'a mut dyn Sink) -> Self {
        Self {
            sink,
            before: HashMap::new(),
            fresh: BTreeMap::new(),
            repeated: 0,
            summary: ScanSummary::default(),
            reasons: Vec::new(),
        }
    }

    /// Ends a file: adds what it yielded to what those before it did.
    pub(super) fn end(&mut self, name: &str, summary: ScanSummary) {
        for (index, (name, keys)) in std::mem::take(&mut self.fresh) {
            self.before.entry(name).or_default().push((keys, index));
        }
        let whole = &mut self.summary;
        whole.hosts += summary.hosts.saturating_sub(std::mem::take(&mut self.repeated));
        whole.observations += summary.observations;
        whole.informational += summary.informational;
        add(&mut whole.skipped, summary.skipped);
        add(&mut whole.left_out, summary.left_out);
        whole.run_at = [whole.run_at, summary.run_at]
            .into_iter()
            .flatten()
            .max_by_key(|stamp| Stamp::naive(*stamp));
        if let Some(reason) = summary.incomplete {
            self.reasons.push(format!("`{name}` {reason}"));
        }
    }

    /// Returns what all files yielded; it is incomplete when one of them is.
    pub(super) fn finish(mut self) -> ScanSummary {
        let more = self.reasons.len().saturating_sub(MAX_REASONS);
        self.reasons.truncate(MAX_REASONS);
        if more > 0 {
            self.reasons.push(format!("and {more} more files are not whole"));
        }
        if !self.reasons.is_empty() {
            self.summary.incomplete = Some(self.reasons.join("; "));
        }
        self.summary
    }
}

fn add(counts: &mut Vec<Skipped>, more: Vec<Skipped>) {
    for skipped in more {
        match counts.iter_mut().find(|known| known.reason == skipped.reason) {
            Some(known) => known.rows += skipped.rows,
            None => counts.push(skipped),
        }
    }
}

impl Sink for Joined<'_> {
    fn host(&mut self, host: &Host) -> HostIndex {
        let keys = Keys::of(host);
        let known = self.before.get(&host.name).into_iter().flatten();
        let alike = known
            .into_iter()
            .find(|(known, _)| known.agree(&keys))
            .map(|(_, index)| *index);
        match alike {
            Some(index) => {
                self.repeated += 1;
                self.sink.same_host(index, host);
                index
            }
            None => {
                let index = self.sink.host(host);
                self.fresh.insert(index, (host.name.clone(), keys));
                index
            }
        }
    }

    /// A host that an earlier file named keeps what that said of it.
    fn amend(&mut self, index: HostIndex, host: &Host) {
        match self.fresh.get_mut(&index) {
            Some((_, keys)) => {
                *keys = Keys::of(host);
                self.sink.amend(index, host);
            }
            None => self.sink.same_host(index, host),
        }
    }

    fn same_host(&mut self, index: HostIndex, host: &Host) {
        self.sink.same_host(index, host);
    }

    fn observation(&mut self, host: HostIndex, observation: &Observation) {
        self.sink.observation(host, observation);
    }

    fn kev(&mut self, cve: &str, added: Date, due: Option<Date>) {
        self.sink.kev(cve, added, due);
    }

    fn epss(&mut self, cve: &str, probability: f64) {
        self.sink.epss(cve, probability);
    }

    fn knowledge(&mut self, check: CheckInfo) {
        self.sink.knowledge(check);
    }

    fn advice(&mut self, advice: Advice) {
        self.sink.advice(advice);
    }
}
