//! Every rule's explanation is its test: `flagged` blocks are flagged by it, `accepted` ones are not.
//!
//! A block is laid over `tests/fixtures/base`, a small repository that passes everything on 2026-01-01. Its lines
//! before the first section are directives; each section is a file:
//!
//! ```text
//! # as-of: 2026-01-14T12:00:00+01:00        another moment
//! # approved: exc-0001 by p-berg as role-shop-owner at 2025-12-01T10:00:00Z
//! # -- path                                 as the next, but where a change began: the block is judged as a change
//! # rejected: …, # revoked: …, # unsigned: …  likewise; `unsigned` is an approval without its signature
//! # against-base: yes                        the sections are a change, judged by the base repository
//! # == path                                 replaces a file; an empty section deletes it
//! # += path                                 adds lines to a file
//! #     ^^^^ words                          under a line: flagged here, in these words
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use countersign::check::{self, Beside, CHECKS, Check, Family, Settings};
use countersign::diagnostic::Diagnostic;
use countersign::import::{Content, Export, collect};
use countersign::load::{Generated, Repository, load, load_configuration, read_generated};
use countersign::model::{AsOf, RecordId, Zone, parse_date, parse_instant};
use countersign::reconcile::{Question, Register, reconcile};
use countersign::source::{Tree, read_folder};
use countersign::trust::{self, Basis, Question as ApprovalQuestion, Standings};
use rayon::prelude::*;

use crate::pull_request::change_between;
use crate::signing::{believing, decide, sign_base};

/// Lays the records of a folder and the exports in it side by side.
pub(crate) fn register_of<'a>(repository: &'a Repository, tree: &Tree, as_of: AsOf) -> Register<'a> {
    register_with(repository, tree, as_of, believing(repository, as_of.instant()))
}

/// Lays the records of a folder and the exports in it side by side, under standings that were judged before.
pub(crate) fn register_with<'a>(
    repository: &'a Repository,
    tree: &Tree,
    as_of: AsOf,
    standings: Standings,
) -> Register<'a> {
    let scans: Vec<_> = collect(&exports(repository, tree))
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let question = Question {
        as_of,
        period: None,
        due_soon_days: 7,
        verify_hours: 72,
    };
    reconcile(repository, standings, &scans, question)
}

/// Judges the approvals of a repository by itself, under its settings.
fn judged(repository: &Repository, settings: &Settings, as_of: AsOf) -> Standings {
    let question = ApprovalQuestion {
        rules: settings.approval_rules(),
        ..ApprovalQuestion::of_itself(repository, as_of.instant())
    };
    trust::judge(repository, &question)
}

/// Lists `imports/<source id>/<file>` and `imports/<source id>/<host>/<file>`.
fn exports(repository: &Repository, tree: &Tree) -> Vec<Export> {
    let mut exports = Vec::new();
    for entry in tree.entries() {
        let (folder, host) = match entry.path.split('/').collect::<Vec<_>>()[..] {
            ["imports", folder, _] => (folder, None),
            ["imports", folder, host, _] => (folder, Some(host.to_owned())),
            _ => continue,
        };
        let source = RecordId::new(folder)
            .and_then(|id| repository.tools.get(&id))
            .unwrap();
        exports.push(Export {
            date_order: None,
            file: entry.path.to_string(),
            content: Content::File(tree.path_on_disk(entry).unwrap()),
            source: Some(source.id().clone()),
            mapping: source.spec.mapping.clone(),
            host,
            is_ad_hoc: false,
        });
    }
    exports
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// Copies the base repository into a folder of its own, with the approvals that it needs.
pub(crate) fn base() -> tempfile::TempDir {
    static SIGNED: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
        // Loading shares out its work: in a pool of its own it never waits for those who wait for this folder.
        let sign = || {
            let folder = copy_of(&root().join("tests/fixtures/base"));
            let (_, repository, _) = read(folder.path());
            sign_base(folder.path(), &repository);
            folder
        };
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        std::thread::spawn(move || alone.install(sign)).join().unwrap()
    });
    copy_of(SIGNED.path())
}

pub(crate) fn copy_of(base: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in walkdir::WalkDir::new(base) {
        let entry = entry.unwrap();
        let target = folder.path().join(entry.path().strip_prefix(base).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(target).unwrap();
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
    folder
}

/// Reads the repository of a folder and the settings in it.
pub(crate) fn read(folder: &Path) -> (Tree, Repository, Settings) {
    let tree = read_folder(folder).unwrap();
    let (configuration, _, faults) = load_configuration(&tree).unwrap();
    assert!(faults.is_empty(), "{faults:?}");
    let settings = Settings::new(&configuration).unwrap();
    let repository = load(&tree, configuration, settings.load_limits()).unwrap();
    (tree, repository, settings)
}

pub(crate) fn new_year(repository: &Repository) -> AsOf {
    AsOf::end_of(parse_date("2026-01-01").unwrap(), zone(repository))
}

fn zone(repository: &Repository) -> Zone {
    let name = repository
        .isms
        .as_ref()
        .map(|isms| isms.spec.timezone.value.as_str());
    name.and_then(Zone::named).unwrap_or(Zone::named("UTC").unwrap())
}

/// What may stand before the first section of a block.
const DIRECTIVES: [&str; 6] = [
    "against-base",
    "approved",
    "as-of",
    "rejected",
    "revoked",
    "unsigned",
];

/// One example of an explanation.
struct Block {
    check: &'static Check,
    is_flagged: bool,
    number: usize,
    lines: Vec<String>,
}

/// What a block expects at one place: path, line, first column, column after the last, words.
struct Expected {
    path: String,
    line: u32,
    columns: (u32, u32),
    words: String,
}

fn blocks(check: &'static Check) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for line in check.explanation.lines() {
        match line {
            "```yaml flagged" | "```yaml accepted" => {
                let is_flagged = line.ends_with("flagged");
                blocks.push(Block {
                    check,
                    is_flagged,
                    number: blocks.len() + 1,
                    lines: Vec::new(),
                });
                is_open = true;
            }
            "```" => is_open = false,
            _ if is_open => blocks.last_mut().unwrap().lines.push(line.to_owned()),
            _ => {}
        }
    }
    blocks
}

impl Block {
    fn name(&self) -> String {
        let kind = if self.is_flagged { "flagged" } else { "accepted" };
        format!("{} block {} ({kind})", self.check.code, self.number)
    }

    /// Lays the sections over a folder; returns what the block expects and where.
    fn lay_over(&self, folder: &Path) -> Vec<Expected> {
        let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut expected = Vec::new();
        let mut path: Option<String> = None;
        for line in &self.lines {
            if let Some(new) = line.strip_prefix("# == ").or_else(|| line.strip_prefix("# += ")) {
                let old = std::fs::read_to_string(folder.join(new)).unwrap_or_default();
                let kept = if line.starts_with("# +=") {
                    old.lines().map(str::to_owned).collect()
                } else {
                    Vec::new()
                };
                files.insert(new.to_owned(), kept);
                path = Some(new.to_owned());
            } else if let Some(path) = &path {
                let lines = files.get_mut(path).unwrap();
                if let Some(marks) = line
                    .strip_prefix('#')
                    .filter(|rest| rest.trim_start().starts_with('^'))
                {
                    expected.push(expectation(path, lines, marks));
                }
                lines.push(line.clone());
            } else {
                let known = line
                    .strip_prefix("# ")
                    .and_then(|rest| rest.split_once(": "))
                    .is_some_and(|(name, _)| DIRECTIVES.contains(&name));
                assert!(known, "{}: `{line}` stands before the first section", self.name());
            }
        }
        for (path, lines) in &files {
            let path = folder.join(path);
            if lines.is_empty() {
                std::fs::remove_file(path).unwrap();
                continue;
            }
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, lines.join("\n") + "\n").unwrap();
        }
        expected
    }

    /// Returns the block of what a change started from; `None` where the block is about no change.
    fn start(&self) -> Option<Block> {
        let is_start = self.lines.iter().any(|line| line.starts_with("# -- "));
        is_start.then(|| self.keep("# -- "))
    }

    /// Keeps the sections of one sort, and what stands before the first.
    fn keep(&self, wanted: &str) -> Block {
        let mut lines = Vec::new();
        let mut is_kept = true;
        for line in &self.lines {
            if let Some(sort) = ["# -- ", "# == ", "# += "]
                .iter()
                .find(|sort| line.starts_with(**sort))
            {
                is_kept = (wanted == "# -- ") == (*sort == "# -- ");
            }
            if is_kept {
                lines.push(line.replacen("# -- ", "# == ", 1));
            }
        }
        Block { lines, ..*self }
    }

    fn directives<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines
            .iter()
            .filter_map(move |line| line.strip_prefix("# ")?.strip_prefix(name)?.strip_prefix(": "))
    }

    /// Writes the decisions that the block asks for, each over the record as it lies.
    fn decide(&self, folder: &Path) {
        let (_, repository, _) = read(folder);
        let kinds = [
            ("approved", "approve"),
            ("rejected", "reject"),
            ("revoked", "revoke"),
            ("unsigned", "approve"),
        ];
        for (name, decision) in kinds {
            for directive in self.directives(name) {
                let words: Vec<&str> = directive.split(' ').collect();
                let [id, "by", person, "as", role, "at", at] = words[..] else {
                    panic!("{}: {directive}", self.name())
                };
                let path = decide(folder, &repository, id, (person, role, at), decision);
                if name == "unsigned" {
                    std::fs::remove_file(folder.join(format!("{path}.sig"))).unwrap();
                }
            }
        }
    }

    /// Judges the approvals: by the repository itself, or by the base where the block is a change of it.
    fn standings(&self, repository: &Repository, settings: &Settings, as_of: AsOf) -> Standings {
        if self.directives("against-base").next().is_none() {
            return judged(repository, settings, as_of);
        }
        let folder = base();
        let (_, believed, settings) = read(folder.path());
        let question = ApprovalQuestion {
            rules: settings.approval_rules(),
            basis: Basis::of(&believed),
            own: Some(Basis::of(repository)),
            ..ApprovalQuestion::of_itself(repository, as_of.instant())
        };
        trust::judge(repository, &question)
    }

    fn as_of(&self, repository: &Repository) -> AsOf {
        let given = self.directives("as-of").next();
        let at = given.map(|text| AsOf::new(parse_instant(text).expect(text).utc(), zone(repository)));
        at.unwrap_or_else(|| new_year(repository))
    }
}

pub(crate) fn write_approval(folder: &Path, id: &str, person: &str, role: &str, at: &str) {
    let (_, repository, _) = read(folder);
    decide(folder, &repository, id, (person, role, at), "approve");
}

fn expectation(path: &str, lines: &[String], marks: &str) -> Expected {
    let is_mark = |line: &&String| {
        line.strip_prefix('#')
            .is_some_and(|rest| rest.trim_start().starts_with('^'))
    };
    let line = lines.len() - lines.iter().rev().take_while(is_mark).count();
    let blanks = marks.len() - marks.trim_start().len();
    let carets = marks
        .trim_start()
        .chars()
        .take_while(|letter| *letter == '^')
        .count();
    let first = u32::try_from(blanks + 2).unwrap();
    Expected {
        path: path.to_owned(),
        line: u32::try_from(line).unwrap(),
        columns: (first, first + u32::try_from(carets).unwrap()),
        words: marks.trim_start().trim_start_matches('^').trim().to_owned(),
    }
}

fn all_words(diagnostic: &Diagnostic) -> String {
    let related: Vec<&str> = diagnostic
        .related
        .iter()
        .map(|related| related.message.as_str())
        .collect();
    format!("{diagnostic:?} {}", related.join(" ")).replace("\\\"", "\"")
}

fn is_at(repository: &Repository, diagnostic: &Diagnostic, expected: &Expected) -> bool {
    let span = diagnostic.span;
    repository.sources.path(span.file) == expected.path
        && span.line == expected.line
        && (span.column, span.end_column) == expected.columns
        && all_words(diagnostic).contains(&expected.words)
}

fn judge(block: &Block) -> Vec<String> {
    let folder = base();
    let start = block.start().map(|start| {
        start.lay_over(folder.path());
        copy_of(folder.path())
    });
    let expected = block.keep("# == ").lay_over(folder.path());
    block.decide(folder.path());
    let (tree, mut repository, settings) = read(folder.path());
    let change = start.map(|start| change_between(start.path(), folder.path()));
    if let Some(change) = &change {
        repository
            .sources
            .add(change.paths.iter().map(|changed| &changed.path));
    }
    let generated = read_generated(&tree, settings.words("GOV006", "generated_paths"));
    repository
        .sources
        .add(generated.iter().flat_map(Generated::paths));
    let repository = repository;
    let as_of = block.as_of(&repository);
    // Only what approvals come to is at stake where they are the subject; elsewhere they are believed.
    let standings = match block.check.family {
        Family::Approval | Family::Governance => block.standings(&repository, &settings, as_of),
        Family::Schema
        | Family::Reference
        | Family::Date
        | Family::Exception
        | Family::Acceptance
        | Family::Soa
        | Family::Scope
        | Family::Sla
        | Family::Incident
        | Family::Legacy
        | Family::Reconcile => believing(&repository, as_of.instant()),
    };
    let register = register_with(&repository, &tree, as_of, standings);
    let beside = Beside {
        change: change.as_ref(),
        generated: generated.as_ref(),
        ..Beside::default()
    };
    let mut diagnostics = check::run_with(&register, &settings, beside);
    diagnostics.retain(|diagnostic| diagnostic.code == block.check.code);
    let name = block.name();
    let told: Vec<String> = diagnostics
        .iter()
        .map(|one| {
            let place = (
                repository.sources.path(one.span.file),
                one.span.line,
                one.span.column,
                one.span.end_column,
            );
            format!("  {place:?} {} | {:?} | {:?}", one.message, one.label, one.help)
        })
        .collect();
    let told = told.join("\n");
    if !block.is_flagged {
        return if diagnostics.is_empty() {
            Vec::new()
        } else {
            vec![format!("{name} is flagged:\n{told}")]
        };
    }
    if diagnostics.is_empty() {
        return vec![format!("{name} is not flagged")];
    }
    let missed = expected
        .iter()
        .filter(|expected| !diagnostics.iter().any(|one| is_at(&repository, one, expected)));
    missed
        .map(|expected| {
            let Expected {
                path,
                line,
                columns,
                words,
            } = expected;
            format!("{name} has nothing at {path}:{line}:{columns:?} with `{words}`, but\n{told}")
        })
        .collect()
}

#[test]
fn explanations_hold() {
    // Signed here and not by a worker, which would take up another block while it waits, and so wait for itself.
    drop(base());
    let all: Vec<Block> = CHECKS.iter().copied().flat_map(blocks).collect();
    let failures: Vec<String> = all.par_iter().flat_map_iter(judge).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// The base repository has nothing to say on the one date of all tests.
#[test]
fn base_passes_every_rule() {
    let folder = base();
    let (tree, repository, settings) = read(folder.path());
    let as_of = new_year(&repository);
    let register = register_with(&repository, &tree, as_of, judged(&repository, &settings, as_of));
    let diagnostics = check::run(&register, &settings);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
}

#[test]
fn codes_are_sorted_and_unique_and_names_too() {
    let codes: Vec<&str> = CHECKS.iter().map(|check| check.code).collect();
    assert!(codes.is_sorted_by(|one, other| one < other), "{codes:?}");
    let mut names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
    names.sort_unstable();
    assert!(names.is_sorted_by(|one, other| one < other), "{names:?}");
}

/// Code, name, file and explanation of a rule agree, and nothing lies beside the registry.
#[test]
fn every_explanation_is_registered_and_whole() {
    let folder = root().join("src/check");
    let mut found = 0;
    for entry in walkdir::WalkDir::new(folder) {
        let path = entry.unwrap().into_path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        found += 1;
        let text = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        let title = text.lines().next().unwrap().strip_prefix("# ").unwrap();
        let (code, name) = title.split_once(' ').unwrap();
        let check = check::find(code).unwrap_or_else(|| panic!("{code} is not registered"));
        assert_eq!(check.name, name, "{}", path.display());
        assert_eq!(
            check.explanation.replace("\r\n", "\n"),
            text,
            "{}",
            path.display()
        );
        let stem = path.file_stem().unwrap().to_str().unwrap().replace('_', "-");
        assert!(name.contains(&stem), "the file `{stem}` of `{name}`");
        assert!(
            path.with_extension("rs").exists(),
            "{} has no rule",
            path.display()
        );
        for part in ["**Why.**", "**Parameters.**", "**Serves.**"] {
            assert!(text.contains(part), "{code} lacks {part}");
        }
        for parameter in check.parameters {
            assert!(
                text.contains(&format!("`{}`", parameter.name)),
                "{code} does not explain `{}`",
                parameter.name
            );
        }
        for is_flagged in [true, false] {
            let has = blocks(check)
                .iter()
                .any(|block| block.is_flagged == is_flagged && !block.lines.is_empty());
            assert!(has, "{code} lacks a block (flagged: {is_flagged})");
        }
    }
    assert_eq!(found, CHECKS.len());
}
