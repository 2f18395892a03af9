//! Hostile repositories through the command line: a clear sentence, soon, on one line, and nothing written.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use git2::{ObjectType, Oid, Repository};

use crate::attest_keys::has_peer;
use crate::pull_request::PullRequest;

const FILE: &str = "100644";
const FOLDER: &str = "40000";
const LINK: &str = "120000";

/// The base, and beside it whatever a forger writes into git's objects.
struct Forged {
    one: PullRequest,
    git: Repository,
}

impl Forged {
    fn new() -> Self {
        let one = PullRequest::new(|_| {});
        let git = Repository::open(one.root()).unwrap();
        Self { one, git }
    }

    fn write(&self, kind: ObjectType, bytes: &[u8]) -> Oid {
        self.git.odb().unwrap().write(kind, bytes).unwrap()
    }

    /// Writes a tree as it is given, right or wrong.
    fn tree(&self, entries: &[(&str, &[u8], Oid)]) -> Oid {
        let mut bytes = Vec::new();
        for (mode, name, id) in entries {
            bytes.extend_from_slice(mode.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(name);
            bytes.push(0);
            bytes.extend_from_slice(id.as_bytes());
        }
        self.write(ObjectType::Tree, &bytes)
    }

    /// Puts a folder `data` into the branch, beside all that the base holds.
    fn commit_data(&self, data: Oid) {
        let parent = self.git.refname_to_id("refs/heads/main").unwrap();
        let root = self.git.find_commit(parent).unwrap().tree().unwrap();
        let mut builder = self.git.treebuilder(Some(&root)).unwrap();
        builder.insert("data", data, 0o040_000).unwrap();
        self.commit(builder.write().unwrap(), Some(parent));
    }

    fn commit(&self, tree: Oid, parent: Option<Oid>) {
        let who = "Eve <eve@example.org> 1767258000 +0000";
        let parent = parent
            .map(|parent| format!("parent {parent}\n"))
            .unwrap_or_default();
        let raw = format!("tree {tree}\n{parent}author {who}\ncommitter {who}\n\nHostile\n");
        let commit = self.write(ObjectType::Commit, raw.as_bytes());
        self.git
            .reference("refs/heads/change", commit, true, "forged")
            .unwrap();
    }

    fn path_of(&self, id: Oid) -> std::path::PathBuf {
        let hash = id.to_string();
        self.one
            .root()
            .join(".git/objects")
            .join(&hash[..2])
            .join(&hash[2..])
    }

    /// Checks the branch, by itself and against the base; returns code and what was said on both streams.
    fn check(&self) -> [(i32, String); 2] {
        [
            vec!["check", "--at", "change"],
            vec!["check", "--at", "change", "--base", "main"],
        ]
        .map(|words| {
            let before = listing(self.one.root());
            let start = Instant::now();
            let (code, out, err) = self.one.run(&words);
            assert!(start.elapsed().as_secs() < 30, "{words:?}: {:?}", start.elapsed());
            assert_eq!(listing(self.one.root()), before, "{words:?}");
            (code, out + &err)
        })
    }
}

/// Every file and folder but git's own.
fn listing(root: &Path) -> BTreeSet<std::path::PathBuf> {
    let all = walkdir::WalkDir::new(root)
        .into_iter()
        .map(|entry| entry.unwrap().into_path());
    all.filter(|path| !path.starts_with(root.join(".git"))).collect()
}

#[test]
fn paths_that_deceive_are_told_on_one_line() {
    let lab = Forged::new();
    let blob = lab.git.blob(b"x").unwrap();
    let target = lab.git.blob(b"../../../etc/passwd").unwrap();
    let rows: [(&str, &[u8], Oid, &str); 7] = [
        (LINK, b"out", target, "a symbolic link"),
        (FILE, b"aux.txt", blob, "Windows keeps for a device"),
        (FILE, b"x.", blob, "Windows drops"),
        (FILE, b"a\nerror: forged line", blob, "control character"),
        (FILE, b"\x1b]0;owned\x07\x1b[2Jx", blob, "control character"),
        (FILE, b"\xff\xfe", blob, "UTF-8 name"),
        ("160000", b"module", blob, "a submodule"),
    ];
    for (mode, name, id, words) in rows {
        lab.commit_data(lab.tree(&[(mode, name, id)]));
        for (code, said) in lab.check() {
            assert!(
                code == 1 && said.contains("SCH004") && said.contains(words),
                "{words}: {code} {said}"
            );
            assert!(!said.contains(['\u{1b}', '\u{7}', '\r']), "{said:?}");
            assert!(
                !said.lines().any(|line| line.starts_with("error: forged")),
                "{said:?}"
            );
        }
    }
    lab.commit_data(lab.tree(&[(FILE, b"A.txt", blob), (FILE, b"a.txt", blob)]));
    for (code, said) in lab.check() {
        assert!(
            code == 1 && said.contains("the path collides with `data/a.txt`"),
            "{said}"
        );
    }
    // The twin: plain names, and a commit that is the base's own but for them.
    lab.commit_data(lab.tree(&[(FILE, b"a.txt", blob), (FILE, b"b.txt", blob)]));
    for (code, said) in lab.check() {
        assert_eq!(code, 0, "{said}");
    }
}

#[test]
fn objects_that_are_wrong_or_gone_end_in_a_sentence() {
    let lab = Forged::new();
    let blob = lab.git.blob(b"once upon a time").unwrap();
    let up = lab.tree(&[(FILE, b"../../outside", blob)]);
    lab.commit_data(up);
    for (code, said) in lab.check() {
        assert!(
            code == 3 && said.contains("the name \"../../outside\""),
            "{code} {said}"
        );
    }
    let deep = (0..70).fold(lab.tree(&[(FILE, b"x", blob)]), |below, _| {
        lab.tree(&[(FOLDER, b"d", below)])
    });
    lab.commit_data(deep);
    for (code, said) in lab.check() {
        assert!(code == 3 && said.contains("more than 64 deep"), "{code} {said}");
    }
    let text = lab
        .git
        .blob(b"apiVersion: countersign/v1\nkind: Nothing\n")
        .unwrap();
    let place = lab.path_of(text);
    let whole = std::fs::read(&place).unwrap();
    lab.commit_data(lab.tree(&[(FILE, b"x.yaml", text)]));
    std::fs::remove_file(&place).unwrap();
    for (code, said) in lab.check() {
        assert!(
            code == 3 && said.contains(&text.to_string()) && said.contains("git fsck"),
            "{code} {said}"
        );
    }
    std::fs::write(&place, &whole[..whole.len() / 2]).unwrap();
    for (code, said) in lab.check() {
        assert!(code == 3 && said.contains(&text.to_string()), "{code} {said}");
    }
    std::fs::write(&place, &whole).unwrap();
    for (code, said) in lab.check() {
        assert!(code == 1 && said.contains("SCH003"), "{code} {said}");
    }
}

#[test]
fn a_base_that_cannot_judge_is_refused() {
    let lab = Forged::new();
    let (code, out, err) = lab.one.run(&["check", "--base", "nowhere"]);
    assert!(
        code == 2 && out.is_empty() && err.contains("`nowhere` names no commit"),
        "{code} {err}"
    );
    let main = lab.git.refname_to_id("refs/heads/main").unwrap();
    let tree = lab.git.find_commit(main).unwrap().tree_id();
    lab.commit(tree, None);
    let (code, out, err) = lab.one.run(&["check", "--base", "main"]);
    assert!(
        code == 2 && out.is_empty() && err.contains("unrelated histories"),
        "{code} {err}"
    );
    let (code, out, err) = lab.one.run(&["check", "--base", &tree.to_string()]);
    assert!(
        code == 2 && out.is_empty() && err.contains("is not a commit"),
        "{code} {err}"
    );
}

#[test]
fn a_shallow_clone_says_what_to_fetch() {
    if !has_peer("git") {
        return;
    }
    let lab = Forged::new();
    lab.one.write("README.md", "x\n");
    lab.one.commit("One");
    lab.one.switch("main");
    lab.one.write("NOTES.md", "x\n");
    lab.one.commit("Other");
    let folder = tempfile::tempdir().unwrap();
    let clone = folder.path().join("clone");
    let url = format!("file://{}", lab.one.root().display());
    let git = |place: &Path, words: &[&str]| {
        let mut command = Command::new("git");
        command
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        let output = command.current_dir(place).args(words).output().unwrap();
        assert!(
            output.status.success(),
            "git {words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    git(
        folder.path(),
        &[
            "clone",
            "-q",
            "--depth",
            "1",
            "-b",
            "change",
            &url,
            clone.to_str().unwrap(),
        ],
    );
    let check = || {
        let words = ["countersign", "check", "--base", "main", "--as-of", "2026-01-01"];
        crate::cli::streams(&clone, &words.map(std::ffi::OsString::from))
    };
    let (code, out, err) = check();
    assert!(
        code == 2 && out.is_empty() && err.contains("git fetch --unshallow"),
        "{code} {err}"
    );
    git(&clone, &["fetch", "-q", "--depth", "1", "origin", "main:main"]);
    let (code, out, err) = check();
    assert!(
        code == 2
            && out.is_empty()
            && err.contains("no common ancestor in this clone, which is shallow")
            && err.contains("git fetch --unshallow"),
        "{code} {err}"
    );
    git(
        &clone,
        &["fetch", "-q", "--unshallow", "origin", "main", "change"],
    );
    let (code, out, err) = check();
    assert_eq!(code, 0, "{out}{err}");
}
