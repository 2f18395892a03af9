//! Bundles made again from their commits: the same bytes, or the first that differs, and where.

use std::fs;
use std::path::{Path, PathBuf};

use countersign::source::sha256_hex;

use super::anchors::run_at;
use super::attest_keys::has_peer;
use super::author_demo::DEMO;
use super::checks::base;
use super::source_git::git;

/// A governed repository of its own with one commit, and bundles made from it.
struct Lab {
    repository: tempfile::TempDir,
    out: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        let repository = base();
        git(repository.path(), &["init", "-q", "-b", "main"]);
        git(repository.path(), &["add", "-A"]);
        git(repository.path(), &["commit", "-q", "-m", "Begin"]);
        let out = tempfile::tempdir().unwrap();
        Self { repository, out }
    }

    fn bundle(&self, name: &str, more: &[&str]) -> String {
        let out = self.out.path().join(name);
        let words = [
            "bundle",
            "--repo",
            ".",
            "--as-of",
            "2026-01-01",
            "--out",
            out.to_str().unwrap(),
        ];
        let (code, said, err) = run_at(self.repository.path(), &[&words, more].concat());
        assert!(code <= 1, "{said}{err}");
        err
    }

    fn rebuild(&self, name: &str, more: &[&str]) -> (i32, String) {
        let repository = self.repository.path().to_str().unwrap();
        let words = ["verify", name, "--rebuild", repository];
        let (code, out, err) = run_at(self.out.path(), &[&words, more].concat());
        (code, out + &err)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.out.path().join("b").join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Changes a file of the unsigned bundle `b` and its line in the list, as a forger would.
    fn forge(&self, name: &str, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => fs::write(self.path(name), bytes).unwrap(),
            None => fs::remove_file(self.path(name)).unwrap(),
        }
        list_again(&self.out.path().join("b"));
    }

    /// Replaces a text in a file of the bundle, and returns the one line that `verify` finds wrong.
    fn forged(&self, name: &str, before: &str, after: &str) -> String {
        let whole = self.read(name);
        let text = String::from_utf8(whole.clone()).unwrap();
        assert!(text.contains(before), "{name} has no `{before}`: {text}");
        self.forge(name, Some(text.replacen(before, after, 1).as_bytes()));
        let line = self.failure();
        self.forge(name, Some(&whole));
        line
    }

    fn failure(&self) -> String {
        let (code, said) = self.rebuild("b", &[]);
        assert_eq!(code, 4, "{said}");
        let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("FAIL")).collect();
        assert_eq!(lines.len(), 1, "{said}");
        lines[0].to_owned()
    }
}

/// Makes the list of digests fit.
fn list_again(root: &Path) {
    let mut sums = std::collections::BTreeMap::new();
    for entry in walkdir::WalkDir::new(root) {
        let entry = entry.unwrap();
        let path = entry.path().strip_prefix(root).unwrap().to_str().unwrap();
        if entry.file_type().is_file() && !path.starts_with("SHA256SUMS") {
            sums.insert(path.to_owned(), sha256_hex(&fs::read(entry.path()).unwrap()));
        }
    }
    let text: String = sums
        .iter()
        .map(|(path, digest)| format!("{digest}  {path}\n"))
        .collect();
    fs::write(root.join("SHA256SUMS"), text).unwrap();
}

#[test]
fn the_demo_comes_out_to_the_same_bytes_as_archive_and_as_folder() {
    if !has_peer("git") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (repository, key) = (
        DEMO.repository.to_str().unwrap(),
        signing_key(&DEMO.keys, &DEMO.repository),
    );
    let words = [
        "bundle",
        "--repo",
        repository,
        "--as-of",
        "2026-09-30",
        "--out",
        "b.tar",
        "--key",
        key.to_str().unwrap(),
    ];
    let (code, _, err) = run_at(folder.path(), &words);
    assert_eq!(code, 0, "{err}");
    let (code, out, err) = run_at(folder.path(), &["verify", "b.tar", "--rebuild", repository]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        out.contains("files are the same, byte for byte; repo.bundle holds the "),
        "{out}"
    );
    assert!(!out.contains("FAIL"), "{out}");
    // From a bare clone, with the bundle unpacked, after the work tree has moved on.
    let clone = folder.path().join("clone.git");
    git(
        folder.path(),
        &["clone", "-q", "--bare", repository, clone.to_str().unwrap()],
    );
    fs::create_dir(folder.path().join("b")).unwrap();
    tar::Archive::new(fs::File::open(folder.path().join("b.tar")).unwrap())
        .unpack(folder.path().join("b"))
        .unwrap();
    let (code, out, err) = run_at(folder.path(), &["verify", "b", "--rebuild", "clone.git"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("byte for byte"), "{out}");
}

/// The key that the keyring lists for bundles.
pub(crate) fn signing_key(keys: &Path, repository: &Path) -> PathBuf {
    let list = fs::read_to_string(repository.join("keyring/allowed_signers")).unwrap();
    let for_bundles: Vec<&str> = list
        .lines()
        .filter(|line| line.contains("countersign-bundle"))
        .collect();
    let keys = fs::read_dir(keys).unwrap().map(|entry| entry.unwrap().path());
    let is_listed = |key: &PathBuf| {
        let signer = countersign::trust::signer::Signer::open(key);
        signer.is_ok_and(|signer| {
            let line = signer.public_key().to_line();
            for_bundles.iter().any(|listed| listed.contains(&line))
        })
    };
    keys.into_iter().find(is_listed).unwrap()
}

#[test]
fn the_first_difference_is_named_with_file_place_and_both_values() {
    if !has_peer("git") {
        return;
    }
    let lab = Lab::new();
    lab.bundle("b", &[]);
    let (code, said) = lab.rebuild("b", &[]);
    assert_eq!(code, 0, "{said}");

    let line = lab.forged(
        "records/isms.json",
        "\"organisation\":\"",
        "\"organisation\":\"Not ",
    );
    assert!(
        line.starts_with("FAIL records/isms.json differs at line 1: the bundle has `"),
        "{line}"
    );
    assert!(
        line.contains("\"organisation\":\"Not ") && line.contains("`, rebuilt it is `"),
        "{line}"
    );
    assert!(
        line.ends_with("(1 more file differs)"),
        "the list differs, too: {line}"
    );

    let whole = lab.read("D02.xlsx");
    let mut changed = whole.clone();
    changed[100] ^= 0xff;
    lab.forge("D02.xlsx", Some(&changed));
    let line = lab.failure();
    let values = format!("the bundle has `{:02x} ", changed[100]);
    assert!(
        line.starts_with("FAIL D02.xlsx differs at byte 100: ") && line.contains(&values),
        "{line}"
    );
    lab.forge("D02.xlsx", Some(&whole));

    lab.forge("A.html", Some(b"planted"));
    let line = lab.failure();
    assert!(
        line.starts_with("FAIL A.html is in the bundle, and is not made again"),
        "{line}"
    );
    lab.forge("A.html", None);
    let whole = lab.read("D05.html");
    lab.forge("D05.html", None);
    let line = lab.failure();
    assert!(
        line.starts_with("FAIL D05.html is made again, and is not in the bundle"),
        "{line}"
    );
    lab.forge("D05.html", Some(&whole));

    // The records moved on, and the bundle is still that of its commit.
    fs::write(lab.repository.path().join("isms.yaml"), "broken: [").unwrap();
    assert_eq!(lab.rebuild("b", &[]).0, 0);
}

#[test]
fn the_git_bundle_is_judged_by_its_head_and_objects() {
    if !has_peer("git") {
        return;
    }
    let lab = Lab::new();
    git(
        lab.repository.path(),
        &["commit", "-q", "--allow-empty", "-m", "Second"],
    );
    lab.bundle("b", &[]);
    let path = lab.path("repo.bundle");
    let theirs = |revision: &str| {
        fs::remove_file(&path).unwrap();
        git(
            lab.repository.path(),
            &["bundle", "create", "-q", path.to_str().unwrap(), revision],
        );
        list_again(&lab.out.path().join("b"));
    };
    let whole = lab.read("repo.bundle");
    theirs("HEAD");
    assert_ne!(lab.read("repo.bundle"), whole);
    let (code, said) = lab.rebuild("b", &[]);
    assert_eq!(code, 0, "git's own bytes hold the same objects: {said}");
    git(lab.repository.path(), &["branch", "older", "HEAD~1"]);
    theirs("older");
    let (code, said) = lab.rebuild("b", &[]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("FAIL repo.bundle ends in `"), "{said}");
    assert!(said.contains("FAIL repo.bundle its head is `"), "{said}");
    let mut cut = whole.clone();
    cut.truncate(whole.len() - 30);
    lab.forge("repo.bundle", Some(&cut));
    assert!(lab.failure().contains("damaged or cut off"));
    lab.forge("repo.bundle", None);
    assert!(
        lab.failure()
            .starts_with("FAIL repo.bundle is made again, and is not in the bundle")
    );
}

#[test]
fn a_claim_that_cannot_be_made_again_is_refused_and_says_why() {
    if !has_peer("git") {
        return;
    }
    let lab = Lab::new();
    lab.bundle("b", &[]);
    let commit = git(lab.repository.path(), &["rev-parse", "HEAD"]);
    let commit = format!("\"commit\": \"{commit}\"");
    let foreign = format!("\"commit\": \"{}\"", "a".repeat(40));
    // The history that lies beside says another commit; without it only the claim is left.
    lab.forge("repo.bundle", None);
    let rows = [
        (commit.as_str(), foreign.as_str(), "does not hold that"),
        (&commit, "\"commit\": \"HEAD\"", "is no full hash"),
        (&commit, "\"commit\": null", "outside of git"),
        (
            "\"tool\": \"countersign ",
            "\"tool\": \"countersign 9.",
            "only the same version",
        ),
        (
            "\"modified\": false",
            "\"modified\": true",
            "no commit holds them",
        ),
        ("\"as_of\": \"2026-", "\"as_of\": \"2027-", "is yet to come"),
    ];
    for (before, after, why) in rows {
        let line = lab.forged("bundle.json", before, after);
        assert!(
            line.starts_with("FAIL rebuild: ") && line.contains(why),
            "{after}: {line}"
        );
    }
    // A claim that reads well and is not what the commit gives.
    let line = lab.forged("bundle.json", "\"to\": \"2026-01-01\"", "\"to\": \"2025-12-31\"");
    assert!(
        line.starts_with("FAIL ") && line.contains("differs at line"),
        "{line}"
    );

    // A folder that git knows nothing of.
    lab.bundle("c", &[]);
    let outside = tempfile::tempdir().unwrap();
    let (code, _, err) = run_at(
        lab.out.path(),
        &["verify", "c", "--rebuild", outside.path().to_str().unwrap()],
    );
    assert_eq!(code, 4, "{err}");
}

#[test]
fn what_was_changed_and_not_committed_is_said_in_the_bundle() {
    if !has_peer("git") {
        return;
    }
    let lab = Lab::new();
    fs::write(lab.repository.path().join("notes.txt"), "untracked").unwrap();
    lab.bundle("b", &[]);
    let (code, said) = lab.rebuild("b", &[]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("with changes that no commit holds"), "{said}");
    assert!(
        said.contains("FAIL rebuild: the bundle was made from files that differ from commit"),
        "{said}"
    );
}

#[test]
fn exports_given_by_hand_must_be_given_again_and_are_named_when_missing() {
    if !has_peer("git") {
        return;
    }
    let lab = Lab::new();
    let export = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("example-repo/imports/src-nessus/weekly-2026-09-27.nessus");
    let given = lab.out.path().join("given.nessus");
    fs::copy(&export, &given).unwrap();
    let scan = format!("{}=src-nessus", given.display());
    lab.bundle("b", &["--scan", &scan]);
    let (code, said) = lab.rebuild("b", &[]);
    assert_eq!(code, 3, "{said}");
    let digest = sha256_hex(&fs::read(&given).unwrap());
    assert!(said.contains(&digest) && said.contains("given.nessus"), "{said}");
    // Under another name, in another place, it is the same export.
    let moved = lab.out.path().join("sent by mail.xml");
    fs::rename(&given, &moved).unwrap();
    let (code, said) = lab.rebuild("b", &["--scan", "sent by mail.xml"]);
    assert_eq!(code, 0, "{said}");
    fs::write(lab.out.path().join("other.nessus"), "<NessusClientData_v2/>").unwrap();
    let (code, said) = lab.rebuild("b", &["--scan", "other.nessus"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("is none of the exports"), "{said}");
    let (code, said) = lab.rebuild("b", &["--scan", "absent.nessus"]);
    assert_eq!(code, 3, "{said}");
    let (code, _, err) = run_at(lab.out.path(), &["verify", "b", "--scan", "other.nessus"]);
    assert_eq!(code, 2, "{err}");
}

#[test]
fn a_folder_given_by_hand_is_given_again_under_any_name() {
    if !has_peer("git") {
        return;
    }
    let lab = Lab::new();
    let imports = Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo/imports");
    let folder = lab.out.path().join("run");
    fs::create_dir(&folder).unwrap();
    for export in [
        "src-nessus/weekly-2026-09-27.nessus",
        "src-trivy/checkout-2026-09-29.json",
    ] {
        let name = export.rsplit('/').next().unwrap();
        fs::copy(imports.join(export), folder.join(name)).unwrap();
    }
    lab.bundle("b", &["--scan", folder.to_str().unwrap()]);
    let (code, said) = lab.rebuild("b", &[]);
    assert!(code == 3 && said.contains("run (nessus-v2)"), "{said}");
    fs::rename(&folder, lab.out.path().join("moved")).unwrap();
    let (code, said) = lab.rebuild("b", &["--scan", "moved"]);
    assert_eq!(code, 0, "{said}");
    fs::write(lab.out.path().join("moved/more.json"), "{}").unwrap();
    let (code, said) = lab.rebuild("b", &["--scan", "moved"]);
    assert!(code == 3 && said.contains("is none of the exports"), "{said}");
}
