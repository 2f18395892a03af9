//! Signing with keys of every sort, and never waiting for a person who is not there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use countersign::trust::keyring::Keyring;
use countersign::trust::signer::Signer;
use countersign::trust::sshsig::{Namespace, PublicKey, Signature};

use crate::attest_keys::{DATA, has_peer, make_key, public_line, run};

/// Puts a passphrase on a key and takes its `.pub` away.
fn lock(folder: &Path, name: &str) {
    let output = run(
        "ssh-keygen",
        folder,
        &["-q", "-p", "-N", "secret", "-f", name],
        b"",
    );
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_key_with_a_passphrase_never_waits_where_nobody_can_be_asked() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = make_key(folder.path(), "key", "ed25519", "");
    lock(folder.path(), "key");
    let begun = Instant::now();
    let error = Signer::open(&key)
        .unwrap()
        .sign(DATA, Namespace::Approval)
        .unwrap_err();
    let error = format!("{error:#}");
    assert!(
        error.contains("passphrase") && error.contains("ssh-add"),
        "{error}"
    );
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn the_program_fails_in_words_where_it_has_no_terminal() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = crate::checks::base();
    let keys = tempfile::tempdir().unwrap();
    let key = make_key(keys.path(), "key", "ed25519", "");
    lock(keys.path(), "key");
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["--as-of", "2026-01-01", "audit", "--out", "bundle", "--key"])
        .arg(&key)
        .current_dir(folder.path())
        .env_remove("SSH_AUTH_SOCK")
        .env_remove("SSH_ASKPASS")
        .env_remove("DISPLAY")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("it waits for somebody");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{said}");
    assert!(
        said.contains("has a passphrase") && said.contains("no terminal"),
        "{said}"
    );
}

#[test]
fn a_passphrase_is_asked_for_by_the_program_that_the_person_chose() {
    if !has_peer("ssh-keygen") || !cfg!(unix) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = make_key(folder.path(), "key", "ed25519", "");
    lock(folder.path(), "key");
    // The person's window that asks, as `SSH_ASKPASS` names it, in front of the real program.
    let asks = script(folder.path(), "asks", "echo secret");
    let body = format!(
        "SSH_ASKPASS={} SSH_ASKPASS_REQUIRE=force exec ssh-keygen \"$@\"",
        asks.display()
    );
    let program = script(folder.path(), "keygen", &body);
    let signer = Signer::open_with(&key, &program).unwrap().asking(true);
    let signature = signer.sign(DATA, Namespace::Approval).unwrap();
    let signature = Signature::parse(&signature).unwrap();
    assert_eq!(signature.verify(DATA, Namespace::Approval).map(drop), Ok(()));
    assert_eq!(
        signature.key().to_line(),
        public_line(&key).trim_end_matches(" test")
    );
}

fn script(folder: &Path, name: &str, body: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    let output = run("chmod", folder, &["+x", name], b"");
    assert!(output.status.success());
    path
}

#[test]
fn a_certificate_signs_with_the_key_beside_it() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let authority = make_key(folder, "ca", "ecdsa", "384");
    let key = make_key(folder, "key", "ed25519", "");
    let arguments = ["-q", "-s", "ca", "-I", "id", "-n", "kim@example.org", "key.pub"];
    assert!(run("ssh-keygen", folder, &arguments, b"").status.success());
    let signer = Signer::open(&folder.join("key-cert.pub")).unwrap();
    let line = public_line(&key);
    assert_eq!(signer.public_key(), &PublicKey::from_line(&line).unwrap());
    assert_eq!(signer.certificate().unwrap().principals, ["kim@example.org"]);
    let signature = signer.sign(DATA, Namespace::Approval).unwrap();
    let at = crate::attest_keys::instant("2026-09-30T12:00:00Z");
    let judge = |list: &str| {
        let keyring = Keyring::parse(list, b"");
        keyring.judge_as("kim@example.org", &signature, DATA, Namespace::Approval, at)
    };
    let signed = judge(&format!("* cert-authority {}\n", public_line(&authority))).unwrap();
    assert_eq!(signed.fingerprint, signer.public_key().fingerprint());
    assert!(signed.authority.is_some());
    assert!(judge(&format!("* {line}\n")).is_err());
}

#[test]
fn a_missing_program_is_named() {
    let error = Signer::agent_keys_with(Path::new("no-such-ssh-add"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no-such-ssh-add") && error.contains("not installed"),
        "{error}"
    );
}

/// An agent that ends with the test.
struct Agent(std::process::Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_agent_signs_with_the_keys_that_it_holds() {
    if !crate::peers::require(&["ssh-keygen", "ssh-agent", "ssh-add"]) || !cfg!(unix) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_key(folder, "key", "ed25519", "");
    make_key(folder, "other", "rsa", "3072");
    make_key(folder, "absent", "ed25519", "");
    let socket = folder.join("socket");
    let reach = |program: &str| {
        let body = format!("SSH_AUTH_SOCK={} exec {program} \"$@\"", socket.display());
        script(folder, &format!("my-{program}"), &body)
    };
    let (add, keygen) = (reach("ssh-add"), reach("ssh-keygen"));
    assert_eq!(Signer::agent_keys_with(&add).unwrap(), []);
    let mut command = Command::new("ssh-agent");
    command.arg("-D").arg("-a").arg(&socket).stdout(Stdio::null());
    let _agent = Agent(command.spawn().unwrap());
    let begun = Instant::now();
    while !socket.exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "no agent");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(Signer::agent_keys_with(&add).unwrap(), []);
    let public = |name: &str| PublicKey::from_line(&public_line(&folder.join(name))).unwrap();
    let arguments = ["-q", "key", "other"];
    assert!(
        run(add.to_str().unwrap(), folder, &arguments, b"")
            .status
            .success()
    );
    // The agent alone holds the private halves now.
    std::fs::remove_file(folder.join("key")).unwrap();
    std::fs::remove_file(folder.join("other")).unwrap();
    let keys = Signer::agent_keys_with(&add).unwrap();
    assert_eq!(keys, [public("key"), public("other")]);
    for key in &keys {
        let signature = Signer::from_agent_with(key, &keygen)
            .sign(DATA, Namespace::Anchor)
            .unwrap();
        let signature = Signature::parse(&signature).unwrap();
        assert_eq!(signature.verify(DATA, Namespace::Anchor).map(drop), Ok(()));
        assert_eq!(signature.key(), key);
    }
    let by_file = Signer::open_with(&folder.join("key.pub"), &keygen).unwrap();
    assert!(by_file.sign(DATA, Namespace::Anchor).is_ok());
    let absent = Signer::from_agent_with(&public("absent"), &keygen);
    let error = absent.sign(DATA, Namespace::Anchor).unwrap_err().to_string();
    assert!(error.contains(&public("absent").fingerprint()), "{error}");
}
