//! Findings of one vulnerability on one System, told together: one observation, with its hosts as subjects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::NAMESPACE;
use super::cast::Cast;
use super::prop;
use crate::export::Request;
use crate::export::text::{line, markup, moment};
use crate::model::{Finding, RecordId};

/// The System, where one claims the hosts, and the vulnerability.
pub(super) type GroupKey = (Option<RecordId>, Arc<str>);

/// The findings of one vulnerability on one System.
pub(super) struct Group<'a> {
    system: &'a Option<RecordId>,
    vuln: &'a Arc<str>,
    pub(super) findings: Vec<&'a Finding>,
}

/// Sorts findings into groups.
pub(super) fn groups<'a>(findings: impl Iterator<Item = &'a Finding>) -> BTreeMap<GroupKey, Group<'a>> {
    let mut groups: BTreeMap<GroupKey, Group<'a>> = BTreeMap::new();
    for finding in findings {
        let key = (finding.system.clone(), Arc::clone(&finding.vuln));
        let group = groups.entry(key).or_insert_with(|| Group {
            system: &finding.system,
            vuln: &finding.vuln,
            findings: Vec::new(),
        });
        group.findings.push(finding);
    }
    groups
}

impl Group<'_> {
    /// Returns the name of the System in words.
    pub(super) fn place(&self) -> String {
        self.system
            .as_ref()
            .map_or_else(|| "no system".to_owned(), ToString::to_string)
    }

    /// Returns the vulnerability and where it is.
    pub(super) fn title(&self) -> String {
        format!("{} on {}", self.vuln, self.place())
    }

    /// Returns the title that a scanner gives the gravest finding.
    pub(super) fn description(&self) -> &str {
        let gravest = self.findings.iter().max_by_key(|finding| finding.severity);
        gravest.map_or("", |finding| &finding.said.title)
    }

    /// Returns the UUID of what a model says of the group, such as its `risk`.
    pub(super) fn uuid(&self, request: &Request<'_>, what: &str) -> String {
        let system = self.system.as_ref().map_or("", |id| id.as_str());
        request.uuid(&[what, system, self.vuln]).to_string()
    }

    fn observers(&self) -> BTreeSet<&Arc<str>> {
        self.findings
            .iter()
            .flat_map(|finding| &*finding.said.observers)
            .collect()
    }

    /// Returns who saw it; `None` where no export names itself.
    fn origin(&self, cast: &mut Cast<'_>) -> Option<Value> {
        let actors: Vec<Value> = self.observers().into_iter().map(|tool| cast.tool(tool)).collect();
        (!actors.is_empty()).then(|| json!({"actors": actors}))
    }

    /// Tells what was seen where.
    pub(super) fn observation(&self, request: &Request<'_>, cast: &mut Cast<'_>) -> Value {
        let as_of = request.register.as_of;
        let mut lives: BTreeMap<&Arc<str>, Vec<&Finding>> = BTreeMap::new();
        for finding in &self.findings {
            lives.entry(&finding.host).or_default().push(finding);
        }
        let subjects = lives.into_iter().map(|(host, lives)| {
            let props = lives.into_iter().flat_map(|finding| {
                let closed = finding.closed.map(|at| prop("closed", &as_of.text(at)));
                let mut props = vec![
                    prop("disposition", finding.disposition.word()),
                    prop("severity", finding.severity.word()),
                    prop("first-seen", &as_of.text(finding.first_seen)),
                    prop("due", &as_of.text(finding.due)),
                ];
                props.extend(closed);
                props
            });
            cast.host(host, props.collect())
        });
        let subjects: Vec<Value> = subjects.collect();
        let seen = self.findings.iter().map(|finding| finding.last_seen).max();
        json!({
            "uuid": self.uuid(request, "observation"),
            "title": markup(&self.title()),
            "description": markup(self.description()),
            "props": [prop("vulnerability", self.vuln)],
            "methods": ["TEST"],
            "types": ["finding"],
            "origins": self.origin(cast).map(|origin| vec![origin]),
            "subjects": subjects,
            "collected": moment(as_of, seen.unwrap_or(as_of.instant())),
        })
    }

    /// Says how grave it is, by the gravest finding.
    pub(super) fn characterization(&self, cast: &mut Cast<'_>) -> Option<Value> {
        let origin = self.origin(cast)?;
        let gravest = self.findings.iter().max_by_key(|finding| finding.severity)?;
        let facet =
            |name: &str, value: &str| json!({"name": name, "system": NAMESPACE, "value": line(value)});
        let mut facets = vec![facet("severity", gravest.severity.word())];
        facets.extend(gravest.cvss().map(|vector| facet("cvss", vector)));
        let exploited = self
            .findings
            .iter()
            .filter_map(|finding| finding.exploited_since)
            .min();
        facets.extend(exploited.map(|day| facet("exploited-since", &day.to_string())));
        Some(json!({"origin": origin, "facets": facets}))
    }
}
