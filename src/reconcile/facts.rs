//! Facts of a host that its System's record and the inventory tell otherwise.
//!
//! The record counts for tier, criticality, owner, scope, regulations and the end of support, the inventory for the
//! location; of two exposures the stricter counts. Source: reconciliation semantics, asset matching.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::identity::KnownHost;
use super::register::HostRow;
use crate::load::Repository;
use crate::model::{Exposure, Record, RecordId, System};

/// A fact of which the record of a System says one thing and the inventory of its hosts another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FactConflict {
    pub system: RecordId,
    /// The name of the field, such as `tier`.
    pub fact: &'static str,
    pub in_record: String,
    pub in_inventory: String,
    /// The value that counts, one of the two.
    pub counts: String,
    /// The hosts of which the inventory says it, by id.
    pub hosts: Vec<Arc<str>>,
}

/// Who is believed.
#[derive(Clone, Copy)]
enum Believed {
    Record,
    Inventory,
    /// Whoever names the stricter exposure.
    Stricter,
}

/// From the strictest on.
const EXPOSURES: [Exposure; 4] = [
    Exposure::Internet,
    Exposure::Partner,
    Exposure::Internal,
    Exposure::Isolated,
];

type Fact = (&'static str, Believed, fn(&Record<System>) -> Option<String>);

/// What both may say.
const FACTS: [Fact; 8] = [
    ("tier", Believed::Record, |system| {
        system.spec.tier.as_ref().map(|tier| tier.value.clone())
    }),
    ("criticality", Believed::Record, |system| {
        system.spec.criticality.clone()
    }),
    ("owner", Believed::Record, |system| {
        Some(system.meta.owner.value.to_string())
    }),
    ("scope", Believed::Record, |system| {
        let word = if system.spec.scope.is_in.value {
            "in"
        } else {
            "out"
        };
        Some(word.into())
    }),
    ("exposure", Believed::Stricter, |system| {
        system.spec.exposure.map(|exposure| exposure.to_string())
    }),
    ("regulations", Believed::Record, |system| {
        let tags = &system.spec.regulations;
        (!tags.is_empty()).then(|| tags.join(", "))
    }),
    ("eol_date", Believed::Record, |system| {
        let day = system.spec.lifecycle.as_ref()?.eol_date?.value;
        Some(day.to_string())
    }),
    ("location", Believed::Inventory, |system| {
        system.spec.location.clone()
    }),
];

/// Collects the conflicts of all hosts that one System claims, by System, fact and value.
pub(super) fn conflicts<'a>(
    repository: &Repository,
    hosts: impl Iterator<Item = (&'a HostRow, &'a KnownHost)>,
) -> Vec<FactConflict> {
    let mut found: BTreeMap<(RecordId, &str, String), FactConflict> = BTreeMap::new();
    for (row, known) in hosts {
        let system = row.system.as_ref().and_then(|id| repository.systems.get(id));
        let Some(system) = system.filter(|_| !known.host.fields.is_empty()) else {
            continue;
        };
        for (fact, believed, in_record) in FACTS {
            let said = known.host.fields.get(fact).map(|text| text.trim());
            let (Some(said), Some(recorded)) = (said.filter(|said| !said.is_empty()), in_record(system))
            else {
                continue;
            };
            if is_same(fact, &recorded, said) {
                continue;
            }
            let by_inventory = match believed {
                Believed::Record => false,
                Believed::Inventory => true,
                Believed::Stricter => {
                    stricter(system.spec.exposure, exposure_of(said)) != system.spec.exposure
                }
            };
            let conflict = found
                .entry((system.id().clone(), fact, said.to_lowercase()))
                .or_insert_with(|| FactConflict {
                    system: system.id().clone(),
                    fact,
                    in_inventory: said.to_owned(),
                    counts: if by_inventory {
                        said.to_owned()
                    } else {
                        recorded.clone()
                    },
                    in_record: recorded,
                    hosts: Vec::new(),
                });
            conflict.hosts.push(Arc::clone(&row.id));
        }
    }
    found.into_values().collect()
}

fn is_same(fact: &str, recorded: &str, said: &str) -> bool {
    let (recorded, said) = (recorded.to_lowercase(), said.to_lowercase());
    match fact {
        "scope" => {
            let is_in = matches!(said.as_str(), "in" | "true" | "yes" | "1");
            let is_out = matches!(said.as_str(), "out" | "false" | "no" | "0");
            (recorded == "in" && is_in) || (recorded == "out" && is_out)
        }
        "regulations" => {
            let tags = |text: &str| -> BTreeSet<String> {
                let tags = text.split([',', ';', '|']).map(str::trim);
                tags.filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
            };
            tags(&recorded) == tags(&said)
        }
        _ => recorded == said,
    }
}

fn exposure_of(text: &str) -> Option<Exposure> {
    let text = text.trim().to_lowercase();
    EXPOSURES.into_iter().find(|one| one.to_string() == text)
}

/// Returns the stricter of two exposures; what nobody says counts for nothing.
fn stricter(one: Option<Exposure>, other: Option<Exposure>) -> Option<Exposure> {
    EXPOSURES
        .into_iter()
        .find(|exposure| one == Some(*exposure) || other == Some(*exposure))
}

/// Systems as they are judged for hosts that the inventory calls more exposed than the record does.
#[derive(Default)]
pub(super) struct Exposed {
    of_host: BTreeMap<Arc<str>, (RecordId, Exposure)>,
    systems: BTreeMap<RecordId, Vec<(Exposure, Record<System>)>>,
}

impl Exposed {
    pub(super) fn new<'a>(
        repository: &Repository,
        hosts: impl Iterator<Item = (&'a HostRow, &'a KnownHost)>,
    ) -> Self {
        let mut all = Self::default();
        for (row, known) in hosts {
            let said = known
                .host
                .fields
                .get("exposure")
                .and_then(|text| exposure_of(text));
            let system = row.system.as_ref().and_then(|id| repository.systems.get(id));
            let (Some(said), Some(system)) = (said, system) else {
                continue;
            };
            if stricter(system.spec.exposure, Some(said)) == system.spec.exposure {
                continue;
            }
            all.of_host
                .insert(Arc::clone(&row.id), (system.id().clone(), said));
            let versions = all.systems.entry(system.id().clone()).or_default();
            if !versions.iter().any(|(exposure, _)| *exposure == said) {
                let mut exposed = system.clone();
                exposed.spec.exposure = Some(said);
                versions.push((said, exposed));
            }
        }
        all
    }

    /// Returns the System of a host as it is judged for it; `None` where its record alone counts.
    pub(super) fn system_of(&self, host: &str) -> Option<&Record<System>> {
        let (id, exposure) = self.of_host.get(host)?;
        let versions = self.systems.get(id)?;
        let found = versions.iter().find(|(one, _)| one == exposure);
        found.map(|(_, system)| system)
    }
}
