//! OpenVEX 0.2.0, one document. Source: the OpenVEX specification and its JSON Schema.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Product, Said, Status, Vex, Vulnerability, nothing, statements};
use crate::export::text::{json as bytes, line, moment, organisation};
use crate::export::{Exported, Request};

pub(super) fn make(request: &Request<'_>) -> Exported {
    let vex = statements(request);
    let mut exported = Exported {
        left_out: vex.left_out(),
        ..Exported::default()
    };
    if vex.by_name.is_empty() {
        exported.left_out.push(nothing());
    } else {
        exported
            .files
            .insert("openvex.json".into(), bytes(document(request, &vex)));
    }
    exported
}

fn document(request: &Request<'_>, vex: &Vex) -> Value {
    let as_of = request.register.as_of;
    let all = vex.by_name.iter().flat_map(|(name, vulnerability)| {
        let each = vulnerability.statements.iter();
        each.map(move |(said, products)| statement((name, vulnerability), said, products))
    });
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": format!("urn:uuid:{}", request.document_uuid("openvex")),
        "author": organisation(request.register),
        "role": "operator of the hosts",
        "timestamp": moment(as_of, as_of.instant()),
        "version": 1,
        "tooling": format!("countersign {}", request.provenance.tool_version),
        "statements": all.collect::<Vec<_>>(),
    })
}

fn statement(
    (name, vulnerability): (&str, &Vulnerability),
    said: &Said,
    products: &BTreeSet<Product>,
) -> Value {
    let name = line(name);
    let aliases: BTreeSet<String> = vulnerability.aliases.iter().map(|alias| line(alias)).collect();
    let aliases: Vec<&String> = aliases.iter().filter(|alias| **alias != name).collect();
    let products: Vec<Value> = products
        .iter()
        .map(|product| json!({"@id": product.iri()}))
        .collect();
    let text = line(&said.text);
    let (status, more) = match &said.status {
        Status::Affected(_) => ("affected", json!({"action_statement": text})),
        Status::Fixed => ("fixed", json!({"status_notes": text})),
        Status::NotAffected { justification, .. } => {
            let justification = justification.map(|justification| justification.word());
            (
                "not_affected",
                json!({"justification": justification, "impact_statement": text}),
            )
        }
        Status::UnderInvestigation => ("under_investigation", json!({"status_notes": text})),
    };
    let mut statement = json!({
        "vulnerability": {"name": name, "aliases": aliases},
        "products": products,
        "status": status,
    });
    if let (Value::Object(statement), Value::Object(more)) = (&mut statement, more) {
        statement.extend(more);
    }
    if let Some(record) = &said.record
        && !matches!(said.status, Status::Fixed | Status::UnderInvestigation)
    {
        statement["status_notes"] = json!(format!("decided in {record}"));
    }
    statement
}
