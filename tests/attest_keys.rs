//! Signatures, each checked against the real `ssh-keygen`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use chrono::{DateTime, Utc};
use countersign::trust::allowed_signers::{AllowedSigners, judge};
use countersign::trust::signer::Signer;
use countersign::trust::sshsig::{Namespace, Signature, VerifyError};

pub(crate) const DATA: &[u8] = b"what is signed\n";

/// Whether a program that the test compares with is there; in CI it must be.
pub(crate) fn has_peer(program: &str) -> bool {
    crate::peers::require(&[program])
}

/// Runs a program with `input` on its standard input.
pub(crate) fn run(program: &str, folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// Makes a key pair with `ssh-keygen`.
pub(crate) fn make_key(folder: &Path, name: &str, kind: &str, bits: &str) -> PathBuf {
    let mut arguments = vec!["-q", "-t", kind, "-N", "", "-C", "test", "-f", name];
    if !bits.is_empty() {
        arguments.extend(["-b", bits]);
    }
    let output = run("ssh-keygen", folder, &arguments, b"");
    assert!(output.status.success(), "{output:?}");
    folder.join(name)
}

/// The public line of a key pair, without its line end.
pub(crate) fn public_line(key: &Path) -> String {
    std::fs::read_to_string(format!("{}.pub", key.display()))
        .unwrap()
        .trim_end()
        .to_owned()
}

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

const KINDS: [(&str, &str); 5] = [
    ("ed25519", ""),
    ("ecdsa", "256"),
    ("ecdsa", "384"),
    ("ecdsa", "521"),
    ("rsa", "3072"),
];

/// What `ssh-keygen -Y verify` says of a signature at a time.
pub(crate) fn peer_verify(
    folder: &Path,
    list: &str,
    principal: &str,
    namespace: &str,
    time: &str,
    signature: &[u8],
) -> bool {
    std::fs::write(folder.join("peer_list"), list).unwrap();
    std::fs::write(folder.join("peer.sig"), signature).unwrap();
    let time = format!("verify-time={time}");
    let arguments = [
        "-Y",
        "verify",
        "-f",
        "peer_list",
        "-I",
        principal,
        "-n",
        namespace,
        "-O",
        &time,
        "-s",
        "peer.sig",
    ];
    run("ssh-keygen", folder, &arguments, DATA).status.success()
}

#[test]
fn openssh_accepts_our_signatures_and_we_accept_those_of_openssh() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (kind, bits) in KINDS {
        let key = make_key(folder.path(), &format!("{kind}{bits}"), kind, bits);
        let list = format!("kim@example.org {}\n", public_line(&key));
        let signer = Signer::open(&key).unwrap();
        let ours = signer.sign(DATA, Namespace::Approval).unwrap();
        let time = "20260930000000Z";
        assert!(
            peer_verify(
                folder.path(),
                &list,
                "kim@example.org",
                "countersign-approval",
                time,
                &ours
            ),
            "{kind}"
        );
        assert!(
            !peer_verify(
                folder.path(),
                &list,
                "kim@example.org",
                "countersign-bundle",
                time,
                &ours
            ),
            "{kind}"
        );

        let arguments = [
            "-q",
            "-Y",
            "sign",
            "-n",
            "countersign-approval",
            "-f",
            key.to_str().unwrap(),
        ];
        let theirs = run("ssh-keygen", folder.path(), &arguments, DATA).stdout;
        let signature = Signature::parse(&theirs).unwrap();
        assert_eq!(
            signature.verify(DATA, Namespace::Approval).map(drop),
            Ok(()),
            "{kind}{bits}"
        );
        assert!(matches!(
            signature.verify(DATA, Namespace::Import),
            Err(VerifyError::Namespace { .. })
        ));
        assert!(matches!(
            signature.verify(b"else", Namespace::Approval),
            Err(VerifyError::Mismatch { .. })
        ));
        assert_eq!(
            signature.key().to_line(),
            public_line(&key).trim_end_matches(" test")
        );
        let printed = run("ssh-keygen", folder.path(), &["-lf", key.to_str().unwrap()], b"").stdout;
        let printed = String::from_utf8(printed).unwrap();
        assert!(printed.contains(&signer.public_key().fingerprint()), "{printed}");
    }
}

#[test]
fn every_flipped_byte_of_a_signature_is_found() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (kind, bits) in KINDS {
        let key = make_key(folder.path(), &format!("{kind}{bits}"), kind, bits);
        let whole = Signer::open(&key).unwrap().sign(DATA, Namespace::Bundle).unwrap();
        let list = AllowedSigners::parse(&format!("kim@example.org {}\n", public_line(&key)));
        let judged = |bytes: &[u8]| {
            judge(
                &list,
                bytes,
                DATA,
                Namespace::Bundle,
                instant("2026-09-30T00:00:00Z"),
            )
        };
        assert!(judged(&whole).is_ok());
        let flips = if kind == "ed25519" {
            vec![0x01, 0x02, 0x20, 0x40, 0x80, 0xff]
        } else {
            vec![0x01]
        };
        let step = if kind == "ed25519" { 1 } else { 7 };
        for index in (0..whole.len()).step_by(step) {
            for flip in &flips {
                let mut flipped = whole.clone();
                flipped[index] ^= flip;
                assert!(
                    judged(&flipped).is_err(),
                    "{kind}{bits}: byte {index} with {flip:#x}"
                );
            }
        }
        for length in 0..whole.len() - 1 {
            assert!(judged(&whole[..length]).is_err(), "{kind}{bits}: cut to {length}");
        }
    }
}

#[test]
fn keys_that_only_ssh_keygen_can_reach_sign_through_it() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = make_key(folder.path(), "rsa", "rsa", "3072");
    let missing = Signer::open_with(&key, Path::new("no-such-ssh-keygen")).unwrap();
    let error = missing.sign(DATA, Namespace::Bundle).unwrap_err().to_string();
    assert!(
        error.contains("no-such-ssh-keygen") && error.contains("not installed"),
        "{error}"
    );

    // A `.pub` stands for its private half, wherever `ssh-keygen` finds that.
    let by_public = Signer::open(&folder.path().join("rsa.pub")).unwrap();
    assert!(Signature::parse(&by_public.sign(DATA, Namespace::Bundle).unwrap()).is_ok());

    // A PEM file holds no public half that we read.
    let arguments = ["-q", "-p", "-m", "PEM", "-N", "", "-f", "rsa"];
    assert!(run("ssh-keygen", folder.path(), &arguments, b"").status.success());
    let pem = Signer::open(&key).unwrap();
    assert!(Signature::parse(&pem.sign(DATA, Namespace::Bundle).unwrap()).is_ok());
    std::fs::remove_file(folder.path().join("rsa.pub")).unwrap();
    let error = Signer::open(&key).err().unwrap().to_string();
    assert!(error.contains("ssh-keygen -y -f"), "{error}");

    // The `.pub` beside a key is not believed.
    let other = make_key(folder.path(), "other", "rsa", "3072");
    std::fs::copy(format!("{}.pub", other.display()), folder.path().join("rsa.pub")).unwrap();
    assert!(Signer::open(&key).unwrap().sign(DATA, Namespace::Bundle).is_err());

    let weak = make_key(folder.path(), "weak", "rsa", "2048");
    let error = format!(
        "{:#}",
        Signer::open(&weak)
            .unwrap()
            .sign(DATA, Namespace::Bundle)
            .unwrap_err()
    );
    assert!(error.contains("2048 bits") && error.contains("3072"), "{error}");
}

/// A string of SSH's wire format.
fn wire(bytes: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    out.extend_from_slice(bytes);
    out
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let value = chunk
            .iter()
            .fold(0_u32, |value, byte| (value << 8) | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(value >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

fn sign_raw(key: &impl ssh_key::SigningKey, message: &[u8]) -> ssh_key::Signature {
    key.try_sign(message).unwrap()
}

/// The signature that a hardware key would make, with the soft key of the same curve in its stead.
///
/// The flags are those that are signed, and those that the signature tells.
pub(crate) fn hardware_signature(
    key: &Path,
    kind: &str,
    algorithm: &str,
    flags: [u8; 2],
) -> (String, Vec<u8>) {
    use sha2::{Digest, Sha256, Sha512};
    let soft = ssh_key::PrivateKey::read_openssh_file(key).unwrap();
    let mut body = wire(kind.as_bytes());
    let public = soft.public_key().key_data();
    if let Some(point) = public.ecdsa() {
        body.extend(wire(b"nistp256"));
        body.extend(wire(point.as_sec1_bytes()));
    } else {
        body.extend(wire(&public.ed25519().unwrap().0));
    }
    body.extend(wire(b"ssh:"));
    let mut signed = b"SSHSIG".to_vec();
    for part in [
        b"countersign-approval".as_slice(),
        b"",
        b"sha512",
        &Sha512::digest(DATA),
    ] {
        signed.extend(wire(part));
    }
    let [signed_flags, told_flags] = flags;
    let trailer = |flags| [flags, 0, 0, 0, 7];
    let mut message = Sha256::digest(b"ssh:").to_vec();
    message.extend(trailer(signed_flags));
    message.extend(Sha256::digest(&signed));
    let inner = sign_raw(&soft, &message);
    let mut blob = wire(algorithm.as_bytes());
    blob.extend(wire(inner.as_bytes()));
    blob.extend(trailer(told_flags));
    let mut whole = b"SSHSIG\0\0\0\x01".to_vec();
    for part in [body.as_slice(), b"countersign-approval", b"", b"sha512", &blob] {
        whole.extend(wire(part));
    }
    let mut text = String::from("-----BEGIN SSH SIGNATURE-----\n");
    writeln!(text, "{}\n-----END SSH SIGNATURE-----", base64(&whole)).unwrap();
    (format!("{kind} {}", base64(&body)), text.into_bytes())
}

#[test]
fn signatures_of_hardware_keys_are_judged_as_openssh_does() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let names = [
        ("ed25519", "", "sk-ssh-ed25519@openssh.com"),
        ("ecdsa", "256", "sk-ecdsa-sha2-nistp256@openssh.com"),
    ];
    for (kind, bits, name) in names {
        let soft = make_key(folder.path(), kind, kind, bits);
        let (line, whole) = hardware_signature(&soft, name, name, [1, 1]);
        let list = format!("kim@example.org {line}\n");
        let time = "20260930000000Z";
        assert!(
            peer_verify(
                folder.path(),
                &list,
                "kim@example.org",
                "countersign-approval",
                time,
                &whole
            ),
            "{name}"
        );
        let signature = Signature::parse(&whole).unwrap();
        assert_eq!(
            signature.verify(DATA, Namespace::Approval).map(drop),
            Ok(()),
            "{name}"
        );
        assert!(matches!(
            signature.verify(b"else", Namespace::Approval),
            Err(VerifyError::Mismatch { .. })
        ));
        for index in (0..whole.len()).step_by(5) {
            let mut flipped = whole.clone();
            flipped[index] ^= 1;
            let same_key = Signature::parse(&flipped)
                .ok()
                .filter(|found| found.key() == signature.key());
            let verdict = same_key.map(|found| found.verify(DATA, Namespace::Approval).map(drop));
            assert!(!matches!(verdict, Some(Ok(()))), "{name}: byte {index}");
        }
    }
}

#[test]
fn keys_and_signatures_that_do_not_count_say_why() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let soft = make_key(folder.path(), "soft", "ed25519", "");
    let (_, other) = hardware_signature(&soft, "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", [1, 1]);
    let refused = [
        (other, "certificate cannot be read"),
        (vec![b'A'; 20_000], "larger than"),
        (
            b"-----BEGIN SSH SIGNATURE-----\nAAAA\n".to_vec(),
            "last line is missing",
        ),
        (
            b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\nmore".to_vec(),
            "follows",
        ),
        (
            b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n".to_vec(),
            "too early",
        ),
        (
            b"-----BEGIN SSH SIGNATURE-----\nA=AA\n-----END SSH SIGNATURE-----\n".to_vec(),
            "base64",
        ),
    ];
    for (bytes, why) in refused {
        let error = Signature::parse(&bytes).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    for (bits, why) in [("2048", "2048 bits"), ("4608", "4608 bits")] {
        let key = make_key(folder.path(), bits, "rsa", bits);
        let arguments = [
            "-q",
            "-Y",
            "sign",
            "-n",
            "countersign-bundle",
            "-f",
            key.to_str().unwrap(),
        ];
        let bytes = run("ssh-keygen", folder.path(), &arguments, DATA).stdout;
        let error = Signature::parse(&bytes)
            .unwrap()
            .verify(DATA, Namespace::Bundle)
            .unwrap_err();
        assert!(
            matches!(&error, VerifyError::Key(text) if text.contains(why)),
            "{error}"
        );
    }
}
