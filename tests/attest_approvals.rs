//! The approvals in a bundle: judged by its keyring or by one got otherwise, as the real `ssh-keygen` judges them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use countersign::source::sha256_hex;

use crate::attest_keys::{has_peer, run};
use crate::checks;
use crate::signing::{key_of, sign};

/// A bundle of the signed base repository, unsigned itself, so that only its approvals say who.
struct Unpacked {
    folder: tempfile::TempDir,
}

fn command(folder: &Path, words: &[&str]) -> (i32, String, String) {
    let line: Vec<OsString> = ["countersign"].iter().chain(words).map(OsString::from).collect();
    crate::cli::streams(folder, &line)
}

impl Unpacked {
    fn new() -> Self {
        let base = checks::base();
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("bundle");
        let words = ["bundle", "--as-of", "2026-01-01", "--out", out.to_str().unwrap()];
        let (code, said, err) = command(base.path(), &words);
        assert_eq!(code, 0, "{said}{err}");
        Self { folder }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("bundle")
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root().join(path)).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.root().join(path), text).unwrap();
        self.list_again();
    }

    fn remove(&self, path: &str) {
        std::fs::remove_file(self.root().join(path)).unwrap();
        self.list_again();
    }

    /// Makes the list of digests fit, as whoever changes an unsigned bundle would.
    fn list_again(&self) {
        let mut sums = Vec::new();
        for entry in walkdir::WalkDir::new(self.root()) {
            let entry = entry.unwrap();
            let path = entry.path().strip_prefix(self.root()).unwrap().to_str().unwrap();
            if entry.file_type().is_file() && path != "SHA256SUMS" {
                let bytes = std::fs::read(entry.path()).unwrap();
                sums.push((path.to_owned(), sha256_hex(&bytes)));
            }
        }
        sums.sort();
        let text: String = sums
            .iter()
            .map(|(path, digest)| format!("{digest}  {path}\n"))
            .collect();
        std::fs::write(self.root().join("SHA256SUMS"), text).unwrap();
    }

    fn verify(&self, more: &[&str]) -> (i32, String) {
        let words = [&["verify", "bundle"], more].concat();
        let (code, out, err) = command(self.folder.path(), &words);
        (code, out + &err)
    }

    fn failures(&self, more: &[&str]) -> Vec<String> {
        let (code, out) = self.verify(more);
        let lines: Vec<String> = out
            .lines()
            .filter(|line| line.starts_with("FAIL "))
            .map(str::to_owned)
            .collect();
        assert_eq!(code, if lines.is_empty() { 0 } else { 4 }, "{out}");
        lines
    }

    /// The approvals of a record by a person, by path.
    fn approval(&self, id: &str, person: &str) -> String {
        let names = std::fs::read_dir(self.root().join("approvals").join(id)).unwrap();
        let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let is_it = |name: &String| name.contains(person) && name.ends_with(".yaml");
        format!("approvals/{id}/{}", names.find(is_it).unwrap())
    }

    /// Writes a file beside the bundle.
    fn beside(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// The lines of a shell block of `VERIFY.md` that begin with a word.
    fn instructions(&self, word: &str) -> Vec<String> {
        let text = self.read("VERIFY.md");
        let lines = text.lines().filter(|line| line.starts_with(word));
        lines.map(str::to_owned).collect()
    }
}

#[test]
fn approvals_stand_by_the_keyring_in_the_bundle_and_openssh_agrees() {
    let one = Unpacked::new();
    let (code, out) = one.verify(&[]);
    assert_eq!(code, 0, "{out}");
    let expected = "11 approvals verified by the keyring in the bundle, 11 of them over records as they are in the bundle";
    assert!(out.contains(expected), "{out}");
    let lines = one.instructions("ssh-keygen -Y verify -f keyring/allowed_signers ");
    assert_eq!(lines.len(), 11, "{}", one.read("VERIFY.md"));
    if !has_peer("ssh-keygen") || !has_peer("sha256sum") {
        return;
    }
    for line in lines {
        let said = run("sh", &one.root(), &["-c", &line], b"").stdout;
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(
            said.starts_with("Good \"countersign-approval\" signature"),
            "{line}: {said}"
        );
    }
    let line = &one.instructions("printf %s ")[0];
    let said = run("sh", &one.root(), &["-c", line], b"").stdout;
    let digest = String::from_utf8(said).unwrap()[..64].to_owned();
    let id = line
        .split('/')
        .next_back()
        .unwrap()
        .split(".json")
        .next()
        .unwrap();
    let approval = one.read(&one.approval(id, "p-"));
    assert!(
        approval.contains(&format!("sha256:{digest}")),
        "{line} {digest}: {approval}"
    );
}

#[test]
fn a_changed_byte_in_an_approval_is_told_by_record_and_person() {
    let one = Unpacked::new();
    let path = one.approval("pol-patch", "p-kim");
    let text = one.read(&path);
    one.write(&path, &text.replace("T09:00:00Z", "T09:00:01Z"));
    let found = one.failures(&[]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("FAIL approval pol-patch/p-kim: ") && found[0].contains(&path),
        "{found:?}"
    );
    let (_, out) = one.verify(&[]);
    assert!(out.contains("10 approvals verified"), "{out}");
    if has_peer("ssh-keygen") {
        let lines = one.instructions("ssh-keygen -Y verify");
        let line = lines.iter().find(|line| line.contains(&path)).unwrap();
        let ends_badly = format!("{line}; test -z \"$failed\"");
        assert!(!run("sh", &one.root(), &["-c", &ends_badly], b"").status.success());
    }
    // Not even the list of digests is needed to see it.
    one.write(&path, &text);
    assert_eq!(one.failures(&[]), [""; 0]);
    one.write(&path, &text.replace("approve", "aprove"));
    let found = one.failures(&[]);
    assert!(
        found.len() == 1 && found[0].contains("is no approval"),
        "{found:?}"
    );
}

#[test]
fn an_approval_without_its_signature_and_a_signature_without_its_approval_fail() {
    let one = Unpacked::new();
    let path = one.approval("r-001", "p-kim");
    let text = one.read(&path);
    one.remove(&format!("{path}.sig"));
    let found = one.failures(&[]);
    assert_eq!(
        found,
        [format!(
            "FAIL approval r-001/p-kim: it has no signature (`{path}`)"
        )]
    );
    one.remove(&path);
    assert_eq!(one.failures(&[]), [""; 0]);
    one.write(
        &format!("{path}.sig"),
        &sign("p-kim", "countersign-approval", text.as_bytes()),
    );
    assert_eq!(
        one.failures(&[]),
        [format!("FAIL approval {path}.sig: is a signature of no file")]
    );
    // A signature that was made for another purpose.
    one.write(&path, &text);
    one.write(
        &format!("{path}.sig"),
        &sign("p-kim", "countersign-bundle", text.as_bytes()),
    );
    let found = one.failures(&[]);
    assert!(
        found.len() == 1 && found[0].contains("namespace `countersign-bundle`"),
        "{found:?}"
    );
}

#[test]
fn a_keyring_got_otherwise_decides_in_place_of_the_one_in_the_bundle() {
    let one = Unpacked::new();
    let own = one.read("keyring/allowed_signers");
    one.beside("mine", &own);
    let (code, out) = one.verify(&["--keyring", "mine"]);
    assert!(
        code == 0 && out.contains("11 approvals verified by the keyring given"),
        "{out}"
    );
    // Somebody else's.
    let foreign = key_of("p-foreign").public_key().to_openssh().unwrap();
    one.beside("foreign", &format!("jana.kim@nordhafen.example {foreign}\n"));
    let found = one.failures(&["--keyring", "foreign"]);
    assert_eq!(found.len(), 11, "{found:?}");
    assert!(
        found.iter().all(|line| line.starts_with("FAIL approval ")),
        "{found:?}"
    );
    // A key whose time had passed, and one that is listed for another person.
    one.beside(
        "ended",
        &own.replace(
            "valid-before=\"20271103225959Z\"",
            "valid-before=\"20251111093000Z\"",
        ),
    );
    let found = one.failures(&["--keyring", "ended"]);
    assert!(
        found.len() == 10 && found[0].contains("only until 2025-11-11 09:30:00"),
        "{found:?}"
    );
    one.beside(
        "swapped",
        &own.replace("jana.kim", "x").replace("torben.berg", "jana.kim"),
    );
    assert!(!one.failures(&["--keyring", "swapped"]).is_empty());
    let (code, out) = one.verify(&["--keyring", "absent"]);
    assert_eq!(code, 3, "{out}");
}

#[test]
fn a_bundle_with_a_keyring_of_its_makers_own_is_seen_only_from_outside() {
    let one = Unpacked::new();
    let own = one.read("keyring/allowed_signers");
    one.beside("mine", &own);
    let (kim, forged) = (key_of("p-kim"), key_of("p-forged"));
    let of = |key: &ssh_key::PrivateKey| key.public_key().to_openssh().unwrap();
    one.write("keyring/allowed_signers", &own.replace(&of(&kim), &of(&forged)));
    for entry in walkdir::WalkDir::new(one.root().join("approvals")) {
        let path = entry.unwrap().into_path();
        let name = path.to_str().unwrap();
        if name.ends_with(".yaml") && name.contains("p-kim") {
            let text = std::fs::read(&path).unwrap();
            std::fs::write(
                format!("{name}.sig"),
                sign("p-forged", "countersign-approval", &text),
            )
            .unwrap();
        }
    }
    one.list_again();
    assert_eq!(one.failures(&[]), [""; 0]);
    let found = one.failures(&["--keyring", "mine"]);
    assert!(
        !found.is_empty() && found.iter().all(|line| line.contains("/p-kim: ")),
        "{found:?}"
    );
    // Who may have signed the bundle says nothing about who may approve.
    let found = one.failures(&["--allowed-signers", "mine"]);
    assert!(
        found.len() == 1 && found[0].starts_with("FAIL SHA256SUMS.sig"),
        "{found:?}"
    );
}

#[test]
fn a_key_that_the_bundle_revokes_counts_by_no_keyring() {
    let one = Unpacked::new();
    one.beside("mine", &one.read("keyring/allowed_signers"));
    let public = key_of("p-kim").public_key().to_openssh().unwrap();
    one.write("keyring/revoked", &format!("{public}\n"));
    for more in [&[][..], &["--keyring", "mine"]] {
        let found = one.failures(more);
        assert!(!found.is_empty(), "{more:?}");
        assert!(
            found
                .iter()
                .all(|line| line.contains("/p-kim: ") && line.contains("is revoked")),
            "{found:?}"
        );
    }
}

#[test]
fn a_person_whom_the_bundle_does_not_hold_vouches_for_nothing() {
    let one = Unpacked::new();
    one.remove("records/people/p-lee.json");
    let found = one.failures(&[]);
    assert!(!found.is_empty(), "{found:?}");
    assert!(
        found
            .iter()
            .all(|line| line.contains("the bundle holds no record of `p-lee`")),
        "{found:?}"
    );
    let one = Unpacked::new();
    one.remove("keyring/allowed_signers");
    let found = one.failures(&[]);
    assert!(
        found
            .iter()
            .any(|line| line.contains("the bundle brings no keyring")),
        "{found:?}"
    );
}
