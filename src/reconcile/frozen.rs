//! Hosts that were frozen into a decision although its Systems did not have them on that day.
//!
//! What a System's list says is known for every day. What an inventory says is known from its first export on:
//! of each inventory the newest export up to the day is asked, and where there is none, nothing is said.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::RandomState;

use super::estate::claims;
use super::identity::id_of;
use super::runs::Run;
use crate::import::Product;
use crate::load::Repository;
use crate::model::{AsOf, Date, Host, Kind, Members, Record, RecordId, System, SystemRef};
use crate::source::Spanned;

/// The frozen hosts of a decision that are foreign to its Systems.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForeignHosts {
    /// As the record writes them.
    pub hosts: Vec<String>,
    /// The exports that say so, by file; empty where lists of members do.
    pub inventories: Vec<String>,
}

/// What a decision froze, and when.
struct Frozen<'a> {
    kind: Kind,
    id: &'a RecordId,
    systems: &'a [Spanned<SystemRef>],
    resolved: &'a [Spanned<String>],
    day: Date,
}

/// A System, and the names in its list of members.
struct Listed<'a> {
    system: &'a Record<System>,
    names: OnceCell<HashSet<Cow<'a, str>, RandomState>>,
}

/// Returns the foreign hosts of every decision that is in force or asked for, where there are any.
pub(super) fn foreign_hosts(
    repository: &Repository,
    runs: &[Run<'_>],
    as_of: AsOf,
) -> BTreeMap<(Kind, RecordId), ForeignHosts> {
    let mut inventories = Inventories::new(runs, as_of);
    let mut found = BTreeMap::new();
    let by_id: HashMap<&RecordId, Listed<'_>, RandomState> = repository
        .systems
        .iter()
        .map(|system| (system.id(), Listed::new(system)))
        .collect();
    for frozen in frozen(repository) {
        let named = frozen.systems.iter();
        let systems: Option<Vec<&Listed<'_>>> = named.map(|system| by_id.get(&system.value.0)).collect();
        let Some(systems) = systems.filter(|systems| !systems.is_empty()) else {
            continue;
        };
        let mut asked = Vec::new();
        if systems.iter().any(|system| system.is_by_inventory()) {
            asked = inventories.before(frozen.day);
            if asked.is_empty() {
                continue;
            }
        }
        let foreign: Vec<String> = frozen
            .resolved
            .iter()
            .filter(|name| !inventories.has(&asked, &systems, name))
            .map(|name| name.value.clone())
            .collect();
        if !foreign.is_empty() {
            let files = asked.iter().map(|&run| runs[run].line.file.clone()).collect();
            found.insert(
                (frozen.kind, frozen.id.clone()),
                ForeignHosts {
                    hosts: foreign,
                    inventories: files,
                },
            );
        }
    }
    found
}

/// A triage has no day of its own for its hosts: they were frozen when it was written.
fn frozen(repository: &Repository) -> impl Iterator<Item = Frozen<'_>> {
    let live_exceptions = repository.exceptions.iter().filter(|one| one.meta.is_live());
    let of_exceptions = live_exceptions.map(|exception| {
        let scope = &exception.spec.scope;
        Frozen {
            kind: Kind::Exception,
            id: exception.id(),
            systems: &scope.systems,
            resolved: &scope.resolved,
            day: scope.as_of.unwrap_or(exception.meta.created).value,
        }
    });
    let live_acceptances = repository.acceptances.iter().filter(|one| one.meta.is_live());
    let of_acceptances = live_acceptances.map(|acceptance| {
        let subject = &acceptance.spec.subject;
        Frozen {
            kind: Kind::RiskAcceptance,
            id: acceptance.id(),
            systems: &subject.systems,
            resolved: &subject.resolved,
            day: subject.as_of.unwrap_or(acceptance.meta.created).value,
        }
    });
    let live_triages = repository.triages.iter().filter(|one| one.meta.is_live());
    let of_triages = live_triages.map(|triage| {
        let subject = &triage.spec.subject;
        Frozen {
            kind: Kind::Triage,
            id: triage.id(),
            systems: &subject.systems,
            resolved: &subject.resolved,
            day: triage.meta.created.value,
        }
    });
    of_exceptions.chain(of_acceptances).chain(of_triages)
}

impl<'a> Listed<'a> {
    fn new(system: &'a Record<System>) -> Self {
        Self {
            system,
            names: OnceCell::new(),
        }
    }

    fn is_by_inventory(&self) -> bool {
        match self.system.spec.members.value {
            Members::Cmdb(_) => true,
            Members::Hosts(_) => false,
        }
    }

    /// Tells whether the list of members has a host of that name.
    fn lists(&self, name: &str) -> bool {
        let Members::Hosts(members) = &self.system.spec.members.value else {
            return false;
        };
        let names = self
            .names
            .get_or_init(|| members.iter().map(|member| in_small_letters(member)).collect());
        names.contains(&in_small_letters(name))
    }
}

/// Writes a name in small letters, where it is not written so; only ASCII letters have two forms in host names.
fn in_small_letters(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(name.to_ascii_lowercase());
    }
    Cow::Borrowed(name)
}

/// The exports of inventories with a time, and the names in those that were asked.
struct Inventories<'a> {
    runs: &'a [Run<'a>],
    /// Index of the run, and its day.
    dated: Vec<(usize, Date)>,
    names: HashMap<usize, HashMap<String, Vec<&'a Host>>>,
}

impl<'a> Inventories<'a> {
    fn new(runs: &'a [Run<'a>], as_of: AsOf) -> Self {
        let is_whole = |run: &Run<'_>| run.scan.importer.product == Product::Inventory && run.is_whole();
        let dated = runs
            .iter()
            .enumerate()
            .filter(|(_, run)| is_whole(run))
            .filter_map(|(index, run)| Some((index, run.line.run_at?)))
            .filter(|(_, at)| *at <= as_of.instant())
            .map(|(index, at)| (index, as_of.zone().day_of(at)))
            .collect();
        Self {
            runs,
            dated,
            names: HashMap::new(),
        }
    }

    /// Returns the newest export of each inventory up to a day, and reads the names in it.
    fn before(&mut self, day: Date) -> Vec<usize> {
        let mut newest: BTreeMap<&str, usize> = BTreeMap::new();
        for &(index, _) in self.dated.iter().filter(|(_, at)| *at <= day) {
            let key = |index: usize| (self.runs[index].line.run_at, &self.runs[index].scan.file);
            let best = newest.entry(self.runs[index].observer()).or_insert(index);
            if key(index) > key(*best) {
                *best = index;
            }
        }
        let asked: Vec<usize> = newest.into_values().collect();
        for &index in &asked {
            let run = &self.runs[index];
            self.names
                .entry(index)
                .or_insert_with(|| names_of(&run.scan.hosts));
        }
        asked
    }

    /// Tells whether one of the Systems has a host of that name, by its list or by the exports.
    fn has(&self, asked: &[usize], systems: &[&Listed<'_>], name: &str) -> bool {
        if systems.iter().any(|listed| listed.lists(name)) {
            return true;
        }
        if asked.is_empty() {
            return false;
        }
        let wanted = name.to_lowercase();
        let mut hosts = asked
            .iter()
            .filter_map(|index| self.names.get(index)?.get(&wanted))
            .flatten();
        hosts.any(|host| {
            let id = id_of(host);
            systems.iter().any(|listed| claims(listed.system, &id, host))
        })
    }
}

fn names_of(hosts: &[Host]) -> HashMap<String, Vec<&Host>> {
    let mut names: HashMap<String, Vec<&Host>> = HashMap::new();
    for host in hosts {
        let id = id_of(host);
        let own = [Some(&*id), host.fqdn.as_deref(), host.hostname.as_deref()];
        let mut all: Vec<String> = own
            .into_iter()
            .flatten()
            .chain(host.aliases.iter().map(String::as_str))
            .map(str::to_lowercase)
            .collect();
        all.sort();
        all.dedup();
        for name in all {
            names.entry(name).or_default().push(host);
        }
    }
    names
}
