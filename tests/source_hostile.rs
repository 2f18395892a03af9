//! Repositories of shapes that no honest git makes: each ends in a sentence, soon.

use std::path::Path;
use std::time::Instant;

use countersign::load::{LoadLimits, load};
use countersign::source::{
    Bounds, EntryKind, read_commit, read_commit_within, read_content, read_folder, read_history_within,
};
use git2::{ObjectType, Oid, Repository, Signature, Time};

struct Hostile {
    folder: tempfile::TempDir,
    repository: Repository,
}

const FILE: &str = "100644";
const FOLDER: &str = "40000";

impl Hostile {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init(folder.path()).unwrap();
        Self { folder, repository }
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn blob(&self, text: &str) -> Oid {
        self.repository.blob(text.as_bytes()).unwrap()
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

    fn write(&self, kind: ObjectType, bytes: &[u8]) -> Oid {
        self.repository.odb().unwrap().write(kind, bytes).unwrap()
    }

    fn commit(&self, tree: Oid) -> String {
        let author = Signature::new("Eve", "eve@example.org", &Time::new(1_700_000_000, 0)).unwrap();
        let who = format!(
            "{} <{}> 1700000000 +0000",
            author.name().unwrap(),
            author.email().unwrap()
        );
        let raw = format!("tree {tree}\nauthor {who}\ncommitter {who}\n\nHostile\n");
        self.write(ObjectType::Commit, raw.as_bytes()).to_string()
    }

    fn path_of(&self, id: Oid) -> std::path::PathBuf {
        let hash = id.to_string();
        self.root().join(".git/objects").join(&hash[..2]).join(&hash[2..])
    }

    /// Returns what reading the commit, and reading its history, end in.
    fn errors(&self, commit: &str) -> [String; 2] {
        self.errors_within(commit, Bounds::default())
    }

    fn errors_within(&self, commit: &str, bounds: Bounds) -> [String; 2] {
        let start = Instant::now();
        let tree = read_commit_within(self.root(), commit, bounds).map(drop);
        let history = read_history_within(self.root(), commit, bounds).map(drop);
        assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
        [tree, history]
            .map(|result| format!("{:#}", result.err().unwrap_or_else(|| anyhow::anyhow!("nothing"))))
    }

    /// Returns code, path and message of what loading the commit flags.
    fn faults(&self, commit: &str) -> Vec<(String, String, String)> {
        let tree = read_commit(self.root(), commit).unwrap();
        let repository = load(&tree, Default::default(), LoadLimits::default()).unwrap();
        let faults = repository.faults.iter();
        faults
            .map(|fault| {
                let path = repository.sources.path(fault.span.file).to_string();
                (fault.code.to_string(), path, fault.message.clone())
            })
            .collect()
    }
}

#[test]
fn trees_that_git_would_refuse_are_errors() {
    let lab = Hostile::new();
    let blob = lab.blob("x");
    let empty = lab.tree(&[]);
    let inner = lab.tree(&[(FILE, b"config", blob)]);
    let mut cut = b"100644 a\0".to_vec();
    cut.extend_from_slice(&[7; 19]);
    let table = [
        ("..", lab.tree(&[(FOLDER, b"..", inner)]), "the name \"..\""),
        (".", lab.tree(&[(FOLDER, b".", inner)]), "the name \".\""),
        (".git", lab.tree(&[(FOLDER, b".git", inner)]), "the name \".git\""),
        (".GIT", lab.tree(&[(FOLDER, b".GIT", inner)]), "the name \".GIT\""),
        (
            "a slash",
            lab.tree(&[(FILE, b"../../x", blob)]),
            "the name \"../../x\"",
        ),
        (
            "a slash in a folder",
            lab.tree(&[(FOLDER, b"a/b", inner)]),
            "the name \"a/b\"",
        ),
        ("no name", lab.tree(&[(FILE, b"", blob)]), "the name \"\""),
        (
            "twice",
            lab.tree(&[(FILE, b"a", blob), (FILE, b"a", empty)]),
            "not in order",
        ),
        (
            "out of order",
            lab.tree(&[(FILE, b"b", blob), (FILE, b"a", blob)]),
            "not in order",
        ),
        (
            "folders sort with `/`",
            lab.tree(&[(FOLDER, b"a", inner), (FILE, b"a.b", blob)]),
            "not in order",
        ),
        ("cut off", lab.write(ObjectType::Tree, &cut), "cannot be parsed"),
        ("no mode", lab.tree(&[("", b"a", blob)]), "nothing"),
        (
            "not octal",
            lab.tree(&[("10064x", b"a", blob)]),
            "cannot be parsed",
        ),
        (
            "a long mode",
            lab.tree(&[("1000000000000644", b"a", blob)]),
            "cannot be parsed",
        ),
        (
            "no bytes of sense",
            lab.write(ObjectType::Tree, b"nonsense"),
            "cannot be parsed",
        ),
    ];
    for (what, tree, words) in table {
        for nested in [false, true] {
            let tree = if nested {
                lab.tree(&[(FOLDER, b"risks", tree)])
            } else {
                tree
            };
            for error in lab.errors(&lab.commit(tree)) {
                assert!(error.contains(words), "{what}: {error}");
            }
        }
    }
}

#[test]
fn an_object_of_another_kind_is_an_error() {
    let lab = Hostile::new();
    let blob = lab.blob("x");
    let folder = lab.tree(&[(FILE, b"a", blob)]);
    let commit = lab.commit(lab.tree(&[(FOLDER, b"risks", blob)]));
    for error in lab.errors(&commit) {
        assert!(error.contains("is a blob, not a tree"), "{error}");
    }
    let [error, _] = lab.errors(&lab.commit(lab.tree(&[(FILE, b"risks", folder)])));
    assert!(error.contains("is a tree"), "{error}");
    let [error, history] = lab.errors(&blob.to_string());
    assert!(
        error.contains("not a commit") && history.contains("not a commit"),
        "{error}"
    );
    let [error, history] = lab.errors(&commit[..12]);
    assert!(
        error.contains("full commit hash") && history.contains("full commit hash"),
        "{error}"
    );
}

#[test]
fn missing_and_damaged_objects_are_named() {
    let lab = Hostile::new();
    let blob = lab.blob("some text");
    let inner = lab.tree(&[(FILE, b"r-001.yaml", blob)]);
    let commit = lab.commit(lab.tree(&[(FOLDER, b"risks", inner)]));
    let tree = read_commit(lab.root(), &commit).unwrap();
    let id = tree.content_id(&tree.entries()[0]).unwrap();
    let good = std::fs::read(lab.path_of(blob)).unwrap();
    let other = std::fs::read(lab.path_of(inner)).unwrap();
    let _ = std::fs::remove_file(lab.path_of(blob));
    let [error, _] = lab.errors(&commit);
    assert!(
        error.contains(&format!("`{blob}` is not in this clone")) && error.contains("git fsck"),
        "{error}"
    );
    assert!(
        read_content(lab.root(), &id, 99)
            .unwrap_err()
            .to_string()
            .contains(&blob.to_string())
    );
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for (what, bytes) in [
        ("another object", &other[..]),
        ("cut", &good[..9]),
        ("a flipped bit", &flipped),
        ("empty", b""),
    ] {
        std::fs::write(lab.path_of(blob), bytes).unwrap();
        let fresh = read_content(lab.root(), &id, 99).unwrap_err().to_string();
        assert!(
            fresh.contains(&blob.to_string()) && fresh.contains("git fsck"),
            "{what}: {fresh}"
        );
    }
    // The library that reads objects would wait for the rest of some of these for ever.
    for length in 0..good.len() {
        std::fs::write(lab.path_of(blob), &good[..length]).unwrap();
        let cut = read_content(lab.root(), &id, 99).unwrap_err().to_string();
        assert!(cut.contains(&blob.to_string()), "{length}: {cut}");
    }
    std::fs::write(lab.path_of(blob), &good).unwrap();
    assert_eq!(read_content(lab.root(), &id, 99).unwrap(), b"some text");
    let _ = std::fs::remove_file(lab.path_of(inner));
    for error in lab.errors(&commit) {
        assert!(
            error.contains(&format!("`{inner}` is not in this clone")),
            "{error}"
        );
        assert!(error.contains(&commit), "{error}");
    }
    let _ = std::fs::remove_file(lab.path_of(Oid::from_str(&commit).unwrap()));
    for error in lab.errors(&commit) {
        assert!(
            error.contains(&format!("`{commit}` is not in this clone")),
            "{error}"
        );
    }
}

#[test]
fn few_objects_that_stand_for_endless_folders_are_refused() {
    let lab = Hostile::new();
    let blob = lab.blob("x");
    let names: Vec<String> = (0..10).map(|number| format!("f{number}")).collect();
    let tower = |base: Oid, levels: usize, width: usize| {
        (0..levels).fold(base, |below, _| {
            let entries: Vec<_> = names[..width]
                .iter()
                .map(|name| (FOLDER, name.as_bytes(), below))
                .collect();
            lab.tree(&entries)
        })
    };
    let files = lab.tree(&[(FILE, b"a.txt", blob)]);
    for error in lab.errors(&lab.commit(tower(files, 70, 1))) {
        assert!(error.contains("more than 64 deep"), "{error}");
    }
    assert!(read_commit(lab.root(), &lab.commit(tower(files, 60, 1))).is_ok());
    // The bounds of the tool are the same checks with larger numbers; to reach those takes a while.
    assert_eq!(
        (Bounds::default().entries, Bounds::default().folders),
        (1_000_000, 10_000_000)
    );
    let bounds = Bounds {
        entries: 20_000,
        folders: 20_000,
    };
    let [error, history] = lab.errors_within(&lab.commit(tower(files, 12, 10)), bounds);
    assert!(error.contains("more than 20000 files and folders"), "{error}");
    assert!(history.contains("more than 20000"), "{history}");
    let [error, history] = lab.errors_within(&lab.commit(tower(lab.tree(&[]), 12, 10)), bounds);
    assert!(error.contains("more than 20000 files and folders"), "{error}");
    assert!(history.contains("more than 20000 folders"), "{history}");
    let few_folders = Bounds {
        folders: 200_000,
        ..bounds
    };
    let [_, history] = lab.errors_within(&lab.commit(tower(files, 12, 10)), few_folders);
    assert!(history.contains("more than 20000 files"), "{history}");
}

#[test]
fn names_that_deceive_are_flagged_wherever_they_lie() {
    let lab = Hostile::new();
    let blob = lab.blob("x");
    for (name, words) in [
        (&b"aux.txt"[..], "Windows keeps for a device"),
        (b"x.txt.", "Windows drops"),
        (b"a:b", "Windows does not allow"),
        (b"a\nb.txt", "control character"),
        (b"\x1b[2Jx", "control character"),
        (b"\xff\xfe", "UTF-8 name"),
        ("a\u{202e}b".as_bytes(), "bidirectional"),
    ] {
        let tree = lab.tree(&[(FOLDER, b"data", lab.tree(&[(FILE, name, blob)]))]);
        let found = lab.faults(&lab.commit(tree));
        let flagged = |fault: &(String, String, String)| fault.0 == "SCH004" && fault.2.contains(words);
        assert!(found.iter().any(flagged), "{words}: {found:?}");
    }
    let link = lab.tree(&[("120000", b"x", lab.blob("/etc/passwd"))]);
    let module = lab.tree(&[("160000", b"x", blob)]);
    for (tree, words) in [(link, "symbolic link"), (module, "submodule")] {
        let found = lab.faults(&lab.commit(lab.tree(&[(FOLDER, b"data", tree)])));
        assert!(
            found
                .iter()
                .any(|fault| fault.0 == "SCH004" && fault.2.contains(words)),
            "{found:?}"
        );
    }
}

#[test]
fn paths_that_are_one_where_case_makes_no_difference_are_flagged_both() {
    let lab = Hostile::new();
    let blob = lab.blob("x");
    let one = lab.tree(&[
        (FILE, b"A.txt", blob),
        (FILE, b"a.txt", blob),
        (FILE, b"b.txt", blob),
    ]);
    let two = lab.tree(&[(FILE, b"c.txt", blob), (FILE, b"d.txt", blob)]);
    let root = lab.tree(&[
        (FOLDER, b"Data", two),
        (FOLDER, b"data", one),
        (FILE, b"other", blob),
    ]);
    let found: Vec<(String, String)> = lab
        .faults(&lab.commit(root))
        .into_iter()
        .filter(|fault| fault.2.contains("collides"))
        .map(|(code, path, message)| {
            assert_eq!(code, "SCH004");
            (path, message)
        })
        .collect();
    let expected = [
        ("Data/c.txt", "the path collides with `data`"),
        ("data/A.txt", "the path collides with `Data`"),
        ("data/A.txt", "the path collides with `data/a.txt`"),
        ("data/a.txt", "the path collides with `data/A.txt`"),
    ];
    for (path, message) in expected {
        assert!(
            found.contains(&(path.into(), message.into())),
            "{path}: {found:?}"
        );
    }
    assert_eq!(found.len(), expected.len(), "{found:?}");
}

#[cfg(unix)]
#[test]
fn a_name_with_escapes_reaches_no_terminal() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/a\u{1b}[2J\nb.txt"), "x").unwrap();
    for format in ["human", "json", "github"] {
        let words = ["countersign", "check", "--repo", ".", "--format", format];
        let words: Vec<std::ffi::OsString> = words.iter().map(Into::into).collect();
        let (code, output) = crate::cli::run_in(folder.path(), &words);
        assert!(code == 1 && output.contains("SCH004"), "{format}: {output}");
        assert!(
            !output.contains('\u{1b}') && !output.contains("2J\nb.txt"),
            "{format}: {output:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_listed_and_never_followed() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::create_dir(outside.path().join("workflows")).unwrap();
    std::fs::write(outside.path().join("workflows/evil.yaml"), "a: 1\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in [".github", "risks", "docs"] {
        std::os::unix::fs::symlink(outside.path(), folder.path().join(name)).unwrap();
    }
    let tree = read_folder(folder.path()).unwrap();
    let listed: Vec<(&str, EntryKind)> = tree
        .entries()
        .iter()
        .map(|entry| (&*entry.path, entry.kind))
        .collect();
    let link = EntryKind::Symlink;
    assert_eq!(listed, [(".github", link), ("docs", link), ("risks", link)]);
    assert_eq!(tree.guarded().len(), 1);
    assert!(tree.read(&tree.guarded()[0], 99).is_err());
    assert!(tree.content_id(&tree.guarded()[0]).is_err());
}

#[test]
fn a_folder_deeper_than_any_record_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let deep = vec!["d"; 70].join("/");
    std::fs::create_dir_all(folder.path().join(deep)).unwrap();
    let error = read_folder(folder.path()).unwrap_err().to_string();
    assert!(error.contains("more than 64 deep"), "{error}");
}
