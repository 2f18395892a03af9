//! An advisory of CSAF 2.0, profile `csaf_vex`. Source: the CSAF 2.0 standard, sections 3, 4.5, 5.1 and 6.1.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Measure, Product, Status, Vex, Vulnerability, nothing, statements};
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
        return exported;
    }
    let id = tracking_id(request);
    let mut advisory = json!({
        "document": document(request, &id, &vex),
        "product_tree": {"branches": branches(request, &vex)},
        "vulnerabilities": vex.by_name.iter().map(vulnerability).collect::<Vec<_>>(),
    });
    // The standard recommends members in the order of the alphabet.
    advisory.sort_all_objects();
    exported.files.insert(format!("{id}.json"), bytes(advisory));
    exported
}

/// The name of the file follows from the id, and has no other characters than these.
fn tracking_id(request: &Request<'_>) -> String {
    let uuid = request.document_uuid("csaf-vex").to_string();
    let short = uuid.get(..8).unwrap_or_default();
    format!("countersign-vex-{}-{short}", request.register.as_of.day())
}

fn document(request: &Request<'_>, id: &str, vex: &Vex) -> Value {
    let register = request.register;
    let at = moment(register.as_of, register.as_of.instant());
    let name = organisation(register);
    let scope = register
        .repository
        .isms
        .as_ref()
        .map(|isms| line(&isms.spec.scope_statement));
    let note = |title: &str, text: String| json!({"category": "general", "title": title, "text": text});
    let origin = request.origin().into_iter();
    let origin: Vec<String> = origin
        .map(|(name, value)| format!("{name}: {}", line(&value)))
        .collect();
    let mut notes = vec![note("Origin", origin.join("; "))];
    notes.extend(scope.map(|scope| note("Scope", scope)));
    notes.extend(vex.left_out().into_iter().map(|text| note("Left out", text)));
    json!({
        "category": "csaf_vex",
        "csaf_version": "2.0",
        "lang": "en",
        "distribution": {"tlp": {"label": "AMBER", "url": "https://www.first.org/tlp/"}},
        "notes": notes,
        "publisher": {
            "category": "user",
            "name": name,
            "namespace": namespace(request),
        },
        "title": format!("Vulnerabilities on the hosts of {name} as of {}", register.as_of.day()),
        "tracking": {
            "id": id,
            "status": "final",
            "version": "1",
            "initial_release_date": at,
            "current_release_date": at,
            "revision_history": [{"number": "1", "date": at, "summary": "Made from the records and exports of that moment"}],
            "generator": {
                "date": at,
                "engine": {"name": "countersign", "version": request.provenance.tool_version},
            },
        },
    })
}

/// Systems, and below each its hosts; every host is a product.
fn branches(request: &Request<'_>, vex: &Vex) -> Vec<Value> {
    let namespace = namespace(request);
    let mut by_system: BTreeMap<_, Vec<&Product>> = BTreeMap::new();
    for product in vex.products() {
        by_system.entry(&product.system).or_default().push(product);
    }
    let branch = |(system, products): (&Option<_>, Vec<&Product>)| {
        let name = match system {
            None => "Hosts of no system".to_owned(),
            Some(id) => {
                let record = request.register.repository.systems.get(id);
                record.map_or_else(
                    || id.to_string(),
                    |record| format!("{} ({id})", line(&record.meta.title)),
                )
            }
        };
        let hosts = products.into_iter().map(|product| {
            let host = line(&product.host);
            json!({
                "category": "host_name",
                "name": host,
                "product": {
                    "name": format!("{host}, {name}"),
                    "product_id": product.iri(),
                    "product_identification_helper": {
                        "x_generic_uris": [{"namespace": namespace, "uri": product.iri()}],
                    },
                },
            })
        });
        json!({"category": "product_family", "name": name, "branches": hosts.collect::<Vec<_>>()})
    };
    by_system.into_iter().map(branch).collect()
}

/// There is no address of the organisation in the records; its UUID is as unique.
fn namespace(request: &Request<'_>) -> String {
    format!("urn:uuid:{}", request.organisation_uuid())
}

fn ids(products: &BTreeSet<Product>) -> BTreeSet<String> {
    products.iter().map(Product::iri).collect()
}

fn is_cve(name: &str) -> bool {
    let parts = name.strip_prefix("CVE-").and_then(|rest| rest.split_once('-'));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    parts.is_some_and(|(year, number)| year.len() == 4 && digits(year) && number.len() >= 4 && digits(number))
}

/// Names who gives an id, and the id: `qualys` and `38173`, `GHSA` and the whole of it.
fn system_and_id(name: &str) -> Value {
    let (system, text) = match name.split_once(':') {
        Some((system, text)) => (system, text),
        None => (name.split('-').next().unwrap_or_default(), name),
    };
    json!({"system_name": line(system), "text": line(text)})
}

fn vulnerability((name, vulnerability): (&std::sync::Arc<str>, &Vulnerability)) -> Value {
    let mut status: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let (mut flags, mut threats, mut remediations) = (Vec::new(), Vec::new(), Vec::new());
    for (said, products) in &vulnerability.statements {
        let products = ids(products);
        let text = line(&said.text);
        let group = match &said.status {
            Status::Affected(measures) => {
                for category in measures
                    .iter()
                    .map(|measure| category(*measure))
                    .collect::<BTreeSet<_>>()
                {
                    remediations
                        .push(json!({"category": category, "details": text, "product_ids": products}));
                }
                "known_affected"
            }
            Status::Fixed => "fixed",
            Status::NotAffected { justification, .. } => {
                if let Some(justification) = justification {
                    flags.push(json!({"label": justification.word(), "product_ids": products}));
                }
                threats.push(json!({"category": "impact", "details": text, "product_ids": products}));
                "known_not_affected"
            }
            Status::UnderInvestigation => "under_investigation",
        };
        status.entry(group).or_default().extend(products);
    }
    let others = vulnerability.aliases.iter().filter(|alias| *alias != name);
    let mut names: Vec<Value> = others.map(|alias| system_and_id(alias)).collect();
    if !is_cve(name) {
        names.insert(0, system_and_id(name));
    }
    let mut seen = BTreeSet::new();
    names.retain(|one| seen.insert(one.to_string()));
    let title = vulnerability.title.as_ref().map(|title| line(title));
    json!({
        "cve": is_cve(name).then_some(name),
        "ids": names,
        "title": title,
        "notes": notes(vulnerability, title.as_deref().unwrap_or(name)),
        "product_status": status,
        "flags": flags,
        "threats": threats,
        "remediations": remediations,
    })
}

/// Describes the vulnerability, and says what is not told elsewhere: what was fixed when, and what is looked at.
fn notes(vulnerability: &Vulnerability, title: &str) -> Vec<Value> {
    let mut notes = vec![json!({"category": "description", "text": line(title)})];
    for (said, products) in &vulnerability.statements {
        if matches!(said.status, Status::Fixed | Status::UnderInvestigation) {
            let hosts: Vec<String> = products.iter().map(|product| line(&product.host)).collect();
            let text = format!("{}: {}", hosts.join(", "), line(&said.text));
            notes.push(json!({"category": "details", "text": text}));
        }
    }
    notes
}

fn category(measure: Measure) -> &'static str {
    match measure {
        Measure::Fix => "vendor_fix",
        Measure::Workaround => "workaround",
        Measure::NoFixKnown => "none_available",
        Measure::NotPlanned | Measure::Unsupported => "no_fix_planned",
    }
}
