//! Each format that matters most beside the least that its bytes could cost: 100 000 findings, or 1 000 000.
//!
//! Stages and floors take turns, so that what else the machine does weighs on each of them alike.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use countersign::import::{Content, Export, Scan, collect};
use countersign::load::Repository;

use crate::generate::{self, HOSTS};
use crate::measure::{self, sample};
use crate::{FOLDER, WORDS, generate_formats, governed, granted, lay_with, load_folder};

/// The variable that asks for the size of the targets beside the usual one, such as `COUNTERSIGN_BENCH_FINDINGS=1000000`.
const SIZE: &str = "COUNTERSIGN_BENCH_FINDINGS";
const ROUNDS: usize = 5;

/// A format, how its exports are made, and what it is measured against.
pub(crate) struct Format {
    pub(crate) name: &'static str,
    write: fn(&Path, usize) -> std::io::Result<()>,
    floors: &'static [Floor],
}

pub(crate) struct Floor {
    pub(crate) name: &'static str,
    work: fn(&[PathBuf]) -> usize,
    /// The most that an import and reconciliation is meant to cost, as a ratio to this.
    pub(crate) target: Option<f64>,
}

pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "Nessus",
        write: write_nessus,
        floors: &[
            Floor {
                name: "the quick-xml loop",
                work: quick_xml_tokens,
                target: Some(0.6),
            },
            Floor {
                name: "the tag walk",
                work: tag_walk,
                target: Some(2.0),
            },
            SHA256,
        ],
    },
    Format {
        name: "Qualys CSV",
        write: generate_formats::write_qualys,
        floors: &[
            Floor {
                name: "counting by simd-csv",
                work: simd_csv_count,
                target: Some(2.0),
            },
            Floor {
                name: "counting by csv",
                work: csv_count,
                target: None,
            },
            SHA256,
        ],
    },
    Format {
        name: "Trivy",
        write: generate_formats::write_trivy,
        floors: &[
            Floor {
                name: "typed serde_json",
                work: typed_json,
                target: Some(1.3),
            },
            SHA256,
        ],
    },
];

/// What every import does beside, for the digest by which an export is known.
const SHA256: Floor = Floor {
    name: "SHA-256 alone",
    work: sha256,
    target: None,
};

/// One format at one size: the medians of its stages and floors, in seconds.
pub(crate) struct Row {
    pub(crate) format: &'static Format,
    pub(crate) findings: usize,
    pub(crate) bytes: u64,
}

impl Row {
    /// Names a stage of this format at this size, as it is sampled.
    pub(crate) fn stage(&self, stage: &str) -> String {
        stage_name(self.format, self.findings, stage)
    }

    pub(crate) fn floors(&self) -> &'static [Floor] {
        self.format.floors
    }
}

fn stage_name(format: &Format, findings: usize, stage: &str) -> String {
    format!("{} {findings}: {stage}", format.name)
}

pub(crate) const IMPORT: [&str; 2] = ["import, one thread", "import, two threads"];
pub(crate) const WHOLE: [&str; 2] = [
    "import and reconcile, one thread",
    "import and reconcile, two threads",
];

/// The sizes that are measured, the usual one first.
pub(crate) fn sizes() -> Vec<usize> {
    let more = std::env::var(SIZE).ok().map(|text| text.parse().unwrap());
    let usual = std::iter::once(crate::FINDINGS);
    usual
        .chain(more.filter(|more| *more != crate::FINDINGS))
        .collect()
}

/// Measures every format at every size.
pub(crate) fn run() -> Vec<Row> {
    let repository = load_folder(&governed(10_000, true));
    let mut rows = Vec::new();
    for findings in sizes() {
        assert_eq!(findings % HOSTS, 0, "{SIZE} must be a multiple of {HOSTS}");
        for format in FORMATS {
            rows.push(run_one(format, findings, &repository));
        }
    }
    rows
}

fn run_one(format: &'static Format, findings: usize, repository: &Repository) -> Row {
    let place = FOLDER.path().join(format!("format-{findings}"));
    (format.write)(&place, findings).unwrap();
    let files = files(&place);
    let bytes = files.iter().map(|file| file.metadata().unwrap().len()).sum();
    for _ in 0..ROUNDS {
        for (threads, (import, whole)) in (1..).zip(IMPORT.into_iter().zip(WHOLE)) {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let scans =
                pool.install(|| sample(stage_name(format, findings, import), || import_files(&files)));
            assert_right(&scans, findings);
            drop(scans);
            let standings = granted(repository);
            let found = pool.install(|| {
                sample(stage_name(format, findings, whole), || {
                    lay_with(repository, standings, &import_files(&files))
                        .findings
                        .len()
                })
            });
            assert_eq!(found, findings);
        }
        for floor in format.floors {
            sample(stage_name(format, findings, floor.name), || (floor.work)(&files));
        }
    }
    match place.is_dir() {
        true => std::fs::remove_dir_all(&place).unwrap(),
        false => std::fs::remove_file(&place).unwrap(),
    }
    let row = Row {
        format,
        findings,
        bytes,
    };
    measure::print_row(&row);
    row
}

/// Returns a file, or the files of a folder in their order.
pub(crate) fn files(place: &Path) -> Vec<PathBuf> {
    if !place.is_dir() {
        return vec![place.to_owned()];
    }
    let entries = std::fs::read_dir(place).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

pub(crate) fn import_files(files: &[PathBuf]) -> Vec<Scan> {
    let exports: Vec<Export> = files
        .iter()
        .map(|path| Export {
            file: path.display().to_string(),
            content: Content::File(path.clone()),
            source: None,
            mapping: None,
            date_order: None,
            host: None,
            is_ad_hoc: true,
        })
        .collect();
    collect(&exports).into_iter().map(Result::unwrap).collect()
}

fn assert_right(scans: &[Scan], findings: usize) {
    let hosts: u64 = scans.iter().map(|scan| scan.summary.hosts).sum();
    let observations: u64 = scans.iter().map(|scan| scan.summary.observations).sum();
    assert_eq!((hosts, observations), (HOSTS as u64, findings as u64));
}

fn write_nessus(path: &Path, findings: usize) -> std::io::Result<()> {
    generate::write_nessus(
        path,
        generate::Export {
            findings,
            words: WORDS,
        },
    )
}

fn quick_xml_tokens(files: &[PathBuf]) -> usize {
    let count = |file: &PathBuf| {
        let mut reader = quick_xml::Reader::from_file(file).unwrap();
        let (mut buffer, mut tokens) = (Vec::new(), 0);
        while !matches!(
            reader.read_event_into(&mut buffer).unwrap(),
            quick_xml::events::Event::Eof
        ) {
            tokens += 1;
            buffer.clear();
        }
        tokens
    };
    files.iter().map(count).sum()
}

/// Reads files in pieces, as an import must.
fn each_piece(files: &[PathBuf], mut take: impl FnMut(&[u8])) {
    let mut piece = vec![0; 1 << 20];
    for file in files {
        let mut file = File::open(file).unwrap();
        loop {
            match file.read(&mut piece).unwrap() {
                0 => break,
                read => take(&piece[..read]),
            }
        }
    }
}

/// Finds the end of every tag.
fn tag_walk(files: &[PathBuf]) -> usize {
    let (mut is_inside, mut tags) = (false, 0);
    each_piece(files, |mut left| {
        while let Some(at) = memchr::memchr(if is_inside { b'>' } else { b'<' }, left) {
            tags += usize::from(is_inside);
            is_inside = !is_inside;
            left = &left[at + 1..];
        }
    });
    tags
}

fn sha256(files: &[PathBuf]) -> usize {
    use sha2::Digest as _;
    let mut hash = sha2::Sha256::new();
    each_piece(files, |piece| hash.update(piece));
    usize::from(hash.finalize()[0])
}

fn simd_csv_count(files: &[PathBuf]) -> usize {
    let mut rows = 0;
    for file in files {
        let file = File::open(file).unwrap();
        let mut reader = simd_csv::ZeroCopyReaderBuilder::with_capacity(1 << 20)
            .flexible(true)
            .has_headers(false)
            .from_reader(file);
        while reader.read_byte_record().unwrap().is_some() {
            rows += 1;
        }
    }
    rows
}

fn csv_count(files: &[PathBuf]) -> usize {
    let mut rows = 0;
    for file in files {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .from_path(file)
            .unwrap();
        let mut row = csv::ByteRecord::new();
        while reader.read_byte_record(&mut row).unwrap() {
            rows += 1;
        }
    }
    rows
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    results: Vec<Target>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    vulnerabilities: Vec<Vulnerability>,
}

/// What an import needs of a finding.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "what is read is not looked at")]
struct Vulnerability {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    pkg_name: String,
    installed_version: String,
    fixed_version: String,
    status: String,
    severity: String,
    severity_source: String,
    title: String,
    #[serde(rename = "CVSS")]
    cvss: std::collections::BTreeMap<String, Score>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "what is read is not looked at")]
struct Score {
    v3_vector: String,
}

fn typed_json(files: &[PathBuf]) -> usize {
    let count = |file: &PathBuf| {
        let report: Report = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let targets = report.results.iter();
        targets.map(|target| target.vulnerabilities.len()).sum::<usize>()
    };
    files.iter().map(count).sum()
}
