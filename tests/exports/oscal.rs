//! OSCAL: the three models over the example and over records of a test.

use std::collections::BTreeSet;

use countersign::model::Disposition;
use serde_json::Value;

use super::official::{assert_official, assert_trestle};
use super::{Files, list, of_example, of_register, parsed, text};
use crate::documents::{files, repository, sample_register};
use crate::world::World;

/// Collects every value of a member, wherever it stands.
fn all<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if key == name {
                    found.extend(value.as_str());
                }
                all(value, name, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| all(item, name, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

pub(super) fn collected<'a>(value: &'a Value, name: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    all(value, name, &mut found);
    found
}

fn prop<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    let mut props = list(value, "props").iter();
    props
        .find(|prop| prop["name"] == name)
        .map(|prop| text(prop, "value"))
}

/// Every id is given once, and every id that is referred to is given.
pub(super) fn assert_whole(files: &Files) {
    for name in files.keys() {
        let file = parsed(files, name);
        let given = collected(&file, "uuid");
        let known: BTreeSet<&str> = given.iter().copied().collect();
        assert_eq!(known.len(), given.len(), "{name}: an id is given twice");
        for member in [
            "subject-uuid",
            "actor-uuid",
            "observation-uuid",
            "risk-uuid",
            "component-uuid",
        ] {
            for uuid in collected(&file, member) {
                assert!(known.contains(uuid), "{name}: {member} {uuid} leads nowhere");
            }
        }
        let roles: BTreeSet<&str> = collected(&file, "id").into_iter().collect();
        assert!(
            collected(&file, "role-id")
                .iter()
                .all(|role| roles.contains(role)),
            "{name}"
        );
        for href in collected(&file, "href") {
            assert!(
                known.contains(href.trim_start_matches('#')),
                "{name}: {href} leads nowhere"
            );
        }
    }
}

#[test]
fn every_reference_of_the_example_leads_somewhere() {
    assert_whole(&of_example("oscal"));
}

#[test]
fn the_statement_is_a_component_definition_of_93_controls() {
    let file = parsed(&of_example("oscal"), "component-definition.json");
    let definition = &file["component-definition"];
    assert_eq!(definition["metadata"]["oscal-version"], "1.2.1");
    assert_eq!(definition["metadata"]["last-modified"], "2026-09-30T21:59:59Z");
    let component = &list(definition, "components")[0];
    assert_eq!(component["title"], "Management system of Nordhafen Logistik");
    let implementation = &list(component, "control-implementations")[0];
    assert_eq!(implementation["source"], "urn:iso:std:iso-iec:27001:ed-3:en");
    assert_eq!(
        (prop(implementation, "approval"), prop(implementation, "version")),
        (Some("approved"), Some("2.1.0"))
    );
    let requirements = list(implementation, "implemented-requirements");
    assert_eq!(requirements.len(), 93);
    let of = |id: &str| requirements.iter().find(|one| one["control-id"] == id).unwrap();
    let first = of("a-5.1");
    assert_eq!(
        (prop(first, "implementation-status"), prop(first, "control")),
        (Some("implemented"), Some("5.1"))
    );
    assert_eq!(list(first, "responsible-roles")[0]["role-id"], "role-ciso");
    assert_eq!(first["remarks"], "Policies for information security");
    assert_eq!(prop(of("a-5.8"), "planned"), Some("2027-03-31"));
    let excluded = |one: &&Value| prop(one, "implementation-status") == Some("not-applicable");
    assert!(requirements.iter().filter(excluded).count() > 0);
}

#[test]
fn the_plan_holds_decisions_by_where_they_stand_and_what_is_overdue() {
    let records = repository(&files(""));
    let register = sample_register(&records, "");
    let made = of_register("oscal", &register);
    assert_official("oscal", &made.files);
    assert_whole(&made.files);
    let file = parsed(&made.files, "poam.json");
    let plan = &file["plan-of-action-and-milestones"];
    let mut found: Vec<(String, String)> = Vec::new();
    for risk in list(plan, "risks") {
        let title = text(risk, "title").split(':').next().unwrap();
        found.push((title.to_owned(), text(risk, "status").to_owned()));
    }
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(title, status)| (&**title, &**status))
        .collect();
    let expected = [
        ("exc-0002", "deviation-approved"),
        ("exc-0003", "deviation-approved"),
        ("exc-0004", "open"),
        ("exc-0005", "deviation-requested"),
        ("exc-0006", "deviation-requested"),
        ("exc-0007", "deviation-requested"),
        ("rac-0001", "deviation-approved"),
        ("rac-0002", "deviation-requested"),
        ("CVE-2025-1333 on sys-directory is overdue", "open"),
        ("CVE-2025-1222 on sys-kiosk is overdue", "open"),
    ];
    assert_eq!(found, expected);
    assert_eq!(list(plan, "poam-items").len(), expected.len());
    // What has ended by its own declaration is no plan any more.
    let ended = ["exc-0001", "exc-0008"];
    let records: Vec<_> = list(plan, "poam-items")
        .iter()
        .filter_map(|item| prop(item, "record"))
        .collect();
    assert!(ended.iter().all(|id| !records.contains(id)), "{records:?}");
    let overdue = &list(plan, "poam-items")[8];
    assert_eq!(prop(overdue, "overdue-hosts"), Some("2"));
    let risk = &list(plan, "risks")[0];
    assert_eq!(risk["deadline"], "2026-01-15T22:59:59Z");
    assert_eq!(list(risk, "mitigating-factors").len(), 2);
}

#[test]
fn the_results_say_that_the_control_is_not_met_as_soon_as_something_is_late() {
    let state = |files: &Files| {
        let file = parsed(files, "assessment-results.json");
        let result = list(&file["assessment-results"], "results")[0].clone();
        let finding = list(&result, "findings")[0].clone();
        assert_eq!(finding["target"]["target-id"], "a-8.8");
        (text(&finding["target"]["status"], "state").to_owned(), result)
    };
    let (met, result) = state(&of_example("oscal"));
    assert_eq!(met, "satisfied");
    assert!(
        text(&result, "description").contains("0 overdue"),
        "{}",
        result["description"]
    );
    assert_eq!(prop(&result, "sla_rate_strict"), Some("85.3 % (105 of 123)"));
    let records = repository(&files(""));
    let mut register = sample_register(&records, "");
    assert_eq!(state(&of_register("oscal", &register).files).0, "not-satisfied");
    // Nothing late, but not every host was looked at.
    for finding in &mut register.findings {
        finding.disposition = Disposition::Open;
    }
    assert_eq!(state(&of_register("oscal", &register).files).0, "not-satisfied");
    // Nothing at all is no good news.
    World::new().judge("2026-09-30", |register| {
        assert_eq!(state(&of_register("oscal", register).files).0, "not-satisfied");
    });
}

#[test]
fn a_model_that_would_be_empty_is_left_out_with_the_reason() {
    World::new().judge("2026-09-30", |register| {
        let exported = of_register("oscal", register);
        assert_eq!(
            exported.files.keys().collect::<Vec<_>>(),
            ["assessment-results.json"]
        );
        let said = exported.left_out.join("\n");
        assert!(
            said.contains("poam.json") && said.contains("component-definition.json"),
            "{said}"
        );
        assert_official("oscal", &exported.files);
        assert_trestle(&exported.files);
    });
}

#[test]
fn an_id_stays_with_its_subject_and_a_file_gets_another() {
    let records = repository(&files(""));
    let mut register = sample_register(&records, "");
    let first = of_register("oscal", &register).files;
    register.period.from = register.period.from.plus_days(1);
    let second = of_register("oscal", &register).files;
    for (name, model) in [
        ("poam.json", "plan-of-action-and-milestones"),
        ("assessment-results.json", "assessment-results"),
    ] {
        let (first, second) = (parsed(&first, name), parsed(&second, name));
        assert_ne!(first[model]["uuid"], second[model]["uuid"], "{name}");
        let risks = |file: &Value| {
            collected(file, "risk-uuid")
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(risks(&first), risks(&second), "{name}");
    }
}
