//! The in-toto statement and the time stamp of a bundle, read by tools of others; and `VERIFY.md` by hand.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use countersign::attest::bundle::SealedBundle;
use countersign::attest::timestamp::TimeStamp;
use countersign::attest::verify::ListInUse;
use countersign::trust::signer::Signer;
use countersign::trust::{decode_base64, encode_base64};
use serde_json::Value;

use super::anchors::run_at;
use super::attest::{bundle, list_of, problems, report, signed};
use super::attest_keys::{has_peer, make_key, run};
use super::attest_proof::signing_key;
use super::author_demo::DEMO;
use super::peers;

const ENVELOPE: &str = "SHA256SUMS.intoto.json";

/// Verifies an envelope with securesystemslib, by the key in PEM; prints the payload.
const VERIFY_DSSE: &str = r#"
import json, sys
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
envelope = Envelope.from_dict(json.load(open(sys.argv[1])))
public = load_ssh_public_key(open(sys.argv[2], "rb").read())
key = SSlibKey.from_crypto(public, keyid=sys.argv[3])
envelope.verify([key], 1)
sys.stdout.write(envelope.payload.decode())
"#;

fn sealed_by(folder: &Path, kind: &str, bits: &str) -> (SealedBundle, String) {
    let key = make_key(folder, &format!("{kind}{bits}"), kind, bits);
    let signer = Signer::open(&key).unwrap();
    let sealed = bundle(&list_of(&key, "")).seal_signed(&signer).unwrap();
    (sealed, signer.public_key().fingerprint())
}

#[test]
fn other_verifiers_accept_the_envelope_and_read_what_the_bundle_says() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (kind, bits) in [("ed25519", ""), ("ecdsa", "256"), ("ecdsa", "384")] {
        let (sealed, fingerprint) = sealed_by(folder.path(), kind, bits);
        let Some(mut python) = peers::python("securesystemslib.dsse, cryptography") else {
            return;
        };
        let path = folder.path().join("envelope.json");
        let verify = |bytes: &[u8], python: &mut Command| {
            fs::write(&path, bytes).unwrap();
            let public = folder.path().join(format!("{kind}{bits}.pub"));
            python
                .args(["-c", VERIFY_DSSE])
                .arg(&path)
                .arg(public)
                .arg(&fingerprint)
                .output()
                .unwrap()
        };
        let output = verify(&sealed.files[ENVELOPE], &mut python);
        assert!(
            output.status.success(),
            "{kind}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let statement: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
        let own: Value = serde_json::from_slice(&sealed.files["bundle.json"]).unwrap();
        assert_eq!(statement["predicate"], own);
        let subjects = statement["subject"].as_array().unwrap();
        let sums = String::from_utf8(sealed.files["SHA256SUMS"].clone()).unwrap();
        assert_eq!(subjects.len(), sums.lines().count() + 1);
        for line in sums.lines() {
            let (digest, name) = line.split_once("  ").unwrap();
            let found = subjects.iter().find(|subject| subject["name"] == name).unwrap();
            assert_eq!(found["digest"]["sha256"], digest);
        }
        // The peer can tell a bad one.
        let text = String::from_utf8(sealed.files[ENVELOPE].clone()).unwrap();
        let mut envelope: Value = serde_json::from_str(&text).unwrap();
        let payload = decode_base64(envelope["payload"].as_str().unwrap().as_bytes()).unwrap();
        let payload = String::from_utf8(payload)
            .unwrap()
            .replace("D02.html", "D03.html");
        envelope["payload"] = encode_base64(payload.as_bytes()).into();
        let Some(mut python) = peers::python("securesystemslib.dsse, cryptography") else {
            return;
        };
        assert!(
            !verify(envelope.to_string().as_bytes(), &mut python)
                .status
                .success()
        );
    }
}

#[test]
fn every_kind_of_key_signs_an_envelope_that_verify_checks() {
    if !has_peer("ssh-keygen") {
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
        let (sealed, _) = sealed_by(folder.path(), kind, bits);
        let out = folder.path().join("out");
        sealed.write(&out).unwrap();
        let report = report(&out, &ListInUse::BundlesOwn);
        assert!(report.ok(), "{kind}{bits}: {:?}", report.lines());
        assert!(
            report.notes.iter().all(|note| !note.contains("in-toto")),
            "{:?}",
            report.notes
        );
        let envelope: Value = serde_json::from_slice(&sealed.files[ENVELOPE]).unwrap();
        let sig = decode_base64(envelope["signatures"][0]["sig"].as_str().unwrap().as_bytes()).unwrap();
        let is_wrapped = sig.starts_with(b"-----BEGIN SSH SIGNATURE-----");
        assert_eq!(is_wrapped, kind == "rsa" || bits == "521", "{kind}{bits}");
    }
}

#[test]
fn an_envelope_that_says_something_else_fails() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (_, list, sealed) = signed(folder.path());
    let (other, _) = sealed_by(folder.path(), "ecdsa", "256");
    let out = folder.path().join("out");
    sealed.write(&out).unwrap();
    let whole: Value = serde_json::from_slice(&sealed.files[ENVELOPE]).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut changed = whole.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed.to_string().into_bytes()
    };
    // Another bundle by the same key: well signed, and not of these files.
    let key = folder.path().join("key");
    let mut unlike = bundle(&list);
    unlike.files.insert("D02.html".to_owned(), b"another".to_vec());
    let unlike = unlike.seal_signed(&Signer::open(&key).unwrap()).unwrap();
    let mut unlike_origin = bundle(&list);
    unlike_origin.statement.commit = Some("another".to_owned());
    let unlike_origin = unlike_origin.seal_signed(&Signer::open(&key).unwrap()).unwrap();
    let rows = [
        (b"{}".to_vec(), "is no DSSE envelope"),
        (b"[".to_vec(), "is no DSSE envelope"),
        (with("/payload", "e30=".into()), "does not fit its statement"),
        (with("/payload", "?".into()), "is not base64"),
        (with("/payloadType", "text/plain".into()), "holds `text/plain`"),
        (
            with("/signatures/0/sig", "AAAA".into()),
            "does not fit its statement",
        ),
        (
            with("/signatures/0/keyid", "SHA256:else".into()),
            "has no signature by",
        ),
        (
            with("/signatures", Value::Array(Vec::new())),
            "has no signature by",
        ),
        (other.files[ENVELOPE].clone(), "has no signature by"),
        (
            unlike.files[ENVELOPE].clone(),
            "do not say the same of `D02.html`",
        ),
        (unlike_origin.files[ENVELOPE].clone(), "do not say the same"),
    ];
    for (bytes, why) in rows {
        fs::write(out.join(ENVELOPE), &bytes).unwrap();
        let found = problems(&out);
        assert_eq!(found.len(), 1, "{why}: {found:?}");
        let expected = format!("FAIL {ENVELOPE} ");
        assert!(
            found[0].starts_with(&expected) && found[0].contains(why),
            "{why}: {found:?}"
        );
    }
    fs::remove_file(out.join(ENVELOPE)).unwrap();
    let report = report(&out, &ListInUse::BundlesOwn);
    assert!(
        report.ok()
            && report
                .notes
                .iter()
                .any(|note| note.contains("brings no in-toto statement"))
    );
    // Beside an unsigned bundle it would vouch for what nobody signed.
    let unsigned = bundle("").seal().unwrap();
    assert!(!unsigned.files.contains_key(ENVELOPE));
    let out = folder.path().join("unsigned");
    unsigned.write(&out).unwrap();
    fs::write(out.join(ENVELOPE), &sealed.files[ENVELOPE]).unwrap();
    assert_eq!(
        problems(&out),
        [format!("FAIL {ENVELOPE} stands without SHA256SUMS.sig")]
    );
}

const AUTHORITY: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
CN = Test authority
[ca]
basicConstraints = critical, CA:true
[tsa]
extendedKeyUsage = critical, timeStamping
keyUsage = critical, digitalSignature
[tsa_config]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha512
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
";

/// An authority of time stamps, made by openssl.
struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let one = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::write(one.folder.path().join("conf"), AUTHORITY).unwrap();
        fs::write(one.folder.path().join("serial"), "01\n").unwrap();
        one.openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3650 -config conf -extensions ca");
        one.openssl("req -new -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -config conf");
        one.openssl("x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out tsa.pem -days 3650 -extfile conf -extensions tsa");
        one
    }

    fn openssl(&self, words: &str) -> Output {
        let words: Vec<&str> = words.split(' ').collect();
        let output = run("openssl", self.folder.path(), &words, b"");
        assert!(
            output.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }

    /// Stamps some bytes by their digest; the response, and its token alone.
    fn stamp(&self, bytes: &[u8], digest: &str) -> (Vec<u8>, Vec<u8>) {
        fs::write(self.folder.path().join("data"), bytes).unwrap();
        self.openssl(&format!("ts -query -data data -{digest} -cert -out query"));
        let reply =
            "ts -reply -config conf -section tsa_config -queryfile query -inkey tsa.key -signer tsa.pem";
        self.openssl(&format!("{reply} -out response"));
        self.openssl("ts -reply -in response -token_out -out token");
        let read = |name: &str| fs::read(self.folder.path().join(name)).unwrap();
        (read("response"), read("token"))
    }
}

#[test]
fn a_time_stamp_goes_along_and_openssl_verifies_it() {
    if !peers::require(&["openssl"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let repository = super::checks::base();
    let make = |more: &[&str]| {
        let root = repository.path().to_str().unwrap();
        let words = ["bundle", "--repo", root, "--as-of", "2026-01-01", "--out", "b"];
        run_at(folder.path(), &[&words, more].concat())
    };
    let (code, _, err) = make(&[]);
    assert!(code <= 1, "{err}");
    let sums = fs::read(folder.path().join("b/SHA256SUMS")).unwrap();
    let (response, token) = authority.stamp(&sums, "sha256");
    fs::write(folder.path().join("stamp.tsr"), &response).unwrap();
    let (code, _, err) = make(&["--timestamp", "stamp.tsr"]);
    assert!(code <= 1, "{err}");
    assert_eq!(
        fs::read(folder.path().join("b/SHA256SUMS")).unwrap(),
        sums,
        "the same bundle"
    );
    assert_eq!(
        fs::read(folder.path().join("b/SHA256SUMS.tsr")).unwrap(),
        response
    );
    // As VERIFY.md says.
    let text = fs::read_to_string(folder.path().join("b/VERIFY.md")).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("openssl ts -verify"))
        .unwrap();
    let ca = authority.folder.path().join("ca.pem");
    let line = line.replace("AUTHORITY.pem", ca.to_str().unwrap());
    let output = run("sh", &folder.path().join("b"), &["-c", &line], b"");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (code, out, _) = run_at(folder.path(), &["verify", "b"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("time stamp: SHA256SUMS was there on 20"), "{out}");
    assert!(out.contains("`openssl ts -verify`"), "{out}");
    assert!(TimeStamp::over(&response, &sums).is_ok());

    // Over other bytes, by another digest, without its response, cut off, refused, or no time stamp at all.
    let (foreign, _) = authority.stamp(b"other bytes", "sha256");
    let (wide, _) = authority.stamp(&sums, "sha512");
    let refusal = [0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02];
    let rows: [(&[u8], &str); 6] = [
        (&foreign, "is over other bytes"),
        (&wide, "stamps another digest than SHA-256"),
        (&token, "is a time stamp without its response"),
        (
            &response[..response.len() - 1],
            "is no time stamp response in DER",
        ),
        (&refusal, "is a refusal"),
        (b"text", "is no time stamp response in DER"),
    ];
    for (bytes, why) in rows {
        fs::write(folder.path().join("stamp.tsr"), bytes).unwrap();
        let (code, _, err) = make(&["--timestamp", "stamp.tsr"]);
        assert_eq!(code, 3, "{why}: {err}");
        assert!(err.contains(why), "{why}: {err}");
        fs::write(folder.path().join("b/SHA256SUMS.tsr"), bytes).unwrap();
        let (code, out, _) = run_at(folder.path(), &["verify", "b"]);
        assert_eq!(code, 4, "{why}: {out}");
        assert!(
            out.contains("FAIL SHA256SUMS.tsr ") && out.contains(why),
            "{why}: {out}"
        );
    }
    for length in 0..response.len() {
        assert!(TimeStamp::parse(&response[..length]).is_err(), "cut to {length}");
    }
}

/// Runs what `VERIFY.md` says, as it says it, with nothing else in the environment.
pub(crate) fn by_hand(folder: &Path, home: &Path) -> (bool, String) {
    let text = fs::read_to_string(folder.join("VERIFY.md")).unwrap();
    let line = text.lines().find(|line| line.starts_with("sh -c ")).unwrap();
    let output = Command::new("/bin/sh")
        .args(["-c", line])
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn verify_md_is_enough_for_a_person_with_standard_tools() {
    if !peers::require(&["/usr/bin/git", "/usr/bin/ssh-keygen", "/usr/bin/sha256sum"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    let repository = DEMO.repository.to_str().unwrap();
    let key = signing_key(&DEMO.keys, &DEMO.repository);
    let stranger = make_key(home.path(), "stranger", "ed25519", "");
    let outside = super::checks::base();
    let day = |repository: &str| {
        if repository == DEMO.repository.to_str().unwrap() {
            "2026-09-30"
        } else {
            "2026-01-01"
        }
    };
    let rows = [
        ("signed", repository, Some(&key)),
        ("by a stranger", repository, Some(&stranger)),
        ("unsigned", repository, None),
        ("outside of git", outside.path().to_str().unwrap(), None),
    ];
    for (name, repository, key) in rows {
        // In one case the bundle lies in the work tree of somebody else, and in all beside its archive.
        let place = folder.path().join(name);
        fs::create_dir(&place).unwrap();
        if key.is_none() {
            super::source_git::git(&place, &["init", "-q"]);
        }
        let out = place.join("b.tar");
        let mut words = vec![
            "bundle",
            "--repo",
            repository,
            "--as-of",
            day(repository),
            "--out",
            out.to_str().unwrap(),
        ];
        if let Some(key) = key {
            words.extend(["--key", key.to_str().unwrap()]);
        }
        let (code, _, err) = run_at(folder.path(), &words);
        assert!(code <= 1, "{err}");
        tar::Archive::new(fs::File::open(&out).unwrap())
            .unpack(&place)
            .unwrap();
        let (is_good, said) = by_hand(&place, home.path());
        assert!(is_good && said.contains("\nverified\n"), "{name}: {said}");
        let signs = said.contains("Good \"countersign-bundle\" signature");
        assert_eq!(signs, key.is_some(), "{name}: {said}");
    }

    let place = folder.path().join("signed");
    let approval = fs::read_dir(place.join("approvals"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let approval = fs::read_dir(approval).unwrap().map(|entry| entry.unwrap().path());
    let approval = approval
        .into_iter()
        .find(|path| path.extension().is_some_and(|end| end == "yaml"))
        .unwrap();
    for (path, why) in [
        (place.join("D02.html"), "D02.html: FAILED"),
        (place.join("repo.bundle"), "repo.bundle: FAILED"),
        (approval, "FAILED"),
        (place.join("SHA256SUMS"), "NOT verified"),
    ] {
        let whole = fs::read(&path).unwrap();
        let mut changed = whole.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        fs::write(&path, &changed).unwrap();
        let (is_good, said) = by_hand(&place, home.path());
        assert!(
            !is_good && said.contains(why) && said.contains("NOT verified"),
            "{}: {said}",
            path.display()
        );
        fs::write(&path, &whole).unwrap();
    }
    for added in ["D99.html", "records/extra.json", "keyring/new/deep"] {
        fs::create_dir_all(place.join(added).parent().unwrap()).unwrap();
        fs::write(place.join(added), "planted").unwrap();
        let (is_good, said) = by_hand(&place, home.path());
        assert!(!is_good && said.contains(added), "{said}");
        fs::remove_file(place.join(added)).unwrap();
    }
    fs::remove_dir(place.join("keyring/new")).unwrap();
    fs::rename(place.join("D02.html"), home.path().join("D02.html")).unwrap();
    assert!(!by_hand(&place, home.path()).0, "missing");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(home.path().join("D02.html"), place.join("D02.html")).unwrap();
        let (is_good, said) = by_hand(&place, home.path());
        assert!(
            !is_good && said.contains("./D02.html"),
            "a link is no plain file: {said}"
        );
        fs::remove_file(place.join("D02.html")).unwrap();
    }
    fs::rename(home.path().join("D02.html"), place.join("D02.html")).unwrap();
    assert!(by_hand(&place, home.path()).0);
}
