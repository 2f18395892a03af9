//! Tables of cases, each asked of the real `ssh-keygen -Y verify` and of the keyring, the verdicts compared.

use std::path::{Path, PathBuf};

use countersign::trust::keyring::Keyring;
use countersign::trust::sshsig::{Namespace, VerifyError};

use crate::attest_keys::{DATA, hardware_signature, has_peer, instant, make_key, public_line, run};

pub(crate) const KIM: &str = "kim@example.org";
const NOON: &str = "20260930120000Z";

/// Signs with `ssh-keygen`, under whatever `-f` names.
pub(crate) fn sign(folder: &Path, key: &str) -> Vec<u8> {
    let arguments = ["-q", "-Y", "sign", "-n", "countersign-approval", "-f", key];
    let output = run("ssh-keygen", folder, &arguments, DATA);
    assert!(output.status.success(), "{key}: {output:?}");
    output.stdout
}

/// One question, and what OpenSSH is known to answer.
pub(crate) struct Case<'a> {
    name: &'a str,
    pub(crate) list: String,
    pub(crate) revoked: Option<Vec<u8>>,
    signature: &'a [u8],
    principal: &'a str,
    time: &'a str,
    is_good: bool,
}

impl<'a> Case<'a> {
    pub(crate) fn new(name: &'a str, list: String, signature: &'a [u8], is_good: bool) -> Case<'a> {
        Case {
            name,
            list,
            revoked: None,
            signature,
            principal: KIM,
            time: NOON,
            is_good,
        }
    }

    fn at(self, time: &'a str) -> Case<'a> {
        Case { time, ..self }
    }

    fn principal(self, principal: &'a str) -> Case<'a> {
        Case { principal, ..self }
    }

    pub(crate) fn revoked(self, revoked: impl Into<Vec<u8>>) -> Case<'a> {
        let revoked = Some(revoked.into());
        Case { revoked, ..self }
    }

    pub(crate) fn ask_openssh(&self, folder: &Path) -> bool {
        std::fs::write(folder.join("peer_list"), &self.list).unwrap();
        std::fs::write(folder.join("peer.sig"), self.signature).unwrap();
        let time = format!("verify-time={}", self.time);
        let mut arguments = vec!["-Y", "verify", "-f", "peer_list", "-I", self.principal];
        arguments.extend(["-n", "countersign-approval", "-O", &time, "-s", "peer.sig"]);
        if let Some(revoked) = &self.revoked {
            std::fs::write(folder.join("peer_revoked"), revoked).unwrap();
            arguments.extend(["-r", "peer_revoked"]);
        }
        run("ssh-keygen", folder, &arguments, DATA).status.success()
    }

    pub(crate) fn ask_us(&self) -> Result<String, VerifyError> {
        let keyring = Keyring::parse(&self.list, self.revoked.as_deref().unwrap_or_default());
        let (date, clock) = (&self.time[..8], &self.time[8..14]);
        let at = instant(&format!(
            "{}-{}-{}T{}:{}:{}Z",
            &date[..4],
            &date[4..6],
            &date[6..],
            &clock[..2],
            &clock[2..4],
            &clock[4..]
        ));
        keyring
            .judge_as(self.principal, self.signature, DATA, Namespace::Approval, at)
            .map(|signed| signed.principal)
    }

    /// Both give the known answer.
    pub(crate) fn compare(&self, folder: &Path) {
        assert_eq!(
            self.ask_openssh(folder),
            self.is_good,
            "ssh-keygen: {}",
            self.name
        );
        let ours = self.ask_us();
        assert_eq!(ours.is_ok(), self.is_good, "{}: {ours:?}", self.name);
    }

    /// OpenSSH lets it pass, and we say why we do not.
    fn is_stricter(&self, folder: &Path, why: &str) {
        assert!(self.ask_openssh(folder), "ssh-keygen: {}", self.name);
        let error = self.ask_us().unwrap_err().to_string();
        assert!(error.contains(why), "{}: {error}", self.name);
    }
}

/// Makes a certificate over `key`, beside it as `KEY-cert.pub`; returns its path.
pub(crate) fn certify(folder: &Path, authority: &str, key: &str, options: &[&str]) -> PathBuf {
    let mut arguments = vec!["-q", "-s", authority];
    arguments.extend(options);
    let public = format!("{key}.pub");
    arguments.push(&public);
    let output = run("ssh-keygen", folder, &arguments, b"");
    assert!(output.status.success(), "{output:?}");
    folder.join(format!("{key}-cert.pub"))
}

#[test]
fn lines_of_the_list_are_read_as_openssh_reads_them() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let key = public_line(&make_key(folder, "key", "ed25519", ""));
    let other = public_line(&make_key(folder, "other", "ed25519", ""));
    let signature = sign(folder, "key");
    let case = |name, list: &str, is_good| {
        let list = list.replace("KEY", &key).replace("OTHER", &other);
        Case::new(name, list, &signature, is_good)
    };
    let dated = "kim@example.org valid-after=\"20260930120000Z\",valid-before=\"20260930130000Z\" KEY\n";
    let days = "kim@example.org valid-after=\"20260930Z\",valid-before=\"202610010930Z\" KEY\n";
    let cases = [
        case("plain", "kim@example.org KEY\n", true),
        case("another key", "kim@example.org OTHER\n", false),
        case(
            "another line first",
            "lee@example.org OTHER\nkim@example.org KEY\n",
            true,
        ),
        case("comments and blanks", "# who\n\n \t kim@example.org KEY\n", true),
        case("windows line ends", "kim@example.org KEY\r\n", true),
        case("no line end", "kim@example.org KEY", true),
        case("several names", "lee@example.org,kim@example.org KEY\n", true),
        case("quoted names", "\"kim@example.org,lee@example.org\" KEY\n", true),
        case("star", "*@example.org KEY\n", true),
        case("star elsewhere", "*@example.com KEY\n", false),
        case("question mark", "k?m@example.org KEY\n", true),
        case("excluded", "*@example.org,!kim@example.org KEY\n", false),
        case("excluded first", "!kim@example.org,* KEY\n", false),
        case("letters of another case", "Kim@example.org KEY\n", false),
        case("asked by a pattern", "kim@example.org KEY\n", false).principal("*"),
        case(
            "namespace",
            "kim@example.org namespaces=\"countersign-approval\" KEY\n",
            true,
        ),
        case(
            "namespaces",
            "kim@example.org namespaces=\"git,countersign-*\" KEY\n",
            true,
        ),
        case(
            "another namespace",
            "kim@example.org namespaces=\"countersign-bundle\" KEY\n",
            false,
        ),
        case(
            "excluded namespace",
            "kim@example.org namespaces=\"*,!countersign-approval\" KEY\n",
            false,
        ),
        case("unknown option", "kim@example.org never KEY\n", false),
        case(
            "unknown option, then a good line",
            "kim@example.org never KEY\nkim@example.org KEY\n",
            true,
        ),
        case(
            "option in capitals",
            "kim@example.org NAMESPACES=\"countersign-approval\" KEY\n",
            true,
        ),
        case(
            "option twice",
            "kim@example.org namespaces=\"a\",namespaces=\"countersign-approval\" KEY\n",
            false,
        ),
        case("first second", dated, true).at("20260930120000Z"),
        case("before the first second", dated, false).at("20260930115959Z"),
        case("last second", dated, true).at("20260930130000Z"),
        case("after the last second", dated, false).at("20260930130001Z"),
        case("first day", days, true).at("20260930000000Z"),
        case("before the first day", days, false).at("20260929235959Z"),
        case("last minute", days, true).at("20261001093000Z"),
        case("after the last minute", days, false).at("20261001093001Z"),
        case(
            "expired, then a good line",
            &format!("{dated}kim@example.org KEY\n"),
            true,
        )
        .at("20270101000000Z"),
        case("no time", "kim@example.org valid-after=\"soon\" KEY\n", false),
        case(
            "authority without certificate",
            "kim@example.org cert-authority KEY\n",
            false,
        ),
    ];
    for case in cases {
        case.compare(folder);
    }
    let zoneless = case(
        "a time without Z",
        "kim@example.org valid-after=\"20260101\" KEY\n",
        true,
    );
    zoneless.is_stricter(folder, "without `Z`");
    assert_eq!(zoneless.ask_us(), Err(VerifyError::ZoneMissing { line: 1 }));
}

#[test]
fn certificates_are_judged_as_openssh_does() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let authority = public_line(&make_key(folder, "ca", "ed25519", ""));
    let stranger = public_line(&make_key(folder, "stranger", "ed25519", ""));
    let validity = ["-V", "20260930120000Z:20260930130000Z"];
    let user = [&["-I", "id one", "-n", "kim@example.org,kim"][..], &validity].concat();
    let trusted = format!("*@example.org cert-authority {authority}\n");
    for (kind, bits) in [
        ("ed25519", ""),
        ("ecdsa", "256"),
        ("ecdsa", "384"),
        ("ecdsa", "521"),
        ("rsa", "3072"),
    ] {
        let name = format!("{kind}{bits}");
        let key = public_line(&make_key(folder, &name, kind, bits));
        certify(folder, "ca", &name, &user);
        let signature = sign(folder, &format!("{name}-cert.pub"));
        let case = |what, list: &str, is_good| Case::new(what, list.to_owned(), &signature, is_good);
        let bundles = format!("*@example.org cert-authority,namespaces=\"countersign-bundle\" {authority}\n");
        let dated = format!("*@example.org cert-authority,valid-before=\"20260930123000Z\" {authority}\n");
        let cases = [
            case("trusted", &trusted, true),
            case("first second", &trusted, true).at("20260930120000Z"),
            case("before", &trusted, false).at("20260930115959Z"),
            case("last second", &trusted, true).at("20260930125959Z"),
            case("its end", &trusted, false).at("20260930130000Z"),
            case("name that the certificate lacks", &trusted, false).principal("lee@example.org"),
            case("name that the line lacks", &trusted, false).principal("kim"),
            case(
                "another authority",
                &format!("* cert-authority {stranger}\n"),
                false,
            ),
            case("authority as a signer", &format!("* {authority}\n"), false),
            case("no authority, the key itself", &format!("{KIM} {key}\n"), false),
            case(
                "the key as authority",
                &format!("{KIM} cert-authority {key}\n"),
                false,
            ),
            case("for bundles", &bundles, false),
            case("while the line lasts", &dated, true).at("20260930123000Z"),
            case("after the line's end", &dated, false).at("20260930123001Z"),
        ];
        for case in cases {
            case.compare(folder);
        }
        // The key by itself is not what the authority vouches for.
        let plain = sign(folder, &name);
        Case::new("a plain key of an authority's", trusted.clone(), &plain, false).compare(folder);
        Case::new("a plain key", format!("{KIM} {key}\n"), &plain, true).compare(folder);
    }
}

#[test]
fn certificates_that_do_not_fit_sign_nothing() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let authority = public_line(&make_key(folder, "ca", "ed25519", ""));
    make_key(folder, "key", "ed25519", "");
    let trusted = format!("* cert-authority {authority}\n");
    let signed_with = |options: &[&str]| {
        let path = certify(folder, "ca", "key", options);
        (
            sign(folder, "key-cert.pub"),
            std::fs::read_to_string(path).unwrap(),
        )
    };
    let (host, _) = signed_with(&["-h", "-I", "h", "-n", KIM]);
    let (nameless, _) = signed_with(&["-I", "n"]);
    let (good, line) = signed_with(&["-I", "g", "-n", KIM]);
    let (critical, _) = signed_with(&["-I", "c", "-n", KIM, "-O", "force-command=true"]);
    Case::new("for a host", trusted.clone(), &host, false).compare(folder);
    Case::new("without names", trusted.clone(), &nameless, false).compare(folder);
    Case::new("for ever", trusted.clone(), &good, true).compare(folder);
    Case::new("critical option", trusted.clone(), &critical, true).is_stricter(folder, "critical option");
    // OpenSSH takes a listed certificate as a key, without a look at its time or names.
    Case::new("a certificate in the list", format!("{KIM} {line}"), &good, true)
        .is_stricter(folder, "not in the list");

    let weak = public_line(&make_key(folder, "weak", "rsa", "2048"));
    certify(folder, "weak", "key", &["-I", "w", "-n", KIM]);
    let by_weak = sign(folder, "key-cert.pub");
    Case::new(
        "weak authority",
        format!("* cert-authority {weak}\n"),
        &by_weak,
        true,
    )
    .is_stricter(folder, "3072");

    let text = String::from_utf8(good).unwrap();
    let letters: Vec<usize> = text
        .char_indices()
        .filter(|(index, letter)| letter.is_ascii_alphanumeric() && *index > 30 && *index < text.len() - 30)
        .map(|(index, _)| index)
        .collect();
    for index in letters {
        let swapped = if &text[index..=index] == "A" { "B" } else { "A" };
        let damaged = format!("{}{swapped}{}", &text[..index], &text[index + 1..]);
        let ours = Case::new("damaged", trusted.clone(), damaged.as_bytes(), false).ask_us();
        assert!(ours.is_err(), "letter {index}");
    }
}

#[test]
fn a_hardware_key_counts_only_when_touched() {
    if !has_peer("ssh-keygen") {
        return;
    }
    const PRESENT: u8 = 1;
    const VERIFIED: u8 = 4;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sorts = [
        ("ed25519", "", "sk-ssh-ed25519@openssh.com"),
        ("ecdsa", "256", "sk-ecdsa-sha2-nistp256@openssh.com"),
    ];
    for (kind, bits, name) in sorts {
        let soft = make_key(folder, kind, kind, bits);
        for flags in [PRESENT, PRESENT | VERIFIED] {
            let (line, signature) = hardware_signature(&soft, name, name, [flags, flags]);
            Case::new(name, format!("{KIM} {line}\n"), &signature, true).compare(folder);
            Case::new(name, format!("{KIM} {line}\n"), &signature, false)
                .revoked(line)
                .compare(folder);
        }
        for flags in [0, VERIFIED] {
            let (line, signature) = hardware_signature(&soft, name, name, [flags, flags]);
            Case::new(name, format!("{KIM} {line}\n"), &signature, true)
                .is_stricter(folder, "without being touched");
        }
        // The flags are signed: a touch cannot be added later.
        let (line, forged) = hardware_signature(&soft, name, name, [0, PRESENT]);
        Case::new("touch added", format!("{KIM} {line}\n"), &forged, false).compare(folder);
    }
}
