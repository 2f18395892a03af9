//! The history of findings at the command line: filed once, whole after anything, the same in every order.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use countersign::ledger::{LedgerFile, Wanted, read_ledger};
use serde_json::Value;

use super::cli::streams;
use super::readme::copy;

#[cfg(unix)]
mod crash;

const DAY: &str = "2026-09-30";

/// Source and file of every export of the example, by the day of the run.
const EXPORTS: [(&str, &str); 10] = [
    ("src-nessus", "weekly-2026-09-13.nessus"),
    ("src-trivy", "catalogue-2026-09-22.json"),
    ("src-trivy", "checkout-2026-09-22.json"),
    ("src-nessus", "weekly-2026-09-27.nessus"),
    ("src-qualys", "qualys-2026-09-28.csv"),
    ("src-cmdb", "cmdb-2026-09-29.csv"),
    ("src-epss", "epss_scores-2026-09-29.csv"),
    ("src-kev", "known_exploited_vulnerabilities-2026-09-29.json"),
    ("src-trivy", "catalogue-2026-09-29.json"),
    ("src-trivy", "checkout-2026-09-29.json"),
];

struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        Self::on(tempfile::tempdir().unwrap())
    }

    fn on(folder: tempfile::TempDir) -> Self {
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

    fn import(&self, source: &str, file: &str) -> (i32, String, String) {
        let file = self.root().join("imports").join(source).join(file);
        self.run(&["import", "--source", source, file.to_str().unwrap()])
    }

    fn import_all<'a>(&self, exports: impl IntoIterator<Item = &'a (&'a str, &'a str)>) {
        for (source, file) in exports {
            let (code, out, err) = self.import(source, file);
            assert_eq!(code, 0, "{source} {file}: {out}{err}");
        }
    }

    /// The register without what tells of the order of the imports and who signed them.
    fn register(&self) -> Value {
        let (_, out, err) = self.run(&["reconcile", "--format", "json", "--as-of", DAY]);
        let mut register: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        let imports = register["imports"].as_array_mut().unwrap();
        imports.sort_by_key(|one| one["file"].as_str().unwrap().to_owned());
        // How the runs came in is told in the diagnostics, and differs.
        let diagnostics = register["diagnostics"].as_array_mut().unwrap();
        diagnostics.retain(|one| one["code"] != "REC013");
        register.as_object_mut().unwrap().remove("summary");
        register
    }

    fn segments(&self) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = std::fs::read_dir(self.root().join("ledger"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        found.sort();
        found
    }

    fn verify(&self) -> (i32, String, String) {
        self.run(&["ledger", "verify"])
    }

    fn head(&self) -> String {
        let (code, out, err) = self.verify();
        assert_eq!(code, 0, "{out}{err}");
        err.rsplit_once("head ").unwrap().1.trim().to_owned()
    }
}

#[test]
fn the_register_from_the_ledger_is_that_from_the_exports() {
    let lab = Lab::new();
    let from_exports = lab.register();
    assert!(from_exports["findings"].as_array().unwrap().len() > 10);
    lab.import_all(&EXPORTS);
    assert_eq!(lab.segments().len(), EXPORTS.len());
    let from_ledger = lab.register();
    assert_eq!(from_exports, from_ledger);
    // Nothing hangs on the exports any more.
    for source in ["src-nessus", "src-qualys", "src-trivy"] {
        std::fs::remove_dir_all(lab.root().join("imports").join(source)).unwrap();
    }
    assert_eq!(from_exports, lab.register());
}

#[test]
fn a_source_without_a_history_keeps_its_exports() {
    let lab = Lab::new();
    let from_exports = lab.register();
    // Of two exports of this Source one is filed: the other is not read, which is told.
    let of_nessus: Vec<_> = EXPORTS
        .iter()
        .filter(|(source, _)| *source == "src-nessus")
        .collect();
    lab.import_all([of_nessus[0]]);
    let (_, told, _) = lab.run(&["check", "--as-of", "2026-09-30"]);
    let name = of_nessus[1].1;
    assert!(
        told.contains(&format!(
            "the history of `src-nessus` lacks `imports/src-nessus/{name}`, which is not read"
        )),
        "{told}"
    );
    lab.import_all([of_nessus[1]]);
    assert_eq!(
        from_exports,
        lab.register(),
        "the inventory and the other scanners are still there"
    );
    let (_, told, _) = lab.run(&["check", "--as-of", "2026-09-30"]);
    assert!(!told.contains("which is not read"), "{told}");
}

#[test]
fn the_order_of_imports_does_not_matter() {
    let lab = Lab::new();
    let expected = lab.register();
    for order in [
        EXPORTS.iter().rev().copied().collect::<Vec<_>>(),
        [5, 3, 9, 0, 7, 2, 8, 1, 6, 4]
            .map(|index| EXPORTS[index])
            .to_vec(),
    ] {
        let lab = Lab::new();
        lab.import_all(&order);
        assert_eq!(expected, lab.register(), "{order:?}");
        assert_eq!(lab.verify().0, 0);
    }
}

#[test]
fn an_export_is_filed_once() {
    let lab = Lab::new();
    lab.import_all(&EXPORTS[..2]);
    let head = lab.head();
    let (code, out, err) = lab.import("src-nessus", EXPORTS[0].1);
    assert_eq!((code, out.as_str()), (0, "ledger/000001.jsonl\n"), "{err}");
    assert!(err.contains("is already there"), "{err}");
    assert_eq!(lab.segments().len(), 2);
    assert_eq!(lab.head(), head);
}

#[test]
fn what_cannot_be_history_is_refused() {
    let lab = Lab::new();
    let exports = lab.root().join("imports");
    let nessus = exports.join("src-nessus/weekly-2026-09-13.nessus");
    let said = |words: &[&str]| {
        let (code, out, err) = lab.run(words);
        assert_eq!(out, "", "{err}");
        (code, err)
    };
    let (code, err) = said(&["import", "--source", "src-other", nessus.to_str().unwrap()]);
    assert_eq!(code, 2, "{err}");
    assert!(
        err.contains("there is no Source `src-other`") && err.contains("src-nessus"),
        "{err}"
    );
    let (code, err) = said(&["import", "--source", "src-qualys", nessus.to_str().unwrap()]);
    assert_eq!(code, 3, "{err}");
    assert!(
        err.contains("is of the format `nessus-v2`, and `src-qualys` reads `qualys-csv`"),
        "{err}"
    );
    let text = std::fs::read_to_string(&nessus).unwrap();
    let cut = lab.folder.path().join("cut.nessus");
    std::fs::write(&cut, &text[..text.len() / 2]).unwrap();
    let (code, err) = said(&["import", "--source", "src-nessus", cut.to_str().unwrap()]);
    assert_eq!(code, 3, "{err}");
    assert!(!lab.root().join("ledger").exists() || lab.segments().is_empty());
    // The same run with another content.
    lab.import_all(&EXPORTS[..1]);
    let other = lab.folder.path().join("weekly-2026-09-13.nessus");
    std::fs::write(
        &other,
        text.replacen(
            "</NessusClientData_v2>",
            "<!-- later --></NessusClientData_v2>",
            1,
        ),
    )
    .unwrap();
    let (code, err) = said(&["import", "--source", "src-nessus", other.to_str().unwrap()]);
    assert_eq!(code, 3, "{err}");
    assert!(
        err.contains("`ledger/000001.jsonl` holds the same run with another content"),
        "{err}"
    );
}

#[test]
fn a_run_with_far_fewer_hosts_needs_a_reason() {
    let lab = Lab::new();
    lab.import_all(&[EXPORTS[4]]);
    let text = std::fs::read_to_string(lab.root().join("imports/src-qualys/qualys-2026-09-28.csv")).unwrap();
    let header = text
        .lines()
        .position(|line| line.contains("\"QID\"") || line.starts_with("IP,"))
        .unwrap();
    let few: Vec<&str> = text.lines().take(header + 2).collect();
    let small = lab.folder.path().join("qualys-2026-09-29.csv");
    std::fs::write(
        &small,
        few.join("\n")
            .replace("2026-09-28", "2026-09-29")
            .replace("09/28/2026", "09/29/2026")
            + "\n",
    )
    .unwrap();
    let small = small.to_str().unwrap();
    let (code, _, err) = lab.run(&["import", "--source", "src-qualys", small]);
    assert_eq!(code, 3, "{err}");
    assert!(
        err.contains("fewer than the") && err.contains("`--accept-drop`"),
        "{err}"
    );
    let (code, _, err) = lab.run(&[
        "import",
        "--source",
        "src-qualys",
        "--accept-drop",
        "one site only",
        small,
    ]);
    assert_eq!(code, 0, "{err}");
    let statement = std::fs::read_to_string(lab.root().join("imports/manifest/000002.yaml")).unwrap();
    assert!(
        statement.contains("\"accept_drop\": \"one site only\""),
        "{statement}"
    );
}

#[test]
fn a_changed_byte_is_found_named_and_put_back() {
    let lab = Lab::new();
    lab.import_all(&EXPORTS);
    let head = lab.head();
    let segments = lab.segments();
    for place in [0, 3, segments.len() - 1] {
        let bytes = std::fs::read(&segments[place]).unwrap();
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        std::fs::write(&segments[place], &changed).unwrap();
        let name = segments[place].file_name().unwrap().to_str().unwrap();
        let (code, out, _) = lab.verify();
        assert_eq!(code, 4);
        let named: Vec<&str> = out.lines().filter_map(|line| line.split(": ").next()).collect();
        assert_eq!(named, [format!("ledger/{name}")], "{out}");
        let (code, _, err) = lab.run(&["reconcile", "--as-of", DAY]);
        assert_eq!(code, 3, "{err}");
        assert!(
            err.contains("the ledger is damaged") && err.contains(name),
            "{err}"
        );
        let (code, out, err) = lab.run(&["ledger", "rebuild"]);
        assert_eq!((code, out), (0, format!("ledger/{name}\n")), "{err}");
        assert_eq!(std::fs::read(&segments[place]).unwrap(), bytes);
    }
    std::fs::remove_file(&segments[1]).unwrap();
    let (code, out, _) = lab.verify();
    assert_eq!(code, 4);
    assert!(out.contains("ledger/000002.jsonl: it is not there"), "{out}");
    assert_eq!(lab.run(&["ledger", "rebuild"]).0, 0);
    assert_eq!(lab.head(), head);
    std::fs::write(lab.root().join("ledger/notes.txt"), "x").unwrap();
    let (code, out, _) = lab.verify();
    assert_eq!(
        (code, out.contains("ledger/notes.txt: it is no segment")),
        (4, true),
        "{out}"
    );
}

#[test]
fn a_segment_that_was_written_anew_with_its_chain_is_found() {
    let lab = Lab::new();
    lab.import_all(&EXPORTS[..1]);
    let path = &lab.segments()[0];
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let (_, gone) = lines.split_last().unwrap();
    std::fs::write(path, gone.join("\n") + "\n").unwrap();
    let (code, out, _) = lab.verify();
    assert_eq!(code, 4);
    assert!(out.contains("its text is not the one that was imported"), "{out}");
}

#[test]
fn what_a_killed_import_left_behind_is_in_nobodys_way() {
    let lab = Lab::new();
    lab.import_all(&EXPORTS[..1]);
    let root = lab.root();
    std::fs::write(root.join("ledger/000002.jsonl"), "{\"ledger\":1").unwrap();
    std::fs::write(root.join("ledger/.lock"), "").unwrap();
    std::fs::create_dir(root.join("ledger/000002.jsonl.partial-1-1")).unwrap();
    std::fs::write(root.join("ledger/000002.jsonl.partial-1-1/new"), "{").unwrap();
    let (code, out, err) = lab.run(&["reconcile", "--as-of", DAY, "--format", "csv"]);
    assert!(code <= 1, "{out}{err}");
    let (code, out, _) = lab.verify();
    assert_eq!(code, 4);
    assert!(out.starts_with("ledger/000002.jsonl: no statement says"), "{out}");
    lab.import_all(&EXPORTS[3..4]);
    assert_eq!(lab.verify().0, 0);
    assert!(!root.join("ledger/.lock").exists());
}

#[cfg(unix)]
#[test]
fn a_ledger_that_is_a_link_is_not_followed() {
    let lab = Lab::new();
    let outside = lab.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, lab.root().join("ledger")).unwrap();
    let (code, out, err) = lab.import(EXPORTS[0].0, EXPORTS[0].1);
    assert_eq!((code, out.as_str()), (3, ""), "{err}");
    assert!(err.contains("is a link, and links are not followed"), "{err}");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn a_day_is_judged_by_the_scores_of_then_and_a_day_of_scores_is_small() {
    let lab = Lab::new();
    lab.import_all(&EXPORTS);
    let folder = lab.root().join("imports/src-epss");
    let text = std::fs::read_to_string(folder.join(EXPORTS[6].1)).unwrap();
    let later = text
        .replace("2026-09-29", "2026-09-30")
        .replace("CVE-2021-44228,0.94358", "CVE-2021-44228,0.111112");
    assert_ne!(text, later);
    let many: String = (0..20_000)
        .map(|number| format!("CVE-2019-{number:04},0.{:05},0.5\n", number * 7 % 99_991))
        .collect();
    std::fs::write(folder.join("epss_scores-2026-09-30.csv"), later + &many).unwrap();
    lab.import_all(&[("src-epss", "epss_scores-2026-09-30.csv")]);
    let score = |day: &str| {
        let (_, out, err) = lab.run(&["reconcile", "--format", "json", "--as-of", day]);
        let register: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        let findings = register["findings"].as_array().unwrap();
        let of_log4j = findings.iter().find(|one| one["vuln"] == "CVE-2021-44228");
        of_log4j.unwrap()["epss"].as_f64().unwrap()
    };
    assert_eq!(score("2026-09-29"), 0.94358);
    assert_eq!(score("2026-10-01"), 0.111_112);
    let segment = lab.root().join("ledger/000011.jsonl.zst");
    let bytes = std::fs::metadata(&segment).unwrap().len();
    assert!(bytes < 20_000 * 3, "{bytes} bytes for 20 000 scores");
    std::fs::remove_file(&segment).unwrap();
    assert_eq!(lab.run(&["ledger", "rebuild"]).0, 0);
    assert_eq!(std::fs::metadata(&segment).unwrap().len(), bytes);
}

/// The catalogues that are there when a ledger is read for some moments, by the day in the names of their files.
fn catalogues_at(lab: &Lab, moments: &[&str]) -> Vec<String> {
    let mut files: Vec<LedgerFile> = Vec::new();
    for folder in ["ledger", "imports/manifest"] {
        for entry in std::fs::read_dir(lab.root().join(folder)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            files.push((path.into(), std::fs::read(entry.path()).unwrap()));
        }
    }
    let moments = moments.iter().map(|at| at.parse::<DateTime<Utc>>().unwrap());
    let ledger = read_ledger(files, Wanted::RunsAt(moments.collect()));
    assert!(ledger.faults.is_empty(), "{:?}", ledger.faults);
    let kept = ledger.scans.iter().filter(|scan| !scan.epss.is_empty());
    kept.map(|scan| scan.file[scan.file.len() - 14..scan.file.len() - 4].to_owned())
        .collect()
}

#[test]
fn each_moment_that_is_judged_has_its_own_catalogue() {
    let lab = Lab::new();
    lab.import_all(&EXPORTS);
    let folder = lab.root().join("imports/src-epss");
    let text = std::fs::read_to_string(folder.join(EXPORTS[6].1)).unwrap();
    for day in ["2026-10-05", "2026-10-20", "2026-11-10"] {
        let name = format!("epss_scores-{day}.csv");
        std::fs::write(folder.join(&name), text.replace("2026-09-29", day)).unwrap();
        lab.import_all(&[("src-epss", name.as_str())]);
    }
    for (moments, days) in [
        (vec!["2026-10-31T22:59:59Z"], vec!["2026-10-20"]),
        (
            vec!["2026-10-31T22:59:59Z", "2026-09-30T21:59:59Z"],
            vec!["2026-09-29", "2026-10-20"],
        ),
        (
            vec![
                "2026-11-22T00:00:00Z",
                "2026-10-31T22:59:59Z",
                "2026-08-31T21:59:59Z",
            ],
            vec!["2026-10-20", "2026-11-10"],
        ),
    ] {
        assert_eq!(catalogues_at(&lab, &moments), days, "{moments:?}");
    }
}
