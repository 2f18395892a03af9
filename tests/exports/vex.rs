//! The three VEX formats over the example: what holds of every document of its kind.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{list, of_example, single, text};

/// Returns the products of each status by vulnerability.
fn of_openvex(document: &Value) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut found: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for statement in list(document, "statements") {
        let key = (
            text(&statement["vulnerability"], "name").into(),
            text(statement, "status").into(),
        );
        let products = list(statement, "products")
            .iter()
            .map(|product| text(product, "@id").to_owned());
        found.entry(key).or_default().extend(products);
    }
    found
}

#[test]
fn openvex_says_who_speaks_when_and_of_what() {
    let document = single(&of_example("openvex"));
    assert_eq!(document["@context"], "https://openvex.dev/ns/v0.2.0");
    assert_eq!(document["author"], "Nordhafen Logistik");
    assert_eq!(document["timestamp"], "2026-09-30T21:59:59Z");
    let found = of_openvex(&document);
    let hosts = |vuln: &str, status: &str| {
        let hosts = found.get(&(vuln.to_owned(), status.to_owned()));
        hosts.map_or(0, BTreeSet::len)
    };
    // A triage with its justification, and nothing else, is `not_affected`.
    assert_eq!(hosts("CVE-2021-44228", "not_affected"), 1);
    assert_eq!(
        found
            .keys()
            .filter(|(_, status)| status == "not_affected")
            .count(),
        1
    );
    // One host of the ERP has an exception, the other is patched, staging is to be.
    assert_eq!(
        (
            hosts("CVE-2026-991444", "affected"),
            hosts("CVE-2026-991444", "fixed")
        ),
        (2, 1)
    );
    // An acceptance of an exploited weakness.
    assert_eq!(hosts("CVE-2026-991888", "affected"), 2);
    for (pair, products) in &found {
        for (other, others) in &found {
            let is_told_twice = pair.0 == other.0 && pair.1 != other.1 && !products.is_disjoint(others);
            assert!(!is_told_twice, "{} is both {} and {}", pair.0, pair.1, other.1);
        }
    }
}

#[test]
fn the_formats_agree() {
    let openvex = of_openvex(&single(&of_example("openvex")));
    let csaf = single(&of_example("csaf-vex"));
    let cyclonedx = single(&of_example("cyclonedx-vex"));
    let mut by_csaf: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for one in list(&csaf, "vulnerabilities") {
        let name = one["cve"].as_str().map_or_else(
            || {
                let id = &list(one, "ids")[0];
                format!("{}:{}", text(id, "system_name"), text(id, "text"))
            },
            str::to_owned,
        );
        for (status, products) in one["product_status"].as_object().unwrap() {
            let status = status.trim_start_matches("known_").to_owned();
            let products = products
                .as_array()
                .unwrap()
                .iter()
                .map(|product| product.as_str().unwrap().into());
            by_csaf
                .entry((name.clone(), status))
                .or_default()
                .extend(products);
        }
    }
    assert_eq!(by_csaf, openvex);
    let mut by_cyclonedx: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for one in list(&cyclonedx, "vulnerabilities") {
        let status = match text(&one["analysis"], "state") {
            "exploitable" => "affected",
            "resolved" => "fixed",
            "in_triage" => "under_investigation",
            other => other,
        };
        let products = list(one, "affects")
            .iter()
            .map(|product| text(product, "ref").to_owned());
        by_cyclonedx
            .entry((text(one, "id").into(), status.into()))
            .or_default()
            .extend(products);
    }
    assert_eq!(by_cyclonedx, openvex);
}

/// The mandatory tests of CSAF 2.0, section 6.1, that a schema cannot make.
#[test]
fn the_advisory_passes_the_mandatory_tests_of_csaf() {
    let files = of_example("csaf-vex");
    let advisory = single(&files);
    let document = &advisory["document"];
    let tracking = &document["tracking"];
    assert_eq!(document["category"], "csaf_vex");
    assert_eq!(
        *files.keys().next().unwrap(),
        format!("{}.json", text(tracking, "id"))
    );
    assert_eq!(
        tracking["version"],
        list(tracking, "revision_history")[0]["number"]
    );
    let mut defined = BTreeSet::new();
    for system in list(&advisory["product_tree"], "branches") {
        for host in list(system, "branches") {
            assert!(
                defined.insert(text(&host["product"], "product_id")),
                "6.1.2: defined twice"
            );
        }
    }
    let mut names = BTreeSet::new();
    for one in list(&advisory, "vulnerabilities") {
        assert!(one["cve"].is_string() || one["ids"].is_array(), "6.1.27.8");
        if let Some(cve) = one["cve"].as_str() {
            assert!(names.insert(cve), "6.1.23: {cve} is told twice");
        }
        assert!(!list(one, "notes").is_empty(), "6.1.27.5");
        assert!(
            one.get("scores").is_none(),
            "no scores, whose schema is not checked"
        );
        let products = |part: &Value, name: &str| -> BTreeSet<String> {
            list(part, name)
                .iter()
                .map(|product| product.as_str().unwrap().to_owned())
                .collect()
        };
        let of = |group: &str| -> BTreeSet<String> {
            let parts = list(one, group).iter();
            parts.flat_map(|part| products(part, "product_ids")).collect()
        };
        let status = &one["product_status"];
        assert!(
            of("remediations").is_superset(&products(status, "known_affected")),
            "6.1.27.10"
        );
        let impact: BTreeSet<String> = of("flags").union(&of("threats")).cloned().collect();
        assert!(
            impact.is_superset(&products(status, "known_not_affected")),
            "6.1.27.9"
        );
        let mut seen = BTreeSet::new();
        for group in [
            "fixed",
            "known_affected",
            "known_not_affected",
            "under_investigation",
        ] {
            for product in products(status, group) {
                assert!(defined.contains(product.as_str()), "6.1.1: {product}");
                assert!(seen.insert(product.clone()), "6.1.6: {product} in two groups");
            }
        }
        for part in ["flags", "remediations", "threats"] {
            assert!(
                list(one, part)
                    .iter()
                    .all(|part| !products(part, "product_ids").is_empty()),
                "6.1.29, 6.1.32"
            );
        }
    }
}

#[test]
fn cyclonedx_names_only_what_it_defines() {
    let bom = single(&of_example("cyclonedx-vex"));
    let mut refs = BTreeSet::new();
    for component in list(&bom, "components") {
        assert!(refs.insert(text(component, "bom-ref")));
    }
    for one in list(&bom, "vulnerabilities") {
        assert!(
            list(one, "affects")
                .iter()
                .all(|product| refs.contains(text(product, "ref")))
        );
    }
    let mut own = BTreeSet::new();
    assert!(
        list(&bom, "vulnerabilities")
            .iter()
            .all(|one| own.insert(text(one, "bom-ref")))
    );
    assert_eq!(bom["metadata"]["timestamp"], "2026-09-30T21:59:59Z");
    assert_eq!(bom["metadata"]["supplier"]["name"], "Nordhafen Logistik");
}
