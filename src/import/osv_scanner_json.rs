//! osv-scanner: JSON results by lock file, bill of materials, directory or image.
//!
//! A host is the source, by its path. An entry of one database may be the alias of another's: the groups say
//! which are one, so all of a group have the id of its first and the CVEs of them all. Severities come as CVSS
//! vectors only. A run without a finding may write an empty file, which names nothing that was looked at and is
//! refused.

use std::io::BufRead;

use memchr::memmem;
use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::json::{
    Array, Entries, Flaw, Listed, Members, Object, Outline, Report, Strict, Text, begins_with_empty_list,
    outline,
};
use super::rows::{Hosts, LateHost, Refusal, also_known_as, locate, package, said, take_vector};
use super::tally::Tally;
use super::value::{self, Vectors};
use super::{ImportError, Importer, Options, Product, Sink};
use crate::model::{Observation, ScanSummary, Severity};

pub(super) const IMPORTER: Importer = Importer {
    name: "osv-scanner-json",
    product: Product::Scan,
    recognises,
    import,
};

fn recognises(head: &[u8]) -> bool {
    let Outline::Object(names) = outline(head) else {
        return false;
    };
    let has = |name: &str| names.contains(name);
    let within = |name: &str| memmem::find(head, name.as_bytes()).is_some();
    has("results")
        && !has("subtotal")
        && !has("total")
        && (has("experimental_config")
            || within("\"packages\"") && (within("\"ecosystem\"") || within("\"source\""))
            || begins_with_empty_list(head, "results"))
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Listed::new(Reader {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        item: Observation::blank("osv"),
        vectors: Vectors::default(),
        hosts: Hosts::default(),
    });
    super::json::read(input, &mut reader)?;
    Ok(reader.report.tally.summary)
}

struct Reader<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    item: Observation,
    vectors: Vectors,
    hosts: Hosts,
}

impl Report for Reader<'_> {
    const LIST: &'static str = "results";

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }

    fn other<'de, A: MapAccess<'de>>(&mut self, _name: &str, values: &mut A) -> Result<(), A::Error> {
        values.next_value::<IgnoredAny>().map(drop)
    }
}

impl Members for Reader<'_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let mut result = SourceResult {
            reader: &mut *self,
            source: LateHost::default(),
        };
        if members.next_element_seed(Object(&mut result))?.is_none() {
            return Ok(false);
        }
        let mut source = result.source;
        let poured = source.pour_among(&mut self.tally, &mut self.hosts);
        poured.map_err(|refusal| refusal.stop(&mut self.flaw, "`source.path`"))?;
        Ok(true)
    }
}

/// What was found in one source.
struct SourceResult<'r, 's> {
    reader: &'r mut Reader<'s>,
    source: LateHost,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Source<'a> {
    #[serde(borrow)]
    path: Option<Text<'a>>,
    #[serde(rename = "type", borrow)]
    sort: Option<Text<'a>>,
}

impl Entries for SourceResult<'_, '_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "source" => {
                let source: Option<Strict<Source<'de>>> = values.next_value()?;
                let source = source.map(|Strict(source)| source).unwrap_or_default();
                let host = &mut self.source.host;
                host.name = said(&source.path).unwrap_or_default().to_owned();
                if let Some(sort) = said(&source.sort) {
                    host.fields.insert("artifact_type".into(), sort.to_owned());
                }
                if host.name.is_empty() {
                    return Ok(());
                }
                let poured = self
                    .source
                    .pour_among(&mut self.reader.tally, &mut self.reader.hosts);
                poured.map_err(|refusal| refusal.stop(&mut self.reader.flaw, "`source.path`"))
            }
            "packages" => values.next_value_seed(Array(self)),
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Found<'a> {
    #[serde(borrow)]
    package: Option<Strict<Package<'a>>>,
    #[serde(borrow)]
    vulnerabilities: Option<Vec<Strict<Entry<'a>>>>,
    #[serde(borrow)]
    groups: Option<Vec<Strict<Group<'a>>>>,
    license_violations: Option<Vec<IgnoredAny>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Package<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    version: Option<Text<'a>>,
    #[serde(borrow)]
    commit: Option<Text<'a>>,
}

/// Ids that mean one vulnerability.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Group<'a> {
    #[serde(borrow)]
    ids: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    aliases: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    max_severity: Option<Text<'a>>,
}

impl Group<'_> {
    fn holds(&self, id: &str) -> bool {
        self.ids.iter().flatten().any(|known| known.0.trim() == id)
    }
}

/// An entry of a database, as the OSV schema has it.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    aliases: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    upstream: Option<Vec<Text<'a>>>,
    /// Also of other vulnerabilities that are alike; an advisory of a distribution may have its CVEs here.
    #[serde(borrow)]
    related: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    summary: Option<Text<'a>>,
    #[serde(borrow)]
    severity: Option<Vec<Strict<Score<'a>>>>,
    #[serde(borrow)]
    affected: Option<Vec<Strict<Affected<'a>>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Score<'a> {
    #[serde(borrow)]
    score: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Affected<'a> {
    #[serde(borrow)]
    package: Option<Strict<Package<'a>>>,
    #[serde(borrow)]
    ranges: Option<Vec<Strict<Range<'a>>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Range<'a> {
    #[serde(borrow)]
    events: Option<Vec<Strict<Event<'a>>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow)]
    fixed: Option<Text<'a>>,
}

impl Members for SourceResult<'_, '_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let Some(Strict(found)) = members.next_element::<Strict<Found<'de>>>()? else {
            return Ok(false);
        };
        let violations = found.license_violations.as_ref().map_or(0, Vec::len);
        self.reader
            .tally
            .skip("a licence, not a vulnerability", violations as u64);
        for Strict(entry) in found.vulnerabilities.iter().flatten() {
            let taken = self.reader.take(&found, entry).and_then(|()| {
                let reader = &mut *self.reader;
                self.source.take(&mut reader.tally, &reader.item)
            });
            taken.map_err(|refusal| refusal.stop(&mut self.reader.flaw, "`vulnerabilities`"))?;
        }
        Ok(true)
    }
}

impl Reader<'_> {
    fn take(&mut self, found: &Found<'_>, entry: &Entry<'_>) -> Result<(), Refusal> {
        let own = said(&entry.id).unwrap_or_default();
        if let Some(flaw) = value::flaw_of_id(own) {
            return Err(Refusal::Malformed(format!("`id`: {flaw}")));
        }
        let groups = found.groups.as_deref().unwrap_or_default();
        let group = groups
            .iter()
            .map(|Strict(group)| group)
            .find(|group| group.holds(own));
        let of_group = group.iter().flat_map(|group| group.ids.iter().flatten());
        let first = of_group.clone().map(|id| id.0.trim()).find(|id| !id.is_empty());
        self.item.clear();
        self.item.id.push_str(first.unwrap_or(own));
        let aliases = group.iter().flat_map(|group| group.aliases.iter().flatten());
        let lists = [&entry.aliases, &entry.upstream];
        let texts = of_group
            .chain(aliases)
            .chain(lists.into_iter().flatten().flatten());
        let mut remediation = None;
        for text in std::iter::once(own).chain(texts.map(|text| &*text.0)) {
            also_known_as(&mut self.item, &mut self.tally, text)?;
            value::prefer(&mut remediation, value::advisory(text));
        }
        self.item.remediation = remediation.map(|(_, key)| key);
        if self.item.cves.is_empty() && value::advisory(own).is_some() {
            let cves = entry
                .related
                .iter()
                .flatten()
                .filter_map(|text| value::cve(&text.0));
            self.item.cves.extend(cves.take(value::MAX_CVES));
            value::settle_cves(&mut self.item.cves);
        }
        for Strict(score) in entry.severity.iter().flatten() {
            let text = said(&score.score).unwrap_or_default();
            take_vector(&mut self.item, &mut self.tally, &mut self.vectors, text);
        }
        self.rate(group.and_then(|group| said(&group.max_severity)));
        let Strict(package) = found
            .package
            .as_ref()
            .ok_or_else(|| Refusal::Malformed("a list without `package`".into()))?;
        self.describe(package, entry);
        Ok(())
    }

    /// Rates by the score that osv-scanner took from the vectors, else by the vectors themselves.
    fn rate(&mut self, max_severity: Option<&str>) {
        let item = &mut self.item;
        item.severity_given.push_str(max_severity.unwrap_or_default());
        let score = max_severity.and_then(|text| text.parse::<f64>().ok());
        let by_vectors = item
            .vectors
            .iter()
            .filter_map(crate::model::CvssVector::base_severity);
        item.severity = score.and_then(Severity::of_score).or_else(|| by_vectors.max());
    }

    fn describe(&mut self, found: &Package<'_>, entry: &Entry<'_>) {
        let name = said(&found.name).unwrap_or_default();
        let version = said(&found.version).or(said(&found.commit));
        locate(&mut self.item, package(name, version.unwrap_or_default()));
        self.item.title = match said(&entry.summary) {
            Some(summary) => summary.to_owned(),
            None => format!("{} in {name}", self.item.id),
        };
        let is_fixed = |affected: &Affected<'_>| {
            let ranges = affected.ranges.iter().flatten();
            let mut events = ranges.flat_map(|Strict(range)| range.events.iter().flatten());
            events.any(|Strict(event)| said(&event.fixed).is_some())
        };
        let is_it = |affected: &Affected<'_>| match &affected.package {
            Some(Strict(package)) => said(&package.name) == Some(name),
            None => true,
        };
        let has_fix = entry
            .affected
            .iter()
            .flatten()
            .any(|Strict(affected)| is_it(affected) && is_fixed(affected));
        self.item.fix_available = has_fix.then_some(true);
    }
}
