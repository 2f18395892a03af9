//! What the tool costs beside the least that its input could cost.
//!
//! Each stage has a floor: the bare tokenising of the same bytes. `cargo bench` prints the times and
//! the ratios, and last how much memory an import takes; `cargo bench -- load` runs what has the word in
//! its name. Every stage says what it found, since a fast wrong answer is worth nothing.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench may panic and print"
)]
#![allow(clippy::disallowed_methods, reason = "a bench makes and reads its own files")]

mod approvals;
mod generate;
mod history;
mod measure;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use countersign::check::{self, Settings};
use countersign::import::{Content, Export, Scan, Sighting, collect};
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
/// Words with which a file of as many findings has four times the bytes.
const LONG_WORDS: usize = 1_150;
/// The argument with which the bench runs itself to see how much memory one import takes.
const PEAK: &str = "--peak-of";
/// The argument with which it does so to see how much memory a register takes: a folder, then an export.
const REGISTER: &str = "--register-of";

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
        stage: "import",
        floor: "quick-xml tokens",
        words: "the quick-xml loop",
        target: Some(0.6),
    },
    Comparison {
        stage: "import and reconcile",
        floor: "quick-xml tokens",
        words: "the quick-xml loop",
        target: Some(0.6),
    },
    Comparison {
        stage: "import and reconcile",
        floor: "tag walk",
        words: "the tag walk",
        target: Some(2.0),
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
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [PEAK, file] => return print_peak(Path::new(file)),
        [REGISTER, folder, file] => return print_register(Path::new(folder), Path::new(file)),
        _ => {}
    }
    divan::main();
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
    if words.is_empty() || words.iter().any(|word| "memory".contains(word.as_str())) {
        print_memory();
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
    let file = path.display().to_string();
    let content = Content::File(path.to_owned());
    let export = Export {
        file,
        content,
        source: None,
        mapping: None,
        date_order: None,
        host: None,
        is_ad_hoc: true,
    };
    collect(&[export]).into_iter().map(Result::unwrap).collect()
}

fn lay_together<'a>(repository: &'a Repository, scans: &[Scan]) -> Register<'a> {
    let zone = Zone::named("Europe/Berlin").unwrap();
    let as_of = AsOf::end_of(parse_date(generate::AS_OF).unwrap(), zone);
    let question = Question {
        as_of,
        period: None,
        due_soon_days: 7,
        verify_hours: 72,
    };
    reconcile(repository, granted(repository), scans, question)
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

fn assert_imported(scans: &[Scan], findings: usize) {
    let found: Vec<(u64, u64)> = scans
        .iter()
        .map(|scan| (scan.summary.hosts, scan.summary.observations))
        .collect();
    assert_eq!(found, [(generate::HOSTS as u64, findings as u64)]);
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

#[divan::bench(sample_count = 5, sample_size = 1)]
fn import_nessus(bencher: Bencher<'_, '_>) {
    let path = export(FINDINGS, WORDS);
    assert_imported(&import_file(&path), FINDINGS);
    bencher.bench_local(|| sample("import", || import_file(&path)));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn import_and_reconcile_nessus(bencher: Bencher<'_, '_>) {
    let path = export(FINDINGS, WORDS);
    let repository = load_folder(&governed(10_000, true));
    assert_loaded(&repository, 10_000);
    let work = || lay_together(&repository, &import_file(&path)).findings.len();
    bencher.bench_local(|| assert_eq!(sample("import and reconcile", work), FINDINGS));
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
    let work = || lay_together(&repository, &scans).findings.len();
    bencher.bench_local(|| sample(format!("reconcile {exceptions}"), work));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn import_floor_quick_xml_tokens(bencher: Bencher<'_, '_>) {
    let path = export(FINDINGS, WORDS);
    bencher.bench_local(|| sample("quick-xml tokens", || quick_xml_tokens(&path)));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn import_floor_tag_walk(bencher: Bencher<'_, '_>) {
    let bytes = std::fs::read(export(FINDINGS, WORDS)).unwrap();
    bencher.bench_local(|| sample("tag walk", || tag_walk(&bytes)));
}

fn quick_xml_tokens(path: &Path) -> usize {
    let mut reader = quick_xml::Reader::from_file(path).unwrap();
    let (mut buffer, mut tokens) = (Vec::new(), 0);
    while !matches!(
        reader.read_event_into(&mut buffer).unwrap(),
        quick_xml::events::Event::Eof
    ) {
        tokens += 1;
        buffer.clear();
    }
    tokens
}

fn tag_walk(bytes: &[u8]) -> usize {
    let (mut at, mut tags) = (0, 0);
    while let Some(start) = memchr::memchr(b'<', &bytes[at..]) {
        let Some(length) = memchr::memchr(b'>', &bytes[at + start..]) else {
            break;
        };
        at += start + length + 1;
        tags += 1;
    }
    tags
}

/// Measures in processes of their own, since a peak is never taken back.
fn print_memory() {
    if !Path::new("/proc/self/status").exists() {
        return println!("\nmemory is read on Linux only");
    }
    println!(
        "\n{:<44} {:>9} {:>9} {:>9} {:>9}",
        "import of", "file MB", "peak MB", "kept MB", "beyond"
    );
    for (name, findings, words) in [
        ("100 000 findings", FINDINGS, WORDS),
        ("100 000 findings in four times the text", FINDINGS, LONG_WORDS),
        ("400 000 findings", 4 * FINDINGS, WORDS),
    ] {
        let path = export(findings, words);
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let size = megabytes(std::fs::metadata(&path).unwrap().len());
        let [peak, kept] = figures(&[Path::new(PEAK), &path]);
        let (peak, kept) = (megabytes(peak), megabytes(kept));
        println!(
            "{name:<44} {size:>9.1} {peak:>9.1} {kept:>9.1} {:>9.1}",
            peak - kept
        );
        if (findings, words) != (FINDINGS, WORDS) {
            std::fs::remove_file(&path).unwrap();
        }
    }
    println!();
    for exceptions in EXCEPTIONS {
        let (folder, path) = (excepted(exceptions), export(FINDINGS, WORDS));
        let [bytes] = figures(&[Path::new(REGISTER), &folder, &path]);
        let each = bytes / FINDINGS as u64;
        println!("the register at {exceptions} exceptions: {each} bytes a finding");
    }
}

/// Runs the bench itself with other arguments, and reads the figures that it says.
fn figures<const COUNT: usize>(arguments: &[&Path]) -> [u64; COUNT] {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        child.status.success(),
        "{}",
        String::from_utf8_lossy(&child.stderr)
    );
    let answer = String::from_utf8(child.stdout).unwrap();
    let figures: Vec<u64> = answer
        .split_whitespace()
        .map(|figure| figure.parse().unwrap())
        .collect();
    figures.try_into().unwrap()
}

/// Prints the peak of this process after one import, and what of it the register is made from, in bytes.
fn print_peak(path: &Path) {
    let scans = import_file(path);
    let sightings: usize = scans.iter().map(|scan| scan.sightings.iter().count()).sum();
    println!("{} {}", status("VmHWM:"), sightings * size_of::<Sighting>());
}

/// Prints how many bytes a register holds: what the process grows by with each further one.
fn print_register(folder: &Path, path: &Path) {
    const MORE: usize = 3;
    let (scans, repository) = (import_file(path), load_folder(folder));
    // The first one leaves behind what the work itself takes, and the next ones use that again.
    let first = lay_together(&repository, &scans);
    let before = status("VmRSS:");
    let more: Vec<Register<'_>> = (0..MORE).map(|_| lay_together(&repository, &scans)).collect();
    let grown = status("VmRSS:").saturating_sub(before);
    assert!(more.iter().all(|one| one.findings.len() == first.findings.len()));
    println!("{}", grown / MORE as u64);
}

/// Returns a figure of this process, in bytes.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes * 1024
}
