//! No change of a bundle goes unseen: flipped bytes, files, entries, signatures.

use std::fs;
use std::path::Path;

use countersign::attest::bundle::SealedBundle;
use countersign::attest::contents::read_bundle;
use countersign::attest::verify::{ListInUse, SignatureVerdict, verify};
use countersign::trust::signer::Signer;
use countersign::trust::sshsig::Namespace;

use crate::attest::{bundle, list_of, problems, report, signed};
use crate::attest_keys::{has_peer, make_key, run};

#[test]
fn one_flipped_byte_in_any_file_is_found_and_named() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (_, list, sealed) = signed(folder.path());
    let out = folder.path().join("out");
    sealed.write(&out).unwrap();
    assert!(problems(&out).is_empty());
    for (path, whole) in &sealed.files {
        // More of what vouches for the others than of the rest.
        let step = if path.starts_with("SHA256SUMS") {
            5
        } else {
            whole.len().div_ceil(20).max(1)
        };
        for index in (0..whole.len()).step_by(step) {
            let mut flipped = whole.clone();
            flipped[index] ^= 1;
            fs::write(out.join(path), &flipped).unwrap();
            let found = problems(&out);
            assert!(
                found.iter().any(|line| line.contains(path.as_str())),
                "{path} byte {index}: {found:?}"
            );
            if !path.starts_with("SHA256SUMS") {
                assert!(
                    found.contains(&format!("FAIL {path} digest differs")),
                    "{path}: {found:?}"
                );
            }
        }
        assert!(
            whole.is_empty() || !report(&out, &ListInUse::Given(list.clone())).ok(),
            "{path}"
        );
        fs::write(out.join(path), whole).unwrap();
    }
    assert!(problems(&out).is_empty());
}

#[test]
fn one_flipped_byte_anywhere_in_an_archive_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.tar");
    bundle("").seal().unwrap().write(&path).unwrap();
    assert!(problems(&path).is_empty());
    let whole = fs::read(&path).unwrap();
    for index in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[index] ^= 1;
        fs::write(&path, &flipped).unwrap();
        let sound = read_bundle(&path)
            .is_ok_and(|contents| verify(&contents, &ListInUse::BundlesOwn, &ListInUse::BundlesOwn).ok());
        assert!(!sound, "byte {index}");
    }
    for length in (0..whole.len()).step_by(256) {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(!problems(&path).is_empty(), "cut to {length}");
    }
    fs::write(&path, [whole.as_slice(), b"more"].concat()).unwrap();
    assert_eq!(problems(&path).len(), 1);
}

#[test]
fn added_missing_and_foreign_things_in_a_folder_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    bundle("").seal().unwrap().write(&out).unwrap();
    fs::write(out.join("documents/extra.html"), "x").unwrap();
    fs::write(out.join("SHA256SUMS.asc"), "x").unwrap();
    fs::create_dir(out.join("SHA256SUMS.d")).unwrap();
    fs::write(out.join("SHA256SUMS.d/hidden"), "x").unwrap();
    fs::remove_file(out.join("-r")).unwrap();
    fs::remove_file(out.join("D02.html")).unwrap();
    let mut expected = vec![
        "FAIL -r missing".to_owned(),
        "FAIL D02.html missing".to_owned(),
        "FAIL SHA256SUMS.d/hidden not listed in SHA256SUMS".to_owned(),
        "FAIL documents/extra.html not listed in SHA256SUMS".to_owned(),
    ];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", out.join("D02.html")).unwrap();
        std::os::unix::fs::symlink("/etc", out.join("etc")).unwrap();
        fs::write(out.join("a\nb"), "x").unwrap();
        expected.push("FAIL D02.html is a symbolic link".to_owned());
        expected.push("FAIL etc is a symbolic link".to_owned());
    }
    let found = problems(&out);
    for line in &expected {
        assert!(found.contains(line), "{line} in {found:?}");
    }
    assert!(found.iter().all(|line| !line.contains('\n')), "{found:?}");
    let notes = report(&out, &ListInUse::BundlesOwn).notes;
    assert!(
        notes.iter().any(|note| note.contains("SHA256SUMS.asc")),
        "{notes:?}"
    );
}

#[test]
fn a_manifest_that_sha256sum_would_pass_over_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let sealed = bundle("").seal().unwrap();
    let sums = String::from_utf8(sealed.files["SHA256SUMS"].clone()).unwrap();
    let first = sums.lines().next().unwrap();
    let changed = [
        format!("{sums}\n"),
        format!("# comment\n{sums}"),
        format!("{sums}{first}\n"),
        format!("{first}\n{sums}"),
        sums.to_uppercase(),
        sums.replace("  ", " *"),
        sums.trim_end().to_owned(),
        sums.replace('\n', "\r\n"),
        sums.lines().rev().map(|line| format!("{line}\n")).collect(),
        format!("{sums}{}  ../outside\n", "0".repeat(64)),
        format!("{sums}{}  /etc/passwd\n", "0".repeat(64)),
        format!("{sums}{}  zz\n", "0".repeat(64)),
        String::new(),
    ];
    for text in changed {
        sealed.write(&out).unwrap();
        fs::write(out.join("SHA256SUMS"), &text).unwrap();
        assert!(!problems(&out).is_empty(), "{text}");
        fs::remove_dir_all(&out).unwrap();
    }
    sealed.write(&out).unwrap();
    fs::remove_file(out.join("SHA256SUMS")).unwrap();
    assert!(problems(&out).contains(&"FAIL SHA256SUMS missing".to_owned()));
}

/// An archive of one entry beside those of a bundle.
fn archive_with(sealed: &SealedBundle, name: &str, kind: tar::EntryType, path: &Path) {
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |name: &str, kind: tar::EntryType, bytes: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        if kind.is_symlink() || kind.is_hard_link() {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        builder.append(&header, bytes).unwrap();
    };
    sealed
        .files
        .iter()
        .for_each(|(path, bytes)| add(path, tar::EntryType::Regular, bytes));
    add(name, kind, b"");
    fs::write(path, builder.into_inner().unwrap()).unwrap();
}

#[test]
fn entries_of_an_archive_that_escape_or_are_no_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.tar");
    let sealed = bundle("").seal().unwrap();
    let entries = [
        ("../outside", tar::EntryType::Regular, "FAIL ../outside refused"),
        ("/etc/passwd", tar::EntryType::Regular, "FAIL /etc/passwd refused"),
        ("a/../../b", tar::EntryType::Regular, "FAIL a/../../b refused"),
        (
            "D02.html",
            tar::EntryType::Regular,
            "FAIL D02.html is there twice",
        ),
        ("d02.html", tar::EntryType::Regular, "differ in case only"),
        ("link", tar::EntryType::Symlink, "FAIL link is no plain file"),
        ("D02.html", tar::EntryType::Link, "FAIL D02.html is no plain file"),
        (
            "folder/",
            tar::EntryType::Directory,
            "FAIL folder/ is no plain file",
        ),
        ("pipe", tar::EntryType::Fifo, "FAIL pipe is no plain file"),
        ("long", tar::EntryType::GNULongName, "FAIL long is no plain file"),
        ("pax", tar::EntryType::XHeader, "FAIL pax is no plain file"),
    ];
    for (name, kind, expected) in entries {
        archive_with(&sealed, name, kind, &path);
        let found = problems(&path);
        assert!(
            found.iter().any(|line| line.contains(expected)),
            "{expected} in {found:?}"
        );
    }
    assert!(!folder.path().join("outside").exists());
}

#[test]
fn the_signature_is_judged_by_the_list_in_use_at_as_of() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (key, _, sealed) = signed(folder.path());
    let out = folder.path().join("out");
    sealed.write(&out).unwrap();
    let other = make_key(folder.path(), "other", "ed25519", "");
    let fails = [
        (list_of(&other, ""), "is not in the list of allowed signers"),
        (String::new(), "is not in the list of allowed signers"),
        (list_of(&key, "namespaces=\"git\" "), "does not let"),
        (
            list_of(&key, "valid-before=\"20260930Z\" "),
            "only until 2026-09-30",
        ),
        (
            list_of(&key, "valid-after=\"20261001Z\" "),
            "only from 2026-10-01",
        ),
        (list_of(&key, "cert-authority "), "is not in the list"),
        (list_of(&key, "unknown "), "is not in the list"),
    ];
    for (list, why) in fails {
        let report = report(&out, &ListInUse::Given(list));
        assert_eq!(report.signature, SignatureVerdict::Failed);
        assert!(
            report.lines()[0].starts_with("FAIL SHA256SUMS.sig "),
            "{:?}",
            report.lines()
        );
        assert!(report.lines()[0].contains(why), "{:?}", report.lines());
        assert_eq!(report.problems.len(), 1);
    }
    let lenient = report(
        &out,
        &ListInUse::Given(list_of(&key, "valid-before=\"20261001\" ")),
    );
    assert!(
        lenient.ok() && lenient.notes.iter().any(|note| note.contains("without `Z`")),
        "{lenient:?}"
    );

    // Signed for another purpose by the right key.
    let arguments = [
        "-q",
        "-Y",
        "sign",
        "-n",
        "countersign-approval",
        "-f",
        key.to_str().unwrap(),
    ];
    let wrong = run(
        "ssh-keygen",
        folder.path(),
        &arguments,
        &sealed.files["SHA256SUMS"],
    )
    .stdout;
    fs::write(out.join("SHA256SUMS.sig"), wrong).unwrap();
    assert!(
        problems(&out)[0].contains("namespace `countersign-approval`"),
        "{:?}",
        problems(&out)
    );

    // Signed anew by a key that the bundle's own list does not hold.
    fs::remove_file(out.join("SHA256SUMS.intoto.json")).unwrap();
    let anew = Signer::open(&other).unwrap();
    let anew = anew.sign(&sealed.files["SHA256SUMS"], Namespace::Bundle).unwrap();
    fs::write(out.join("SHA256SUMS.sig"), anew).unwrap();
    assert!(
        problems(&out)[0].contains("is not in the list"),
        "{:?}",
        problems(&out)
    );
    assert!(
        report(&out, &ListInUse::Given(list_of(&other, ""))).ok(),
        "a list that is given decides alone"
    );

    fs::remove_file(out.join("SHA256SUMS.sig")).unwrap();
    assert_eq!(
        problems(&out),
        ["FAIL SHA256SUMS.sig missing, though bundle.json names a signer"]
    );
}
