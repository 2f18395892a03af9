//! What the rules about imports, triage and objectives say of registers made by hand and of the example's ledger.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use countersign::diagnostic::Level;
use countersign::model::{Quality, Severity};
use serde_json::Value;
use ssh_key::LineEnding;

use super::checks_findings;
use super::cli::streams;
use super::readme::copy;
use super::signing::{fingerprint_of, key_of};
use super::world::{ScanBuilder, World};

/// Returns level and message of what one rule says at a moment.
fn said(world: &World, when: &str, code: &str) -> Vec<(Level, String)> {
    let told = checks_findings::said(world, when, code).into_iter();
    told.map(|(level, _, message)| (level, message)).collect()
}

/// A world whose Policy counts authenticated scans only, and whose Sources have both brought something.
fn world() -> World {
    let mut world = World::new();
    world.record(
        "policies/pol-scan.yaml",
        "kind: Policy\nid: pol-scan\ntitle: Scans\nversion: 1.0.0\nspec:\n  text: policies/pol-scan.md\n  cadence: []\n  scanning: {max_age_days: 7, authenticated: true}\n  approved_sources: []\n  change_rules: []\n  communications: []\n  retention_years: 2\n",
    );
    world.scan("src-two", "2026-09-29T09:00:00Z", |scan| looked(scan, &["app01"]));
    world
}

fn looked(scan: &mut ScanBuilder, hosts: &[&str]) {
    for host in hosts {
        scan.quality(host, Quality::Authenticated);
    }
}

const DAY: &str = "2026-09-30T12:00:00+02:00";
const FIVE: [&str; 5] = ["app01", "app02", "app03", "app04", "app05"];

#[test]
fn a_run_without_credentials_is_an_error_and_one_without_some_a_warning() {
    let mut world = world();
    world.scan("src-one", "2026-09-29T09:00:00Z", |scan| {
        scan.quality("app01", Quality::Unauthenticated);
        scan.quality("app02", Quality::Authenticated);
    });
    let message = "`src-one-2026-09-29T09:00:00Z` looked at 1 of 2 hosts without credentials, and the Policy counts \
                   authenticated scans only";
    assert_eq!(said(&world, DAY, "REC012"), [(Level::Warn, message.into())]);
    world.scans.last_mut().unwrap().hosts[1].quality = Some(Quality::Banner);
    let message = message.replace("1 of 2", "2 of 2");
    assert_eq!(said(&world, DAY, "REC012"), [(Level::Error, message)]);
    // A later whole run over as many hosts has taken its place.
    world.scan("src-one", "2026-09-30T09:00:00Z", |scan| {
        looked(scan, &["app01", "app02"]);
    });
    assert_eq!(said(&world, DAY, "REC012"), []);
}

#[test]
fn a_run_that_is_not_whole_counts_until_a_whole_one_over_as_many_hosts() {
    let mut world = world();
    world.scan("src-one", "2026-09-28T09:00:00Z", |scan| looked(scan, &FIVE));
    world.scans.last_mut().unwrap().summary.incomplete = Some("it was stopped".into());
    let message = "`src-one-2026-09-28T09:00:00Z` is not whole, and no later run of `src-one` is";
    let expected = [(Level::Error, message.to_owned())];
    assert_eq!(said(&world, DAY, "REC012"), expected);
    world.scan("src-one", "2026-09-29T09:00:00Z", |scan| looked(scan, &FIVE[..4]));
    assert_eq!(said(&world, DAY, "REC012"), expected);
    world.scan("src-one", "2026-09-29T19:00:00Z", |scan| looked(scan, &FIVE));
    assert_eq!(said(&world, DAY, "REC012"), []);
}

#[test]
fn a_drop_above_the_share_is_flagged_and_one_of_the_share_is_not() {
    for (hosts, expected) in [(4, None), (3, Some("40 % fewer than the 5"))] {
        let mut world = world();
        world.scan("src-one", "2026-09-28T09:00:00Z", |scan| looked(scan, &FIVE));
        world.scan("src-one", "2026-09-29T09:00:00Z", |scan| {
            looked(scan, &FIVE[..hosts]);
        });
        let told = said(&world, DAY, "REC012");
        assert_eq!(told.len(), usize::from(expected.is_some()), "{told:?}");
        if let Some(words) = expected {
            assert!(told[0].1.contains(words), "{told:?}");
        }
    }
}

#[test]
fn an_import_is_stale_from_the_first_hour_after_its_time_and_not_before() {
    let mut world = world();
    world.scan("src-one", "2026-09-22T10:00:00Z", |scan| looked(scan, &["app01"]));
    assert_eq!(said(&world, "2026-09-30T10:00:00Z", "REC012"), []);
    let told = said(&world, "2026-09-30T10:00:01Z", "REC012");
    assert!(
        told.len() == 1 && told[0].1.contains("`src-one` is too old: 192 h > 192 h"),
        "{told:?}"
    );
}

#[test]
fn a_run_without_a_time_proves_nothing_and_says_so() {
    let mut world = world();
    world.scan("src-one", "2026-09-29T09:00:00Z", |scan| looked(scan, &["app01"]));
    let scan = world.scans.last_mut().unwrap();
    scan.summary.run_at = None;
    scan.file = "weekly.nessus".into();
    let message = "`weekly.nessus` names no time, so its age cannot be told and it proves nothing";
    assert_eq!(said(&world, DAY, "REC012"), [(Level::Error, message.into())]);
}

#[test]
fn an_export_of_nobody_and_a_run_with_two_contents_are_errors() {
    let mut world = world();
    world.scan("src-one", "2026-09-29T09:00:00Z", |scan| {
        looked(scan, &["app01", "app02"]);
    });
    assert_eq!(said(&world, DAY, "REC013"), []);
    world.scan("src-one", "2026-09-29T09:00:00Z", |scan| looked(scan, &["app03"]));
    world.scans.last_mut().unwrap().sha256 = "another".into();
    // Two exports of one moment that share no host are parts of a run.
    assert_eq!(said(&world, DAY, "REC013"), []);
    world.scan("src-one", "2026-09-29T09:00:00Z", |scan| looked(scan, &["app02"]));
    let last = world.scans.last_mut().unwrap();
    (last.sha256, last.file) = ("a third".into(), "third".into());
    let told = said(&world, DAY, "REC013");
    assert!(
        told.len() == 1 && told[0].1.contains("tell the same run with two contents"),
        "{told:?}"
    );
    world.scans.pop();
    world.scan("src-gone", "2026-09-29T09:00:00Z", |scan| {
        looked(scan, &["app01"])
    });
    let message = "`src-gone-2026-09-29T09:00:00Z` comes from no declared Source";
    assert_eq!(said(&world, DAY, "REC013"), [(Level::Error, message.into())]);
}

#[test]
fn a_finding_that_comes_back_is_counted_and_told_for_its_window() {
    let mut world = world();
    let seen = |scan: &mut ScanBuilder| {
        looked(scan, &["app01"]);
        scan.seen("app01", "1", &["CVE-2026-1111"], Severity::High, None);
    };
    for (day, is_seen) in [
        ("05", true),
        ("10", false),
        ("15", true),
        ("20", false),
        ("25", true),
    ] {
        let run = format!("2026-09-{day}T09:00:00Z");
        if is_seen {
            world.scan("src-one", &run, seen);
        } else {
            world.scan("src-one", &run, |scan| looked(scan, &["app01"]));
        }
    }
    let message = "`CVE-2026-1111` on `app01` was closed and came back 2 times, last seen on 2026-09-25";
    let expected = [(Level::Warn, message.to_owned())];
    assert_eq!(said(&world, DAY, "REC010"), expected);
    assert_eq!(said(&world, "2026-12-24", "REC010"), expected);
    assert_eq!(said(&world, "2026-12-25", "REC010"), []);
}

/// The example, filed in its ledger, with a key for imports in the hands of one of its people.
struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lab = Self { folder };
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo");
        copy(&example, &lab.root());
        let key = lab.key();
        std::fs::write(&key, key_of("importer").to_openssh(LineEnding::LF).unwrap()).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        lab.append(
            "keyring/allowed_signers",
            &format!(
                "kwame.osei@nordhafen.example namespaces=\"countersign-import\",valid-after=\"20250101000000Z\" {}\n",
                key_of("importer").public_key().to_openssh().unwrap()
            ),
        );
        lab.append(
            "people/p-osei.yaml",
            &format!(
                "    - {{fingerprint: \"{}\", valid_from: 2025-01-01, purpose: import}}\n",
                fingerprint_of("importer")
            ),
        );
        lab
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("importer")
    }

    fn append(&self, path: &str, more: &str) {
        let path = self.root().join(path);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, text + more).unwrap();
    }

    fn run(&self, words: &[&str]) -> (i32, String, String) {
        let mut line: Vec<OsString> = vec!["countersign".into()];
        line.extend(words.iter().map(Into::into));
        line.extend(["--repo".into(), self.root().into()]);
        streams(self.folder.path(), &line)
    }

    fn import(&self, file: &str, more: &[&str]) {
        let file = self.root().join("imports").join(file);
        let source = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let words = [&["import", "--source", source, file.to_str().unwrap()], more].concat();
        let (code, out, err) = self.run(&words);
        assert_eq!(code, 0, "{out}{err}");
    }

    /// Level and message of what one rule says of the example on its day; that an export is not filed yet is left out.
    fn said(&self, code: &str) -> Vec<(String, String)> {
        let (_, out, err) = self.run(&["check", "--format", "json", "--as-of", "2026-09-30"]);
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        let all = report["diagnostics"].as_array().unwrap();
        let mine = all.iter().filter(|one| one["code"] == code);
        let told = mine.map(|one| {
            let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
            (text("level"), text("message"))
        });
        told.filter(|(_, message)| !message.ends_with("which is not read"))
            .collect()
    }
}

#[test]
fn what_the_signers_of_a_source_did_not_sign_is_an_error() {
    let lab = Lab::new();
    assert_eq!(lab.said("REC013"), []);
    let key = lab.key();
    let signed = ["--key", key.to_str().unwrap()];
    lab.import("src-nessus/weekly-2026-09-27.nessus", &signed);
    assert_eq!(lab.said("REC013"), []);
    lab.import("src-qualys/qualys-2026-09-28.csv", &[]);
    let [(level, message)] = &lab.said("REC013")[..] else {
        panic!("{:?}", lab.said("REC013"))
    };
    assert_eq!(level, "error");
    assert!(
        message.contains("imports of `src-qualys` are not signed as it asks: `ledger/000002.jsonl`")
            && message.contains("has no signature"),
        "{message}"
    );
    // A run that came in late is told of; its signature counts all the same.
    lab.import("src-nessus/weekly-2026-09-13.nessus", &signed);
    let told = lab.said("REC013");
    assert!(
        told.iter().any(|(level, message)| level == "info"
            && message.contains("is a run of 2026-09-13 and was filed after one of 2026-09-27")),
        "{told:?}"
    );
    assert_eq!(told.len(), 2, "{told:?}");
    // Somebody else is to sign.
    let source = lab.root().join("sources/src-nessus.yaml");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(
        &source,
        text.replace("import_signers: [p-osei]", "import_signers: [p-kim]"),
    )
    .unwrap();
    let told = lab.said("REC013");
    assert!(
        told.iter().any(|(level, message)| level == "error"
            && message
                .contains("`ledger/000001.jsonl` and `ledger/000003.jsonl`: it was signed by `p-osei`")),
        "{told:?}"
    );
}

#[test]
fn a_changed_statement_is_no_signed_one() {
    let lab = Lab::new();
    let key = lab.key();
    lab.import(
        "src-nessus/weekly-2026-09-27.nessus",
        &["--key", key.to_str().unwrap()],
    );
    let path = lab.root().join("imports/manifest/000001.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = text.replace("weekly-2026-09-27", "weekly-2026-09-26");
    assert_ne!(text, changed);
    std::fs::write(&path, changed).unwrap();
    let told = lab.said("REC013");
    assert!(
        told.len() == 1 && told[0].1.contains("the signature of `p-osei` does not count"),
        "{told:?}"
    );
}

#[test]
fn a_drop_that_was_accepted_with_a_reason_is_not_flagged() {
    let lab = Lab::new();
    lab.import("src-qualys/qualys-2026-09-28.csv", &[]);
    let text = std::fs::read_to_string(lab.root().join("imports/src-qualys/qualys-2026-09-28.csv")).unwrap();
    let header = text
        .lines()
        .position(|line| line.contains("\"QID\"") || line.starts_with("IP,"))
        .unwrap();
    let few: Vec<&str> = text.lines().take(header + 2).collect();
    let few = few.join("\n") + "\n";
    let few = few
        .replace("2026-09-28", "2026-09-29")
        .replace("09/28/2026", "09/29/2026");
    let small = "src-qualys/qualys-2026-09-29.csv";
    std::fs::write(lab.root().join("imports").join(small), few).unwrap();
    lab.import(small, &["--accept-drop", "one site only"]);
    let told = lab.said("REC012");
    assert!(
        told.iter().all(|(_, message)| !message.contains("fewer than")),
        "{told:?}"
    );
    // Without the ledger nobody has said why.
    std::fs::remove_dir_all(lab.root().join("ledger")).unwrap();
    std::fs::remove_dir_all(lab.root().join("imports/manifest")).unwrap();
    let told = lab.said("REC012");
    assert!(
        told.iter()
            .any(|(_, message)| message.contains("fewer than the 17 of the run before")),
        "{told:?}"
    );
}
