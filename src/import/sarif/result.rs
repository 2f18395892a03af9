//! One result: what of it needs no rule is read at once, the rest when the rules are known.

use std::collections::BTreeMap;

use super::super::HostIndex;
use super::super::json::{Strict, Text};
use super::super::rows::{Refusal, id_of, said, unknown, words};
use super::super::tally::Tally;
use super::super::value;
use super::rule::{Named, Properties, Rules, security_severity};
use super::{Message, text_of};
use crate::model::{Fingerprint, Observation, ObservationState, Severity};

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RunResult<'a> {
    #[serde(borrow)]
    rule_id: Option<Text<'a>>,
    rule_index: Option<i64>,
    #[serde(borrow)]
    rule: Option<Strict<Reference<'a>>>,
    #[serde(borrow)]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    level: Option<Text<'a>>,
    #[serde(borrow)]
    message: Option<Strict<Message<'a>>>,
    #[serde(borrow)]
    locations: Option<Vec<Strict<Location<'a>>>>,
    #[serde(borrow)]
    partial_fingerprints: Option<BTreeMap<String, Text<'a>>>,
    #[serde(borrow)]
    suppressions: Option<Vec<Strict<Suppression<'a>>>>,
    #[serde(borrow)]
    baseline_state: Option<Text<'a>>,
    #[serde(borrow)]
    properties: Option<Strict<Properties<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reference<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    index: Option<i64>,
    #[serde(borrow)]
    tool_component: Option<Strict<ComponentReference<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct ComponentReference<'a> {
    index: Option<i64>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    guid: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Location<'a> {
    #[serde(borrow)]
    physical_location: Option<Strict<Physical<'a>>>,
    #[serde(borrow)]
    logical_locations: Option<Vec<Strict<Logical<'a>>>>,
    #[serde(borrow)]
    message: Option<Strict<Message<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Physical<'a> {
    #[serde(borrow)]
    artifact_location: Option<Strict<Artifact<'a>>>,
    region: Option<Strict<Region>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Artifact<'a> {
    #[serde(borrow)]
    uri: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Region {
    start_line: Option<u64>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Logical<'a> {
    #[serde(borrow)]
    fully_qualified_name: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Suppression<'a> {
    #[serde(borrow)]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    /// What drafts of the format called the status.
    #[serde(borrow)]
    state: Option<Text<'a>>,
    #[serde(borrow)]
    justification: Option<Text<'a>>,
}

impl RunResult<'_> {
    fn named(&self) -> Named {
        let place = |index: Option<i64>| index.and_then(|index| usize::try_from(index).ok());
        let rule = self.rule.as_ref().map(|Strict(rule)| rule);
        let component = rule.and_then(|rule| rule.tool_component.as_ref());
        let component = component.map(|Strict(component)| component);
        let name = component.and_then(|component| said(&component.name).or(said(&component.guid)));
        Named {
            id: said(&self.rule_id)
                .or(rule.and_then(|rule| said(&rule.id)))
                .map(str::to_owned),
            index: place(self.rule_index).or(rule.and_then(|rule| place(rule.index))),
            extension_index: component.and_then(|component| place(component.index)),
            extension: name.map(str::to_owned),
        }
    }

    /// Says where it is: file and line, the name of what is there, and what the tool says of the place.
    fn instance(&self) -> String {
        let Some(Strict(location)) = self.locations.as_ref().and_then(|locations| locations.first()) else {
            return String::new();
        };
        let physical = location
            .physical_location
            .as_ref()
            .map(|Strict(physical)| physical);
        let artifact = physical.and_then(|physical| physical.artifact_location.as_ref());
        let region = physical.and_then(|physical| physical.region.as_ref());
        let line = region.and_then(|Strict(region)| region.start_line);
        let uri = artifact.and_then(|Strict(artifact)| said(&artifact.uri));
        let file = uri.map(|uri| match line {
            Some(line) => format!("{uri}:{line}"),
            None => uri.to_owned(),
        });
        let logical = location
            .logical_locations
            .as_ref()
            .and_then(|names| names.first());
        let logical = logical.and_then(|Strict(logical)| said(&logical.fully_qualified_name));
        let parts = [
            file,
            logical.map(str::to_owned),
            text_of(&location.message).map(words),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Says why it is suppressed: by all of its suppressions, of which none is under review or rejected.
    fn suppressed(&self) -> Result<Option<String>, Refusal> {
        let mut why = None;
        for Strict(given) in self.suppressions.iter().flatten() {
            let status = said(&given.status).or(said(&given.state)).unwrap_or("accepted");
            match status {
                "accepted" => {}
                "underReview" | "rejected" => return Ok(None),
                other => {
                    let known = "`accepted`, `underReview` and `rejected`";
                    return Err(unknown("suppressions.status", other, known));
                }
            }
            let place = match said(&given.kind) {
                Some("inSource") => "in the source",
                Some("external") => "outside the source",
                None => "by the tool",
                Some(other) => {
                    return Err(unknown("suppressions.kind", other, "`inSource` and `external`"));
                }
            };
            why.get_or_insert_with(|| match said(&given.justification) {
                Some(text) => format!("suppressed {place}: {}", words(text)),
                None => format!("suppressed {place}"),
            });
        }
        Ok(why)
    }

    fn state(&self) -> Result<ObservationState, Refusal> {
        match said(&self.baseline_state).unwrap_or("new") {
            // Drafts of the format called `existing` what is now `unchanged`.
            "new" | "unchanged" | "updated" | "existing" => Ok(ObservationState::Seen),
            "absent" => Ok(ObservationState::Fixed),
            other => {
                let known = "`new`, `unchanged`, `updated` and `absent`";
                Err(unknown("baselineState", other, known))
            }
        }
    }

    /// Digests what stays the same when lines move, where the tool gives it; else the place and the message.
    fn fingerprint(&self, instance: &str) -> Fingerprint {
        let given = self.partial_fingerprints.iter().flatten();
        let mut text: String = given
            .map(|(name, value)| format!("{name}={}\n", value.0))
            .collect();
        if text.is_empty() {
            text = format!("{instance}\n{}", text_of(&self.message).unwrap_or_default());
        }
        value::fingerprint(text.as_bytes())
    }
}

/// A result whose rule is not looked up yet.
pub(super) struct Pending {
    named: Named,
    level: Option<String>,
    security_severity: Option<String>,
    sort: Sort,
    message: Option<String>,
    instance: String,
    fingerprint: Fingerprint,
    state: ObservationState,
    suppressed: Option<String>,
}

/// What a result says of its rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Broken,
    /// The tool cannot tell, or leaves it to a person.
    Open,
    NotBroken,
}

impl Pending {
    pub(super) fn new(result: &RunResult<'_>) -> Result<Self, Refusal> {
        let kind = said(&result.kind).unwrap_or("fail");
        let sort = match kind {
            "fail" => Sort::Broken,
            "open" | "review" => Sort::Open,
            "pass" | "notApplicable" | "informational" => Sort::NotBroken,
            other => {
                let known = "`fail`, `open`, `review`, `pass`, `notApplicable` and `informational`";
                return Err(unknown("kind", other, known));
            }
        };
        let instance = result.instance();
        Ok(Self {
            named: result.named(),
            level: said(&result.level).map(str::to_owned),
            security_severity: security_severity(&result.properties),
            sort,
            message: text_of(&result.message).map(words),
            fingerprint: result.fingerprint(&instance),
            instance,
            state: result.state()?,
            suppressed: result.suppressed()?,
        })
    }

    pub(super) fn pour(
        self,
        rules: &Rules,
        item: &mut Observation,
        tally: &mut Tally<'_>,
        host: Option<HostIndex>,
    ) -> Result<(), Refusal> {
        let rule = rules.find(&self.named);
        let id = self.named.id.as_deref().or(rule.map(|rule| rule.id.as_str()));
        let Some(id) = id.filter(|id| !id.is_empty()) else {
            let message = "neither `ruleId` nor a `ruleIndex` of a rule with an `id`";
            return Err(Refusal::Malformed(message.into()));
        };
        item.clear();
        item.id = format!("{}/{}", id_of(&rules.tool), id_of(id));
        if let Some(flaw) = value::flaw_of_id(&item.id) {
            return Err(Refusal::Malformed(flaw));
        }
        let named = std::iter::once(id).chain(rule.map(|rule| rule.id.as_str()));
        for text in named {
            item.cves.extend(value::cves_in(text));
            item.aliases.extend(value::ghsa_in(text));
        }
        value::settle_cves(&mut item.cves);
        item.aliases.dedup();
        let scores = [
            &self.security_severity,
            &rule.and_then(|rule| rule.security_severity.clone()),
        ];
        let score = scores.into_iter().flatten().next();
        let level = self.level.as_deref().or(rule
            .and_then(|rule| rule.level.as_deref())
            .filter(|_| self.sort == Sort::Broken));
        let (given, severity) = rate(score, level, tally)?;
        item.severity_given = given;
        item.severity = severity;
        if self.sort == Sort::NotBroken || severity.is_none() {
            tally.informational();
            return Ok(());
        }
        item.potential = self.sort == Sort::Open;
        item.title = rule
            .and_then(|rule| rule.title.clone())
            .or(self.message)
            .unwrap_or_else(|| id.to_owned());
        item.instance = self.instance;
        item.fingerprint = Some(self.fingerprint);
        item.state = self.state;
        item.suppressed = self.suppressed;
        tally.observation(host, item);
        Ok(())
    }
}

/// Rates by the number, else by the level; `None` within for what is below low.
///
/// Source of the ranges of `security-severity`: GitHub's documentation of SARIF for code scanning, which are those of
/// CVSS. The format itself gives a level no severity: an error is taken for high, a warning for medium, a note for low.
fn rate(
    score: Option<&String>,
    level: Option<&str>,
    tally: &mut Tally<'_>,
) -> Result<(String, Option<Severity>), Refusal> {
    if let Some(text) = score {
        match text.parse::<f64>() {
            Ok(score) if (0.0..=10.0).contains(&score) => {
                return Ok((text.clone(), Severity::of_score(score)));
            }
            Ok(_) | Err(_) => tally.leave_out("not a `security-severity` from 0.0 to 10.0"),
        }
    }
    let level = level.unwrap_or("warning");
    let severity = match level {
        "error" => Some(Severity::High),
        "warning" => Some(Severity::Medium),
        "note" => Some(Severity::Low),
        "none" => None,
        other => return Err(unknown("level", other, "`error`, `warning`, `note` and `none`")),
    };
    Ok((level.to_owned(), severity))
}
