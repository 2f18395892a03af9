//! The official schemas, and the programs of others that read the formats.

use std::path::Path;
use std::process::Command;

use jsonschema::{Draft, Registry};
use serde_json::{Value, json};

use super::{Files, NAMES, of_example};
use crate::peers::{program, python, skip};

/// Reads an official schema; `None` where the folder is not there, which is said.
fn schema(name: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/official-schemas")
        .join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        skip(&format!("no official schema `{name}`"));
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// The schema of a file, and the schemas that it names, each under the address by which it does.
fn schema_of(export: &str, file: &str) -> (&'static str, Vec<(&'static str, &'static str)>) {
    match (export, file) {
        ("openvex", _) => ("openvex.schema.json", Vec::new()),
        ("csaf-vex", _) => ("csaf-2.0.schema.json", Vec::new()),
        ("cyclonedx-vex", _) => (
            "bom-1.6.SNAPSHOT.schema.json",
            vec![
                (
                    "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json",
                    "spdx.SNAPSHOT.schema.json",
                ),
                (
                    "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json",
                    "jsf-0.82.SNAPSHOT.schema.json",
                ),
            ],
        ),
        (_, "poam.json") => ("oscal_poam_schema.json", Vec::new()),
        (_, "component-definition.json") => ("oscal_component_schema.json", Vec::new()),
        (_, "assessment-results.json") => ("oscal_assessment-results_schema.json", Vec::new()),
        _ => panic!("no schema for {export}, {file}"),
    }
}

/// Checks every file of an export against its official schema, formats of strings included.
pub(super) fn assert_official(export: &str, files: &Files) {
    for (file, bytes) in files {
        let (name, others) = schema_of(export, file);
        let Some(official) = schema(name) else { return };
        let mut registry = Registry::new();
        for (address, name) in others {
            let Some(other) = schema(name) else { return };
            registry = registry
                .add(address, Draft::Draft7.create_resource(other))
                .unwrap();
        }
        // The schema of CSAF names those of CVSS, which nothing here uses: it has no scores.
        for version in ["2.0", "3.0", "3.1"] {
            let address = format!("https://www.first.org/cvss/cvss-v{version}.json");
            let never = Draft::Draft7.create_resource(json!({"not": {}}));
            registry = registry.add(address, never).unwrap();
        }
        let registry = registry.prepare().unwrap();
        let validator = jsonschema::options()
            .with_registry(&registry)
            .should_validate_formats(true)
            .build(&official)
            .unwrap();
        let document: Value = serde_json::from_slice(bytes).unwrap();
        let errors = validator.iter_errors(&document);
        let errors: Vec<String> = errors
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{export}, {file}:\n{}", errors.join("\n"));
    }
}

/// Imports every model into a workspace of trestle, which then validates it by its own rules.
pub(super) fn assert_trestle(files: &Files) {
    let Some(trestle) = program("trestle") else { return };
    let trestle = trestle.get_program().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| {
        let output = Command::new(&trestle)
            .args(words)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "trestle {words:?}: {said}");
        said
    };
    run(&["init", "--local"]);
    // What is imported must lie outside the workspace.
    let given = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = given.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let model = name.strip_suffix(".json").unwrap();
        run(&["import", "-f", path.to_str().unwrap(), "-o", model]);
    }
    let said = run(&["validate", "-a"]);
    assert_eq!(said.matches("VALID: ").count(), files.len(), "{said}");
}

/// What the `icalendar` of Python reads: one line an event, with its days, id and summary.
pub(super) fn read_calendar(bytes: &[u8]) -> Option<Vec<String>> {
    let mut python = python("icalendar")?;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calendar.ics");
    std::fs::write(&path, bytes).unwrap();
    let script = "import sys, icalendar\n\
        calendar = icalendar.Calendar.from_ical(open(sys.argv[1], 'rb').read())\n\
        assert not calendar.errors, calendar.errors\n\
        for event in calendar.walk('VEVENT'):\n\
        \x20   assert not event.errors, event.errors\n\
        \x20   print(event['DTSTART'].dt, event['DTEND'].dt, event['UID'], repr(str(event['SUMMARY'])))\n";
    let output = python.args(["-c", script]).arg(&path).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = String::from_utf8(output.stdout).unwrap();
    Some(lines.lines().map(str::to_owned).collect())
}

#[test]
fn every_file_of_the_example_is_valid_by_its_official_schema() {
    for name in NAMES.into_iter().filter(|name| *name != "ics") {
        assert_official(name, &of_example(name));
    }
}

#[test]
fn trestle_takes_the_models_of_the_example() {
    assert_trestle(&of_example("oscal"));
}

#[test]
fn another_validator_agrees_on_the_schemas() {
    let Some(checker) = program("check-jsonschema") else {
        return;
    };
    if schema("openvex.schema.json").is_none() {
        return;
    }
    let checker = checker.get_program().to_owned();
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/official-schemas");
    for (name, schema) in [
        ("openvex", "openvex.schema.json"),
        ("oscal", "oscal_poam_schema.json"),
    ] {
        let files = of_example(name);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.json");
        let bytes = files.get("poam.json").or(files.get("openvex.json")).unwrap();
        std::fs::write(&path, bytes).unwrap();
        let mut command = Command::new(&checker);
        let command = command.arg("--schemafile").arg(schemas.join(schema)).arg(&path);
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}
