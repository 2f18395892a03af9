//! The difference in posture: records, decisions and findings between two moments, over the sample and over the demo.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use countersign::check::changes_of;
use countersign::document::{Earlier, Format, POSTURE_DIFF, Provenance, find, render, render_difference};
use countersign::load::Repository;
use countersign::model::Disposition;
use countersign::reconcile::Register;
use countersign::trust::{Change, ChangedPath, PathChangeKind};
use serde_json::Value;

use super::example::put;
use super::hostile::{HOSTILE, assert_harmless};
use super::register::{as_of, at, id};
use super::{files, provenance, repository, row, rows, sample_register, text};
use crate::anchors::run_at;
use crate::author_demo::DEMO;

type Records = BTreeMap<String, String>;

fn change(before: &Repository, old: &Records, new: &Records) -> Change {
    let mut paths = BTreeMap::new();
    for path in old.keys().chain(new.keys()) {
        let kind = match (old.get(path), new.get(path)) {
            (Some(_), None) => PathChangeKind::Removed,
            (None, _) => PathChangeKind::Added,
            (Some(was), Some(is)) if was != is => PathChangeKind::Modified,
            (Some(_), Some(_)) => continue,
        };
        paths.insert(path.as_str(), kind);
    }
    Change {
        base_name: "then".into(),
        base_commit: "0".repeat(40),
        base: before.clone(),
        merge_bases: vec!["0".repeat(40)],
        before: vec![before.clone()],
        paths: paths
            .into_iter()
            .map(|(path, kind)| ChangedPath {
                path: path.into(),
                kind,
            })
            .collect(),
    }
}

/// Renders the difference between two folders of records as Markdown.
fn difference(
    records: (&Records, &Records),
    earlier: impl FnOnce(&mut Register<'_>),
    later: impl FnOnce(&mut Register<'_>),
) -> String {
    text(&differences(records, earlier, later), "posture-diff.md").to_owned()
}

/// Renders the difference between two folders of records; the register of the earlier one is a month older.
fn differences(
    (old, new): (&Records, &Records),
    earlier: impl FnOnce(&mut Register<'_>),
    later: impl FnOnce(&mut Register<'_>),
) -> BTreeMap<String, Vec<u8>> {
    let (before, after) = (repository(old), repository(new));
    let (mut then, mut now) = (sample_register(&before, ""), sample_register(&after, ""));
    let month_ago = as_of().day().plus_days(-31);
    then.as_of = countersign::model::AsOf::end_of(month_ago, as_of().zone());
    earlier(&mut then);
    later(&mut now);
    let changes = changes_of(&now, &change(&before, old, new));
    let of_then = Provenance {
        commit: Some("1".repeat(40)),
        ..provenance(&[])
    };
    let earlier = Earlier {
        register: &then,
        provenance: &of_then,
        changes: &changes,
        names: ("then", "now"),
    };
    let formats = [Format::Markdown, Format::Html];
    let made = render_difference(&formats, &now, &provenance(&[]), &earlier, &BTreeMap::new()).unwrap();
    assert_eq!(made.len(), 2);
    made
}

#[test]
fn hostile_text_in_both_registers_is_shown_and_does_nothing() {
    let (old, new) = (files(""), files(HOSTILE));
    let spoil = |register: &mut Register<'_>| {
        Arc::make_mut(&mut register.findings[0].said).title = HOSTILE.into();
        register.findings[0].vuln = HOSTILE.into();
    };
    let made = differences((&old, &new), |_| {}, spoil);
    assert_harmless("posture-diff", text(&made, "posture-diff.html"), |_| false);
}

#[test]
fn records_are_told_with_what_they_weaken_and_tighten() {
    let old = files("");
    let mut new = old.clone();
    put(&mut new, "slas/sla-standard.yaml", "days: 7", "days: 14");
    put(
        &mut new,
        "exceptions/exc-0003.yaml",
        "owner: role-ciso\n",
        "owner: role-ciso\nstatus: closed\n",
    );
    new.remove("triage/tri-0001.yaml");
    let page = difference((&old, &new), |_| {}, |_| {});
    let records = rows(&page, "Records that differ");
    assert_eq!(records.len(), 3, "{records:?}");
    assert_eq!(row(&records, "sla-standard")[2], "changed");
    assert_eq!(row(&records, "exc-0003")[2], "closed");
    assert_eq!(row(&records, "tri-0001")[2], "removed");
    let edits = rows(&page, "Edits, those that weaken first");
    let longer = edits.iter().find(|edit| edit[0] == "sla-standard").unwrap();
    assert_eq!(longer[1], "weakens");
    assert_eq!(longer[3..5], ["7", "14"]);
    assert!(edits[0][1] == "weakens", "{edits:?}");
    let decisions = rows(&page, "Exceptions and acceptances that stand otherwise");
    let closed = row(&decisions, "exc-0003");
    assert_eq!(closed[1..3], ["active", "closed"]);
}

#[test]
fn nothing_is_said_where_nothing_differs() {
    let old = files("");
    let page = difference((&old, &old), |_| {}, |_| {});
    for said in ["No record differs.", "No field differs."] {
        assert!(page.contains(said), "{said}");
    }
}

#[test]
fn each_life_of_a_finding_is_told_apart() {
    let old = files("");
    let earlier = |register: &mut Register<'_>| {
        for finding in &mut register.findings {
            finding.closed = None;
            if finding.disposition == Disposition::Overdue || finding.disposition.is_closed() {
                finding.disposition = Disposition::Open;
            }
        }
        // One was not known yet, another one was under a decision.
        register
            .findings
            .retain(|finding| &*finding.vuln != "CVE-2025-2001");
        let other = register
            .findings
            .iter_mut()
            .find(|finding| &*finding.vuln == "CVE-2025-2002");
        let covered = countersign::model::CoverageRef {
            id: id("exc-0004"),
            until: as_of().instant(),
            is_emergency: false,
        };
        other.unwrap().coverage = Some(covered);
    };
    let later = |register: &mut Register<'_>| {
        for finding in &mut register.findings {
            if finding.disposition.is_closed() {
                finding.closed = Some(at("2025-12-20T10:00:00Z"));
            }
            if &*finding.vuln == "CVE-2025-2003" {
                finding.first_seen = at("2025-12-15T10:00:00Z");
                finding.recurrence = 0;
            }
        }
        register
            .findings
            .retain(|finding| &*finding.vuln != "CVE-2025-1888");
    };
    let page = difference((&old, &old), earlier, later);
    let counts = rows(&page, "What happened to findings");
    let total = |what: &str| row(&counts, what)[5].clone();
    assert_eq!(total("became overdue"), "3");
    assert_eq!(total("closed"), "2");
    assert_eq!(total("seen before, known only since"), "1");
    assert_eq!(total("lost its decision"), "1");
    // The old life of what opened is gone, too: both are told.
    assert_eq!(total("opened"), "1");
    assert_eq!(total("open before, and no longer known"), "2");
    assert!(page.contains("**Open before, and neither open nor closed now: 2.**"));
    let findings = rows(&page, "Findings to which something happened");
    let gone = findings
        .iter()
        .find(|finding| finding[1].contains("CVE-2025-1888"))
        .unwrap();
    assert!(gone[4].starts_with("not known; before: "), "{gone:?}");
}

#[test]
fn it_is_made_by_its_own_function_alone() {
    assert_eq!(find("posture-diff").unwrap().id, POSTURE_DIFF.id);
    let repository = repository(&files(""));
    let register = sample_register(&repository, "");
    let refused = render(
        &[&POSTURE_DIFF],
        &[Format::Json],
        &register,
        &provenance(&[]),
        &BTreeMap::new(),
    );
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("an earlier moment"), "{error}");
}

/// Renders the difference over the demo; returns the exit code, what was said, and the document.
fn of_demo(words: &[&str]) -> (i32, String, Option<Value>) {
    let out = tempfile::tempdir().unwrap();
    let place = out.path().to_str().unwrap();
    let all = [
        &[
            "render",
            "--repo",
            DEMO.repository.to_str().unwrap(),
            "--format",
            "json,html,md,csv,xlsx",
            "--out",
            place,
        ],
        words,
    ]
    .concat();
    let (code, _, err) = run_at(Path::new("."), &all);
    let twin = std::fs::read(out.path().join("posture-diff.json")).ok();
    (code, err, twin.map(|twin| serde_json::from_slice(&twin).unwrap()))
}

fn register_at(day: &str) -> Value {
    let repo = DEMO.repository.to_str().unwrap();
    let words = ["reconcile", "--repo", repo, "--at", day, "--format", "json"];
    let (_, out, err) = run_at(Path::new("."), &words);
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"))
}

/// What the document says is what two registers, each asked for by itself, say.
#[test]
fn the_difference_of_two_days_is_that_of_two_registers() {
    let (code, said, twin) = of_demo(&[
        "--document",
        "posture-diff",
        "--from",
        "2026-09-14",
        "--to",
        "2026-09-30",
    ]);
    let twin = twin.unwrap_or_else(|| panic!("{said}"));
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("from 2026-09-14T23:59:59+02:00 to 2026-09-30T23:59:59+02:00"),
        "{said}"
    );
    let (then, now) = (register_at("2026-09-14"), register_at("2026-09-30"));
    let table = |name: &str| twin["tables"][name]["rows"].as_array().unwrap();
    for figure in table("figures") {
        let name = figure["name"].as_str().unwrap();
        for (side, register) in [("from", &then), ("to", &now)] {
            let kpi = &register["kpis"][name];
            assert_eq!(
                figure[format!("{side}_numerator")],
                kpi["numerator"],
                "{name} {side}"
            );
            assert_eq!(
                figure[format!("{side}_denominator")],
                kpi["denominator"],
                "{name} {side}"
            );
        }
    }
    let open = |register: &Value| -> Vec<(String, String)> {
        let findings = register["findings"].as_array().unwrap().iter();
        let open = findings.filter(|finding| finding["closed"].is_null());
        let word = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
        open.map(|finding| (word(finding, "host"), word(finding, "vuln")))
            .collect()
    };
    let (was, is) = (open(&then), open(&now));
    let moments = table("moments");
    let count = moments.iter().find(|row| row["item"] == "Open findings").unwrap();
    assert_eq!(
        (&count["from"], &count["to"]),
        (&Value::from(was.len()), &Value::from(is.len()))
    );
    // Whatever is open on one side only is told, and why.
    let told: Vec<(String, String)> = table("findings")
        .iter()
        .map(|row| {
            (
                row["host"].as_str().unwrap().to_owned(),
                row["vuln"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let differ = was
        .iter()
        .filter(|one| !is.contains(one))
        .chain(is.iter().filter(|one| !was.contains(one)));
    let differ: Vec<_> = differ.collect();
    assert!(!differ.is_empty());
    for one in differ {
        assert!(told.contains(one), "{one:?} is open on one side only");
    }
    assert_eq!(twin["provenance"]["period_from"], "2026-09-14");
    let imports = table("imports-used");
    let new = imports.iter().filter(|row| row["from"] == "not there").count();
    assert!(
        new > 0 && imports.len() == now["imports"].as_array().unwrap().len(),
        "{imports:?}"
    );
}

#[test]
fn revisions_are_judged_at_their_own_moments() {
    let (code, said, twin) = of_demo(&["--document", "posture-diff", "--from", "HEAD~3", "--to", "HEAD"]);
    let twin = twin.unwrap_or_else(|| panic!("{said}"));
    assert_eq!(code, 0, "{said}");
    let git = git2::Repository::open(&DEMO.repository).unwrap();
    let commit = |name: &str| git.revparse_single(name).unwrap().peel_to_commit().unwrap();
    let moments = twin["tables"]["moments"]["rows"].as_array().unwrap();
    let row = |item: &str| moments.iter().find(|row| row["item"] == item).unwrap();
    assert_eq!(row("Commit")["from"], commit("HEAD~3").id().to_string());
    assert_eq!(row("Commit")["to"], commit("HEAD").id().to_string());
    let judged = row("Judged at")["from"].as_str().unwrap();
    let judged = chrono::DateTime::parse_from_rfc3339(judged).unwrap();
    assert_eq!(judged.timestamp(), commit("HEAD~3").time().seconds());
}

#[test]
fn what_cannot_be_compared_is_refused_with_what_can() {
    let posture = ["--document", "posture-diff"];
    let rows: [(&[&str], &str); 7] = [
        (
            &["--from", "2026-09-30", "--to", "2026-09-14"],
            "name the earlier moment first",
        ),
        (
            &["--from", "HEAD", "--to", "HEAD"],
            "name the earlier moment first",
        ),
        (
            &["--from", "no-such-branch", "--to", "HEAD"],
            "names no commit; give a branch",
        ),
        (
            &["--from", "2020-01-01", "--to", "2026-09-30"],
            "no commit on or before that day",
        ),
        (&["--from", "2026-09-14"], "between two moments"),
        (&[], "between two moments"),
        (
            &[
                "--from",
                "2026-09-14",
                "--to",
                "2026-09-30",
                "--as-of",
                "2026-09-30",
            ],
            "leave `--at`, `--as-of`",
        ),
    ];
    for (words, expected) in rows {
        let (code, said, _) = of_demo(&[&posture, words].concat());
        assert_eq!(code, 2, "{words:?}: {said}");
        assert!(said.contains(expected), "{words:?}: {said}");
    }
    let (code, said, _) = of_demo(&["--document", "D01", "--from", "2026-09-14", "--to", "2026-09-30"]);
    assert_eq!(code, 2);
    assert!(said.contains("no other document takes `--from`"), "{said}");
}
