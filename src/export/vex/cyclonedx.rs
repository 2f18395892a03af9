//! A BOM of CycloneDX 1.6 with hosts as components and vulnerabilities with their analysis.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Measure, Product, Rating, Said, Status, Vex, Vulnerability, statements};
use crate::export::text::{json as bytes, line, moment, organisation};
use crate::export::{Exported, Request};
use crate::model::Justification;

pub(super) fn make(request: &Request<'_>) -> Exported {
    let vex = statements(request);
    let mut exported = Exported {
        left_out: vex.left_out(),
        ..Exported::default()
    };
    exported
        .files
        .insert("cyclonedx-vex.json".into(), bytes(bom(request, &vex)));
    exported
}

fn bom(request: &Request<'_>, vex: &Vex) -> Value {
    let as_of = request.register.as_of;
    let at = moment(as_of, as_of.instant());
    let name = organisation(request.register);
    let mut properties: Vec<Value> = request
        .origin()
        .iter()
        .map(|(name, value)| property(name, value))
        .collect();
    properties.extend(vex.left_out().iter().map(|text| property("left-out", text)));
    let vulnerabilities = vex.by_name.iter().flat_map(|(name, vulnerability)| {
        let each = vulnerability.statements.iter();
        let at = &at;
        each.map(move |(said, products)| entry(request, (name, vulnerability), (said, products), at))
    });
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": format!("urn:uuid:{}", request.document_uuid("cyclonedx-vex")),
        "version": 1,
        "metadata": {
            "timestamp": at,
            "tools": {"components": [{
                "type": "application",
                "name": "countersign",
                "version": request.provenance.tool_version,
            }]},
            "component": {
                "type": "platform",
                "bom-ref": request.organisation_uuid().to_string(),
                "name": format!("Hosts of {name}"),
            },
            "supplier": {"name": name},
            "properties": properties,
        },
        "components": vex.products().into_iter().map(component).collect::<Vec<_>>(),
        "vulnerabilities": vulnerabilities.collect::<Vec<_>>(),
    })
}

fn property(name: &str, value: &str) -> Value {
    json!({"name": format!("countersign:{name}"), "value": line(value)})
}

fn component(product: &Product) -> Value {
    let system = product
        .system
        .as_ref()
        .map(|id| vec![property("system", id.as_str())]);
    json!({
        "type": "platform",
        "bom-ref": product.iri(),
        "name": line(&product.host),
        "properties": system,
    })
}

fn entry(
    request: &Request<'_>,
    (name, vulnerability): (&Arc<str>, &Vulnerability),
    (said, products): (&Said, &BTreeSet<Product>),
    at: &str,
) -> Value {
    let text = line(&said.text);
    let (state, justification, response) = analysis(&said.status);
    let hosts: Vec<String> = products.iter().map(Product::iri).collect();
    let mut parts = vec!["vex", name, state, &text];
    parts.extend(hosts.iter().map(String::as_str));
    let others = vulnerability.aliases.iter().filter(|alias| *alias != name);
    let references = others.map(|alias| json!({"id": line(alias), "source": source(alias)}));
    let record = said
        .record
        .as_ref()
        .map(|id| vec![property("record", id.as_str())]);
    json!({
        "bom-ref": request.uuid(&parts).to_string(),
        "id": line(name),
        "source": source(name),
        "references": references.collect::<Vec<_>>(),
        "ratings": vulnerability.rating.as_ref().map(|rating| vec![self::rating(rating)]),
        "description": vulnerability.title.as_ref().map(|title| line(title)),
        "recommendation": matches!(said.status, Status::Affected(_)).then_some(&text),
        "analysis": {
            "state": state,
            "justification": justification,
            "response": response,
            "detail": text,
            "lastUpdated": at,
        },
        "affects": hosts.iter().map(|host| json!({"ref": host})).collect::<Vec<_>>(),
        "properties": record,
    })
}

/// Names who gives the id, such as `NVD` or the family of a scanner.
fn source(name: &str) -> Value {
    let source = match name.split_once(':') {
        Some((family, _)) => line(family),
        None if name.starts_with("CVE-") => "NVD".into(),
        None if name.starts_with("GHSA-") => "GitHub".into(),
        None => "scanner".into(),
    };
    json!({"name": source})
}

fn rating(rating: &Rating) -> Value {
    let vector = rating.vector.as_ref().map(|vector| line(vector));
    let method = vector.as_deref().map(|vector| match vector.split('/').next() {
        Some("CVSS:3.0") => "CVSSv3",
        Some("CVSS:3.1") => "CVSSv31",
        Some("CVSS:4.0") => "CVSSv4",
        Some(_) | None => "CVSSv2",
    });
    json!({
        "score": rating.score,
        "severity": rating.severity.word(),
        "method": method,
        "vector": vector,
    })
}

/// Translates a status into the words of CycloneDX. A justification that it knows by another name is translated, too.
fn analysis(status: &Status) -> (&'static str, Option<&'static str>, BTreeSet<&'static str>) {
    match status {
        Status::Affected(measures) => {
            let responses = measures.iter().filter_map(|measure| response(*measure));
            ("exploitable", None, responses.collect())
        }
        Status::Fixed => ("resolved", None, BTreeSet::new()),
        Status::NotAffected {
            is_false_positive: true,
            ..
        } => ("false_positive", None, BTreeSet::new()),
        Status::NotAffected { justification, .. } => {
            ("not_affected", justification.map(word), BTreeSet::new())
        }
        Status::UnderInvestigation => ("in_triage", None, BTreeSet::new()),
    }
}

fn word(justification: Justification) -> &'static str {
    match justification {
        Justification::ComponentNotPresent | Justification::VulnerableCodeNotPresent => "code_not_present",
        Justification::VulnerableCodeNotInExecutePath => "code_not_reachable",
        Justification::VulnerableCodeCannotBeControlledByAdversary => "requires_environment",
        Justification::InlineMitigationsAlreadyExist => "protected_by_mitigating_control",
    }
}

fn response(measure: Measure) -> Option<&'static str> {
    match measure {
        Measure::Fix => Some("update"),
        Measure::Workaround => Some("workaround_available"),
        Measure::NoFixKnown => None,
        Measure::NotPlanned => Some("will_not_fix"),
        Measure::Unsupported => Some("can_not_fix"),
    }
}
