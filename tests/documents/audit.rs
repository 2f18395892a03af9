//! D09: what is asked of whom, what is looked at whole, and a sample that can be drawn again.

use std::ffi::OsString;
use std::path::Path;

use serde_json::Value;

use super::example::{of_example, of_records, put};
use super::{files, page_of, row, rows};
use crate::cli::streams;

fn table<'a>(twin: &'a Value, name: &str) -> &'a Vec<Value> {
    twin["tables"][name]["rows"].as_array().unwrap()
}

#[test]
fn every_applicable_control_is_asked_about() {
    let records = files("");
    let page = of_records("D09", &records);
    let checklist = rows(&page, "Controls of ISO/IEC 27001:2022");
    // The sample leaves one control of 93 out, excludes two and has one of its own.
    assert_eq!(checklist.len(), 91);
    assert!(page.contains("soa-2025 3.2.0"));
    let own = row(&checklist, "nh-1");
    assert!(own[1].starts_with("Four eyes on every release of the shop; not of Annex A"));
    assert!(!checklist.iter().any(|row| row[0] == "7.4"), "excluded");
    for line in &checklist {
        assert_eq!(
            line[5], "☐ conform; ☐ minor; ☐ major; ☐ improvement",
            "nothing is ticked"
        );
    }
    assert!(page.contains("| Results and findings | not recorded |"));
}

#[test]
fn checkpoints_ask_their_own_question_and_evidence_is_named_with_its_place() {
    let twin: Value = serde_json::from_str(&of_example("D09", "json")).unwrap();
    let checklist = table(&twin, "checklist");
    let asked = |checkpoint: &str| {
        let found = checklist.iter().find(|row| row["checkpoint"] == checkpoint);
        found.unwrap()["question"].as_str().unwrap()
    };
    assert_eq!(asked("5.9-a"), "Every scanned host belongs to exactly one system");
    let evidence: Vec<&str> = checklist
        .iter()
        .filter_map(|row| row["evidence"].as_array())
        .flatten()
        .map(|piece| piece.as_str().unwrap())
        .collect();
    assert!(
        evidence
            .iter()
            .any(|piece| piece.starts_with("ev-0001: data/evidence/") && piece.ends_with(", digest equal")),
        "{evidence:?}"
    );
}

#[test]
fn the_most_critical_systems_are_listed_whole_and_judged() {
    let records = files("");
    let page = page_of("D09", &records, |_| {});
    let systems = rows(&page, "All Systems of the most critical tier");
    assert_eq!(systems.len(), 1, "{systems:?}");
    let directory = row(&systems, "sys-directory");
    assert_eq!(directory[3], "2", "two are overdue");
    assert_eq!(directory[5], "below");
    let without = page_of("D09", &records, |register| {
        register.findings.retain(|finding| {
            finding
                .system
                .as_ref()
                .is_none_or(|system| system.as_str() != "sys-directory")
        });
    });
    assert_eq!(
        row(&rows(&without, "All Systems"), "sys-directory")[5],
        "nothing was due",
        "no finding is no success"
    );
    let critical = rows(&page, "All critical findings");
    assert_eq!(critical.len(), 4, "{critical:?}");
}

#[test]
fn what_stands_against_independence_is_counted() {
    let mut records = files("");
    put(
        &mut records,
        "people/p-ada.yaml",
        "  keys: []\n",
        "  function: audit\n  keys: []\n",
    );
    put(
        &mut records,
        "systems/sys-erp.yaml",
        "owner: role-ciso",
        "owner: p-ada",
    );
    let page = of_records("D09", &records);
    let auditors = rows(&page, "Whose function is audit");
    assert_eq!(auditors.len(), 1);
    assert!(auditors[0][0].contains("(p-ada)"), "{auditors:?}");
    assert_eq!(auditors[0][2..], ["1", "1", "0"]);
}

#[test]
fn the_sample_is_that_of_the_command_with_the_seed_of_the_page() {
    let twin: Value = serde_json::from_str(&of_example("D09", "json")).unwrap();
    let digest = twin["provenance"]["tree_digest"].as_str().unwrap();
    let seed = twin["view"]["seed"].as_str().unwrap();
    assert_eq!(seed, format!("tree-{}", &digest[..16]));
    for population in table(&twin, "populations") {
        let stratum = population["stratum"].as_str().unwrap();
        let n = population["drawn"].to_string();
        let words = [
            "countersign",
            "sample",
            "--repo",
            "example-repo",
            "--as-of",
            "2026-09-30",
            "--seed",
            seed,
            "--stratum",
            stratum,
            "--n",
            &n,
            "--format",
            "json",
        ];
        let words: Vec<OsString> = words.map(Into::into).into();
        let (code, out, err) = streams(Path::new(env!("CARGO_MANIFEST_DIR")), &words);
        assert_eq!(code, 0, "{err}");
        let sample: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(population["sha256"], sample["population"]["sha256"]);
        assert_eq!(population["size"], sample["population"]["size"]);
        let of_page: Vec<&Value> = table(&twin, "sample")
            .iter()
            .filter(|row| row["stratum"] == stratum)
            .map(|row| &row["item"])
            .collect();
        let drawn: Vec<&Value> = sample["drawn"]
            .as_array()
            .unwrap()
            .iter()
            .map(|drawn| &drawn["item"])
            .collect();
        assert_eq!(of_page, drawn, "{stratum}");
    }
}
