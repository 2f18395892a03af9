//! A history of our own making, the same commits each time, and what reading it costs beside its objects.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use countersign::source::{read_commit, read_history, resolve_day, resolve_revision};
use divan::Bencher;

use crate::FOLDER;
use crate::measure::{sample, sample_program};

const COMMITS: usize = 10_000;
const RECORDS: usize = 1_000;
/// When the first commit was made; one follows each minute.
const BEGIN: usize = 1_700_000_000;
/// At how many dates the files are read as they were.
const DATES: usize = 7;

/// A packed repository: of ten commits, one adds a record while there are fewer than `RECORDS`, the others edit;
/// each hundredth moves one to another folder.
fn repository() -> PathBuf {
    let folder = FOLDER.path().join("history");
    if folder.exists() {
        return folder;
    }
    git(
        &folder,
        &["init", "--quiet", "--bare", "--initial-branch", "main"],
    );
    let mut import = Command::new("git")
        .args(["-C", &folder.display().to_string(), "fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stream = import.stdin.take().unwrap();
    let mut paths: Vec<String> = Vec::new();
    for number in 0..COMMITS {
        stream.write_all(commit(number, &mut paths).as_bytes()).unwrap();
    }
    drop(stream);
    assert!(import.wait().unwrap().success());
    git(&folder, &["repack", "-a", "-d", "--quiet"]);
    folder
}

fn commit(number: usize, paths: &mut Vec<String>) -> String {
    let mut text = format!(
        "commit refs/heads/main\ncommitter Bench <bench@bench.example> {} +0000\ndata 6\nchange\n",
        BEGIN + number * 60
    );
    // A step that shares no factor with the number of records visits them all in turn.
    let row = number * 373 % paths.len().max(1);
    if number.is_multiple_of(10) && paths.len() < RECORDS {
        paths.push(format!("exceptions/exc-{:04}.yaml", paths.len()));
        write_record(&mut text, &paths[paths.len() - 1], number);
    } else if number % 100 == 99 {
        let new = format!("archive/exc-{number:05}.yaml");
        let _ = writeln!(text, "R {} {new}", paths[row]);
        paths[row] = new;
    } else {
        write_record(&mut text, &paths[row], number);
    }
    text
}

fn write_record(text: &mut String, path: &str, number: usize) {
    let mut record = format!("kind: Exception\nedition: {number}\njustification: |\n");
    for line in 0..20 {
        let _ = writeln!(
            record,
            "  the {line}. of the reasons that {path} gives for waiting"
        );
    }
    let _ = writeln!(text, "M 100644 inline {path}\ndata {}\n{record}", record.len());
}

fn git(folder: &Path, arguments: &[&str]) {
    std::fs::create_dir_all(folder).unwrap();
    let status = Command::new("git").arg("-C").arg(folder).args(arguments).status();
    assert!(status.unwrap().success(), "git {arguments:?}");
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn history_read(bencher: Bencher<'_, '_>) {
    let folder = repository();
    let tip = resolve_revision(&folder, "main").unwrap();
    let work = || {
        let history = read_history(&folder, &tip).unwrap().unwrap();
        let changes: usize = history.commits.iter().map(|commit| commit.changes.len()).sum();
        (history.commits.len(), changes)
    };
    // Each move is two changes.
    bencher.bench_local(|| assert_eq!(sample("history", work), (COMMITS, COMMITS + COMMITS / 100)));
}

/// The life of every record, and each file as it was at seven dates.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn history_read_with_dates(bencher: Bencher<'_, '_>) {
    let folder = repository();
    let tip = resolve_revision(&folder, "main").unwrap();
    let files_at = |date: usize| {
        let until = BEGIN + COMMITS * 60 * date / DATES;
        let commit = resolve_day(&folder, i64::try_from(until).unwrap()).unwrap();
        let tree = read_commit(&folder, &commit).unwrap();
        let texts = tree
            .entries()
            .iter()
            .map(|entry| tree.read(entry, 1 << 20).unwrap());
        assert!(texts.map(|text| text.len()).sum::<usize>() > 0);
        tree.entries().len()
    };
    let work = || {
        let history = read_history(&folder, &tip).unwrap().unwrap();
        let files = (1..=DATES).map(files_at).sum::<usize>();
        (history.commits.len(), files)
    };
    let (_, files) = work();
    assert!(
        files > RECORDS * DATES / 2,
        "each date finds the records that stood then"
    );
    bencher.bench_local(|| assert_eq!(sample("history with dates", work), (COMMITS, files)));
}

/// The program that the target names.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn history_floor_git(bencher: Bencher<'_, '_>) {
    let folder = repository();
    bencher.bench_local(|| {
        let mut git = Command::new("git");
        git.arg("-C").arg(&folder);
        sample_program(
            "git cat-file",
            git.args(["cat-file", "--batch-all-objects", "--batch"]),
        );
    });
}

/// The same through the library that reads the history.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn history_floor_every_object(bencher: Bencher<'_, '_>) {
    let folder = repository();
    let work = || {
        let repository = git2::Repository::open(&folder).unwrap();
        let database = repository.odb().unwrap();
        let mut ids = Vec::new();
        database
            .foreach(|id| {
                ids.push(*id);
                true
            })
            .unwrap();
        ids.iter()
            .map(|id| database.read(*id).unwrap().len())
            .sum::<usize>()
    };
    bencher.bench_local(|| sample("every object", work));
}
