//! Folders and archives at the command line: read by hand, imported, made again.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::streams;
use crate::import::packed::{deflated, stored, zip};
use crate::readme::copy;

const DAY: &str = "2026-09-30";
const IMAGES: [&str; 2] = ["catalogue-2026-09-29.json", "checkout-2026-09-29.json"];

struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo");
        copy(&example, &folder.path().join("repo"));
        Self { folder }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    fn run(&self, words: &[&str]) -> (i32, String, String) {
        let mut line: Vec<OsString> = vec!["countersign".into()];
        line.extend(words.iter().map(Into::into));
        line.extend(["--repo".into(), self.root().into()]);
        streams(self.folder.path(), &line)
    }

    /// The register, and what was said beside it.
    fn register(&self, scans: &[&str]) -> (Value, String) {
        let mut words = vec!["reconcile", "--format", "json", "--as-of", DAY];
        words.extend(scans.iter().flat_map(|scan| ["--scan", scan]));
        let (_, out, err) = self.run(&words);
        let register = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        (register, err)
    }

    fn export(&self, source: &str, file: &str) -> Vec<u8> {
        std::fs::read(self.root().join("imports").join(source).join(file)).unwrap()
    }

    /// Puts exports into a folder `run` beside the repository.
    fn lay(&self, files: &[(&str, &[u8])]) {
        for (name, bytes) in files {
            let path = self.folder.path().join("run").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

/// Source, file, digest and state of each scan that was given by hand.
fn imports(register: &Value, names: &str) -> Vec<(String, String, String)> {
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or("-").to_owned();
    let all = register["imports"].as_array().unwrap();
    let mut rows: Vec<_> = all
        .iter()
        .filter(|one| one["file"].as_str().unwrap().starts_with(names))
        .map(|one| (text(one, "source"), text(one, "file"), text(one, "state")))
        .collect();
    rows.sort();
    rows
}

#[test]
fn a_folder_of_several_formats_says_what_its_files_say_one_by_one() {
    let lab = Lab::new();
    let nessus = lab.export("src-nessus", "weekly-2026-09-27.nessus");
    let qualys = lab.export("src-qualys", "qualys-2026-09-28.csv");
    lab.lay(&[
        ("scans/weekly.nessus", &nessus),
        ("scans/qualys-2026-09-28.csv", &qualys),
        (".DS_Store", b"x"),
    ]);
    let (single, _) = lab.register(&["run/scans/weekly.nessus", "run/scans/qualys-2026-09-28.csv"]);
    let (joined, said) = lab.register(&["run"]);
    assert_eq!(joined["findings"], single["findings"]);
    assert!(!joined["findings"].as_array().unwrap().is_empty());
    let row = |source: &str, file: &str| (source.to_owned(), file.to_owned(), "complete".to_owned());
    let expected = [
        row("src-nessus", "run (nessus-v2)"),
        row("src-qualys", "run (qualys-csv)"),
    ];
    assert_eq!(imports(&joined, "run"), expected);
    assert!(
        said.contains("hidden files were passed over: `.DS_Store`"),
        "{said}"
    );
    let archive = zip(&[
        deflated("weekly.nessus", &nessus),
        stored("q/qualys-2026-09-28.csv", &qualys),
    ]);
    std::fs::write(lab.folder.path().join("run.zip"), archive).unwrap();
    // The Source is that of one of the formats; the other finds its own.
    let (zipped, said) = lab.register(&["run.zip=src-nessus"]);
    assert_eq!(zipped["findings"], single["findings"]);
    assert_eq!(imports(&zipped, "run.zip (")[1].0, "src-qualys");
    assert!(!said.contains("passed over"), "{said}");
    let (_, _, said) = lab.run(&["reconcile", "--quiet", "--scan", "run", "--as-of", DAY]);
    assert_eq!(said, "");
}

#[test]
fn what_is_wrong_in_a_folder_is_exit_3_and_names_the_file() {
    let lab = Lab::new();
    lab.lay(&[
        ("a.json", &lab.export("src-trivy", IMAGES[0])),
        ("b.txt", b"hello"),
    ]);
    for words in [
        &["reconcile", "--as-of", DAY, "--scan", "run"][..],
        &["import", "--source", "src-trivy", "run"],
    ] {
        let (code, out, err) = lab.run(words);
        assert_eq!((code, out.as_str()), (3, ""), "{err}");
        assert!(
            err.contains("`run` is in no known format: `b.txt`: it begins with `hello`"),
            "{err}"
        );
    }
    assert!(!lab.root().join("ledger/000001.jsonl").exists());
    let (code, _, err) = lab.run(&["reconcile", "--as-of", DAY, "--scan", "absent"]);
    assert_eq!(code, 3);
    assert!(
        err.contains("`absent` is not there") && err.contains("a folder or an archive"),
        "{err}"
    );
}

#[test]
fn a_folder_is_imported_as_one_run_and_made_again_from_its_files() {
    let lab = Lab::new();
    for image in IMAGES {
        lab.lay(&[(image, &lab.export("src-trivy", image))]);
    }
    lab.lay(&[(".note", b"x")]);
    let (code, out, err) = lab.run(&["import", "--source", "src-trivy", "run"]);
    assert_eq!((code, out.as_str()), (0, "ledger/000001.jsonl\n"), "{err}");
    assert!(
        err.contains("`run`: 2 hosts") && err.contains("passed over: `.note`"),
        "{err}"
    );
    let (code, _, err) = lab.run(&["import", "--source", "src-trivy", "run"]);
    assert!(code == 0 && err.contains("is already there"), "{err}");
    let (filed, _) = lab.register(&[]);
    assert_eq!(imports(&filed, "run").len(), 1);
    // Away from where it lay, changed back, and from a folder in the repository.
    let segment = lab.root().join("ledger/000001.jsonl");
    let bytes = std::fs::read(&segment).unwrap();
    std::fs::remove_file(&segment).unwrap();
    let (code, _, err) = lab.run(&["ledger", "rebuild"]);
    assert!(code == 3 && err.contains("`run` of `src-trivy`"), "{err}");
    let (code, out, err) = lab.run(&["ledger", "rebuild", "run"]);
    assert_eq!((code, out.as_str()), (0, "ledger/000001.jsonl\n"), "{err}");
    assert_eq!(std::fs::read(&segment).unwrap(), bytes);
    std::fs::remove_file(&segment).unwrap();
    let inside = lab.root().join("imports/src-trivy/2026-09-29");
    std::fs::rename(lab.folder.path().join("run"), &inside).unwrap();
    let (code, out, err) = lab.run(&["ledger", "rebuild"]);
    assert_eq!((code, out.as_str()), (0, "ledger/000001.jsonl\n"), "{err}");
    assert_eq!(lab.run(&["ledger", "verify"]).0, 0);
}

#[test]
fn each_source_imports_its_part_of_one_archive() {
    let lab = Lab::new();
    let archive = zip(&[
        deflated(
            "weekly.nessus",
            &lab.export("src-nessus", "weekly-2026-09-27.nessus"),
        ),
        deflated(
            "qualys-2026-09-28.csv",
            &lab.export("src-qualys", "qualys-2026-09-28.csv"),
        ),
    ]);
    std::fs::write(lab.folder.path().join("run.zip"), archive).unwrap();
    for (source, segment, other) in [
        (
            "src-nessus",
            "ledger/000001.jsonl\n",
            "`run.zip (qualys-csv)` is not imported",
        ),
        (
            "src-qualys",
            "ledger/000002.jsonl\n",
            "`run.zip (nessus-v2)` is not imported",
        ),
    ] {
        let (code, out, err) = lab.run(&["import", "--source", source, "run.zip"]);
        assert_eq!((code, out.as_str()), (0, segment), "{err}");
        assert!(err.contains(other), "{err}");
    }
    let (code, _, err) = lab.run(&["import", "--source", "src-trivy", "run.zip"]);
    assert!(
        code == 3 && err.contains("and `src-trivy` reads `trivy-json`"),
        "{err}"
    );
    std::fs::remove_dir_all(lab.root().join("ledger")).unwrap();
    let (code, out, err) = lab.run(&["ledger", "rebuild", "run.zip"]);
    assert_eq!((code, out.lines().count()), (0, 2), "{err}");
    assert_eq!(lab.run(&["ledger", "verify"]).0, 0);
}

#[test]
fn an_archive_under_imports_is_read_as_its_files_are() {
    let lab = Lab::new();
    let (before, _) = lab.register(&[]);
    let folder = lab.root().join("imports/src-trivy");
    let entries = IMAGES.map(|image| deflated(image, &lab.export("src-trivy", image)));
    for image in IMAGES {
        std::fs::remove_file(folder.join(image)).unwrap();
    }
    std::fs::write(folder.join("images-2026-09-29.zip"), zip(&entries)).unwrap();
    let (after, _) = lab.register(&[]);
    assert_eq!(before["findings"], after["findings"]);
}
