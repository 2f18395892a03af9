//! Repositories of every shape that git makes.

use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::source::{
    EntryKind, Tree, content_id_of, facts, merge_bases, read_commit, read_content, read_folder, read_history,
    resolve_revision, reused_paths,
};

/// Runs git without any configuration but the repository's own.
pub(crate) fn try_git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .current_dir(folder)
        .args([
            "-c",
            "protocol.file.allow=always",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([
            ("GIT_AUTHOR_NAME", "Ada"),
            ("GIT_AUTHOR_EMAIL", "ada@example.org"),
        ])
        .envs([
            ("GIT_COMMITTER_NAME", "Ada"),
            ("GIT_COMMITTER_EMAIL", "ada@example.org"),
        ])
        .output()
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    try_git(folder, arguments).unwrap_or_else(|error| panic!("git {arguments:?}: {error}"))
}

/// A folder with a repository `origin` of three commits.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(init: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self { folder };
        let origin = place.path("origin");
        std::fs::create_dir(&origin).unwrap();
        git(&origin, &[&["init", "-q"], init].concat());
        for number in 1..=3 {
            let text = format!("id: r-{number}\n");
            place.write("origin/risks/r.yaml", &text);
            place.write(&format!("origin/risks/r-{number}.yaml"), &text);
            place.commit("origin", &format!("Step {number}"));
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn commit(&self, repository: &str, message: &str) {
        git(&self.path(repository), &["add", "-A"]);
        git(
            &self.path(repository),
            &["commit", "-q", "--allow-empty", "-m", message],
        );
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.folder.path(), arguments)
    }

    fn url(&self) -> String {
        format!("file://{}", self.path("origin").display())
    }
}

fn paths(tree: &Tree) -> Vec<&str> {
    tree.entries().iter().map(|entry| &*entry.path).collect()
}

#[test]
fn bare_linked_detached_and_sha256_repositories_read_alike() {
    let plain = Place::new(&[]);
    plain.git(&["clone", "-q", "--bare", "origin", "bare"]);
    plain.git(&[
        "-C",
        "origin",
        "worktree",
        "add",
        "-q",
        "--detach",
        "../linked",
        "main",
    ]);
    plain.git(&["clone", "-q", "origin", "detached"]);
    plain.git(&["-C", "detached", "checkout", "-q", "--detach"]);
    let sha256 = Place::new(&["--object-format=sha256"]);
    for (place, name, is_bare) in [
        (&plain, "origin", false),
        (&plain, "bare", true),
        (&plain, "linked", false),
        (&plain, "detached", false),
        (&sha256, "origin", false),
    ] {
        let root = place.path(name);
        let head = git(&root, &["rev-parse", "HEAD"]);
        let found = facts(&root).unwrap().unwrap();
        assert_eq!(found.commit.as_deref(), Some(head.as_str()), "{name}");
        assert_eq!(
            (found.modified, found.is_bare, found.shallow),
            (false, is_bare, false),
            "{name}"
        );
        let tree = read_commit(&root, &head).unwrap();
        assert_eq!(
            paths(&tree),
            [
                "risks/r-1.yaml",
                "risks/r-2.yaml",
                "risks/r-3.yaml",
                "risks/r.yaml"
            ]
        );
        let entry = tree.entry("risks/r.yaml").unwrap();
        assert_eq!(tree.read(entry, 99).unwrap(), b"id: r-3\n");
        let id = tree.content_id(entry).unwrap();
        assert_eq!(
            id.to_string(),
            git(&root, &["rev-parse", "HEAD:risks/r.yaml"]),
            "{name}"
        );
        assert!(id.is_of(b"id: r-3\n") && !id.is_of(b"id: r-2\n"));
        assert_eq!(read_content(&root, &id, 99).unwrap(), b"id: r-3\n");
        let history = read_history(&root, &head).unwrap().unwrap();
        assert_eq!(history.mainline, [0, 1, 2], "{name}");
        assert_eq!(history.commits[1].changes.len(), 2, "{name}");
        assert_eq!(history.commits[2].changes[1].after, Some(id), "{name}");
        assert_eq!(resolve_revision(&root, "HEAD~2").unwrap(), history.commits[0].id);
        assert_eq!(
            merge_bases(&root, "HEAD", "HEAD~1").unwrap(),
            [history.commits[1].id.clone()]
        );
        if !is_bare {
            let folder = read_folder(&root).unwrap();
            let entry = folder.entry("risks/r.yaml").unwrap();
            assert_eq!(folder.content_id(entry).unwrap(), id, "{name}");
            std::fs::write(root.join("risks/new.yaml"), "x").unwrap();
            assert!(facts(&root).unwrap().unwrap().modified, "{name}");
            std::fs::remove_file(root.join("risks/new.yaml")).unwrap();
        }
    }
}

#[test]
fn before_the_first_commit_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q"]);
    assert_eq!(facts(folder.path()).unwrap().unwrap().commit, None);
}

#[test]
fn a_submodule_is_listed_and_not_opened() {
    let place = Place::new(&[]);
    place.git(&["init", "-q", "outer"]);
    place.git(&[
        "-C",
        "outer",
        "submodule",
        "--quiet",
        "add",
        &place.url(),
        "risks",
    ]);
    place.commit("outer", "With a submodule");
    let root = place.path("outer");
    let head = git(&root, &["rev-parse", "HEAD"]);
    place.write("outer/risks/r.yaml", "changed in the submodule");
    assert!(!facts(&root).unwrap().unwrap().modified);
    let tree = read_commit(&root, &head).unwrap();
    assert_eq!(tree.entry("risks").unwrap().kind, EntryKind::Submodule);
    let history = read_history(&root, &head).unwrap().unwrap();
    assert_eq!(&*history.commits[0].changes[1].path, "risks");
    std::fs::remove_dir_all(root.join("risks")).unwrap();
    assert!(facts(&root).is_ok());
}

#[test]
fn a_reftable_repository_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    if let Err(error) = try_git(folder.path(), &["init", "-q", "--ref-format=reftable"]) {
        return println!("skipped, since this git knows no reftable: {error}");
    }
    for error in [
        facts(folder.path()).unwrap_err(),
        read_history(folder.path(), "x").unwrap_err(),
        resolve_revision(folder.path(), "HEAD").unwrap_err(),
    ] {
        let text = format!("{error:#}");
        assert!(
            text.contains("reftable") && text.contains("--ref-format=files"),
            "{text}"
        );
    }
}

#[test]
fn a_shallow_clone_is_known_and_says_what_it_needs() {
    let place = Place::new(&[]);
    place.git(&["clone", "-q", "--depth", "2", &place.url(), "shallow"]);
    place.git(&["-C", "shallow", "worktree", "add", "-q", "--detach", "../linked"]);
    for name in ["shallow", "linked"] {
        let root = place.path(name);
        let found = facts(&root).unwrap().unwrap();
        assert!(found.shallow && !found.modified, "{name}");
        let history = read_history(&root, &found.commit.unwrap()).unwrap().unwrap();
        assert!(history.is_shallow, "{name}");
        assert_eq!(history.mainline.len(), 2);
        assert_eq!(history.commits[0].parents, Vec::<usize>::new());
        assert_eq!(
            history.commits[0].changes.len(),
            3,
            "all that the oldest commit holds"
        );
        let error = resolve_revision(&root, "HEAD~2").unwrap_err().to_string();
        assert!(error.contains("git fetch --unshallow"), "{error}");
    }
    let root = place.path("shallow");
    git(&root, &["checkout", "-q", "--orphan", "other"]);
    place.commit("shallow", "Alone");
    let error = merge_bases(&root, "main", "other").unwrap_err().to_string();
    assert!(error.contains("git fetch --unshallow"), "{error}");
    git(&root, &["fetch", "-q", "--unshallow"]);
    assert!(!facts(&root).unwrap().unwrap().shallow);
    let error = merge_bases(&root, "main", "other").unwrap_err().to_string();
    assert!(error.contains("unrelated histories"), "{error}");
}

#[test]
fn a_partial_clone_says_what_it_needs_and_then_works() {
    let place = Place::new(&[]);
    git(
        &place.path("origin"),
        &["config", "uploadpack.allowFilter", "true"],
    );
    for (name, filter) in [("blobless", "blob:none"), ("treeless", "tree:0")] {
        let filter = format!("--filter={filter}");
        place.git(&["clone", "-q", "--no-checkout", &filter, &place.url(), name]);
        let root = place.path(name);
        let head = git(&root, &["rev-parse", "HEAD"]);
        assert_eq!(resolve_revision(&root, "HEAD").unwrap(), head);
        let error = format!("{:#}", read_commit(&root, &head).unwrap_err());
        assert!(error.contains("git fetch --refetch --no-filter"), "{error}");
        if name == "blobless" {
            assert_eq!(
                facts(&root).unwrap().unwrap().commit.as_deref(),
                Some(head.as_str())
            );
            assert!(reused_paths(&root, &head, &["risks"]).unwrap().is_empty());
            let history = read_history(&root, &head).unwrap().unwrap();
            let id = history.commits[0].changes[0].after.unwrap();
            let error = read_content(&root, &id, 99).unwrap_err().to_string();
            assert!(error.contains("git fetch --refetch --no-filter"), "{error}");
        } else {
            let error = format!("{:#}", read_history(&root, &head).unwrap_err());
            assert!(error.contains("git fetch --refetch --no-filter"), "{error}");
        }
        git(&root, &["fetch", "-q", "--refetch", "--no-filter"]);
        assert_eq!(paths(&read_commit(&root, &head).unwrap()).len(), 4);
    }
}

#[test]
fn every_merge_base_is_found() {
    let place = Place::new(&[]);
    let root = place.path("origin");
    git(&root, &["checkout", "-q", "-b", "side", "HEAD~1"]);
    place.commit("origin", "Side");
    let (left, right) = (
        git(&root, &["rev-parse", "main"]),
        git(&root, &["rev-parse", "side"]),
    );
    assert_eq!(
        merge_bases(&root, "main", "side").unwrap(),
        [git(&root, &["rev-parse", "main~1"])]
    );
    // Each takes the other in: two commits lead to both, and neither to the other.
    git(&root, &["merge", "-q", "-m", "Left in", &left]);
    git(&root, &["checkout", "-q", "main"]);
    git(&root, &["merge", "-q", "-m", "Right in", &right]);
    let mut expected = vec![left, right];
    expected.sort();
    assert_eq!(merge_bases(&root, "main", "side").unwrap(), expected);
    let history = read_history(&root, &git(&root, &["rev-parse", "main"]))
        .unwrap()
        .unwrap();
    assert_eq!(history.commits.len(), 5);
    assert_eq!(history.mainline.len(), 4);
}

#[test]
fn a_revision_is_read_as_git_reads_it() {
    let place = Place::new(&[]);
    let root = place.path("origin");
    git(&root, &["tag", "-m", "A tag", "v1", "HEAD~1"]);
    git(&root, &["branch", "feature/x", "HEAD~2"]);
    let short = git(&root, &["rev-parse", "--short", "HEAD~1"]);
    for revision in [
        "HEAD",
        "@",
        "main",
        "heads/main",
        "refs/heads/main",
        "HEAD~1",
        "HEAD^",
        "HEAD^^",
        "v1",
        "v1^{commit}",
        "v1~1",
        "feature/x",
        &short,
        ":/Step 2",
        "HEAD^{/Step 1}",
        "main@{0}",
        "HEAD@{1}",
        "v1^0",
    ] {
        let found = git(&root, &["rev-parse", revision]);
        let expected = git(&root, &["rev-parse", &format!("{found}^{{commit}}")]);
        assert_eq!(resolve_revision(&root, revision).unwrap(), expected, "{revision}");
    }
    for revision in [
        "nope",
        "HEAD^{tree}",
        "HEAD~9",
        "HEAD..main",
        "HEAD:risks",
        "",
        "--help",
        "0000",
    ] {
        let error = format!("{:#}", resolve_revision(&root, revision).unwrap_err());
        assert!(error.contains(&format!("`{revision}`")), "{revision}: {error}");
    }
}

#[test]
fn what_is_guarded_is_the_same_in_a_folder_and_in_a_commit() {
    let place = Place::new(&[]);
    let root = place.path("origin");
    let digest = |tree: &Tree| tree.digest().unwrap();
    for path in [
        ".github/workflows/check.yaml",
        ".github/.hidden/x",
        ".gitlab/agents/a",
        ".other/x",
    ] {
        place.write(&format!("origin/{path}"), "a: 1\n");
    }
    assert_eq!(
        digest(&read_folder(&root).unwrap()),
        digest(&read_commit(&root, &resolve_revision(&root, "HEAD").unwrap()).unwrap())
    );
    for path in [
        "CODEOWNERS",
        "docs/CODEOWNERS",
        "docs/x",
        ".gitattributes",
        ".gitlab-ci.yml",
        "risks/CODEOWNERS",
    ] {
        place.write(&format!("origin/{path}"), "* text=auto eol=crlf\n");
    }
    place.commit("origin", "Guarded");
    let head = resolve_revision(&root, "HEAD").unwrap();
    let (folder, commit) = (read_folder(&root).unwrap(), read_commit(&root, &head).unwrap());
    let expected = [
        ".gitattributes",
        ".github/.hidden/x",
        ".github/workflows/check.yaml",
        ".gitlab-ci.yml",
        ".gitlab/agents/a",
        "CODEOWNERS",
        "docs/CODEOWNERS",
    ];
    for tree in [&folder, &commit] {
        let guarded: Vec<&str> = tree.guarded().iter().map(|entry| &*entry.path).collect();
        assert_eq!(guarded, expected);
        assert!(
            tree.entries()
                .iter()
                .all(|entry| !entry.path.starts_with(".github/"))
        );
        let workflow = &tree.guarded()[2];
        assert_eq!(tree.read(workflow, 99).unwrap(), b"a: 1\n");
        assert_eq!(tree.content_id(workflow).unwrap(), content_id_of(b"a: 1\n"));
    }
    assert_eq!(digest(&folder), digest(&commit));
    assert_eq!(paths(&folder), paths(&commit));
}

#[test]
fn bytes_are_read_as_stored_whatever_attributes_say() {
    let place = Place::new(&[]);
    let root = place.path("origin");
    place.write(
        "origin/.gitattributes",
        "*.yaml filter=evil text eol=crlf ident\n",
    );
    place.write("origin/risks/r.yaml", "a: $Id$\n");
    git(&root, &["config", "filter.evil.smudge", "touch evil; cat"]);
    git(&root, &["config", "filter.evil.clean", "cat"]);
    place.commit("origin", "With attributes");
    git(&root, &["config", "filter.evil.clean", "touch evil; cat"]);
    let head = resolve_revision(&root, "HEAD").unwrap();
    assert!(facts(&root).is_ok());
    let tree = read_commit(&root, &head).unwrap();
    assert_eq!(
        tree.read(tree.entry("risks/r.yaml").unwrap(), 99).unwrap(),
        b"a: $Id$\n"
    );
    place.write("origin/risks/r.yaml", "a: $Id: 1 $\r\n");
    let folder = read_folder(&root).unwrap();
    let id = folder.content_id(folder.entry("risks/r.yaml").unwrap()).unwrap();
    assert_eq!(id, content_id_of(b"a: $Id: 1 $\r\n"));
    assert!(
        facts(&root).is_ok() && !root.join("evil").exists(),
        "a filter was run"
    );
}

#[test]
fn a_bare_repository_is_checked_as_head_or_a_revision_holds_it() {
    let place = Place::new(&[]);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo");
    for entry in walkdir::WalkDir::new(&example) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let to = place
                .path("origin")
                .join(entry.path().strip_prefix(&example).unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
    git(
        &place.path("origin"),
        &[
            "rm",
            "-q",
            "-r",
            "--cached",
            "risks/r.yaml",
            "risks/r-1.yaml",
            "risks/r-2.yaml",
            "risks/r-3.yaml",
        ],
    );
    for name in ["r", "r-1", "r-2", "r-3"] {
        let _ = std::fs::remove_file(place.path(&format!("origin/risks/{name}.yaml")));
    }
    place.commit("origin", "The example");
    place.git(&["clone", "-q", "--bare", "origin", "bare"]);
    let check = |repository: &str, more: &[&str]| {
        let words = [
            "countersign",
            "check",
            "--repo",
            repository,
            "--as-of",
            "2026-10-01T10:00:00Z",
            "--format",
            "json",
        ];
        let words: Vec<std::ffi::OsString> = words.iter().chain(more).map(Into::into).collect();
        crate::cli::run_in(place.folder.path(), &words)
    };
    let (code, output) = check("origin", &[]);
    assert!(code < 2, "{output}");
    assert_eq!(check("bare", &[]), (code, output.clone()));
    assert_eq!(check("bare", &["--at", "HEAD"]), (code, output));
    let (code, output) = check("bare", &["--at", "main~1"]);
    assert!(code == 1 && output.contains("risks/r-1.yaml"), "{output}");
    assert_eq!(check("bare", &["--at", "2000-01-01"]).0, 2);
}
