//! How much memory an import and a register take, each seen in a process of its own, since a peak is never taken back.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use countersign::import::{CheckInfo, Scan, Sighting};
use countersign::reconcile::Register;

use crate::generate_formats::{write_long_text, write_one_host, write_qualys, write_trivy};
use crate::{EXCEPTIONS, FINDINGS, FOLDER, WORDS, excepted, export, formats, lay_together, load_folder};

/// Words with which a file of as many findings has four times the bytes.
const LONG_WORDS: usize = 1_150;
/// Before what is shared stand two counters.
const COUNTERS: usize = 16;
/// Bytes of one long text.
const LONG_TEXT: usize = 100_000_000;
/// The argument with which the bench runs itself to see how much memory one import takes.
const PEAK: &str = "--peak-of";
/// The argument with which it does so to see how much memory a register takes: a folder, then an export.
const REGISTER: &str = "--register-of";

/// What one import took, in megabytes.
pub(crate) struct Peak {
    pub(crate) name: String,
    pub(crate) file: f64,
    pub(crate) peak: f64,
    /// What a register is made from.
    pub(crate) kept: f64,
}

/// Does what the bench was run for by itself; `false` when it was not.
pub(crate) fn run_as_child(arguments: &[String]) -> bool {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [PEAK, file] => print_peak(Path::new(file)),
        [REGISTER, folder, file] => print_register(Path::new(folder), Path::new(file)),
        _ => return false,
    }
    true
}

/// Measures each import, and prints it.
pub(crate) fn print() -> Vec<Peak> {
    if !Path::new("/proc/self/status").exists() {
        println!("\nmemory is read on Linux only");
        return Vec::new();
    }
    println!(
        "\n{:<52} {:>9} {:>9} {:>9} {:>9}",
        "import of", "file MB", "peak MB", "kept MB", "beyond"
    );
    let mut peaks: Vec<Peak> = [
        ("100 000 findings", FINDINGS, WORDS),
        ("100 000 findings in four times the text", FINDINGS, LONG_WORDS),
        ("400 000 findings", 4 * FINDINGS, WORDS),
    ]
    .map(|(name, findings, words)| peak(name.to_owned(), &export(findings, words)))
    .into();
    type Write = fn(&Path, usize) -> std::io::Result<()>;
    let others: [(&str, Write); 3] = [
        ("findings as Qualys CSV", write_qualys),
        ("findings as reports of Trivy", write_trivy),
        ("different findings on one host", write_one_host),
    ];
    for findings in formats::sizes() {
        for (name, write) in others {
            let place = FOLDER.path().join("peak");
            write(&place, findings).unwrap();
            peaks.push(peak(format!("{findings} {name}"), &place));
        }
    }
    let place = FOLDER.path().join("peak");
    write_long_text(&place, LONG_TEXT).unwrap();
    peaks.push(peak(
        format!("one finding with a text of {LONG_TEXT} bytes"),
        &place,
    ));
    println!();
    for exceptions in EXCEPTIONS {
        let (folder, path) = (excepted(exceptions), export(FINDINGS, WORDS));
        let [bytes] = figures(&[Path::new(REGISTER), &folder, &path]);
        let each = bytes / FINDINGS as u64;
        println!("the register at {exceptions} exceptions: {each} bytes a finding");
    }
    peaks
}

/// Measures the import of a file or of a folder's files, which is taken away again unless others use it.
fn peak(name: String, place: &Path) -> Peak {
    let files = formats::files(place);
    let bytes: u64 = files.iter().map(|file| file.metadata().unwrap().len()).sum();
    let [peak, kept] = figures(&[Path::new(PEAK), place]);
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let found = Peak {
        name,
        file: megabytes(bytes),
        peak: megabytes(peak),
        kept: megabytes(kept),
    };
    println!(
        "{:<52} {:>9.1} {:>9.1} {:>9.1} {:>9.1}",
        found.name,
        found.file,
        found.peak,
        found.kept,
        found.peak - found.kept
    );
    if place.is_dir() {
        std::fs::remove_dir_all(place).unwrap();
    } else {
        std::fs::remove_file(place).unwrap();
    }
    found
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
fn print_peak(place: &Path) {
    let files: Vec<PathBuf> = formats::files(place);
    let scans = formats::import_files(&files);
    let peak = status("VmHWM:");
    println!("{peak} {}", kept(&scans));
}

/// Adds up what a register is made from: the sightings, and what the checks say, each text once.
fn kept(scans: &[Scan]) -> usize {
    let sightings: usize = scans.iter().map(|scan| scan.sightings.iter().count()).sum();
    let mut known: HashSet<*const u8> = HashSet::new();
    let mut bytes = sightings * size_of::<Sighting>();
    for check in scans.iter().flat_map(|scan| &scan.checks) {
        if !known.insert(Arc::as_ptr(check).cast()) {
            continue;
        }
        bytes += piece(COUNTERS + size_of::<CheckInfo>());
        bytes += list(&check.cves) + list(&check.aliases) + list(&check.vectors);
        let vectors = check.vectors.iter().map(|vector| &vector.text);
        let own = [&check.family, &check.id, &check.title, &check.severity_given];
        let texts = own.into_iter().chain(&check.remediation).chain(vectors);
        for text in texts.chain(&check.cves).chain(&check.aliases) {
            if known.insert(text.as_ptr()) {
                bytes += piece(COUNTERS + text.len());
            }
        }
    }
    bytes
}

fn list<T>(items: &[T]) -> usize {
    if items.is_empty() {
        0
    } else {
        piece(size_of_val(items))
    }
}

/// Returns what the allocator takes for so many bytes: a word more, in steps of two words, and four words at least.
fn piece(bytes: usize) -> usize {
    (bytes + 8).next_multiple_of(16).max(32)
}

/// Prints how many bytes a register holds: what the process grows by with each further one.
fn print_register(folder: &Path, path: &Path) {
    const MORE: usize = 3;
    let (scans, repository): (Vec<Scan>, _) = (crate::import_file(path), load_folder(folder));
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
