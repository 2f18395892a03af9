//! The history in one file: git reads it, the same commit gives the same bytes, and every change is found.

use std::path::{Path, PathBuf};

use countersign::source::{GitBundle, check_git_bundle, git_bundle_head, make_git_bundle};

use super::attest_keys::has_peer;
use super::source_git::git;

const MOST: u64 = 1 << 30;

/// A repository with edits, a rename, a merge, a tag, and a file that comes back.
fn history(folder: &Path, format: &str) -> PathBuf {
    let root = folder.join("repo");
    std::fs::create_dir(&root).unwrap();
    git(
        &root,
        &["init", "-q", "-b", "main", &format!("--object-format={format}")],
    );
    let put = |path: &str, text: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let commit = |message: &str| {
        git(&root, &["add", "-A"]);
        git(&root, &["commit", "-q", "-m", message]);
    };
    let long: String = (0..3000)
        .map(|line| format!("line {line} of a record\n"))
        .collect();
    put("exceptions/a.yaml", &long);
    for number in 0..60 {
        put(&format!("records/r-{number}.yaml"), &format!("id: r-{number}\n"));
    }
    commit("one");
    git(&root, &["tag", "-a", "-m", "first", "v1"]);
    put(
        "exceptions/a.yaml",
        &long.replace("line 1500 of", "line 1500, changed, of"),
    );
    put("records/r-3.yaml", "id: r-3\nmore: yes\n");
    commit("two");
    git(&root, &["checkout", "-q", "-b", "side", "HEAD~1"]);
    put("side.bin", "\0\u{1}\u{2}");
    commit("side");
    git(&root, &["checkout", "-q", "main"]);
    git(&root, &["merge", "-q", "--no-edit", "side"]);
    git(&root, &["mv", "exceptions/a.yaml", "exceptions/b.yaml"]);
    std::fs::remove_file(root.join("records/r-7.yaml")).unwrap();
    commit("moved");
    put("exceptions/a.yaml", &long);
    commit("back");
    root
}

fn made(root: &Path) -> Vec<u8> {
    match make_git_bundle(root, &git(root, &["rev-parse", "HEAD"]), MOST).unwrap() {
        GitBundle::Made(bytes) => bytes,
        GitBundle::LeftOut(why) => panic!("{why}"),
    }
}

fn objects(root: &Path) -> Vec<String> {
    let listed = git(root, &["rev-list", "--objects", "HEAD"]);
    let mut ids: Vec<String> = listed
        .lines()
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

#[test]
fn git_reads_it_whole_and_the_same_commit_gives_the_same_bytes() {
    if !has_peer("git") {
        return;
    }
    for format in ["sha1", "sha256"] {
        let folder = tempfile::tempdir().unwrap();
        let root = history(folder.path(), format);
        let head = git(&root, &["rev-parse", "HEAD"]);
        let bytes = made(&root);
        assert_eq!(git_bundle_head(&bytes).as_deref(), Ok(head.as_str()));
        let path = folder.path().join("repo.bundle");
        std::fs::write(&path, &bytes).unwrap();
        git(&root, &["bundle", "verify", "-q", path.to_str().unwrap()]);
        let clone = folder.path().join("clone");
        git(
            folder.path(),
            &["clone", "-q", path.to_str().unwrap(), clone.to_str().unwrap()],
        );
        git(&clone, &["fsck", "--full", "--strict"]);
        assert_eq!(git(&clone, &["rev-parse", "HEAD"]), head);
        assert_eq!(git(&clone, &["symbolic-ref", "--short", "HEAD"]), "main");
        assert_eq!(objects(&clone), objects(&root));
        assert_eq!(
            check_git_bundle(&root, &head, &bytes).unwrap(),
            Ok(objects(&root).len())
        );
        // A change of one line in some thousand costs no second copy.
        let contents: u64 = 2 * 3000 * 24;
        assert!((bytes.len() as u64) < contents / 2, "{}", bytes.len());
        // However the clone keeps its objects, and whatever else it holds.
        assert!(made(&clone) == bytes, "{format}: another clone, other bytes");
        git(&root, &["tag", "v2", "HEAD~1"]);
        git(&root, &["checkout", "-q", "-b", "other"]);
        git(&root, &["gc", "-q", "--aggressive"]);
        assert!(made(&root) == bytes, "{format}: packed anew, other bytes");
        // And git's own, of the same commit, holds the same.
        git(&root, &["bundle", "create", "-q", path.to_str().unwrap(), "HEAD"]);
        let theirs = std::fs::read(&path).unwrap();
        assert_eq!(
            check_git_bundle(&root, &head, &theirs).unwrap(),
            Ok(objects(&root).len())
        );
    }
}

#[test]
fn what_is_not_the_history_of_the_commit_is_refused() {
    if !has_peer("git") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = history(folder.path(), "sha1");
    let head = git(&root, &["rev-parse", "HEAD"]);
    let whole = made(&root);
    let refused = |bytes: &[u8]| check_git_bundle(&root, &head, bytes).unwrap().unwrap_err();
    let create = |arguments: &[&str]| {
        let path = folder.path().join("theirs.bundle");
        let words = [&["bundle", "create", "-q", path.to_str().unwrap()], arguments].concat();
        git(&root, &words);
        std::fs::read(path).unwrap()
    };
    git(&root, &["branch", "older", "HEAD~1"]);
    assert!(refused(&create(&["older"])).contains("and `"), "another head");
    assert!(refused(&create(&["main", "side"])).contains("more than one commit"));
    assert!(refused(&create(&["older..main"])).contains("needs commits that are not in it"));
    // A tag is an object that the commit does not lead to.
    let tagged = create(&["HEAD", "v1"]);
    assert!(
        refused(&tagged).contains("more than one commit"),
        "{}",
        refused(&tagged)
    );
    // The head is that of the commit, and the pack that of another.
    let older = create(&["older"]);
    let pack = |bytes: &[u8]| {
        let at = bytes.windows(6).position(|six| six == b"\n\nPACK").unwrap() + 2;
        (bytes[..at].to_vec(), bytes[at..].to_vec())
    };
    let mixed = [pack(&whole).0, pack(&older).1].concat();
    assert!(refused(&mixed).contains("is not in it"), "{}", refused(&mixed));
    git(&root, &["commit", "-q", "--allow-empty", "-m", "later"]);
    let later = create(&["HEAD"]);
    let mixed = [pack(&whole).0, pack(&later).1].concat();
    assert!(
        refused(&mixed).contains("is none that the commit leads to"),
        "{}",
        refused(&mixed)
    );
    for length in (0..whole.len()).step_by(331) {
        refused(&whole[..length]);
    }
    for index in (0..whole.len()).step_by(5) {
        let mut flipped = whole.clone();
        flipped[index] ^= 1;
        // The names of the branches are nobody's claim.
        let is_name = index < pack(&whole).0.len();
        assert!(
            is_name || check_git_bundle(&root, &head, &flipped).unwrap().is_err(),
            "byte {index}"
        );
    }
    refused(&[&whole[..], b"more"].concat());
    refused(b"");
    refused(b"# v2 git bundle\n");
    // It says to hold an object of exabytes.
    let mut bomb = pack(&whole).0;
    bomb.extend_from_slice(b"PACK\0\0\0\x02\0\0\0\x01\xbf\xff\xff\xff\xff\xff\xff\xff\x7f");
    bomb.extend_from_slice(&[0; 20]);
    refused(&bomb);
}

#[test]
fn where_there_is_no_history_of_its_own_it_says_why() {
    if !has_peer("git") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = history(folder.path(), "sha1");
    let head = git(&root, &["rev-parse", "HEAD"]);
    let why = |root: &Path, most: u64| match make_git_bundle(root, &head, most).unwrap() {
        GitBundle::Made(_) => "made".to_owned(),
        GitBundle::LeftOut(why) => why,
    };
    assert_eq!(why(&root, MOST), "made");
    assert!(why(&root.join("records"), MOST).contains("larger work tree"));
    assert!(why(&root, 1000).contains("more than 0 MiB"));
    let url = format!("file://{}", root.display());
    let shallow = folder.path().join("shallow");
    git(
        folder.path(),
        &["clone", "-q", "--depth", "1", &url, shallow.to_str().unwrap()],
    );
    assert_eq!(why(&shallow, MOST), "the clone is shallow");
}
