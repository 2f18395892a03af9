//! D08: every input of the review, figures against targets and benchmarks, and nothing claimed that is not recorded.

use countersign::reconcile::Kpi;
use serde_json::Value;

use super::example::of_example;
use super::{files, page_of, row, rows};

const AIMS: &str = "  objectives:\n  - {id: obj-rate, kpi: sla_rate_net, target: '>= 95', owner: role-ciso, linked: Patched in time}\n  - {id: obj-odd, kpi: no_such_figure, target: '>= 1', owner: role-ciso}\n  benchmarks:\n  - {kpi: mttp_median, source: Survey of peers, value: 43 d, as_of: 2026-06}\n  certification: {body: Hanseatic, next_audit: 2026-11-16}\n";

fn page() -> String {
    let mut records = files("");
    *records.get_mut("isms.yaml").unwrap() += AIMS;
    page_of("D08", &records, |register| {
        let title = "closed in time, over findings due in the period and under no decision";
        register.kpis.insert("sla_rate_net", Kpi::share(title, 28, 30));
    })
}

#[test]
fn every_input_is_there_and_none_is_claimed_that_no_record_holds() {
    let page = page();
    let inputs = rows(&page, "Inputs of the review");
    let told: Vec<(&str, &str)> = inputs
        .iter()
        .map(|row| (row[0].as_str(), row[2].as_str()))
        .collect();
    let part = "recorded in part";
    assert_eq!(
        told,
        [
            ("a", "not recorded"),
            ("b", part),
            ("c", part),
            ("d1", part),
            ("d2", "recorded"),
            ("d3", "not recorded"),
            ("d4", "recorded"),
            ("e", "not recorded"),
            ("f", "recorded"),
            ("g", part),
        ]
    );
    for heading in [
        "## a) Actions",
        "## b) Changes",
        "## c) Needs",
        "## d) Performance",
        "## e) Feedback",
        "## f) Risk",
        "## g) Chances",
        "## Decisions of the review",
    ] {
        assert!(page.contains(heading), "{heading}");
    }
    assert!(page.contains("2026-11-16, by Hanseatic"));
    let without = page_of("D08", &files(""), |_| {});
    assert_eq!(row(&rows(&without, "Inputs"), "d4")[2], "not recorded");
    assert!(without.contains("No objective is recorded."));
}

#[test]
fn figures_stand_with_numerator_target_and_benchmark() {
    let page = page();
    let kpis = rows(&page, "Figures of the period");
    let net = row(&kpis, "SLA rate, net");
    assert_eq!(net[1], "93.3 % (28 of 30)");
    assert_eq!(net[2..5], ["\\>= 95 (obj-rate)", "missed", "none recorded"]);
    let median = row(&kpis, "Time to fix, median");
    assert_eq!(
        median[1], "not computed",
        "a figure that is not there is no good figure"
    );
    assert_eq!(median[4], "43 d (Survey of peers, 2026-06)");
    let objectives = rows(&page, "Objectives and how far");
    assert_eq!(row(&objectives, "obj-rate")[4], "missed");
    assert_eq!(row(&objectives, "obj-odd")[4], "not judged");
}

#[test]
fn risks_decisions_and_causes_are_those_of_the_other_documents() {
    let pack: Value = serde_json::from_str(&of_example("D08", "json")).unwrap();
    let table = |twin: &Value, name: &str| twin["tables"][name]["rows"].as_array().unwrap().clone();
    let risks: Vec<Value> = table(&pack, "risks")
        .iter()
        .map(|row| row["risk"].clone())
        .collect();
    let register: Value = serde_json::from_str(&of_example("D20", "json")).unwrap();
    let expected: Vec<Value> = table(&register, "risks")
        .iter()
        .map(|row| row["id"].clone())
        .collect();
    assert_eq!(risks, expected);
    let report: Value = serde_json::from_str(&of_example("D06", "json")).unwrap();
    assert_eq!(table(&pack, "causes"), table(&report, "causes"));
    assert_eq!(table(&pack, "months"), table(&report, "months"));
    let card: Value = serde_json::from_str(&of_example("D14", "json")).unwrap();
    let decisions = table(&pack, "decisions");
    let expiring: u64 = decisions
        .iter()
        .map(|row| row["expiring"].as_u64().unwrap())
        .sum();
    let expired: u64 = decisions.iter().map(|row| row["expired"].as_u64().unwrap()).sum();
    assert!(expiring > 0);
    assert_eq!(
        (Value::from(expired), Value::from(expiring)),
        (card["view"]["expired"].clone(), card["view"]["expiring"].clone())
    );
}
