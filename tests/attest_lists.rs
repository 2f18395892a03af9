//! Lists of allowed signers, each read as the real `ssh-keygen` reads it.

use countersign::trust::allowed_signers::{AllowedSigners, find_principals, judge, judge_as, principal_of};
use countersign::trust::signer::Signer;
use countersign::trust::sshsig::{Namespace, PublicKey};

use crate::attest_keys::{DATA, has_peer, instant, make_key, peer_verify, public_line, run};

/// Lines before ` KEY`, with the answer that OpenSSH and we must give for `kim@example.org` at noon of a day.
#[rustfmt::skip]
const LISTS: &[(&str, bool)] = &[
    ("kim@example.org KEY", true),
    ("  \t kim@example.org\t KEY", true),
    ("KIM@example.org KEY", false),
    ("bo@example.org,kim@example.org KEY", true),
    ("bo@example.org, kim@example.org KEY", false),
    ("*@example.org KEY", true),
    ("k?m@example.org KEY", true),
    ("k??m@example.org KEY", false),
    ("*k*m*o*g KEY", true),
    ("!kim@example.org,* KEY", false),
    ("*,!kim@* KEY", false),
    ("!kim@example.org KEY", false),
    ("\"kim@example.org\" KEY", true),
    ("\"bo ek@example.org,kim@example.org\" KEY", true),
    ("bo@example.org,\"kim@example.org\" KEY", true),
    ("\"kim@example.org KEY", false),
    ("# comment\n\n   \nkim@example.org KEY", true),
    ("#kim@example.org KEY", false),
    ("kim@example.org namespaces=\"countersign-approval\" KEY", true),
    ("kim@example.org NameSpaces=\"countersign-approval\" KEY", true),
    ("kim@example.org namespaces=\"countersign-bundle,countersign-approval\" KEY", true),
    ("kim@example.org namespaces=\"countersign-bundle, countersign-approval\" KEY", false),
    ("kim@example.org namespaces=\"countersign-*\" KEY", true),
    ("kim@example.org namespaces=\"*,!*-approval\" KEY", false),
    ("kim@example.org namespaces=\"git\" KEY", false),
    ("kim@example.org namespaces=\"\" KEY", false),
    ("kim@example.org namespaces=\"a b,countersign-approval\" KEY", true),
    ("kim@example.org namespaces=\"a\\\"b,countersign-approval\" KEY", true),
    ("kim@example.org namespaces=countersign-approval KEY", false),
    ("kim@example.org namespaces=\"countersign-approval KEY", false),
    ("kim@example.org namespaces=\"git\",namespaces=\"countersign-approval\" KEY", false),
    ("kim@example.org namespaces=\"countersign-approval\", KEY", false),
    ("kim@example.org namespaces=\"countersign-approval\"x KEY", false),
    ("kim@example.org restrict KEY", false),
    ("kim@example.org cert-authority-x KEY", false),
    ("kim@example.org cert-authority KEY", false),
    ("kim@example.org cert-authority,namespaces=\"countersign-approval\" KEY", false),
    ("kim@example.org cert-authority KEY\nkim@example.org KEY", true),
    ("kim@example.org nonsense\nkim@example.org KEY", true),
    ("kim@example.org ssh-ed25519 AAAA\nkim@example.org KEY", true),
    ("kim@example.org namespaces=\"git\" KEY\nkim@example.org KEY", true),
    ("kim@example.org valid-after=\"20260930Z\" KEY", true),
    ("kim@example.org valid-after=\"20261001Z\" KEY", false),
    ("kim@example.org valid-after=\"202609301200Z\" KEY", true),
    ("kim@example.org valid-after=\"20260930120000Z\" KEY", true),
    ("kim@example.org valid-after=\"20260930120001Z\" KEY", false),
    ("kim@example.org valid-before=\"20260930120000Z\" KEY", true),
    ("kim@example.org valid-before=\"20260930115959Z\" KEY", false),
    ("kim@example.org valid-before=\"20260930Z\" KEY", false),
    ("kim@example.org valid-before=\"20261001z\" KEY", true),
    ("kim@example.org valid-before=\"20261001utc\" KEY", true),
    ("kim@example.org valid-before=\"20261001\" KEY", true),
    ("kim@example.org valid-before=\"20260930115959\" KEY", false),
    ("kim@example.org valid-before=\"99991231235959Z\" KEY", true),
    ("kim@example.org valid-after=\"20260101Z\",valid-before=\"20261231Z\",namespaces=\"*\" KEY", true),
    ("kim@example.org valid-after=\"20260101Z\",valid-before=\"20260101Z\" KEY", false),
    ("kim@example.org valid-after=\"19700101Z\" KEY", false),
    ("kim@example.org valid-after=\"2026-09-01\" KEY", false),
    ("kim@example.org valid-after=\"20261301Z\" KEY", false),
    ("kim@example.org valid-after=\"2026090\" KEY", false),
    ("kim@example.org valid-before=\"202610012400Z\" KEY", false),
    ("kim@example.org", false),
    ("kim@example.org namespaces=\"*\"", false),
    ("", false),
];

#[test]
fn lists_are_read_as_ssh_keygen_reads_them() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = make_key(folder.path(), "kim", "ed25519", "");
    let signature = Signer::open(&key)
        .unwrap()
        .sign(DATA, Namespace::Approval)
        .unwrap();
    let at = instant("2026-09-30T12:00:00Z");
    for (template, expected) in LISTS {
        for end in ["\n", "\r\n"] {
            let list = template.replace("KEY", &public_line(&key)).replace('\n', end) + end;
            let (name, space) = ("kim@example.org", "countersign-approval");
            let theirs = peer_verify(folder.path(), &list, name, space, "20260930120000Z", &signature);
            assert_eq!(theirs, *expected, "ssh-keygen for {template:?}");
            let signers = AllowedSigners::parse(&list);
            let ours = judge_as(&signers, name, &signature, DATA, Namespace::Approval, at);
            assert_eq!(ours.is_ok(), *expected, "ours for {template:?}: {ours:?}");
        }
    }
}

#[test]
fn principals_are_found_as_ssh_keygen_finds_them() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = make_key(folder.path(), "kim", "ed25519", "");
    let signer = Signer::open(&key).unwrap();
    let signature = signer.sign(DATA, Namespace::Approval).unwrap();
    std::fs::write(folder.path().join("peer.sig"), &signature).unwrap();
    let at = instant("2026-09-30T12:00:00Z");
    for (template, _) in LISTS
        .iter()
        .filter(|(template, _)| !template.contains("namespaces"))
    {
        let list = template.replace("KEY", &public_line(&key)) + "\n";
        std::fs::write(folder.path().join("list"), &list).unwrap();
        let arguments = [
            "-Y",
            "find-principals",
            "-f",
            "list",
            "-O",
            "verify-time=20260930120000Z",
            "-s",
            "peer.sig",
        ];
        let output = run("ssh-keygen", folder.path(), &arguments, b"").stdout;
        let theirs: Vec<String> = String::from_utf8(output)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect();
        let signers = AllowedSigners::parse(&list);
        let ours = find_principals(&signers, signer.public_key(), Namespace::Approval, at);
        assert_eq!(ours, theirs, "{template:?}");
        // The one we name is one that `ssh-keygen -I` accepts.
        if let Some(name) = principal_of(&signers, signer.public_key(), Namespace::Approval, at) {
            let time = "20260930120000Z";
            assert!(
                peer_verify(
                    folder.path(),
                    &list,
                    &name,
                    "countersign-approval",
                    time,
                    &signature
                ),
                "{name}"
            );
        }
    }
}

#[test]
fn what_is_wrong_with_a_list_is_told_with_its_line() {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
    let text = format!(
        "# keys\n\na@example.org {key}\nb@example.org restrict {key}\nc@example.org valid-after=\"20260230Z\" {key}\n\
         d@example.org valid-before=\"20270101\" {key}\ne@example.org cert-authority {key} comment here\n"
    );
    let list = AllowedSigners::parse(&text);
    let errors: Vec<String> = list.errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors[0].starts_with("line 4 of the allowed signers: `restrict` is no known option"),
        "{errors:?}"
    );
    assert!(
        errors[1].starts_with("line 5 of the allowed signers: `20260230Z` is no time"),
        "{errors:?}"
    );
    let zones: Vec<(usize, bool)> = list
        .entries
        .iter()
        .map(|entry| (entry.line, entry.zone_missing()))
        .collect();
    assert_eq!(zones, [(3, false), (6, true), (7, false)]);
    assert!(list.entries[2].cert_authority);
    assert_eq!(list.entries[0].key, PublicKey::from_line(key).unwrap());
}

#[test]
fn a_refusal_says_which_line_refused() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = make_key(folder.path(), "kim", "ed25519", "");
    let signature = Signer::open(&key).unwrap().sign(DATA, Namespace::Bundle).unwrap();
    let said = |options: &str| {
        let list = AllowedSigners::parse(&format!(
            "# list\nkim@example.org {options}{}\n",
            public_line(&key)
        ));
        let at = instant("2026-09-30T12:00:00Z");
        judge(&list, &signature, DATA, Namespace::Bundle, at)
            .unwrap_err()
            .to_string()
    };
    let expired = said("valid-before=\"20260901Z\" ");
    assert!(
        expired.contains("line 2") && expired.contains("only until 2026-09-01"),
        "{expired}"
    );
    let early = said("valid-after=\"20261101Z\" ");
    assert!(
        early.contains("line 2") && early.contains("only from 2026-11-01"),
        "{early}"
    );
    let elsewhere = said("namespaces=\"git\" ");
    assert!(
        elsewhere.contains("namespace `countersign-bundle`"),
        "{elsewhere}"
    );
    assert!(said("cert-authority ").contains("not in the list"));
}
