//! The life of a record as `log` tells it.

use std::path::Path;

use countersign::load::{LoadLimits, load, load_configuration};
use countersign::model::{AsOf, Zone, parse_date};
use countersign::source::{ContentReader, facts, read_folder, read_history};
use countersign::trust::{LifeQuestion, Standings, life_of, lives_of};
use serde_json::Value;

use super::anchors::Lab;
use super::author_demo::DEMO;
use super::cli::streams;

fn log(lab: &Lab, id: &str) -> Value {
    let (code, out, err) = lab.run(&["log", id, "--format", "json"]);
    assert_eq!(code, 0, "{err}");
    let document: Value = serde_json::from_str(&out).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../schemas/log-v1.schema.json")).unwrap();
    let errors: Vec<String> = jsonschema::draft202012::new(&schema)
        .unwrap()
        .iter_errors(&document)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}\n{out}");
    document
}

fn words(document: &Value) -> Vec<&str> {
    let events = document["events"].as_array().unwrap().iter();
    events.map(|event| event["event"].as_str().unwrap()).collect()
}

/// The lives that are told together are those that are told one by one.
fn lives_are_alike(root: &Path) {
    let tree = read_folder(root).unwrap();
    let (configuration, _, _) = load_configuration(&tree).unwrap();
    let repository = load(&tree, configuration, LoadLimits::default()).unwrap();
    let commit = facts(root).unwrap().unwrap().commit.unwrap();
    let history = read_history(root, &commit).unwrap().unwrap();
    let (reader, standings) = (ContentReader::open(root).unwrap(), Standings::default());
    let question = LifeQuestion {
        repository: &repository,
        history: &history,
        reader: &reader,
        standings: &standings,
        as_of: AsOf::end_of(parse_date("2026-09-30").unwrap(), Zone::named("UTC").unwrap()),
    };
    let lives = lives_of(question, repository.known.keys()).unwrap();
    assert_eq!(lives.len(), repository.known.len());
    for (id, life) in &lives {
        let alone = life_of(question, id).unwrap().unwrap();
        assert!(!life.events.is_empty(), "{id}");
        assert_eq!(life.events, alone.events, "{id}");
        assert_eq!(life.chain, alone.chain, "{id}");
    }
}

const EXCEPTION: &str = "apiVersion: countersign/v1\nkind: Exception\nid: exc-0001\ntitle: \"Later\\e[31m\"\nowner: role-ciso\n\
    created: 2026-02-01\nspec:\n  scope: {vulns: [CVE-2026-1111], systems: [], resolved: []}\n  severity: high\n\
    \x20 starts: 2026-02-01\n  expires: 2026-03-01\n";

#[test]
fn a_life_is_told_through_renames_to_its_end() {
    let lab = Lab::new();
    let first = "exceptions/exc-0001.yaml";
    let text = EXCEPTION.replace("\\e[31m", "");
    lab.put("exceptions/exc-0009.yaml", &text.replace("exc-0001", "exc-0009"));
    lab.commit("2026-02-01T09:00:00Z", "Under another name");
    lab.git(&["mv", "exceptions/exc-0009.yaml", first]);
    lab.edit(first, "exc-0009", "exc-0001");
    lab.commit("2026-02-01T10:00:00Z", "Rename");
    lab.edit(first, "expires: 2026-03-01", "expires: 2026-04-01");
    lab.commit("2026-02-02T10:00:00Z", "Longer");
    lab.edit(first, "severity: high", "severity: medium");
    lab.commit("2026-02-03T10:00:00Z", "Milder");
    let renewal = text
        .replace("exc-0001", "exc-0002")
        .replace("kind: Exception\n", "kind: Exception\nrenews: exc-0001\n")
        .replace(
            "starts: 2026-02-01\n  expires: 2026-03-01",
            "starts: 2026-04-02\n  expires: 2026-06-01",
        );
    lab.put("exceptions/exc-0002.yaml", &renewal);
    lab.edit(
        first,
        "kind: Exception\n",
        "kind: Exception\nstatus: superseded\n",
    );
    lab.commit("2026-03-30T10:00:00Z", "Renew");

    let document = log(&lab, "exc-0001");
    let mut told = words(&document);
    told[4..].sort_unstable();
    assert_eq!(
        told,
        ["created", "moved", "weakened", "changed", "closed", "renewed"]
    );
    let weakened = &document["events"][2];
    assert_eq!(weakened["fields"][0]["field"], "spec.expires");
    assert_eq!(weakened["fields"][0]["after"], "2026-04-01");
    assert_eq!(weakened["person"], "p-first");
    assert_eq!(weakened["signed"], false);
    // 2026-02-01 to 2026-06-01, both included.
    assert_eq!(document["chain"]["days"], 121);
    assert_eq!(document["present"], true);

    lives_are_alike(&lab.root());
    lab.remove(first);
    lab.commit("2026-04-01T10:00:00Z", "Gone");
    let document = log(&lab, "exc-0001");
    assert_eq!(words(&document).last(), Some(&"removed"));
    assert!(document["present"] == false && document["title"].is_null());

    lab.edit("compliance.yaml", "rules: {}", "rules: {EXC002: {soon_days: 7}}");
    lab.commit("2026-04-02T10:00:00Z", "Rules");
    let document = log(&lab, "compliance");
    let last = document["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["event"], "changed");
    let fields = last["fields"].as_array().unwrap().iter();
    let named: Vec<&str> = fields.map(|field| field["field"].as_str().unwrap()).collect();
    assert!(named.contains(&"rules.EXC002.soon_days"), "{named:?}");
    let (code, _, err) = lab.run(&["log", "exc-0404"]);
    assert!(code == 2 && err.contains("none was in its history"), "{err}");
}

#[test]
fn what_stands_in_commits_does_not_reach_the_terminal() {
    let lab = Lab::new();
    lab.put("exceptions/exc-0001.yaml", EXCEPTION);
    lab.commit("2026-02-01T09:00:00Z", "Hostile");
    lab.edit(
        "exceptions/exc-0001.yaml",
        "title: \"Later\\e[31m\"",
        "title: \"\\e[2J::error::x\"",
    );
    lab.commit("2026-02-01T10:00:00Z", "More");
    let (code, out, _) = lab.run(&["log", "exc-0001"]);
    assert!(code == 0 && out.contains("changed"), "{out}");
    assert!(!out.contains('\u{1b}'), "{out:?}");
}

#[test]
fn the_demo_tells_who_decided_and_how_old_a_chain_is() {
    let words = ["countersign", "log", "exc-0010", "--as-of", "2026-09-30"].map(Into::into);
    let (code, out, err) = streams(&DEMO.repository, &words);
    assert_eq!(code, 0, "{err}");
    lives_are_alike(&DEMO.repository);
    for part in [
        "created",
        "approved",
        "p-petrov as role-operations-head",
        "by exc-0012",
        "exc-0010 > exc-0012: 213 d",
    ] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
    for (day, part) in [
        ("2026-09-02", "chain     exc-0014: begins on 2026-09-03"),
        (
            "2026-09-30",
            "exc-0014: 28 d, from 2026-09-03 to 2026-09-30\nstanding  approved as of 2026-09-30T23:59:59+02:00\n",
        ),
        ("2026-10-01", "+02:00; its time ended on 2026-09-30\n"),
    ] {
        let words = ["countersign", "log", "exc-0014", "--as-of", day].map(Into::into);
        let (code, out, err) = streams(&DEMO.repository, &words);
        assert!(code == 0 && out.contains(part), "{part} is not in\n{out}{err}");
    }
}
