//! OSCAL 1.2.1 as JSON, one model a file. Source: the NIST OSCAL models and their JSON Schemas.
//!
//! The Statement of Applicability is a component definition, exceptions, acceptances and what is overdue are a plan of
//! action and milestones, and the register is the result of an assessment. Control ids are those of Annex A with
//! `a-` before them; the text of a control is ISO's and is not here.

mod assessment;
mod cast;
mod component;
mod groups;
mod poam;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::identity::token;
use super::text::{json as bytes, line, markup, moment, organisation};
use super::{ExportKind, Exported, Request};
use crate::document::Force;
use crate::model::controls::{Edition, control};
use crate::model::{Record, RecordId, Soa};

/// The three models.
pub(super) const OSCAL: ExportKind = ExportKind {
    name: "oscal",
    title: "OSCAL 1.2.1",
    purpose: "Component definition from the Statement of Applicability, plan of action and milestones from decisions and overdue findings, assessment results from the register.",
    make,
};

/// The namespace of names that OSCAL does not know.
const NAMESPACE: &str = "urn:countersign:oscal";

fn make(request: &Request<'_>) -> Exported {
    let mut exported = Exported::default();
    let mut put = |name: &str, model: &str, content: Option<Value>, why: &str| match content {
        Some(content) => {
            let file = json!({ model: content });
            exported.files.insert(format!("{name}.json"), bytes(file));
        }
        None => exported.left_out.push(format!("{name}.json: {why}")),
    };
    put(
        "component-definition",
        "component-definition",
        component::definition(request),
        "there is no Statement of Applicability",
    );
    put(
        "poam",
        "plan-of-action-and-milestones",
        poam::plan(request),
        "there is no exception and no acceptance that has not ended, and no finding is overdue",
    );
    put(
        "assessment-results",
        "assessment-results",
        Some(assessment::results(request)),
        "",
    );
    exported
}

/// Returns what every model says of itself: title, moment, where it comes from, who is who.
fn metadata(request: &Request<'_>, title: &str) -> Value {
    let register = request.register;
    let name = organisation(register);
    let version = &request.provenance.tree_digest;
    let origin = request.origin().into_iter();
    let roles = register
        .repository
        .roles
        .iter()
        .map(|role| json!({"id": role.id().as_str(), "title": markup(&role.meta.title)}));
    let organisation = request.organisation_uuid().to_string();
    json!({
        "title": markup(&format!("{title} of {name}")),
        "last-modified": moment(register.as_of, register.as_of.instant()),
        "version": line(version.get(..12).unwrap_or(version)),
        "oscal-version": "1.2.1",
        "props": origin.map(|(name, value)| prop(name, &value)).collect::<Vec<_>>(),
        "roles": roles.collect::<Vec<_>>(),
        "parties": [{"uuid": organisation, "type": "organization", "name": name}],
    })
}

/// Returns a property in our own namespace.
fn prop(name: &str, value: &str) -> Value {
    json!({"name": name, "ns": NAMESPACE, "value": line(value)})
}

/// Names the role that answers for something; a person who does is a property, since the models know roles only.
fn responsible(request: &Request<'_>, owner: &RecordId) -> (Vec<Value>, Vec<Value>) {
    if request.register.repository.roles.get(owner).is_some() {
        (vec![json!({"role-id": owner.as_str()})], Vec::new())
    } else {
        (Vec::new(), vec![prop("owner", owner.as_str())])
    }
}

/// Returns the id of a control: `a-8.8` for 8.8 and for A.8.8, a token of its own for one outside Annex A.
fn control_id(edition: Edition, id: &str) -> String {
    match control(edition, id) {
        Some(known) => format!("a-{}", known.id.trim_start_matches("A.")),
        None => token("custom-", id),
    }
}

/// Returns the URN of the standard that an edition is. Source: RFC 5141.
fn catalogue_urn(edition: Edition) -> &'static str {
    match edition {
        Edition::Iso2013 => "urn:iso:std:iso-iec:27001:ed-2:en",
        Edition::Iso2022 => "urn:iso:std:iso-iec:27001:ed-3:en",
    }
}

/// Returns the Statements that have neither ended nor been replaced, each with how it stands.
fn statements<'a>(request: &Request<'a>) -> Vec<(&'a Record<Soa>, Force)> {
    let register = request.register;
    let all = register.repository.soas.iter();
    let with_force = all.map(|soa| (soa, Force::of(register, &soa.meta, None)));
    with_force.filter(|(_, force)| !force.has_ended()).collect()
}

/// Returns the edition whose control on vulnerabilities is assessed: that of the Statement in force, else the current one.
fn edition(request: &Request<'_>) -> Edition {
    let statements = statements(request);
    let binding = statements.iter().find(|(_, force)| *force == Force::Binds);
    let first = binding.or_else(|| statements.first());
    first.map_or(Edition::Iso2022, |(soa, _)| soa.spec.edition.value)
}

/// Returns the control on technical vulnerabilities.
fn vulnerability_control(request: &Request<'_>) -> String {
    let edition = edition(request);
    let id = match edition {
        Edition::Iso2013 => "A.12.6.1",
        Edition::Iso2022 => "8.8",
    };
    control_id(edition, id)
}

/// Counts what comes again under one name, so that each gets an id of its own.
#[derive(Default)]
struct Counter(BTreeMap<String, usize>);

impl Counter {
    fn next(&mut self, name: &str) -> String {
        let count = self.0.entry(name.to_owned()).or_default();
        *count += 1;
        count.to_string()
    }
}
