//! Wazuh: the vulnerabilities of an agent (up to 4.7, from the API) and the index of all agents (from 4.8).
//!
//! The older answer names no agent, which is in the address it was asked for: it is of one host, whose name must
//! be given. The newer one is an answer of a search and says how many there are; one that holds fewer is a page.
//! The id of an agent means something to its manager only, so it is a key only beside the name of the cluster.

use std::io::BufRead;

use memchr::memmem;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json::{
    Array, Document, Entries, Flaw, Json, Members, Object, Outline, Stop, Strict, Text, outline,
};
use super::rows::{Hosts, Refusal, When, also_known_as, locate, package, said, time, unknown};
use super::tally::Tally;
use super::value;
use super::{ImportError, Importer, Options, Product, Sink};
use crate::model::{Host, Observation, ObservationState, Quality, ScanSummary, Severity};

pub(super) const IMPORTER: Importer = Importer {
    name: "wazuh-json",
    product: Product::Scan,
    recognises,
    import,
};

fn recognises(head: &[u8]) -> bool {
    let Outline::Object(names) = outline(head) else {
        return false;
    };
    let within = |text: &str| memmem::find(head, text.as_bytes()).is_some();
    let is_older = names.contains("data")
        && within("\"affected_items\"")
        && (within("\"cve\"") || within("vulnerabilities "));
    let is_newer =
        names.contains("hits") && within("\"_source\"") && within("\"vulnerability\"") && within("\"agent\"");
    is_older || is_newer
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut answer = Answer {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        item: Observation::blank("wazuh"),
        hosts: Hosts::default(),
        has_rows: false,
        rows: 0,
        total: None,
    };
    super::json::read(input, &mut answer)?;
    Ok(answer.tally.summary)
}

struct Answer<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    item: Observation,
    hosts: Hosts,
    has_rows: bool,
    rows: u64,
    /// How many there are, and whether that is exact.
    total: Option<(u64, bool)>,
}

impl Document for Answer<'_> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        serde::de::DeserializeSeed::deserialize(Object(self), json)?;
        let (Some((total, is_exact)), true) = (self.total, self.has_rows) else {
            let message = "the list or its total is missing, so that nothing shows it is whole";
            return Err(self.flaw.malformed(message.into()));
        };
        let rows = self.rows;
        if rows > total {
            let message = format!("the total is {total}, but there are {rows} vulnerabilities");
            return Err(self.flaw.malformed(message));
        }
        if rows < total || !is_exact {
            self.tally
                .incomplete(format!("lists {rows} of {total} vulnerabilities"));
        }
        Ok(())
    }

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }
}

impl Entries for Answer<'_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "data" => values.next_value_seed(Object(&mut Older(self))),
            "hits" => values.next_value_seed(Object(&mut Newer(self))),
            "error" => {
                let code: Option<u64> = values.next_value()?;
                if let Some(code) = code.filter(|code| *code != 0) {
                    self.tally.incomplete(format!("the server says error {code}"));
                }
                Ok(())
            }
            "timed_out" => {
                if values.next_value::<Option<bool>>()? == Some(true) {
                    self.tally.incomplete("the search timed out");
                }
                Ok(())
            }
            "_shards" => {
                let shards: Option<Strict<Shards>> = values.next_value()?;
                if shards.is_some_and(|Strict(shards)| shards.failed > 0) {
                    self.tally.incomplete("a part of the index failed");
                }
                Ok(())
            }
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Shards {
    failed: u64,
}

impl Answer<'_> {
    fn begin<E: serde::de::Error>(&mut self, name: &str) -> Result<(), E> {
        if std::mem::replace(&mut self.has_rows, true) {
            return Err(self.flaw.malformed(format!("`{name}` comes twice")));
        }
        Ok(())
    }

    fn row<E: serde::de::Error>(
        &mut self,
        taken: impl FnOnce(&mut Self) -> Result<(), Refusal>,
    ) -> Result<(), E> {
        self.rows += 1;
        let row = self.rows;
        taken(self).map_err(|refusal| refusal.stop(&mut self.flaw, &format!("row {row}")))
    }
}

/// What is in `data`.
struct Older<'r, 's>(&'r mut Answer<'s>);

impl Entries for Older<'_, '_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "affected_items" => {
                self.0.begin(name)?;
                let poured = self.0.hosts.pour(&mut self.0.tally, "", Host::default);
                poured.map_err(|refusal| refusal.stop(&mut self.0.flaw, ""))?;
                values.next_value_seed(Array(self))
            }
            "total_affected_items" => {
                self.0.total = Some((values.next_value()?, true));
                Ok(())
            }
            "total_failed_items" => {
                let failed: u64 = values.next_value()?;
                if failed > 0 {
                    self.0.tally.incomplete(format!("{failed} items failed"));
                }
                Ok(())
            }
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Item<'a> {
    #[serde(borrow)]
    cve: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    version: Option<Text<'a>>,
    #[serde(borrow)]
    title: Option<Text<'a>>,
    #[serde(borrow)]
    severity: Option<Text<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    condition: Option<Text<'a>>,
    #[serde(borrow)]
    detection_time: Option<When<'a>>,
}

impl Members for Older<'_, '_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let Some(Strict(item)) = members.next_element::<Strict<Item<'de>>>()? else {
            return Ok(false);
        };
        self.0.row(|answer| answer.item(&item))?;
        Ok(true)
    }
}

impl Answer<'_> {
    fn item(&mut self, given: &Item<'_>) -> Result<(), Refusal> {
        self.item.clear();
        self.item.first_seen = time("detection_time", &given.detection_time)?;
        match said(&given.status).unwrap_or("VALID") {
            "VALID" => {}
            "PENDING" => self.item.potential = true,
            "OBSOLETE" => self.item.state = ObservationState::Fixed,
            // Seen in real answers, where it is the severity's word.
            "UNTRIAGED" => self.tally.leave_out("not a status"),
            other => return Err(unknown("status", other, "`VALID`, `PENDING` and `OBSOLETE`")),
        }
        let condition = said(&given.condition).unwrap_or_default();
        if condition == "Package unfixed" {
            self.item.fix_available = Some(false);
        } else if condition.starts_with("Package less than") {
            self.item.fix_available = Some(true);
        }
        self.name(said(&given.cve), said(&given.title), &given.name, &given.version)?;
        self.rate(said(&given.severity))?;
        let host = self.hosts.pour(&mut self.tally, "", Host::default)?;
        self.tally.observation(host, &self.item);
        Ok(())
    }

    fn name(
        &mut self,
        id: Option<&str>,
        title: Option<&str>,
        name: &Option<Text<'_>>,
        version: &Option<Text<'_>>,
    ) -> Result<(), Refusal> {
        let id = id.unwrap_or_default();
        if let Some(flaw) = value::flaw_of_id(id) {
            return Err(Refusal::Malformed(format!("the id of a vulnerability: {flaw}")));
        }
        self.item.id.push_str(id);
        also_known_as(&mut self.item, &mut self.tally, id)?;
        let name = said(name).unwrap_or_default();
        self.item.title = title.map_or_else(|| format!("{id} in {name}"), str::to_owned);
        locate(&mut self.item, package(name, said(version).unwrap_or_default()));
        Ok(())
    }

    /// Rates by the word; `-` and `Untriaged` say that there is none yet.
    fn rate(&mut self, given: Option<&str>) -> Result<(), Refusal> {
        let given = given.unwrap_or_default();
        self.item.severity_given.push_str(given);
        self.item.severity = match given.to_ascii_lowercase().as_str() {
            "" | "-" | "untriaged" | "none" => None,
            _ => Some(Severity::from_word(given).ok_or_else(|| {
                let known = "`Critical`, `High`, `Medium`, `Low`, `Untriaged` and `-`";
                unknown("severity", given, known)
            })?),
        };
        Ok(())
    }
}

/// What is in `hits`.
struct Newer<'r, 's>(&'r mut Answer<'s>);

impl Entries for Newer<'_, '_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "total" => {
                let Total(total, is_exact) = values.next_value()?;
                self.0.total = Some((total, is_exact));
                Ok(())
            }
            "hits" => {
                self.0.begin(name)?;
                values.next_value_seed(Array(self))
            }
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

/// How many there are: a number, or one that may be a lower bound.
struct Total(u64, bool);

#[derive(serde::Deserialize)]
struct Counted<'a> {
    value: u64,
    #[serde(borrow, default)]
    relation: Option<Text<'a>>,
}

impl<'de> serde::Deserialize<'de> for Total {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TotalVisitor)
    }
}

struct TotalVisitor;

impl<'de> Visitor<'de> for TotalVisitor {
    type Value = Total;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("how many there are")
    }

    fn visit_u64<E>(self, total: u64) -> Result<Total, E> {
        Ok(Total(total, true))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Total, A::Error> {
        let entries = serde::de::value::MapAccessDeserializer::new(entries);
        let counted: Counted<'de> = serde::Deserialize::deserialize(entries)?;
        let is_exact = said(&counted.relation).unwrap_or("eq") == "eq";
        Ok(Total(counted.value, is_exact))
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Hit<'a> {
    #[serde(rename = "_source", borrow)]
    source: Option<Strict<Source<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Source<'a> {
    #[serde(borrow)]
    agent: Option<Strict<Agent<'a>>>,
    #[serde(borrow)]
    host: Option<Strict<Machine<'a>>>,
    #[serde(borrow)]
    package: Option<Strict<Package<'a>>>,
    #[serde(borrow)]
    vulnerability: Option<Strict<Vulnerability<'a>>>,
    #[serde(borrow)]
    wazuh: Option<Strict<Manager<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Agent<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Machine<'a> {
    #[serde(borrow)]
    os: Option<Strict<System<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct System<'a> {
    #[serde(borrow)]
    full: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Package<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    version: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Vulnerability<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    severity: Option<Text<'a>>,
    #[serde(borrow)]
    detected_at: Option<When<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Manager<'a> {
    #[serde(borrow)]
    cluster: Option<Strict<Cluster<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Cluster<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
}

impl Members for Newer<'_, '_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let Some(Strict(hit)) = members.next_element::<Strict<Hit<'de>>>()? else {
            return Ok(false);
        };
        self.0.row(|answer| answer.hit(&hit))?;
        Ok(true)
    }
}

impl Answer<'_> {
    fn hit(&mut self, hit: &Hit<'_>) -> Result<(), Refusal> {
        let missing = |name: &str| Refusal::Malformed(format!("no `{name}`"));
        let Strict(source) = hit.source.as_ref().ok_or_else(|| missing("_source"))?;
        let given = source.vulnerability.as_ref();
        let Strict(given) = given.ok_or_else(|| missing("vulnerability"))?;
        let nothing = Package::default();
        let package = source.package.as_ref();
        let package = package.map_or(&nothing, |Strict(package)| package);
        self.item.clear();
        self.item.first_seen = time("vulnerability.detected_at", &given.detected_at)?;
        self.name(said(&given.id), None, &package.name, &package.version)?;
        self.rate(said(&given.severity))?;
        let host = host(source);
        let id = source.agent.as_ref().and_then(|Strict(agent)| said(&agent.id));
        let key = match (&host.agent, id) {
            (Some(agent), _) => agent.clone(),
            (None, Some(id)) => id.to_owned(),
            (None, None) => host.name.clone(),
        };
        let index = self.hosts.pour(&mut self.tally, &key, || host)?;
        self.tally.observation(index, &self.item);
        Ok(())
    }
}

fn host(source: &Source<'_>) -> Host {
    let agent = source.agent.as_ref().map(|Strict(agent)| agent);
    let manager = source.wazuh.as_ref().map(|Strict(manager)| manager);
    let cluster = manager.and_then(|manager| manager.cluster.as_ref());
    let cluster = cluster.and_then(|Strict(cluster)| said(&cluster.name));
    let id = agent.and_then(|agent| said(&agent.id));
    let name = agent.and_then(|agent| said(&agent.name));
    let system = source.host.as_ref().and_then(|Strict(host)| host.os.as_ref());
    Host {
        name: name.or(id).unwrap_or_default().to_owned(),
        hostname: name.and_then(value::hostname),
        agent: cluster.zip(id).map(|(cluster, id)| format!("{cluster}/{id}")),
        os: system
            .and_then(|Strict(system)| said(&system.full))
            .map(str::to_owned),
        quality: Some(Quality::Agent),
        ..Host::default()
    }
}
