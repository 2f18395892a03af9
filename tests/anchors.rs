//! Anchors, what they hold fast, and what history tells of commits that nobody reviewed.

use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::author::init;
use countersign::model::parse_date;
use serde_json::Value;
use ssh_key::LineEnding;

use super::attest_keys::has_peer;
use super::checks::read;
use super::cli::streams;
use super::signing::{decide, fingerprint_of, key_of, signer_line};

/// A governed repository in git, made commit by commit, with one person who approves and anchors.
pub(crate) struct Lab {
    folder: tempfile::TempDir,
}

const RISK: &str = "apiVersion: countersign/v1\nkind: Risk\nid: r-001\ntitle: A risk\nowner: role-ciso\ncreated: 2026-02-01\n\
    spec:\n  scenario: Something happens.\n  assets: []\n  likelihood: likely\n  impact: major\n  treatment: modify\n  plan: []\n\
    \x20 controls: []\n  residual: {likelihood: possible, impact: major}\n  reviewed: 2026-02-01\n";

impl Lab {
    /// Begins with what `init` writes, and two keys of one person.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lab = Self { folder };
        init(&lab.root(), "One", "UTC", parse_date("2026-01-05").unwrap()).unwrap();
        for name in ["approve", "anchor", "stranger"] {
            let key = key_of(name).to_openssh(LineEnding::LF).unwrap();
            lab.put(&format!("../{name}"), &key);
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let mode = std::fs::Permissions::from_mode(0o600);
                std::fs::set_permissions(lab.key(name), mode).unwrap();
            }
        }
        lab.person("2026-11-22");
        let anchors = format!(
            "first.person@example.invalid namespaces=\"countersign-anchor\",valid-after=\"20260101000000Z\" {}\n",
            key_of("anchor").public_key().to_openssh().unwrap()
        );
        let approvals = signer_line("approve", "first.person@example.invalid", "20260101000000Z");
        lab.put("keyring/allowed_signers", &(approvals + &anchors));
        lab.git(&["init", "-q", "-b", "main"]);
        lab.commit("2026-01-05T09:00:00Z", "Begin");
        lab
    }

    fn person(&self, last_day: &str) {
        let path = self.root().join("people/p-first.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        let head = text.split("  keys:").next().unwrap();
        let text = format!(
            "{head}  keys:\n    - {{fingerprint: \"{}\", valid_from: 2026-01-01, valid_to: {last_day}}}\n    \
             - {{fingerprint: \"{}\", valid_from: 2026-01-01, purpose: anchor}}\n",
            fingerprint_of("approve"),
            fingerprint_of("anchor")
        );
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    fn key(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn put(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn edit(&self, path: &str, before: &str, after: &str) {
        let text = std::fs::read_to_string(self.root().join(path)).unwrap();
        assert!(text.contains(before), "{path} has no `{before}`");
        self.put(path, &text.replace(before, after));
    }

    pub(crate) fn remove(&self, path: &str) {
        std::fs::remove_file(self.root().join(path)).unwrap();
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git_at(&self.root(), "2026-11-22T12:00:30Z", arguments)
    }

    pub(crate) fn commit(&self, when: &str, message: &str) -> String {
        git_at(&self.root(), when, &["add", "-A"]);
        git_at(&self.root(), when, &["commit", "-q", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn approve(&self, id: &str, at: &str) -> String {
        let (_, repository, _) = read(&self.root());
        let path = decide(
            &self.root(),
            &repository,
            id,
            ("p-first", "role-ciso", at),
            "approve",
        );
        let text = std::fs::read(self.root().join(&path)).unwrap();
        let signature = super::signing::sign("approve", "countersign-approval", &text);
        self.put(&format!("{path}.sig"), &signature);
        path
    }

    pub(crate) fn run(&self, words: &[&str]) -> (i32, String, String) {
        run_at(&self.root(), words)
    }

    /// What the rules of a family say, as `CODE level message`.
    fn said(&self, family: &str) -> Vec<String> {
        said(&self.root(), family)
    }

    /// Anchors, and commits the anchor; returns its path.
    fn anchor(&self) -> String {
        let key = self.key("anchor");
        let (code, out, err) = self.run(&["anchor", "--key", key.to_str().unwrap()]);
        assert_eq!(code, 0, "{err}");
        self.commit("2026-11-22T12:00:30Z", "Anchor");
        out.trim().to_owned()
    }
}

fn git_at(folder: &Path, when: &str, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([("GIT_AUTHOR_NAME", "One"), ("GIT_COMMITTER_NAME", "One")])
        .envs([
            ("GIT_AUTHOR_EMAIL", "first.person@example.invalid"),
            ("GIT_COMMITTER_EMAIL", "first.person@example.invalid"),
        ])
        .envs([("GIT_AUTHOR_DATE", when), ("GIT_COMMITTER_DATE", when)])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(crate) fn run_at(folder: &Path, words: &[&str]) -> (i32, String, String) {
    let words: Vec<_> = std::iter::once(&"countersign")
        .chain(words)
        .map(Into::into)
        .collect();
    streams(folder, &words)
}

fn said(folder: &Path, family: &str) -> Vec<String> {
    let (_, out, err) = run_at(folder, &["check", "--repo", ".", "--format", "json"]);
    let document: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"));
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    let all = document["diagnostics"].as_array().unwrap().iter();
    all.filter(|one| text(one, "code").starts_with(family))
        .map(|one| {
            format!(
                "{} {} {}",
                text(one, "code"),
                text(one, "level"),
                text(one, "message")
            )
        })
        .collect()
}

#[track_caller]
fn one(said: &[String], start: &str, words: &str) {
    assert!(
        said.len() == 1 && said[0].starts_with(start) && said[0].contains(words),
        "{said:#?}"
    );
}

#[test]
pub(crate) fn an_anchor_is_signed_and_holds_history_fast() {
    let lab = Lab::new();
    let path = lab.anchor();
    assert!(path.starts_with("anchors/2026-11-22T120000Z-"), "{path}");
    assert_eq!(lab.said("GOV"), Vec::<String>::new());
    if has_peer("ssh-keygen") {
        let output = Command::new("ssh-keygen")
            .current_dir(lab.root())
            .args(["-Y", "verify", "-f", "keyring/allowed_signers"])
            .args(["-I", "first.person@example.invalid", "-n", "countersign-anchor"])
            .args(["-s", &format!("{path}.sig")])
            .stdin(std::fs::File::open(lab.root().join(&path)).unwrap())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    // The anchored commit is made anew; the anchor is carried over.
    lab.git(&["branch", "old"]);
    lab.git(&["checkout", "-q", "--orphan", "new", "HEAD~1"]);
    lab.commit("2026-01-05T09:00:01Z", "Begin otherwise");
    lab.git(&["checkout", "-q", "old", "--", "anchors"]);
    lab.commit("2026-11-22T12:01:00Z", "Anchor, carried over");
    one(
        &lab.said("GOV"),
        "GOV005 error history was rewritten",
        "does not lead",
    );
}

#[test]
fn an_anchor_is_refused_where_it_would_mean_nothing() {
    let lab = Lab::new();
    let key = lab.key("anchor");
    let key = key.to_str().unwrap();
    let refused = |words: &[&str], what: &str| {
        let (code, out, err) = lab.run(words);
        assert!(code == 2 && out.is_empty() && err.contains(what), "{code} {err}");
        assert!(!lab.root().join("anchors").exists());
    };
    refused(
        &["anchor", "--key", lab.key("approve").to_str().unwrap()],
        "for the purpose `anchor`",
    );
    refused(
        &["anchor", "--key", lab.key("stranger").to_str().unwrap()],
        "for the purpose `anchor`",
    );
    refused(&["anchor", "--key", key, "--as-of", "2026-02-01"], "--as-of");
    lab.put("notes.txt", "not committed");
    refused(&["anchor", "--key", key], "work tree differs");
    lab.remove("notes.txt");

    let shallow = lab.folder.path().join("shallow");
    lab.edit("README.md", "What to do first", "What to do");
    lab.commit("2026-01-06T09:00:00Z", "Words");
    let url = format!("file://{}", lab.root().display());
    lab.git(&["clone", "-q", "--depth", "1", &url, shallow.to_str().unwrap()]);
    let (code, _, err) = run_at(&shallow, &["anchor", "--key", key]);
    assert!(code == 2 && err.contains("git fetch --unshallow"), "{err}");
    one(
        &said(&shallow, "GOV"),
        "GOV005 info the clone is shallow",
        "SCH003",
    );

    let outside = tempfile::tempdir().unwrap();
    init(outside.path(), "One", "UTC", parse_date("2026-01-05").unwrap()).unwrap();
    let (code, _, err) = run_at(outside.path(), &["anchor", "--repo", ".", "--key", key]);
    assert!(code == 2 && err.contains("there is none"), "{err}");
    let (_, _, err) = run_at(outside.path(), &["check", "--repo", "."]);
    assert!(err.contains("outside git"), "{err}");
}

#[test]
pub(crate) fn an_anchor_that_was_touched_or_forged_counts_for_nothing() {
    let lab = Lab::new();
    let path = lab.anchor();
    let text = std::fs::read_to_string(lab.root().join(&path)).unwrap();
    lab.put(&path, &text.replace("mainline: 1", "mainline: 2"));
    let said = lab.said("GOV005");
    assert!(
        said.len() == 2
            && said
                .iter()
                .all(|one| one.contains("error the anchor does not count")),
        "{said:#?}"
    );
    lab.put(&path, &text);
    let forged = super::signing::sign("stranger", "countersign-anchor", text.as_bytes());
    lab.put(&format!("{path}.sig"), &forged);
    one(&lab.said("GOV005"), "GOV005 error", "does not count");
    lab.remove(&format!("{path}.sig"));
    one(&lab.said("GOV005"), "GOV005 error", "it has no signature");
    // Removed altogether, history still has it.
    lab.remove(&path);
    lab.commit("2026-11-22T12:01:00Z", "No anchor");
    let said = lab.said("GOV002");
    assert!(
        said.len() == 2 && said.iter().all(|one| one.contains("no anchor ever is")),
        "{said:#?}"
    );
}

#[test]
pub(crate) fn dates_are_compared_with_the_commit_that_brings_the_record() {
    let lab = Lab::new();
    lab.put("risks/r-001.yaml", RISK);
    lab.commit(
        "2026-02-03T09:00:00Z",
        "A risk, written down within the tolerance",
    );
    assert_eq!(lab.said("GOV"), Vec::<String>::new());
    lab.put("risks/r-002.yaml", &RISK.replace("r-001", "r-002"));
    lab.commit("2026-03-03T09:00:00Z", "A risk that claims to be a month old");
    one(
        &lab.said("GOV"),
        "GOV005 warn `created` is 2026-02-01",
        "30 d later",
    );
    lab.edit("risks/r-002.yaml", "created: 2026-02-01", "created: 2026-03-05");
    lab.commit("2026-03-04T09:00:00Z", "A risk of the future");
    one(
        &lab.said("GOV"),
        "GOV005 warn `created` is 2026-03-05",
        "already has it",
    );
    lab.edit("risks/r-002.yaml", "created: 2026-03-05", "created: 2026-03-03");
    lab.commit(
        "2026-03-01T09:00:00Z",
        "Within the tolerance the clock may go back",
    );
    assert_eq!(lab.said("GOV"), Vec::<String>::new());
    lab.put("notes.txt", "x");
    lab.commit("2026-01-20T09:00:00Z", "But not further");
    one(
        &lab.said("GOV"),
        "GOV005 warn the clock of commits goes back",
        "by 43 d",
    );
}

#[test]
pub(crate) fn a_forged_clock_is_found_out_by_an_anchor() {
    let lab = Lab::new();
    lab.anchor();
    lab.put("risks/r-001.yaml", RISK);
    lab.commit("2026-02-01T09:00:00Z", "Back-dated, with a clock that agrees");
    let said = lab.said("GOV005");
    assert!(
        said.iter()
            .any(|one| one.contains("the anchor of 2026-11-22 does not know it yet")),
        "{said:#?}"
    );
}

#[test]
pub(crate) fn what_no_pull_request_may_do_is_found_in_the_night() {
    let lab = Lab::new();
    lab.put("risks/r-001.yaml", RISK);
    let decision = lab.approve("r-001", "2026-02-01T10:00:00Z");
    lab.put("risks/r-002.yaml", &RISK.replace("r-001", "r-002"));
    lab.put(
        "risks/r-003.yaml",
        &RISK.replace("r-001\n", "r-003\nstatus: draft\n"),
    );
    lab.commit("2026-02-01T11:00:00Z", "Risks");
    lab.edit("risks/r-001.yaml", "kind: Risk\n", "kind: Risk\nstatus: closed\n");
    lab.commit("2026-02-02T11:00:00Z", "Close");
    assert_eq!(lab.said("GOV"), Vec::<String>::new());

    lab.edit("risks/r-001.yaml", "status: closed\n", "");
    let commit = lab.commit("2026-02-03T11:00:00Z", "Open again [skip ci]");
    one(
        &lab.said("GOV"),
        "GOV001 error",
        &format!("in commit {} of 2026-02-03", &commit[..12]),
    );
    lab.edit("risks/r-001.yaml", "kind: Risk\n", "kind: Risk\nstatus: closed\n");
    lab.commit("2026-02-04T11:00:00Z", "Mended");
    assert_eq!(lab.said("GOV"), Vec::<String>::new());

    lab.remove("risks/r-003.yaml");
    lab.commit("2026-02-05T11:00:00Z", "Nobody was ever asked about a draft");
    assert_eq!(lab.said("GOV"), Vec::<String>::new());
    lab.remove("risks/r-002.yaml");
    lab.commit("2026-02-05T12:00:00Z", "Remove");
    one(
        &lab.said("GOV"),
        "GOV002 error `risks/r-002.yaml` was removed while it was `submitted`",
        "",
    );
    lab.put("risks/r-002.yaml", &RISK.replace("r-001", "r-002"));
    lab.git(&["mv", "risks/r-001.yaml", "risks/r-009.yaml"]);
    lab.commit("2026-02-06T11:00:00Z", "Restore the one, move the other");
    one(
        &lab.said("GOV002"),
        "GOV002 error",
        "was moved to `risks/r-009.yaml`",
    );
    lab.git(&["mv", "risks/r-009.yaml", "risks/r-001.yaml"]);
    lab.remove(&decision);
    lab.commit("2026-02-07T11:00:00Z", "Back, but the decision goes");
    one(&lab.said("GOV"), "GOV002 error", "no decision ever is");

    // What an anchor saw is not told again.
    lab.anchor();
    assert_eq!(lab.said("GOV"), Vec::<String>::new());
    lab.remove(&format!("{decision}.sig"));
    lab.commit("2026-11-22T12:02:00Z", "The signature goes, too");
    one(&lab.said("GOV"), "GOV002 error", ".sig` was removed");
}

#[test]
pub(crate) fn a_lost_key_leaves_good_only_what_was_anchored_before() {
    for is_anchored in [true, false] {
        let lab = Lab::new();
        lab.put("risks/r-001.yaml", RISK);
        lab.approve("r-001", "2026-02-01T10:00:00Z");
        lab.commit("2026-02-01T11:00:00Z", "A risk, approved");
        if is_anchored {
            lab.anchor();
        }
        assert_eq!(lab.said("APR005"), Vec::<String>::new());
        let key = key_of("approve").public_key().to_openssh().unwrap();
        lab.put("keyring/revoked", &format!("{key}\n"));
        lab.commit("2026-11-22T12:03:00Z", "The key is lost");
        let said = lab.said("APR005");
        assert_eq!(said.is_empty(), is_anchored, "{said:#?}");
    }
}

#[test]
pub(crate) fn an_approval_that_an_anchor_does_not_know_is_not_older_than_it() {
    let lab = Lab::new();
    lab.put("risks/r-001.yaml", RISK);
    lab.person("2026-06-30");
    lab.commit("2026-02-01T11:00:00Z", "A risk; the key ends in June");
    lab.anchor();
    lab.approve("r-001", "2026-02-01T12:00:00Z");
    lab.commit("2026-02-01T12:01:00Z", "Approved with the old key, back-dated");
    one(&lab.said("APR007"), "APR007 error", "was not there at the anchor");
}

/// An approval that is younger than the commit that brought it was not made when it says; it never counts.
#[test]
fn an_approval_from_the_future_of_its_own_commit_is_told() {
    let lab = Lab::new();
    lab.put("risks/r-001.yaml", RISK);
    lab.commit("2026-02-01T09:00:00Z", "A risk");
    lab.approve("r-001", "2026-12-24T08:00:00Z");
    lab.commit("2026-02-02T09:00:00Z", "Approve it in advance");
    one(
        &lab.said("APR007"),
        "APR007 error",
        "later than the commit that brought it",
    );
    let missing = lab.said("APR001");
    let lacks = |told: &String| told.starts_with("APR001 error `r-001` lacks the approval");
    assert!(missing.iter().any(lacks), "{missing:#?}");
}
