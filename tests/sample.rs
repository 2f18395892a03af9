//! `sample`: drawn again with coreutils alone, and refused where it would say little.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::output::{assert_valid, output_schema};

fn example(arguments: &[&str]) -> (i32, String, String) {
    let day = ["--repo", "example-repo", "--as-of", "2026-09-30"];
    let words = ["countersign", "sample"]
        .into_iter()
        .chain(arguments.iter().copied());
    let words: Vec<OsString> = words.chain(day).map(Into::into).collect();
    super::cli::streams(Path::new(env!("CARGO_MANIFEST_DIR")), &words)
}

fn drawn(seed: &str, stratum: &str, n: &str) -> Value {
    let (code, out, err) = example(&["--seed", seed, "--stratum", stratum, "--n", n, "--format", "json"]);
    assert_eq!(code, 0, "{err}");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_valid(&output_schema("sample-v1"), &json);
    json
}

fn items(sample: &Value) -> Vec<&str> {
    let drawn = sample["drawn"].as_array().unwrap().iter();
    drawn.map(|drawn| drawn["item"].as_str().unwrap()).collect()
}

/// What an auditor without our tool types, from the population and the words of the method.
const REDO: &str = r#"
while IFS= read -r item; do
  printf '%s  %s\n' "$(printf '%s %s' "$SEED" "$item" | sha256sum | cut -d' ' -f1)" "$item"
done < population.txt | LC_ALL=C sort | head -n "$N"
sha256sum population.txt
LC_ALL=C sort -c population.txt && echo sorted
"#;

#[test]
fn an_auditor_draws_it_again_with_coreutils() {
    let folder = tempfile::tempdir().unwrap();
    let population = folder.path().join("population.txt");
    let seed = "AUD 0916/b";
    for stratum in ["findings", "tier1", "exception", "approval", "hosts"] {
        let path = population.to_str().unwrap();
        let sample = drawn(seed, stratum, "7");
        let (code, _, err) = example(&[
            "--seed",
            seed,
            "--stratum",
            stratum,
            "--n",
            "7",
            "--population",
            path,
        ]);
        assert_eq!(code, 0, "{err}");
        let redone = Command::new("sh")
            .args(["-c", REDO])
            .current_dir(folder.path())
            .env("SEED", seed)
            .env("N", "7")
            .output();
        let redone = redone.expect("sh, sha256sum and sort are on the machine");
        let redone = String::from_utf8(redone.stdout).unwrap();
        let mut expected: Vec<String> = sample["drawn"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                format!(
                    "{}  {}",
                    one["sha256"].as_str().unwrap(),
                    one["item"].as_str().unwrap()
                )
            })
            .collect();
        assert!(!expected.is_empty(), "{stratum}");
        let digest = sample["population"]["sha256"].as_str().unwrap();
        expected.push(format!("{digest}  population.txt"));
        expected.push("sorted".into());
        assert_eq!(redone.lines().collect::<Vec<_>>(), expected, "{stratum}");
        let lines = std::fs::read_to_string(&population).unwrap().lines().count();
        assert_eq!(sample["population"]["size"], lines);
    }
}

#[test]
fn the_same_seed_draws_the_same_and_another_draws_others() {
    let first = drawn("2026Q3", "findings", "10");
    assert_eq!(first, drawn("2026Q3", "findings", "10"));
    assert_ne!(items(&first), items(&drawn("2026Q4", "findings", "10")));
    assert_eq!(
        items(&first)[..4],
        items(&drawn("2026Q3", "findings", "4"))[..],
        "more is drawn after what was drawn"
    );
}

/// The register as `reconcile` prints it is what the population is counted against.
#[test]
fn the_population_is_whole() {
    let words = [
        "countersign",
        "reconcile",
        "--repo",
        "example-repo",
        "--as-of",
        "2026-09-30",
        "--format",
        "json",
    ];
    let words: Vec<OsString> = words.map(Into::into).into();
    let (_, register, _) = super::cli::streams(Path::new(env!("CARGO_MANIFEST_DIR")), &words);
    let register: Value = serde_json::from_str(&register).unwrap();
    assert_eq!(
        drawn("s", "findings", "1")["population"]["size"],
        register["totals"]["findings"]
    );
    for severity in ["critical", "low"] {
        assert_eq!(
            drawn("s", severity, "1")["population"]["size"],
            register["totals"]["by_severity"][severity]
        );
    }
    let overdue = drawn("s", "disposition:deferred", "1000");
    assert_eq!(
        overdue["population"]["size"],
        register["totals"]["by_disposition"]["deferred"]
    );
    assert_eq!(items(&overdue).len(), overdue["population"]["size"]);
}

#[test]
fn people_read_seed_population_digest_and_method() {
    let sample = drawn("AUD-0916", "tier0", "25");
    let (_, out, _) = example(&["--seed", "AUD-0916", "--stratum", "tier0", "--n", "25"]);
    for said in [
        "drawn from stratum tier:tier0",
        "25 were asked for: the whole population is drawn",
        "seed        AUD-0916",
        sample["population"]["sha256"].as_str().unwrap(),
        "the smallest digests are drawn",
        "sys-ad",
    ] {
        assert!(out.contains(said), "`{said}` is not in\n{out}");
    }
    let (_, csv, _) = example(&[
        "--seed",
        "AUD-0916",
        "--stratum",
        "tier0",
        "--n",
        "25",
        "--format",
        "csv",
    ]);
    assert_eq!(csv.lines().count(), 1 + items(&sample).len());
    assert!(csv.starts_with("\"position\",\"item\""), "{csv}");
}

#[test]
fn what_cannot_be_drawn_is_refused_with_what_can() {
    for (seed, stratum, n, said) in [
        (
            "AUD",
            "tier9",
            "5",
            "there is no stratum `tier9`; write one of tier:tier0,",
        ),
        ("AUD", "tier0", "0", "0 is not in 1.."),
        ("", "tier0", "5", "the seed `` is not 1 to 200"),
        ("a\nb", "tier0", "5", "the seed `a\\nb` is not"),
    ] {
        let (code, _, err) = example(&["--seed", seed, "--stratum", stratum, "--n", n]);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains(said), "{err}");
    }
}

/// A tier may be called as a severity is; then the short word says too little.
#[test]
fn a_word_of_two_strata_is_refused() {
    let mut world = super::world::World::new();
    let isms = "kind: Isms\nid: isms\ntitle: Test\nversion: 1.0.0\nspec:\n  organisation: Test\n  scope_statement: All.\n  timezone: UTC\n  frameworks: [{id: iso27001, edition: '2022'}]\n  severities: [critical, high, medium, low]\n  tiers: [{id: high, name: One}]\n";
    world.record("isms.yaml", isms);
    world.judge("2026-09-30", |register| {
        let parse = |word| countersign::reconcile::Stratum::parse(register.repository, word);
        assert_eq!(parse("high").unwrap_err(), ["tier:high", "severity:high"]);
        assert!(parse("tier:high").is_ok() && parse("severity:high").is_ok());
    });
}
