//! Lists of revoked keys, each asked of the real `ssh-keygen -Y verify -r` and of the keyring.

use std::path::Path;

use countersign::trust::keyring::Keyring;
use countersign::trust::revoked::Revoked;
use countersign::trust::sshsig::{Namespace, PublicKey, VerifyError};

use crate::attest_keys::{DATA, has_peer, instant, make_key, public_line, run};
use crate::trust_keyring::{Case, KIM, certify, sign};

#[test]
fn revoked_keys_are_read_as_openssh_reads_them() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let key = public_line(&make_key(folder, "key", "ed25519", ""));
    let other = public_line(&make_key(folder, "other", "ecdsa", "256"));
    let authority = public_line(&make_key(folder, "ca", "ed25519", ""));
    let certificate = certify(folder, "ca", "key", &["-I", "id", "-n", KIM, "-z", "7"]);
    let certificate = std::fs::read_to_string(certificate).unwrap();
    let (plain, certified) = (sign(folder, "key"), sign(folder, "key-cert.pub"));
    let list = format!("{KIM} {key}\n{KIM} cert-authority {authority}\n");
    let lists = [
        ("empty", String::new(), true, true),
        ("only comments", "# none\n\n  # none\n".to_owned(), true, true),
        ("another", format!("{other}\n"), true, true),
        ("the key", format!("# lost\n{other}\n{key}\n"), false, false),
        ("the key, no line end", key.clone(), false, false),
        ("the authority", format!("{authority}\n"), true, false),
        ("the certificate", certificate, false, false),
        ("not a key", "what is this\n".to_owned(), false, false),
        (
            "a good line, then none",
            format!("{other}\nwhat is this\n"),
            false,
            false,
        ),
        ("cut short", key[..40].to_owned(), false, false),
    ];
    for (name, revoked, plain_is_good, certified_is_good) in lists {
        let case =
            |signature, is_good| Case::new(name, list.clone(), signature, is_good).revoked(revoked.clone());
        case(&plain, plain_is_good).compare(folder);
        case(&certified, certified_is_good).compare(folder);
    }
    let revoked = Case::new("revoked", list, &plain, false).revoked(key.clone());
    let key = PublicKey::from_line(&key).unwrap();
    let fingerprint = key.fingerprint();
    assert_eq!(revoked.ask_us(), Err(VerifyError::Revoked { fingerprint }));

    let keyring = Keyring::parse(&revoked.list, revoked.revoked.as_deref().unwrap());
    let at = instant("2026-09-30T12:00:00Z");
    let judge = |keyring: &Keyring| keyring.judge_as(KIM, &plain, DATA, Namespace::Approval, at);
    assert!(judge(&keyring).is_err());
    assert!(judge(&keyring.without_revocation()).is_ok());
    assert!(keyring.principals_of(&key, Namespace::Approval, at).is_empty());
    let broken = Keyring::parse(&revoked.list, b"?");
    assert!(broken.revoked.revokes(&key));
    assert!(matches!(
        judge(&broken.without_revocation()),
        Err(VerifyError::RevocationsUnreadable { .. })
    ));
}

/// Makes a key revocation list from a specification.
fn revocation_list(folder: &Path, specification: &str) -> Vec<u8> {
    std::fs::write(folder.join("specification"), specification).unwrap();
    let arguments = ["-q", "-k", "-f", "krl", "-s", "ca.pub", "specification"];
    let output = run("ssh-keygen", folder, &arguments, b"");
    assert!(output.status.success(), "{specification}: {output:?}");
    std::fs::read(folder.join("krl")).unwrap()
}

#[test]
fn key_revocation_lists_are_read_as_openssh_reads_them() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let key = public_line(&make_key(folder, "key", "ed25519", ""));
    let other = public_line(&make_key(folder, "other", "ecdsa", "256"));
    let authority = public_line(&make_key(folder, "ca", "ed25519", ""));
    let plain = sign(folder, "key");
    let certified = |serial: &str| {
        certify(
            folder,
            "ca",
            "key",
            &["-I", "kim's laptop", "-n", KIM, "-z", serial],
        );
        sign(folder, "key-cert.pub")
    };
    let (seven, zero, large) = (certified("7"), certified("0"), certified("18446744073709551615"));
    let list = format!("{KIM} {key}\n{KIM} cert-authority {authority}\n");
    let fingerprint = PublicKey::from_line(&key).unwrap().fingerprint();
    let odd: String = (1..400)
        .step_by(2)
        .map(|serial| format!("serial: {serial}\n"))
        .collect();
    let even: String = (2..400)
        .step_by(2)
        .map(|serial| format!("serial: {serial}\n"))
        .collect();
    // What each specification leaves good: the plain key, and certificates 7, 0 and the largest number.
    let specifications = [
        (String::new(), [true, true, true, true]),
        (format!("key: {other}\n"), [true, true, true, true]),
        (format!("key: {key}\n"), [false, false, false, false]),
        (format!("key: {authority}\n"), [true, false, false, false]),
        (format!("sha1: {key}\n"), [false, false, false, false]),
        (format!("sha256: {key}\n"), [false, false, false, false]),
        (format!("sha1: {authority}\n"), [true, false, false, false]),
        (format!("hash: {fingerprint}\n"), [false, false, false, false]),
        ("serial: 7\n".to_owned(), [true, false, true, true]),
        ("serial: 8\n".to_owned(), [true, true, true, true]),
        ("serial: 1-7\n".to_owned(), [true, false, true, true]),
        ("serial: 8-100\n".to_owned(), [true, true, true, true]),
        (
            "serial: 18446744073709551615\n".to_owned(),
            [true, true, true, false],
        ),
        (
            "serial: 9-18446744073709551615\n".to_owned(),
            [true, true, true, false],
        ),
        (odd, [true, false, true, true]),
        (even, [true, true, true, true]),
        ("id: kim's laptop\n".to_owned(), [true, false, false, false]),
        ("id: another\n".to_owned(), [true, true, true, true]),
    ];
    let signatures = [&plain, &seven, &zero, &large];
    for (specification, good) in specifications {
        let revoked = revocation_list(folder, &specification);
        for (signature, is_good) in signatures.into_iter().zip(good) {
            let case = Case::new(&specification, list.clone(), signature, is_good);
            case.revoked(revoked.clone()).compare(folder);
        }
        let key = PublicKey::from_line(&key).unwrap();
        assert_eq!(
            Revoked::parse(&revoked).revokes(&key),
            !good[0],
            "{specification}"
        );
    }
    let whole = revocation_list(
        folder,
        &format!("serial: 1-7\nserial: 9\nid: x\nsha256: {other}\n"),
    );
    for length in 9..whole.len() {
        let cut = &whole[..length];
        let case = Case::new("cut", list.clone(), &plain, false).revoked(cut);
        let ours = case.ask_us();
        // A list may end where a section ends; then both still read it.
        assert_eq!(
            ours.is_ok(),
            case.ask_openssh(folder),
            "cut to {length}: {ours:?}"
        );
    }
    for index in 8..whole.len() {
        let mut flipped = whole.clone();
        flipped[index] ^= 0x81;
        let case = Case::new("flipped", list.clone(), &plain, false).revoked(flipped);
        let ours = case.ask_us();
        assert!(
            ours.is_err() || case.ask_openssh(folder),
            "byte {index}: {ours:?}"
        );
    }
}
