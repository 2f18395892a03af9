//! One pass over history says what each commit did, and replaying it gives every tree again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use countersign::source::{
    History, PathChange, content_id_of, read_commit, read_content, read_history, reused_paths,
};
use git2::{ObjectType, Oid, Repository, Signature, Time};
use proptest::prelude::*;

/// Paths and what belongs to each.
type Pairs<'a> = &'a [(&'a str, &'a str)];

/// Path and text of every file.
type Files = BTreeMap<String, String>;

/// A bare repository that is written commit by commit, whatever the trees are.
struct Lab {
    folder: tempfile::TempDir,
    repository: Repository,
    commits: u32,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init(folder.path()).unwrap();
        Self {
            folder,
            repository,
            commits: 0,
        }
    }

    fn tree(&self, files: &Files) -> Oid {
        let mut here = self.repository.treebuilder(None).unwrap();
        let mut folders: BTreeMap<&str, Files> = BTreeMap::new();
        for (path, text) in files {
            match path.split_once('/') {
                Some((folder, rest)) => {
                    folders
                        .entry(folder)
                        .or_default()
                        .insert(rest.into(), text.clone());
                }
                None => {
                    let blob = self.repository.blob(text.as_bytes()).unwrap();
                    here.insert(path, blob, 0o100_644).unwrap();
                }
            }
        }
        for (folder, files) in folders {
            here.insert(folder, self.tree(&files), 0o040_000).unwrap();
        }
        here.write().unwrap()
    }

    fn commit_tree(&mut self, tree: Oid, parents: &[Oid]) -> Oid {
        self.commits += 1;
        let time = Time::new(1_700_000_000 + i64::from(self.commits) * 60, 60);
        let author = Signature::new("Ada", "ada@example.org", &time).unwrap();
        let parents: Vec<git2::Commit<'_>> = parents
            .iter()
            .map(|parent| self.repository.find_commit(*parent).unwrap())
            .collect();
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        let tree = self.repository.find_tree(tree).unwrap();
        let message = format!("Step {}\nof many\n\nBody", self.commits);
        self.repository
            .commit(None, &author, &author, &message, &tree, &parents)
            .unwrap()
    }

    fn commit(&mut self, files: &Files, parents: &[Oid]) -> Oid {
        self.commit_tree(self.tree(files), parents)
    }

    fn history(&self, tip: Oid) -> History {
        read_history(self.folder.path(), &tip.to_string())
            .unwrap()
            .unwrap()
    }

    /// Commits one list of files after the other, and returns the history.
    fn line(states: &[Files]) -> (Self, History) {
        let mut lab = Self::new();
        let mut tip = None;
        for files in states {
            let parents: Vec<Oid> = tip.into_iter().collect();
            tip = Some(lab.commit(files, &parents));
        }
        let history = lab.history(tip.unwrap());
        (lab, history)
    }
}

fn files(list: &[(&str, &str)]) -> Files {
    list.iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect()
}

fn lines(range: std::ops::Range<usize>) -> String {
    range.map(|number| format!("line {number}\n")).collect()
}

/// Applies changes to the ids by path, and refuses those that do not fit.
fn replay(state: &mut BTreeMap<String, String>, changes: &[PathChange]) {
    let before = state.clone();
    for change in changes {
        let old_path = change.renamed_from.as_ref().unwrap_or(&change.path);
        let old = before.get(&**old_path).cloned();
        assert_eq!(
            old,
            change.before.map(|id| id.to_string()),
            "before of {}",
            change.path
        );
        match change.after {
            Some(id) => state.insert(change.path.to_string(), id.to_string()),
            None => state.remove(&*change.path),
        };
    }
}

fn ids(files: &Files) -> BTreeMap<String, String> {
    let id = |text: &str| content_id_of(text.as_bytes()).to_string();
    files
        .iter()
        .map(|(path, text)| (path.clone(), id(text)))
        .collect()
}

/// A small source of numbers, so that one seed makes one history.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn change(&mut self, files: &mut Files) {
        const PATHS: &[&str] = &[
            "isms.yaml",
            "exceptions/exc-1.yaml",
            "exceptions/exc-2.yaml",
            "exceptions-old/exc-1.yaml",
            "exceptions.yaml",
            ".github/workflows/check.yaml",
            "approvals/exc-1/a.yaml",
            "people",
            "people/p-lee.yaml",
            "a/b/c/d.txt",
        ];
        let path = PATHS[self.below(PATHS.len())].to_owned();
        match self.below(5) {
            0 => drop(files.remove(&path)),
            1 => {
                let Some(text) = files.remove(&path) else { return };
                let to = PATHS[self.below(PATHS.len())].to_owned();
                self.put(files, to, text);
            }
            _ => {
                let from = self.below(30);
                let text = lines(from..from + 10);
                self.put(files, path, text);
            }
        }
    }

    /// A path is a file or a folder, never both.
    fn put(&mut self, files: &mut Files, path: String, text: String) {
        files.retain(|other, _| {
            !other.starts_with(&format!("{path}/")) && !path.starts_with(&format!("{other}/"))
        });
        files.insert(path, text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// The oracle is the list of files from which each commit was made.
    #[test]
    fn changes_replayed_give_each_tree(seed in any::<u64>()) {
        let mut numbers = Numbers(seed);
        let mut lab = Lab::new();
        let mut made: Vec<(Oid, Files, Vec<usize>)> = Vec::new();
        for step in 0..25 {
            let mut parents = Vec::new();
            if step > 0 {
                parents.push(numbers.below(step.min(4)) + step - step.min(4));
                for _ in 0..[0, 0, 1, 2][numbers.below(4)] {
                    let other = numbers.below(step);
                    if !parents.contains(&other) {
                        parents.push(other);
                    }
                }
            }
            let mut state = parents.first().map(|first| made[*first].1.clone()).unwrap_or_default();
            for other in parents.iter().skip(1) {
                // A merge takes some files of each side, and may add what neither has.
                for (path, text) in made[*other].1.clone() {
                    if numbers.below(2) == 0 {
                        numbers.put(&mut state, path, text);
                    }
                }
            }
            for _ in 0..numbers.below(4) {
                numbers.change(&mut state);
            }
            let oids: Vec<Oid> = parents.iter().map(|parent| made[*parent].0).collect();
            made.push((lab.commit(&state, &oids), state, parents));
        }
        let tip = made.last().unwrap().0;
        let history = lab.history(tip);
        let place_made = |index: usize| {
            made.iter().position(|(oid, ..)| oid.to_string() == history.commits[index].id).unwrap()
        };
        for (index, commit) in history.commits.iter().enumerate() {
            prop_assert!(commit.parents.iter().all(|parent| *parent < index));
            prop_assert_eq!(history.position(&commit.id), Some(index));
            let (_, state, parents) = &made[place_made(index)];
            let states: Vec<_> = parents.iter().map(|parent| ids(&made[*parent].1)).collect();
            let (state, none) = (ids(state), BTreeMap::new());
            let olds: Vec<_> = if states.is_empty() { vec![&none] } else { states.iter().collect() };
            let paths: BTreeSet<&String> = olds.iter().flat_map(|old| old.keys()).chain(state.keys()).collect();
            let own: Vec<&str> = paths
                .into_iter()
                .filter(|path| olds.iter().all(|old| old.get(*path) != state.get(*path)))
                .map(String::as_str)
                .collect();
            let found: Vec<&str> = commit.changes.iter().map(|change| &*change.path).collect();
            prop_assert_eq!(found, own);
            prop_assert!(commit.merged.is_empty() || parents.len() > 1);
        }
        let mut line = vec![made.len() - 1];
        while let Some(first) = made[*line.last().unwrap()].2.first() {
            line.push(*first);
        }
        line.reverse();
        prop_assert_eq!(history.mainline.iter().map(|index| place_made(*index)).collect::<Vec<_>>(), line);
        let mut state = BTreeMap::new();
        for index in &history.mainline {
            replay(&mut state, history.mainline_changes(*index));
            prop_assert_eq!(&state, &ids(&made[place_made(*index)].1));
        }
        let leads = |from: usize, to: usize| {
            lab.repository.graph_descendant_of(made[place_made(to)].0, made[place_made(from)].0).unwrap()
        };
        for one in 0..history.commits.len() {
            for other in 0..history.commits.len() {
                prop_assert_eq!(history.is_ancestor(one, other), one == other || leads(one, other));
            }
        }
    }
}

#[test]
fn a_commit_says_who_when_and_whether_it_is_signed() {
    let mut lab = Lab::new();
    let first = lab.commit(&files(&[("a", "1")]), &[]);
    let tree = lab.tree(&files(&[("a", "2")]));
    let raw = format!(
        "tree {tree}\nparent {first}\nauthor Bo <Lee <lee@example.org> 1700000600 -0330\ncommitter  <> 1700000700 +0000\n\
         gpgsig -----BEGIN SSH SIGNATURE-----\n tree of no meaning\n -----END SSH SIGNATURE-----\n\n\nShort\nsummary\n\ngpgsig no\n"
    );
    let odb = lab.repository.odb().unwrap();
    let signed = odb.write(ObjectType::Commit, raw.as_bytes()).unwrap();
    let history = lab.history(signed);
    let [unsigned, signed] = &history.commits[..] else {
        panic!("{history:?}")
    };
    assert!(!unsigned.is_signed && signed.is_signed);
    assert_eq!(unsigned.summary, "Step 1 of many");
    assert_eq!(unsigned.authored_at.to_rfc3339(), "2023-11-14T22:14:20+00:00");
    assert_eq!(
        (signed.summary.as_str(), signed.author.name.as_str()),
        ("Short summary", "Bo")
    );
    assert_eq!(signed.committed_at.timestamp(), 1_700_000_700);
    assert_eq!(signed.committer.email, "");
    assert_eq!(signed.changes.len(), 1);
}

#[test]
fn a_commit_that_cannot_be_parsed_is_an_error_with_its_hash() {
    let mut lab = Lab::new();
    let first = lab.commit(&files(&[("a", "1")]), &[]);
    let tree = lab.tree(&files(&[]));
    for (what, raw) in [
        (
            "no date",
            format!("tree {tree}\nparent {first}\nauthor A <a>\ncommitter A <a> 1 +0000\n\nx"),
        ),
        (
            "no tree",
            format!("parent {first}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nx"),
        ),
        (
            "a year far away",
            format!("tree {tree}\nauthor A <a> 99999999999999999 +0000\ncommitter A <a> 1 +0000\n\nx"),
        ),
    ] {
        let odb = lab.repository.odb().unwrap();
        let id = odb.write(ObjectType::Commit, raw.as_bytes()).unwrap();
        let error = read_history(lab.folder.path(), &id.to_string()).unwrap_err();
        assert!(
            format!("{error:#}").contains(&format!("`{id}` is malformed")),
            "{what}: {error:#}"
        );
    }
}

#[test]
fn renames_are_found_by_content_then_by_lines() {
    let old = lines(0..10);
    let half = lines(0..5) + &lines(20..25);
    let less = lines(0..4) + &lines(20..26);
    let table: &[(&str, Pairs, Pairs, Pairs)] = &[
        (
            "the same bytes, anywhere",
            &[("exceptions/a.yaml", &old)],
            &[("archive/2026/b.yaml", &old)],
            &[("archive/2026/b.yaml", "exceptions/a.yaml")],
        ),
        (
            "half of the lines, in the folder",
            &[("exceptions/a.yaml", &old)],
            &[("exceptions/b.yaml", &half)],
            &[("exceptions/b.yaml", "exceptions/a.yaml")],
        ),
        (
            "fewer lines",
            &[("exceptions/a.yaml", &old)],
            &[("exceptions/b.yaml", &less)],
            &[],
        ),
        (
            "half of the lines, another folder",
            &[("exceptions/a.yaml", &old)],
            &[("risks/b.yaml", &half)],
            &[],
        ),
        (
            "one removed file is taken once",
            &[("exceptions/a.yaml", &old)],
            &[("exceptions/b.yaml", &old), ("exceptions/c.yaml", &old)],
            &[("exceptions/b.yaml", "exceptions/a.yaml")],
        ),
        (
            "the file name decides between equals",
            &[("x/a.yaml", &old), ("x/b.yaml", &old)],
            &[("y/a.yaml", &old), ("y/b.yaml", &old)],
            &[("y/a.yaml", "x/a.yaml"), ("y/b.yaml", "x/b.yaml")],
        ),
        (
            "a copy is none",
            &[("x/a", &old)],
            &[("x/a", &old), ("x/b", &old)],
            &[],
        ),
    ];
    for (what, before, after, expected) in table {
        let (_lab, history) = Lab::line(&[files(before), files(after)]);
        let changes = &history.commits[1].changes;
        let found: Vec<(&str, &str)> = changes
            .iter()
            .filter_map(|change| Some((&*change.path, change.renamed_from.as_deref()?)))
            .collect();
        assert_eq!(found, *expected, "{what}");
        for (_, from) in found {
            assert!(
                changes
                    .iter()
                    .any(|change| *change.path == *from && change.after.is_none()),
                "{what}: the old path is said to be gone"
            );
        }
    }
}

#[test]
fn a_commit_that_replaces_thousands_of_files_is_compared_in_bounded_time() {
    let many = |name: &str, salt: usize| -> Files {
        (0..3_000)
            .map(|number| {
                let text = format!("{salt}\n{}", lines(number..number + 5));
                (format!("exceptions/{name}-{number:05}.yaml"), text)
            })
            .collect()
    };
    let start = std::time::Instant::now();
    let (_lab, history) = Lab::line(&[many("old", 1), many("new", 2)]);
    assert_eq!(history.commits[1].changes.len(), 6_000);
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}

#[test]
fn only_the_governed_folder_is_looked_at() {
    let mut lab = Lab::new();
    let mut state = files(&[("gov/exceptions/a.yaml", "1"), ("src/main.rs", "1")]);
    let first = lab.commit(&files(&[("src/main.rs", "0")]), &[]);
    let second = lab.commit(&state, &[first]);
    state.insert("src/main.rs".into(), "2".into());
    let third = lab.commit(&state, &[second]);
    let governed = lab.folder.path().join("gov");
    std::fs::create_dir(&governed).unwrap();
    let history = read_history(&governed, &third.to_string()).unwrap().unwrap();
    let paths: Vec<Vec<&str>> = history
        .commits
        .iter()
        .map(|commit| commit.changes.iter().map(|change| &*change.path).collect())
        .collect();
    assert_eq!(paths, [vec![], vec!["exceptions/a.yaml"], vec![]]);
}

#[test]
fn contents_are_read_by_their_ids_and_bounded() {
    let (lab, history) = Lab::line(&[files(&[("a", "one\r\n")]), files(&[("a", "two")])]);
    let root = lab.folder.path();
    let change = &history.commits[1].changes[0];
    let before = change.before.unwrap();
    assert_eq!(read_content(root, &before, 5).unwrap(), b"one\r\n");
    assert!(before.is_of(b"one\r\n") && !before.is_of(b"one\n"));
    let error = read_content(root, &before, 4).unwrap_err().to_string();
    assert!(error.contains("has 5 bytes; at most 4"), "{error}");
    let error = read_content(root, &content_id_of(b"nowhere"), 9)
        .unwrap_err()
        .to_string();
    assert!(error.contains("git fsck"), "{error}");
    let tree = read_commit(root, &history.commits[1].id).unwrap();
    let entry = tree.entry("a").unwrap();
    assert_eq!(Some(tree.content_id(entry).unwrap()), change.after);
    assert!(read_history(Path::new("/"), &history.commits[1].id).is_ok_and(|none| none.is_none()));
}

#[test]
fn a_path_taken_again_for_other_content_is_reused() {
    let (one, two, three) = (
        files(&[("exceptions/a.yaml", "1")]),
        files(&[("exceptions/a.yaml", "2")]),
        files(&[]),
    );
    let deeper = |text: &str| files(&[("approvals/x/a.yaml", text)]);
    let table: &[(&str, Vec<&Files>, Option<usize>)] = &[
        ("other content after a removal", vec![&one, &three, &two], Some(1)),
        ("the same content came back", vec![&one, &three, &one], None),
        ("an edit", vec![&one, &two, &one], None),
        (
            "the last removal counts",
            vec![&one, &three, &one, &three, &two],
            Some(3),
        ),
        ("not there any more", vec![&one, &three], None),
    ];
    for (what, states, removed) in table {
        let states: Vec<Files> = states.iter().map(|files| (*files).clone()).collect();
        let (lab, history) = Lab::line(&states);
        let tip = &history.commits.last().unwrap().id;
        let found = reused_paths(lab.folder.path(), tip, &["exceptions"]).unwrap();
        assert_eq!(found, history.reused_paths(&["exceptions"]), "{what}");
        let found: Vec<(String, String)> = found
            .into_iter()
            .map(|reused| (reused.path, reused.removed_in))
            .collect();
        let expected: Vec<(String, String)> = removed
            .iter()
            .map(|index| ("exceptions/a.yaml".to_owned(), history.commits[*index].id.clone()))
            .collect();
        assert_eq!(found, expected, "{what}");
        assert!(
            reused_paths(lab.folder.path(), tip, &["risks"])
                .unwrap()
                .is_empty()
        );
    }
    let (_lab, history) = Lab::line(&[deeper("1"), files(&[]), deeper("2")]);
    assert!(
        history.reused_paths(&["approvals"]).is_empty(),
        "only files in the folder itself"
    );
}

#[test]
fn a_file_that_becomes_a_link_is_a_change_and_one_that_can_be_run_is_none() {
    let mut lab = Lab::new();
    let blob = lab.repository.blob(b"target").unwrap();
    let tree = |mode: i32| {
        let mut builder = lab.repository.treebuilder(None).unwrap();
        builder.insert("a", blob, mode).unwrap();
        builder.write().unwrap()
    };
    let trees = [tree(0o100_644), tree(0o100_755), tree(0o120_000)];
    let mut tip: Vec<Oid> = Vec::new();
    for tree in trees {
        tip = vec![lab.commit_tree(tree, &tip)];
    }
    let history = lab.history(tip[0]);
    let counts: Vec<usize> = history
        .commits
        .iter()
        .map(|commit| commit.changes.len())
        .collect();
    assert_eq!(counts, [1, 0, 1]);
    assert_eq!(
        history.commits[2].changes[0].before,
        history.commits[2].changes[0].after
    );
}
