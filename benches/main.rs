//! What the tool costs beside the least that its input could cost.
//!
//! Each stage has a floor: the bare tokenising of the same bytes. `cargo bench` prints the times and
//! the ratios, then those of each format that matters most, and last how much memory an import takes;
//! `cargo bench -- load` runs what has the word in its name (`formats` and `memory` are such words, too), and
//! `cargo bench -- --write` runs all and writes `benches/RESULTS.md`. With `COUNTERSIGN_BENCH_FINDINGS=1000000`
//! the formats are measured at that size beside the usual one, which takes 8 GB of the disk and half an hour.
//! Every stage says what it found, since a fast wrong answer is worth nothing.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench may panic and print"
)]
#![allow(clippy::disallowed_methods, reason = "a bench makes and reads its own files")]

mod approvals;
mod formats;
mod generate;
mod generate_formats;
mod history;
mod measure;
mod memory;
mod page;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use countersign::check::{self, Settings};
use countersign::import::Scan;
use countersign::load::{LoadLimits, Repository, load};
use countersign::model::{AsOf, Configuration, Zone, parse_date};
use countersign::reconcile::{Question, Register, reconcile};
use countersign::source::read_folder;
use countersign::trust::{ApprovalState, Standing, Standings};
use divan::Bencher;
use generate::Members;
use granit_parser::Parser;
use measure::{Comparison, sample};

const SIZES: [usize; 2] = [1_000, 10_000];
const FINDINGS: usize = 100_000;
const EXCEPTIONS: [usize; 2] = [2_000, 50_000];
/// Words of a description; with them an item has about the bytes of a real one.
const WORDS: usize = 100;
/// The argument with which the page of the results is written.
const WRITE: &str = "--write";

const COMPARISONS: &[Comparison] = &[
    Comparison {
        stage: "load 1000",
        floor: "yaml events 1000",
        words: "the event loop",
        target: Some(1.8),
    },
    Comparison {
        stage: "load 10000",
        floor: "yaml events 10000",
        words: "the event loop",
        target: Some(1.8),
    },
    Comparison {
        stage: "check 1000",
        floor: "yaml events 1000",
        words: "the event loop",
        target: Some(1.8),
    },
    Comparison {
        stage: "check 10000",
        floor: "yaml events 10000",
        words: "the event loop",
        target: Some(1.8),
    },
    Comparison {
        stage: "history",
        floor: "every object",
        words: "every object of the repository, read",
        target: None,
    },
    Comparison {
        stage: "history with dates",
        floor: "every object",
        words: "every object of the repository, read",
        target: None,
    },
    Comparison {
        stage: "history with dates",
        floor: "git cat-file",
        words: "`git cat-file --batch-all-objects --batch`",
        target: Some(1.5),
    },
    Comparison {
        stage: "reconcile 50000",
        floor: "reconcile 2000",
        words: "that at 2 000 exceptions",
        target: Some(2.0),
    },
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if memory::run_as_child(&arguments) {
        return;
    }
    let is_writing = arguments.iter().any(|argument| argument == WRITE);
    if is_writing {
        // The one argument that the harness does not know.
        divan::Divan::default().run_benches();
    } else {
        divan::main();
    }
    if arguments
        .iter()
        .any(|argument| matches!(argument.as_str(), "--list" | "--test"))
    {
        return;
    }
    measure::print(COMPARISONS);
    measure::print_each("reconcile 2000", FINDINGS, "finding (target 0.5)");
    measure::print_each("reconcile 50000", FINDINGS, "finding");
    let stages = (approvals::WITH, approvals::WITHOUT);
    measure::print_more(stages, approvals::count(), "signed approval (target 60)");
    let words: Vec<&String> = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let is_asked = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let formats = is_asked("formats").then(formats::run).unwrap_or_default();
    let memory = is_asked("memory").then(memory::print).unwrap_or_default();
    if is_writing {
        page::write(COMPARISONS, &formats, &memory);
    }
}

/// Everything that is generated lives here until the end of the run.
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// Writes a repository; one with approvals lists the hosts of the export.
fn governed(count: usize, approved: bool) -> PathBuf {
    let folder = FOLDER.path().join(format!("{count}-{approved}"));
    if !folder.exists() {
        let members = if approved { Members::Listed } else { Members::Asked };
        generate::write_files(&folder, &generate::records(count, members)).unwrap();
        if approved {
            generate::write_files(&folder, &generate::approvals(count)).unwrap();
        }
    }
    folder
}

fn excepted(exceptions: usize) -> PathBuf {
    let folder = FOLDER.path().join(format!("excepted-{exceptions}"));
    if !folder.exists() {
        generate::write_files(&folder, &generate::exceptions(exceptions)).unwrap();
    }
    folder
}

fn export(findings: usize, words: usize) -> PathBuf {
    let path = FOLDER.path().join(format!("{findings}-{words}.nessus"));
    if !path.exists() {
        generate::write_nessus(&path, generate::Export { findings, words }).unwrap();
    }
    path
}

fn load_folder(folder: &Path) -> Repository {
    let tree = read_folder(folder).unwrap();
    load(&tree, Configuration::default(), LoadLimits::default()).unwrap()
}

fn import_file(path: &Path) -> Vec<Scan> {
    formats::import_files(&[path.to_owned()])
}

fn lay_together<'a>(repository: &'a Repository, scans: &[Scan]) -> Register<'a> {
    lay_with(repository, granted(repository), scans)
}

fn lay_with<'a>(repository: &'a Repository, standings: Standings, scans: &[Scan]) -> Register<'a> {
    let zone = Zone::named("Europe/Berlin").unwrap();
    let as_of = AsOf::end_of(parse_date(generate::AS_OF).unwrap(), zone);
    let question = Question {
        as_of,
        period: None,
        due_soon_days: 7,
        verify_hours: 72,
    };
    reconcile(repository, standings, scans, question)
}

/// Lets each record count that an approval names: who signed is not what is measured here.
fn granted(repository: &Repository) -> Standings {
    let standings = repository.approvals.iter().map(|file| {
        let subject = &file.approval.subject.value;
        let at = file.approval.at.value.utc();
        let standing = Standing {
            state: ApprovalState::Approved,
            since: Some(at),
            approved: vec![at],
            ..Standing::default()
        };
        ((subject.kind.as_str().into(), subject.id.clone()), standing)
    });
    Standings::new(standings.collect())
}

fn assert_loaded(repository: &Repository, count: usize) {
    assert!(
        repository.faults.is_empty(),
        "the generator is out of step: {:?}",
        repository.faults.first()
    );
    assert_eq!(repository.records().count(), count);
}

#[divan::bench(args = SIZES, sample_count = 9, sample_size = 1)]
fn load_records(bencher: Bencher<'_, '_>, count: usize) {
    let folder = governed(count, false);
    assert_loaded(&load_folder(&folder), count);
    bencher.bench_local(|| sample(format!("load {count}"), || load_folder(&folder)));
}

#[divan::bench(args = SIZES, sample_count = 9, sample_size = 1)]
fn check_records(bencher: Bencher<'_, '_>, count: usize) {
    let folder = governed(count, false);
    assert_loaded(&load_folder(&folder), count);
    let settings = Settings::new(&Configuration::default()).unwrap();
    let work = || check::run(&lay_together(&load_folder(&folder), &[]), &settings).len();
    // A missing Statement of Applicability and a Source without imports are told too.
    let faults = generate::faulty(count) + 2;
    bencher.bench_local(|| assert_eq!(sample(format!("check {count}"), work), faults));
}

#[divan::bench(args = SIZES, sample_count = 9, sample_size = 1)]
fn load_floor_yaml_events(bencher: Bencher<'_, '_>, count: usize) {
    let texts: Vec<String> = generate::records(count, Members::Asked)
        .into_iter()
        .filter(|(path, _)| path.ends_with(".yaml"))
        .map(|(_, text)| text)
        .collect();
    let work = || {
        texts
            .iter()
            .map(|text| Parser::new_from_str(text).map(Result::unwrap).count())
            .sum::<usize>()
    };
    bencher.bench_local(|| sample(format!("yaml events {count}"), work));
}

#[divan::bench(args = EXCEPTIONS, sample_count = 5, sample_size = 1)]
fn reconcile_nessus(bencher: Bencher<'_, '_>, exceptions: usize) {
    let scans = import_file(&export(FINDINGS, WORDS));
    let repository = load_folder(&excepted(exceptions));
    assert_eq!(repository.exceptions.iter().count(), exceptions);
    let register = lay_together(&repository, &scans);
    let covered = register
        .findings
        .iter()
        .filter(|finding| finding.coverage.is_some());
    let covered = covered.count();
    assert!(
        // Half are approved; one finding in ten is critical, and an exception for high ones does not reach it.
        covered > exceptions * 2 / 5,
        "the exceptions are for findings of the export, and only {covered} are covered"
    );
    drop(register);
    bencher.bench_local(|| {
        let standings = granted(&repository);
        let work = || lay_with(&repository, standings, &scans).findings.len();
        sample(format!("reconcile {exceptions}"), work)
    });
}
