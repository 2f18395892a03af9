//! Pull requests on real git repositories: a signed base on `main`, a branch that changes it, and what `check` says.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign::load::{Repository, load, load_configuration};
use countersign::source::read_folder;
use countersign::trust::{Change, ChangedPath, PathChangeKind};
use serde_json::Value;

use crate::checks;
use crate::cli::streams;
use crate::signing::decide;

/// The day on which pull requests are judged, unless a test says otherwise.
pub(crate) const TODAY: &str = "2026-01-01";
/// When people decide, unless a test says otherwise.
pub(crate) const NOW: &str = "2026-01-01T09:00:00Z";

/// A git repository whose `main` holds the base of the rules' examples, and a branch `change` off it.
pub(crate) struct PullRequest {
    folder: tempfile::TempDir,
    pub(crate) as_of: String,
}

/// What `check --base main` said.
pub(crate) struct Verdict {
    pub(crate) code: i32,
    pub(crate) document: Value,
}

impl PullRequest {
    /// Commits the base, made other by `prepare`, on `main`, and begins the branch.
    pub(crate) fn new(prepare: impl FnOnce(&Self)) -> Self {
        let one = Self {
            folder: checks::base(),
            as_of: TODAY.into(),
        };
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main");
        git2::Repository::init_opts(one.root(), &options).unwrap();
        prepare(&one);
        one.commit("Base");
        one.branch("change");
        one
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        std::fs::remove_file(self.path(path)).unwrap();
    }

    /// Replaces text in a file; it must be there.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no `{from}`:\n{text}");
        self.write(path, &text.replacen(from, to, 1));
    }

    /// Has a person approve a record as it lies now; `compliance` is the configuration. Returns the path.
    pub(crate) fn approve(&self, id: &str, person: &str, role: &str) -> String {
        self.decide(id, (person, role, NOW), "approve")
    }

    pub(crate) fn decide(&self, id: &str, who: (&str, &str, &str), decision: &str) -> String {
        let repository = load_folder(self.root());
        decide(self.root(), &repository, id, who, decision)
    }

    fn git(&self) -> git2::Repository {
        git2::Repository::open(self.root()).unwrap()
    }

    /// Commits all that lies in the folder on the branch that is checked out; returns the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        let git = self.git();
        let mut index = git.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::FORCE, None).unwrap();
        index.update_all(["*"], None).unwrap();
        index.write().unwrap();
        let tree = git.find_tree(index.write_tree().unwrap()).unwrap();
        let time = git2::Time::new(1_767_258_000, 60);
        let author = git2::Signature::new("Somebody", "somebody@nordhafen.example", &time).unwrap();
        let parent = git.head().ok().map(|head| head.peel_to_commit().unwrap());
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        git.commit(Some("HEAD"), &author, &author, message, &tree, &parents)
            .unwrap()
            .to_string()
    }

    /// Begins a branch at the commit that is checked out.
    pub(crate) fn branch(&self, name: &str) {
        let git = self.git();
        let head = git.head().unwrap().peel_to_commit().unwrap();
        git.branch(name, &head, true).unwrap();
        self.switch(name);
    }

    /// Checks a branch out.
    pub(crate) fn switch(&self, name: &str) {
        let git = self.git();
        git.set_head(&format!("refs/heads/{name}")).unwrap();
        let mut options = git2::build::CheckoutBuilder::new();
        git.checkout_head(Some(options.force().remove_untracked(true)))
            .unwrap();
    }

    /// Commits, and runs a command line over the repository as of the day.
    pub(crate) fn run(&self, words: &[&str]) -> (i32, String, String) {
        let all = ["countersign"].into_iter().chain(words.iter().copied());
        let words: Vec<OsString> = all.chain(["--as-of", &self.as_of]).map(OsString::from).collect();
        streams(self.root(), &words)
    }

    /// Commits what lies there, and judges the branch by `main`.
    pub(crate) fn check(&self) -> Verdict {
        self.commit("Change");
        let (code, out, err) = self.run(&["check", "--base", "main", "--format", "json"]);
        let document = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{code} {out}{err}"));
        Verdict { code, document }
    }
}

impl Verdict {
    pub(crate) fn diagnostics(&self) -> impl Iterator<Item = &Value> {
        self.document["diagnostics"].as_array().unwrap().iter()
    }

    /// Returns the diagnostics of a rule that block.
    pub(crate) fn errors(&self, code: &str) -> Vec<&Value> {
        self.diagnostics()
            .filter(|one| one["code"] == code && one["level"] == "error")
            .collect()
    }

    /// Asserts that a rule blocks at a place, in these words.
    pub(crate) fn assert_error(&self, code: &str, file: &str, line: u64, words: &str) {
        let found = self.errors(code);
        let is_it = |one: &&&Value| {
            one["file"] == file && one["line"] == line && one["message"].as_str().unwrap().contains(words)
        };
        assert!(
            found.iter().any(|one| is_it(&one)),
            "{code} at {file}:{line} `{words}`: {}",
            self.told()
        );
        assert_eq!(self.code, 1);
    }

    /// Asserts that nothing of some rules blocks.
    pub(crate) fn assert_no_errors(&self, codes: &[&str]) {
        for code in codes {
            assert!(self.errors(code).is_empty(), "{}", self.told());
        }
    }

    /// Returns what was said at error level, for messages of tests.
    pub(crate) fn told(&self) -> String {
        let lines = self.diagnostics().filter(|one| one["level"] == "error");
        let lines: Vec<String> = lines
            .map(|one| {
                format!(
                    "{} {}:{} {} | {}",
                    one["code"], one["file"], one["line"], one["message"], one["help"]
                )
            })
            .collect();
        format!("exit {}\n{}", self.code, lines.join("\n"))
    }
}

fn load_folder(folder: &Path) -> Repository {
    let tree = read_folder(folder).unwrap();
    let (configuration, _, faults) = load_configuration(&tree).unwrap();
    assert!(faults.is_empty(), "{faults:?}");
    load(&tree, configuration, countersign::load::LoadLimits::default()).unwrap()
}

/// Lays two folders side by side as a change from the one to the other.
pub(crate) fn change_between(before: &Path, after: &Path) -> Change {
    let contents = |folder: &Path| -> BTreeMap<Arc<str>, Vec<u8>> {
        let tree = read_folder(folder).unwrap();
        let read = |entry| tree.read(entry, 1 << 24).unwrap();
        tree.entries()
            .iter()
            .map(|entry| (entry.path.clone(), read(entry)))
            .collect()
    };
    let (was, is) = (contents(before), contents(after));
    let kind = |path: &Arc<str>| match (was.get(path), is.get(path)) {
        (Some(one), Some(other)) if one == other => None,
        (Some(_), Some(_)) => Some(PathChangeKind::Modified),
        (Some(_), None) => Some(PathChangeKind::Removed),
        (None, _) => Some(PathChangeKind::Added),
    };
    let mut paths: Vec<ChangedPath> = was
        .keys()
        .chain(is.keys())
        .filter_map(|path| {
            let path = Arc::clone(path);
            kind(&path).map(|kind| ChangedPath { path, kind })
        })
        .collect();
    paths.sort();
    paths.dedup();
    let base = load_folder(before);
    Change {
        base_name: "main".into(),
        base_commit: "0".repeat(40),
        merge_bases: vec!["0".repeat(40)],
        before: vec![load_folder(before)],
        base,
        paths,
    }
}
