//! The redacted twin of a bundle: nobody and no machine is named in it, and it is of the same commit.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use countersign::source::sha256_hex;
use serde_json::Value;

use super::anchors::run_at;
use super::attest_envelope::by_hand;
use super::attest_keys::has_peer;
use super::attest_proof::signing_key;
use super::author_demo::DEMO;
use super::example_repo::load_folder;
use super::peers;

/// Prints every file of a workbook as text.
const UNPACK: &str = "import sys, zipfile
book = zipfile.ZipFile(sys.argv[1])
for name in book.namelist():
    sys.stdout.buffer.write(name.encode() + b'\\n' + book.read(name) + b'\\n')";

/// Every file of a bundle as text, workbooks unpacked; the paths are among them.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.unwrap();
        if !entry.file_type().is_file() {
            continue;
        }
        let path = entry
            .path()
            .strip_prefix(folder)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let bytes = if path.ends_with(".xlsx") {
            let mut python = peers::python("zipfile").unwrap();
            python
                .args(["-c", UNPACK])
                .arg(entry.path())
                .output()
                .unwrap()
                .stdout
        } else {
            fs::read(entry.path()).unwrap()
        };
        assert!(!bytes.is_empty() || !path.ends_with(".xlsx"), "{path}");
        let text = format!("{path}\n{}", String::from_utf8_lossy(&bytes));
        texts.insert(path, text);
    }
    texts
}

/// Finds a name where no letter or digit touches it.
fn holds(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(start, _)| {
        let touches = |char: Option<char>| char.is_some_and(char::is_alphanumeric);
        !touches(text[..start].chars().next_back()) && !touches(text[start + name.len()..].chars().next())
    })
}

fn bundle(folder: &Path, name: &str, more: &[&str]) -> (i32, String) {
    let repository = DEMO.repository.to_str().unwrap();
    let words = [
        "bundle",
        "--repo",
        repository,
        "--as-of",
        "2026-09-30",
        "--out",
        name,
    ];
    let (code, out, err) = run_at(folder, &[&words, more].concat());
    (code, out + &err)
}

/// Names of hosts in all their forms, by the inventory; and those of persons, in lower case.
fn originals() -> (BTreeSet<String>, BTreeSet<String>, BTreeSet<String>) {
    let mut hosts = BTreeSet::new();
    let inventory = DEMO.repository.join("imports/src-cmdb");
    let inventory = fs::read_dir(inventory)
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    for line in inventory.flat_map(|text| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()) {
        hosts.extend(
            line.split(';')
                .take(5)
                .filter(|word| word.len() > 1)
                .map(str::to_lowercase),
        );
    }
    let repository = load_folder(&DEMO.repository);
    let (mut persons, mut parts) = (BTreeSet::new(), BTreeSet::new());
    for person in repository.people.iter() {
        persons.insert(person.id().to_string());
        persons.insert(person.spec.name.to_lowercase());
        persons.insert(person.spec.email.value.to_lowercase());
        parts.extend(person.spec.name.split(' ').map(str::to_owned));
    }
    (hosts, persons, parts)
}

#[test]
fn nobody_and_no_machine_is_named_and_the_twin_is_of_the_same_commit() {
    if !has_peer("git") || !has_peer("ssh-keygen") || peers::python("zipfile").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    let key = signing_key(&DEMO.keys, &DEMO.repository);
    let key = ["--key", key.to_str().unwrap()];
    fs::write(folder.path().join("secret"), "0123456789abcdef0123456789abcdef\n").unwrap();
    let (code, said) = bundle(folder.path(), "full", &key);
    assert_eq!(code, 0, "{said}");
    let redact = ["--redact", "--redact-key", "secret"];
    let (code, said) = bundle(folder.path(), "twin", &[&key[..], &redact].concat());
    assert_eq!(code, 0, "{said}");

    let (full, twin) = (
        texts(&folder.path().join("full")),
        texts(&folder.path().join("twin")),
    );
    let (hosts, persons, parts) = originals();
    assert!(
        hosts.len() > 50 && persons.len() > 15 && parts.len() > 10,
        "{hosts:?} {persons:?}"
    );
    // The search finds them where they are.
    let in_full = |name: &String| full.values().any(|text| holds(&text.to_lowercase(), name));
    assert!(persons.iter().all(in_full), "{persons:?}");
    assert!(hosts.iter().filter(|name| in_full(name)).count() > 20);
    let mut found = BTreeSet::new();
    for (path, text) in &twin {
        let folded = text.to_lowercase();
        for name in hosts.iter().chain(&persons).filter(|name| holds(&folded, name)) {
            found.insert(format!("{path}: {name}"));
        }
        for part in parts.iter().filter(|part| holds(text, part)) {
            found.insert(format!("{path}: {part}"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");

    // What is left out is told with the reason, and everything else is there.
    for gone in ["repo.bundle", "keyring/allowed_signers"] {
        assert!(full.contains_key(gone) && !twin.contains_key(gone), "{gone}");
    }
    assert!(twin.keys().all(|path| !path.starts_with("approvals/")));
    let document = |path: &&String| !path.contains('/') && path.starts_with('D');
    assert_eq!(
        full.keys().filter(document).collect::<Vec<_>>(),
        twin.keys().filter(document).collect::<Vec<_>>()
    );
    let records =
        |texts: &BTreeMap<String, String>| texts.keys().filter(|path| path.starts_with("records/")).count();
    assert_eq!(records(&full), records(&twin));
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let (whole, redacted): (Value, Value) = (
        serde_json::from_slice(&read("full/bundle.json")).unwrap(),
        serde_json::from_slice(&read("twin/bundle.json")).unwrap(),
    );
    assert_eq!(whole["redacted"], Value::Null);
    for same in ["commit", "as_of", "period", "tool"] {
        assert_eq!(whole[same], redacted[same], "{same}");
    }
    assert_eq!(whole["inputs"]["tree_sha256"], redacted["inputs"]["tree_sha256"]);
    assert_eq!(
        redacted["redacted"]["full_sha256sums_sha256"],
        sha256_hex(&read("full/SHA256SUMS"))
    );
    let told: Vec<&str> = redacted["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["what"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["repo.bundle", "approvals/", "keyring/"]);
    assert!(twin["VERIFY.md"].contains("`approvals/` is not in this bundle: "));

    // One machine has one pseudonym, in the register and on the pages, and the figures are those of the full bundle.
    let register = |name: &str| -> Value { serde_json::from_slice(&read(name)).unwrap() };
    let (whole, redacted) = (register("full/register.json"), register("twin/register.json"));
    assert_eq!(whole["totals"], redacted["totals"]);
    assert_eq!(whole["kpis"], redacted["kpis"]);
    let hosts_of = |register: &Value| -> Vec<String> {
        let findings = register["findings"].as_array().unwrap().iter();
        findings
            .map(|finding| finding["host"].as_str().unwrap().to_owned())
            .collect()
    };
    let pairs: BTreeSet<(String, String)> = hosts_of(&whole).into_iter().zip(hosts_of(&redacted)).collect();
    let names: BTreeSet<&String> = pairs.iter().map(|(name, _)| name).collect();
    let pseudonyms: BTreeSet<&String> = pairs.iter().map(|(_, pseudonym)| pseudonym).collect();
    assert!(
        names.len() > 5 && names.len() == pseudonyms.len() && pairs.len() == names.len(),
        "{pairs:?}"
    );
    let one = pseudonyms.iter().find(|one| one.starts_with("host-")).unwrap();
    assert!(
        twin["D05.html"].contains(one.as_str()) || twin["D05.md"].contains(&one.replace('-', "\\-")),
        "{one}"
    );
    assert!(twin["D05.html"].contains("Redacted: pseudonyms stand for"));

    // It has its own signature, which holds with and without the tool; it cannot be made again without the secret.
    let (code, out, _) = run_at(folder.path(), &["verify", "twin"]);
    assert!(
        code == 0 && out.contains("signed by bundle-signer with "),
        "{out}"
    );
    let (is_good, said) = by_hand(&folder.path().join("twin"), home.path());
    assert!(is_good, "{said}");
    let rebuild = ["verify", "twin", "--rebuild", DEMO.repository.to_str().unwrap()];
    let (code, out, _) = run_at(folder.path(), &rebuild);
    assert!(code == 4 && out.contains("redacted with a secret"), "{out}");

    // The same secret gives the same bytes, another one other names.
    let (code, _) = bundle(folder.path(), "again", &[&key[..], &redact].concat());
    assert_eq!(code, 0);
    assert!(
        texts(&folder.path().join("again")) == twin,
        "the same secret, the same bytes"
    );
    fs::write(folder.path().join("other"), "another secret that is long enough").unwrap();
    bundle(
        folder.path(),
        "other-twin",
        &["--redact", "--redact-key", "other"],
    );
    assert_ne!(
        hosts_of(&register("other-twin/register.json")),
        hosts_of(&redacted)
    );
}

#[test]
fn without_a_secret_of_its_own_the_signing_key_makes_the_pseudonyms() {
    if !has_peer("git") || !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = signing_key(&DEMO.keys, &DEMO.repository);
    let other = fs::read_dir(&DEMO.keys)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let other = other
        .filter(|path| path.extension().is_none() && *path != key)
        .min()
        .unwrap();
    let hosts = |name: &str, key: &Path| {
        let words = ["--redact", "--key", key.to_str().unwrap()];
        let (code, said) = bundle(folder.path(), name, &words);
        assert_eq!(code, 0, "{said}");
        let text = fs::read_to_string(folder.path().join(name).join("register.json")).unwrap();
        assert!(!text.contains("nordhafen.example"), "no host is named");
        let register: Value = serde_json::from_str(&text).unwrap();
        let findings = register["findings"].as_array().unwrap();
        let hosts = findings.iter().map(|finding| finding["host"].to_string());
        hosts.collect::<BTreeSet<String>>()
    };
    let once = hosts("once", &key);
    assert_eq!(once, hosts("again", &key));
    assert_ne!(once, hosts("by-another", &other));
}

#[test]
fn a_secret_that_everybody_can_read_or_guess_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let repository = super::checks::base();
    let root = repository.path().to_str().unwrap();
    fs::write(
        repository.path().join("secret"),
        "0123456789abcdef0123456789abcdef",
    )
    .unwrap();
    fs::write(folder.path().join("short"), "short").unwrap();
    let inside = format!("{root}/secret");
    for (words, why) in [
        (vec!["--redact"], "`--redact` needs a secret for its pseudonyms"),
        (vec!["--redact", "--redact-key", "short"], "has 5 bytes"),
        (
            vec!["--redact", "--redact-key", &inside],
            "lies in the repository",
        ),
        (vec!["--redact-key", "short"], "--redact"),
    ] {
        let line = [
            &["bundle", "--repo", root, "--as-of", "2026-01-01", "--out", "b"],
            words.as_slice(),
        ]
        .concat();
        let (code, _, err) = run_at(folder.path(), &line);
        assert!(code == 2 && err.contains(why), "{why}: {code} {err}");
    }
    assert!(!folder.path().join("b").exists());
}
