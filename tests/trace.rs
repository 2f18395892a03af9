//! A finding told from its beginning, at the command line.

use std::ffi::OsString;
use std::path::Path;

use serde_json::Value;

use super::cli::streams;
use super::output::{assert_valid, output_schema};
use super::readme::copy;

fn trace(words: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo");
    copy(&example, &folder.path().join("repo"));
    let mut line: Vec<OsString> = vec!["countersign".into(), "trace".into()];
    line.extend(words.iter().map(Into::into));
    line.extend(["--as-of".into(), "2026-09-30".into()]);
    line.extend(["--repo".into(), folder.path().join("repo").into()]);
    streams(folder.path(), &line)
}

#[test]
fn every_run_every_step_and_every_record_is_told() {
    let (code, out, err) = trace(&["edge01", "CVE-2025-995900"]);
    assert_eq!(code, 0, "{out}{err}");
    for part in [
        "what was said",
        "its clock",
        "records about it",
        "the clock starts; due",
        "set by Sla `sla-",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
}

#[test]
fn the_machine_form_keeps_to_its_schema_and_tells_the_same() {
    let (_, out, err) = trace(&["web02.nordhafen.example", "cve-2026-991599", "--format", "json"]);
    let document: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    assert_valid(&output_schema("trace-v1"), &document);
    let [trace] = document["traces"].as_array().unwrap().as_slice() else {
        panic!("{out}");
    };
    assert_eq!(trace["host"], "web02.nordhafen.example");
    assert_eq!(trace["vuln"], "CVE-2026-991599");
    let life = &trace["lives"][0];
    let clock = life["clock"].as_array().unwrap();
    assert_eq!(clock.last().unwrap()["due"], life["base_due"]);
    assert_eq!(clock.last().unwrap()["reason"], life["due_reason"]);
    assert!(
        trace["events"]
            .as_array()
            .unwrap()
            .iter()
            .any(|event| event["event"] == "seen")
    );
}

#[test]
fn what_nobody_saw_is_a_mistake_of_whoever_asks() {
    let (code, out, err) = trace(&["web02", "CVE-1999-0001"]);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(
        err.contains("no run has seen `CVE-1999-0001` on a host `web02`"),
        "{err}"
    );
}
