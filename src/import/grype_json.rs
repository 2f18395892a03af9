//! Grype: JSON reports of images, directories, files and bills of materials.
//!
//! The matches come before the source, so all are held until the end names what they are on. A match whose id
//! is an advisory (`GHSA-…`, `ALAS-…`) has its CVEs among the related vulnerabilities.

use std::io::BufRead;

use memchr::memmem;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json::{Array, Flaw, Listed, Members, Outline, Report, Stop, Strict, Text, outline};
use super::rows::{
    LateHost, Refusal, When, also_known_as, locate, package, said, take_vector, time, unknown, words,
};
use super::tally::Tally;
use super::value::{self, Vectors};
use super::{ImportError, Importer, Options, Product, Sink, stamp};
use crate::model::{Exploit, Observation, ScanSummary, Severity};

pub(super) const IMPORTER: Importer = Importer {
    name: "grype-json",
    product: Product::Scan,
    recognises,
    import,
};

const MAX_ALIASES: usize = 64;

/// Asks for little at the root: the first bytes may hold nothing but matches.
fn recognises(head: &[u8]) -> bool {
    let Outline::Object(names) = outline(head) else {
        return false;
    };
    let is_beside = ["descriptor", "distro", "source", "ignoredMatches"]
        .iter()
        .any(|name| names.contains(*name));
    let is_within = ["\"matchDetails\"", "\"relatedVulnerabilities\""]
        .iter()
        .any(|name| memmem::find(head, name.as_bytes()).is_some());
    names.contains("matches") && (is_beside || is_within)
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut listed = Listed::new(Matches {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        item: Observation::blank("grype"),
        vectors: Vectors::default(),
        target: LateHost::default(),
        rows: 0,
    });
    super::json::read(input, &mut listed)?;
    Ok(listed.report.tally.summary)
}

struct Matches<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    item: Observation,
    vectors: Vectors,
    target: LateHost,
    rows: u64,
}

impl Report for Matches<'_> {
    const LIST: &'static str = "matches";

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }

    fn end(&mut self) -> Result<(), Stop> {
        let poured = self.target.pour(&mut self.tally);
        poured.map_err(|refusal| refusal.stop(&mut self.flaw, "`source`"))
    }

    fn other<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "ignoredMatches" => values.next_value_seed(Array(self)),
            "source" => {
                let source: Option<Strict<Source<'de>>> = values.next_value()?;
                self.source(source.map(|Strict(source)| source).unwrap_or_default());
                Ok(())
            }
            "distro" => {
                let distro: Option<Strict<Distribution<'de>>> = values.next_value()?;
                let distro = distro.map(|Strict(distro)| distro).unwrap_or_default();
                let parts = [said(&distro.name), said(&distro.version)];
                let os = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
                self.target.host.os = Some(os).filter(|os| !os.is_empty());
                Ok(())
            }
            "descriptor" => {
                let descriptor: Option<Strict<Descriptor<'de>>> = values.next_value()?;
                let given = descriptor.and_then(|Strict(descriptor)| descriptor.timestamp);
                let run_at = time("descriptor.timestamp", &given);
                if let Some(run_at) = run_at.map_err(|refusal| refusal.stop(&mut self.flaw, ""))? {
                    stamp::keep_latest(&mut self.tally.summary.run_at, run_at);
                }
                Ok(())
            }
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Descriptor<'a> {
    #[serde(borrow)]
    timestamp: Option<When<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Distribution<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    version: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Source<'a> {
    #[serde(rename = "type", borrow)]
    sort: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    target: Target<'a>,
}

/// An image with its names, or the path of anything else.
#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Image<'a> {
    #[serde(borrow)]
    user_input: Option<Text<'a>>,
    #[serde(rename = "imageID", borrow)]
    image_id: Option<Text<'a>>,
    #[serde(borrow)]
    tags: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    repo_digests: Option<Vec<Text<'a>>>,
}

#[derive(Default)]
struct Target<'a>(Image<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Target<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TargetVisitor).map(Self)
    }
}

struct TargetVisitor;

impl<'de> Visitor<'de> for TargetVisitor {
    type Value = Image<'de>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an image or a path")
    }

    fn visit_unit<E>(self) -> Result<Image<'de>, E> {
        Ok(Image::default())
    }

    fn visit_str<E>(self, path: &str) -> Result<Image<'de>, E> {
        Ok(Image {
            user_input: Some(Text(path.to_owned().into())),
            ..Image::default()
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Image<'de>, A::Error> {
        Image::deserialize(serde::de::value::MapAccessDeserializer::new(entries))
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Match<'a> {
    #[serde(borrow)]
    vulnerability: Option<Strict<Vulnerability<'a>>>,
    #[serde(borrow)]
    related_vulnerabilities: Option<Vec<Strict<Vulnerability<'a>>>>,
    #[serde(borrow)]
    artifact: Option<Strict<Artifact<'a>>>,
    #[serde(borrow)]
    applied_ignore_rules: Option<Vec<Strict<Rule<'a>>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Vulnerability<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    severity: Option<Text<'a>>,
    #[serde(borrow)]
    cvss: Option<Vec<Strict<Score<'a>>>>,
    #[serde(borrow)]
    fix: Option<Strict<Fix<'a>>>,
    #[serde(borrow)]
    advisories: Option<Vec<Strict<Advisory<'a>>>>,
    known_exploited: Option<Vec<IgnoredAny>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Score<'a> {
    #[serde(borrow)]
    vector: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Fix<'a> {
    #[serde(borrow)]
    state: Option<Text<'a>>,
    #[serde(borrow)]
    versions: Option<Vec<Text<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Advisory<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Artifact<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    version: Option<Text<'a>>,
    #[serde(borrow)]
    locations: Option<Vec<Strict<Location<'a>>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Location<'a> {
    #[serde(borrow)]
    path: Option<Text<'a>>,
}

/// Why a match is ignored: a rule of a configuration file, or a statement of a vendor.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Rule<'a> {
    #[serde(borrow)]
    reason: Option<Text<'a>>,
    #[serde(rename = "vex-status", borrow)]
    vex_status: Option<Text<'a>>,
    #[serde(rename = "vex-justification", borrow)]
    vex_justification: Option<Text<'a>>,
    #[serde(rename = "fix-state", borrow)]
    fix_state: Option<Text<'a>>,
}

impl Rule<'_> {
    fn why(&self) -> String {
        let mut why = match said(&self.vex_status) {
            Some(status) => format!("{} by a VEX statement", words(status)),
            None => "ignored by a rule".to_owned(),
        };
        if let Some(state) = said(&self.fix_state) {
            why += &format!(" for fix state {}", words(state));
        }
        for text in [&self.vex_justification, &self.reason] {
            if let Some(text) = said(text) {
                why += &format!(": {}", words(text));
            }
        }
        why
    }
}

impl Members for Matches<'_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let Some(Strict(found)) = members.next_element::<Strict<Match<'de>>>()? else {
            return Ok(false);
        };
        self.rows += 1;
        let row = self.rows;
        let taken = self.take(&found);
        taken.map_err(|refusal| refusal.stop(&mut self.flaw, &format!("match {row}")))?;
        Ok(true)
    }
}

impl Matches<'_> {
    /// Names what was scanned: an image as it was asked for, anything else by its path.
    fn source(&mut self, source: Source<'_>) {
        let host = &mut self.target.host;
        let Source {
            sort,
            name,
            target: Target(image),
        } = source;
        let named = said(&image.user_input).or(said(&name)).or(said(&image.image_id));
        host.name = named
            .filter(|name| *name != "unknown")
            .unwrap_or_default()
            .to_owned();
        if let Some(sort) = said(&sort) {
            host.fields.insert("artifact_type".into(), sort.to_owned());
        }
        let lists = [image.tags, image.repo_digests].into_iter().flatten().flatten();
        host.aliases = lists
            .chain(image.image_id)
            .map(|text| text.0.trim().to_owned())
            .filter(|alias| !alias.is_empty() && *alias != host.name)
            .take(MAX_ALIASES)
            .collect();
    }

    fn take(&mut self, found: &Match<'_>) -> Result<(), Refusal> {
        let missing = |name: &str| Refusal::Malformed(format!("no `{name}`"));
        let Strict(given) = found
            .vulnerability
            .as_ref()
            .ok_or_else(|| missing("vulnerability"))?;
        let Strict(artifact) = found.artifact.as_ref().ok_or_else(|| missing("artifact"))?;
        let id = said(&given.id).unwrap_or_default();
        if let Some(flaw) = value::flaw_of_id(id) {
            return Err(Refusal::Malformed(format!("`vulnerability.id`: {flaw}")));
        }
        self.item.clear();
        self.item.id.push_str(id);
        let rated = said(&given.severity).unwrap_or_default();
        self.item.severity_given.push_str(rated);
        self.item.severity = severity(rated)?;
        let related = found.related_vulnerabilities.as_deref().unwrap_or_default();
        self.ids(given, related)?;
        let all = std::iter::once(given).chain(related.iter().map(|Strict(related)| related));
        for Strict(score) in all.flat_map(|one| one.cvss.iter().flatten()) {
            let text = said(&score.vector).unwrap_or_default();
            take_vector(&mut self.item, &mut self.tally, &mut self.vectors, text);
        }
        self.item.fix_available = fix(given)?;
        if given
            .known_exploited
            .as_ref()
            .is_some_and(|known| !known.is_empty())
        {
            self.item.exploit = Exploit::Active;
        }
        let rules = found.applied_ignore_rules.as_ref();
        self.item.suppressed = rules
            .and_then(|rules| rules.first())
            .map(|Strict(rule)| rule.why());
        self.describe(id, artifact);
        self.target.take(&mut self.tally, &self.item)
    }

    /// Takes all ids, and the key of the patch: the id itself, or an advisory beside it.
    fn ids(
        &mut self,
        given: &Vulnerability<'_>,
        related: &[Strict<Vulnerability<'_>>],
    ) -> Result<(), Refusal> {
        let id = said(&given.id);
        let related = related.iter().filter_map(|Strict(related)| said(&related.id));
        let advisories = given.advisories.iter().flatten();
        let advisories: Vec<&str> = advisories.filter_map(|Strict(one)| said(&one.id)).collect();
        let mut remediation = None;
        for text in id.into_iter().chain(related).chain(advisories) {
            also_known_as(&mut self.item, &mut self.tally, text)?;
            value::prefer(&mut remediation, value::advisory(text));
        }
        self.item.remediation = remediation.map(|(_, key)| key);
        Ok(())
    }

    fn describe(&mut self, id: &str, artifact: &Artifact<'_>) {
        let name = said(&artifact.name).unwrap_or_default();
        let mut instance = package(name, said(&artifact.version).unwrap_or_default());
        let locations = artifact.locations.as_deref().unwrap_or_default();
        if let Some(path) = locations.first().and_then(|Strict(first)| said(&first.path)) {
            instance.push(' ');
            instance.push_str(path);
        }
        locate(&mut self.item, instance);
        self.item.title = format!("{id} in {name}");
    }
}

/// Reads the severity. `Negligible` is Debian's and Ubuntu's word for the least of the low ones.
fn severity(given: &str) -> Result<Option<Severity>, Refusal> {
    match given.to_ascii_lowercase().as_str() {
        "unknown" | "" => Ok(None),
        "negligible" => Ok(Some(Severity::Low)),
        _ => Severity::from_word(given).map(Some).ok_or_else(|| {
            let known = "`Critical`, `High`, `Medium`, `Low`, `Negligible` and `Unknown`";
            unknown("vulnerability.severity", given, known)
        }),
    }
}

/// Reads whether there is a fix; a version that fixes it says more than the state.
fn fix(given: &Vulnerability<'_>) -> Result<Option<bool>, Refusal> {
    let Some(Strict(fix)) = &given.fix else {
        return Ok(None);
    };
    let by_state = match said(&fix.state).unwrap_or_default() {
        "fixed" => Some(true),
        "not-fixed" | "wont-fix" => Some(false),
        "unknown" | "" => None,
        other => {
            let known = "`fixed`, `not-fixed`, `wont-fix` and `unknown`";
            return Err(unknown("fix.state", other, known));
        }
    };
    let has_version = fix
        .versions
        .iter()
        .flatten()
        .any(|version| !version.0.trim().is_empty());
    Ok(if has_version { Some(true) } else { by_state })
}
