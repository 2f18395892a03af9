//! The component definition: one component, the management system, that implements the controls of each Statement.

use serde_json::{Value, json};

use super::{Counter, catalogue_urn, control_id, metadata, prop, responsible, statements};
use crate::document::Force;
use crate::export::Request;
use crate::export::text::{markup, organisation};
use crate::model::controls::control;
use crate::model::{Implementation, Kind, Record, Soa, SoaEntry};

/// Makes the model; `None` where there is no Statement.
pub(super) fn definition(request: &Request<'_>) -> Option<Value> {
    let statements = statements(request);
    if statements.is_empty() {
        return None;
    }
    let register = request.register;
    let isms = register.repository.isms.as_ref();
    let scope = isms.map_or("the scope is not told", |isms| &isms.spec.scope_statement);
    let implementations = statements
        .iter()
        .filter(|(soa, _)| !soa.spec.entries.value.is_empty())
        .map(|(soa, force)| implementation(request, soa, *force));
    let policies = register.repository.policies.iter().map(|policy| {
        json!({
            "uuid": request.uuid(&["policy", policy.id().as_str()]).to_string(),
            "title": markup(&policy.meta.title),
            "description": markup(&format!("policy {}, record {}", policy.id(), policy.meta.path)),
        })
    });
    Some(json!({
        "uuid": request.document_uuid("component-definition").to_string(),
        "metadata": metadata(request, "Statement of Applicability"),
        "components": [{
            "uuid": request.uuid(&["isms"]).to_string(),
            "type": "process-procedure",
            "title": markup(&format!("Management system of {}", organisation(register))),
            "description": markup(scope),
            "control-implementations": implementations.collect::<Vec<_>>(),
        }],
        "back-matter": {"resources": policies.collect::<Vec<_>>()},
    }))
}

fn implementation(request: &Request<'_>, soa: &Record<Soa>, force: Force) -> Value {
    let id = soa.id().as_str();
    let edition = soa.spec.edition.value;
    let standing = request.register.standings.of(Kind::Soa, soa.id());
    let version = soa.meta.version.as_ref();
    let mut props = vec![
        prop("record", id),
        prop("approval", standing.state.word()),
        prop("in-force", if force == Force::Binds { "yes" } else { "no" }),
        prop("edition", &edition.to_string()),
    ];
    props.extend(version.map(|version| prop("version", version)));
    let mut counter = Counter::default();
    let entries = soa.spec.entries.value.iter();
    let requirements = entries.map(|entry| requirement(request, soa, entry, &mut counter));
    json!({
        "uuid": request.uuid(&["control-implementation", id]).to_string(),
        "source": catalogue_urn(edition),
        "description": markup(&soa.meta.title),
        "props": props,
        "implemented-requirements": requirements.collect::<Vec<_>>(),
    })
}

fn requirement(request: &Request<'_>, soa: &Record<Soa>, entry: &SoaEntry, counter: &mut Counter) -> Value {
    let edition = soa.spec.edition.value;
    let control_id = control_id(edition, &entry.control);
    let number = counter.next(&control_id);
    let own_title = entry.title.as_deref();
    let title = control(edition, &entry.control)
        .map(|control| control.title)
        .or(own_title);
    let mut props = vec![
        prop("implementation-status", status(entry)),
        prop("control", &entry.control),
    ];
    let legacy = entry.legacy.iter().flat_map(|legacy| legacy.value.iter());
    props.extend(legacy.map(|id| prop("control-2013", id)));
    props.extend(entry.reasons.iter().map(|reason| prop("reason", reason)));
    props.extend(
        entry
            .planned
            .iter()
            .map(|planned| prop("planned", &planned.date.to_string())),
    );
    let owner = entry
        .owner
        .as_ref()
        .map_or(&soa.meta.owner.value, |owner| &owner.value.0);
    let (roles, owner) = responsible(request, owner);
    props.extend(owner);
    let policies = entry.policies.iter().filter_map(|policy| {
        let policy = request.register.repository.policies.get(&policy.value.0)?;
        let uuid = request.uuid(&["policy", policy.id().as_str()]);
        Some(json!({"href": format!("#{uuid}"), "rel": "reference"}))
    });
    json!({
        "uuid": request.uuid(&["requirement", soa.id().as_str(), &control_id, &number]).to_string(),
        "control-id": control_id,
        "description": markup(&entry.justification),
        "props": props,
        "links": policies.collect::<Vec<_>>(),
        "responsible-roles": roles,
        "remarks": title.map(markup),
    })
}

/// Returns the state of OSCAL; what does not apply is no gap, and what is applicable and untold is not implemented.
fn status(entry: &SoaEntry) -> &'static str {
    if !entry.applicable.value {
        return "not-applicable";
    }
    match entry.implementation {
        Some(Implementation::Implemented) => "implemented",
        Some(Implementation::Partial) => "partial",
        Some(Implementation::Planned) => "planned",
        Some(Implementation::None) | None => "not-implemented",
    }
}
