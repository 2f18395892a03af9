//! D18: gaps with their days, causes in the order of what they caused, and no action that no record holds.

use serde_json::Value;

use super::example::{of_example, of_records, put};
use super::{files, row, rows};

#[test]
fn controls_that_are_not_done_stand_with_their_day_against_the_audit() {
    let mut records = files("");
    *records.get_mut("isms.yaml").unwrap() += "  certification: {body: Hanseatic, next_audit: 2026-05-01}\n";
    let page = of_records("D18", &records);
    let gaps = rows(&page, "Controls that apply and are not implemented");
    // What has no day stands first, and every control that is called implemented or excluded is left out.
    assert_eq!(gaps[0][4], "no day");
    assert_eq!(gaps[0][5], "no day");
    assert!(gaps.iter().all(|gap| gap[2] != "implemented" && gap[0] != "7.4"));
    let planned: Vec<_> = gaps.iter().filter(|gap| gap[2] == "planned").collect();
    assert!(!planned.is_empty());
    for gap in planned {
        assert_eq!(gap[4], "2026-06-30; 180 days left");
        assert_eq!(gap[5], "after it");
        assert_eq!(gap[6], "not recorded");
    }
    put(&mut records, "isms.yaml", "2026-05-01", "2026-07-01");
    let later = of_records("D18", &records);
    let gaps = rows(&later, "Controls that apply");
    assert!(gaps.iter().any(|gap| gap[5] == "before it"));
    assert!(later.contains("| Corrective actions | not recorded |"));
}

#[test]
fn without_a_statement_nothing_is_called_done() {
    let mut records = files("");
    records.retain(|path, _| !path.contains("soa-2025"));
    let page = of_records("D18", &records);
    assert!(page.contains("so that no gap is known; that is no good news"));
    assert_eq!(
        row(&rows(&page, "Gaps in figures"), "Controls not implemented")[1],
        "n/a (0 of 0)"
    );
}

#[test]
fn causes_add_up_to_what_was_missed() {
    let twin: Value = serde_json::from_str(&of_example("D18", "json")).unwrap();
    let report: Value = serde_json::from_str(&of_example("D06", "json")).unwrap();
    let missed = report["tables"]["missed"]["rows"].as_array().unwrap().len();
    let causes = twin["tables"]["causes"]["rows"].as_array().unwrap();
    let totals: Vec<u64> = causes.iter().map(|row| row["total"].as_u64().unwrap()).collect();
    assert!(
        missed > 0 && totals.iter().sum::<u64>() == missed as u64,
        "{totals:?}"
    );
    assert!(totals.is_sorted_by(|one, next| one >= next), "{totals:?}");
    let last = causes.last().unwrap();
    assert_eq!(last["up_to_here"]["value"], "100.0");
    assert_eq!(last["up_to_here"]["denominator"], missed);
}
