//! Bundles: made the same each time, read by standard tools, and put only where they may go.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use countersign::attest::bundle::{Bundle, SealedBundle, check_destination};
use countersign::attest::contents::read_bundle;
use countersign::attest::manifest::{Inputs, Statement};
use countersign::attest::verify::{ListInUse, Report, SignatureVerdict, verify};
use countersign::source::write::Files;
use countersign::trust::signer::Signer;

use crate::attest_envelope::by_hand;
use crate::attest_keys::{has_peer, make_key, public_line, run};

pub(crate) const PRINCIPAL: &str = "ciso@nordhafen.example";

pub(crate) fn bundle(list: &str) -> Bundle {
    let mut files = Files::new();
    files.insert("D02.html".to_owned(), b"<h1>Register</h1>\n".to_vec());
    files.insert("documents/D02.json".to_owned(), b"{}\n".to_vec());
    files.insert("records/exceptions/exc-0014.json".to_owned(), b"{}\n".to_vec());
    files.insert("a name with spaces.csv".to_owned(), Vec::new());
    files.insert("-r".to_owned(), b"no option".to_vec());
    if !list.is_empty() {
        files.insert("allowed_signers".to_owned(), list.as_bytes().to_vec());
    }
    Bundle {
        statement: Statement {
            as_of: "2026-09-30T23:59:59+02:00".parse().unwrap(),
            period: None,
            commit: Some("4be1c02".to_owned()),
            modified: false,
            tool: "countersign 0.1.0".to_owned(),
            inputs: Inputs::default(),
            left_out: Vec::new(),
            redacted: None,
            signer: None,
        },
        files,
        more_instructions: "## Records\n\nMore.".to_owned(),
    }
}

pub(crate) fn list_of(key: &Path, options: &str) -> String {
    format!("{PRINCIPAL} {options}{}\n", public_line(key))
}

/// A key, the list that holds it, and a bundle signed with it.
pub(crate) fn signed(folder: &Path) -> (PathBuf, String, SealedBundle) {
    let key = make_key(folder, "key", "ed25519", "");
    let list = list_of(
        &key,
        "namespaces=\"countersign-bundle\",valid-after=\"20260101Z\" ",
    );
    let sealed = bundle(&list).seal_signed(&Signer::open(&key).unwrap()).unwrap();
    (key, list, sealed)
}

pub(crate) fn report(path: &Path, list: &ListInUse) -> Report {
    verify(&read_bundle(path).unwrap(), list, &ListInUse::BundlesOwn)
}

pub(crate) fn problems(path: &Path) -> Vec<String> {
    report(path, &ListInUse::BundlesOwn)
        .problems
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// The lines of the blocks of a language in `VERIFY.md`.
fn lines_of(files: &Files, language: &str) -> Vec<String> {
    let text = String::from_utf8(files["VERIFY.md"].clone()).unwrap();
    let begin = format!("```{language}\n");
    let blocks = text
        .split(&begin)
        .skip(1)
        .map(|block| block.split("```").next().unwrap().to_owned());
    blocks
        .flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (key, list, sealed) = signed(folder.path());
    let again = bundle(&list).seal_signed(&Signer::open(&key).unwrap()).unwrap();
    assert_eq!(sealed.files, again.files);
    let (one, two) = (folder.path().join("one.tar"), folder.path().join("two.tar"));
    sealed.write(&one).unwrap();
    again.write(&two).unwrap();
    again.write(&two).unwrap();
    assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
    if has_peer("tar") {
        let output = run("tar", folder.path(), &["--numeric-owner", "-tvf", "one.tar"], b"").stdout;
        let listing = String::from_utf8(output).unwrap();
        let lines: Vec<&str> = listing.lines().collect();
        assert_eq!(lines.len(), sealed.files.len());
        for line in lines {
            assert!(
                line.starts_with("-rw-r--r-- 0/0 ") && line.contains("2026-09-30 21:59"),
                "{line}"
            );
        }
        fs::create_dir(folder.path().join("out")).unwrap();
        assert!(
            run("tar", folder.path(), &["-xf", "one.tar", "-C", "out"], b"")
                .status
                .success()
        );
        assert!(problems(&folder.path().join("out")).is_empty());
    }
}

#[test]
fn standard_tools_pass_on_every_kind_of_key_by_the_lines_of_verify_md() {
    if !has_peer("ssh-keygen") || !has_peer("sha256sum") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (kind, bits) in [
        ("ed25519", ""),
        ("ecdsa", "256"),
        ("ecdsa", "384"),
        ("ecdsa", "521"),
        ("rsa", "3072"),
    ] {
        let key = make_key(folder.path(), &format!("{kind}{bits}"), kind, bits);
        let list = list_of(&key, "namespaces=\"countersign-*\",valid-before=\"20261001Z\" ");
        let signer = Signer::open(&key).unwrap();
        let sealed = bundle(&list).seal_signed(&signer).unwrap();
        let out = folder.path().join("out");
        sealed.write(&out).unwrap();
        let lines = lines_of(&sealed.files, "sh");
        assert!(
            lines
                .iter()
                .any(|line| line.contains("-O verify-time=20260930215959Z")),
            "{lines:?}"
        );
        let (is_good, said) = by_hand(&out, folder.path());
        let fingerprint = signer.public_key().fingerprint();
        // Once by the signature, once by the list.
        assert!(is_good && said.matches(&fingerprint).count() == 2, "{said}");
        for list in [ListInUse::BundlesOwn, ListInUse::Given(list)] {
            let report = report(&out, &list);
            assert!(report.ok(), "{:?}", report.lines());
            assert!(
                matches!(&report.signature, SignatureVerdict::Good(by) if by.principal == PRINCIPAL),
                "{report:?}"
            );
            let says_integrity = report
                .lines()
                .iter()
                .any(|line| line.contains("integrity, not origin"));
            assert_eq!(says_integrity, list == ListInUse::BundlesOwn);
        }
    }
}

#[test]
fn a_bundle_without_signature_says_so_and_fails_only_against_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let sealed = bundle("").seal().unwrap();
    sealed.write(&out).unwrap();
    let text = String::from_utf8(sealed.files["VERIFY.md"].clone()).unwrap();
    assert!(
        text.contains("was not signed") && text.ends_with("More.\n"),
        "{text}"
    );
    let unsigned = report(&out, &ListInUse::BundlesOwn);
    assert!(
        unsigned.ok()
            && unsigned
                .lines()
                .contains(&"the bundle has no signature".to_owned())
    );
    assert!(!report(&out, &ListInUse::Given(String::new())).ok());
    if has_peer("sh") {
        fs::write(out.join("documents/extra.html"), "x").unwrap();
        fs::remove_file(out.join("D02.html")).unwrap();
        let line = lines_of(&sealed.files, "sh")
            .into_iter()
            .find(|line| line.starts_with('{'))
            .unwrap();
        let said = run("sh", &out, &["-c", &line], b"").stdout;
        assert_eq!(String::from_utf8(said).unwrap(), "documents/extra.html\n");
    }
}

#[test]
fn a_key_that_the_list_does_not_hold_signs_and_the_instructions_say_what_to_do() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = make_key(folder.path(), "key", "ed25519", "");
    let other = make_key(folder.path(), "other", "ed25519", "");
    let signer = Signer::open(&key).unwrap();
    for list in [
        String::new(),
        list_of(&other, ""),
        list_of(&key, "valid-before=\"20260101Z\" "),
    ] {
        let unsealed = bundle(&list);
        assert_eq!(unsealed.principal_of(signer.public_key()), None);
        let sealed = unsealed.seal_signed(&signer).unwrap();
        let out = folder.path().join("out");
        sealed.write(&out).unwrap();
        assert_eq!(
            report(&out, &ListInUse::BundlesOwn).signature,
            SignatureVerdict::Failed
        );
        let (is_good, said) = by_hand(&out, folder.path());
        assert!(is_good, "{said}");
        let mut script = lines_of(&sealed.files, "text");
        script.retain(|line| line.starts_with("printf ") || line.starts_with("ssh-keygen -"));
        let script = script.join("\n").replace("KEY.pub", "../key.pub");
        let output = run("sh", &out, &["-c", &format!("set -e\n{script}")], b"");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            said.contains("signature for signer@example.org with ED25519 key"),
            "{output:?}"
        );
    }
}

#[test]
fn a_destination_that_holds_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let sealed = bundle("").seal().unwrap();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    sealed.write(&out).unwrap();
    let mut shorter = bundle("");
    shorter.files.remove("D02.html");
    shorter.seal().unwrap().write(&out).unwrap();
    assert!(
        problems(&out).is_empty() && !out.join("D02.html").exists(),
        "replaced as a whole"
    );
    fs::write(out.join("notes.txt"), "mine").unwrap();
    let error = sealed.write(&out).unwrap_err().to_string();
    assert!(
        error.contains("notes.txt") && out.join("notes.txt").exists(),
        "{error}"
    );

    let sources = folder.path().join("sources");
    fs::create_dir(&sources).unwrap();
    fs::write(sources.join("isms.yaml"), "x").unwrap();
    fs::write(sources.join("SHA256SUMS"), "").unwrap();
    assert!(
        sealed
            .write(&sources)
            .unwrap_err()
            .to_string()
            .contains("something else")
    );
    assert!(
        sealed
            .write(&sources.join("isms.yaml"))
            .unwrap_err()
            .to_string()
            .contains("is a file")
    );
    let tar = folder.path().join("x.tar");
    fs::write(&tar, "").unwrap();
    sealed.write(&tar).unwrap();
    sealed.write(&tar).unwrap();
    assert!(problems(&tar).is_empty());
    fs::write(&tar, "not an archive of ours").unwrap();
    assert!(check_destination(&tar).is_err());
    let left: BTreeSet<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        left,
        BTreeSet::from(["out".to_owned(), "sources".to_owned(), "x.tar".to_owned()])
    );
}

#[test]
fn files_that_cannot_go_into_a_bundle_are_refused() {
    let long = format!("{}/x", "f".repeat(156));
    for path in [
        "SHA256SUMS",
        "sha256sums.sig",
        "bundle.json",
        "verify.md",
        "../x",
        "a\nb",
        "d02.HTML",
        long.as_str(),
    ] {
        let mut made = bundle("");
        made.files.insert(path.to_owned(), Vec::new());
        assert!(made.seal().is_err(), "{path:?}");
    }
    let deep = format!("{}/{}", "f".repeat(155), "n".repeat(99));
    let mut made = bundle("");
    made.files.insert(deep, b"x".to_vec());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep.tar");
    made.seal().unwrap().write(&path).unwrap();
    assert!(problems(&path).is_empty());
}
