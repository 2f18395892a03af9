//! What advisories and VEX do to a register: a list of suspicions beside the findings, notes at them, and no more.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use countersign::diagnostic::Level;
use countersign::import::Scan;
use countersign::ledger::{Wanted, read_ledger};
use countersign::model::{Disposition, RecordId, Severity};
use countersign::output::Style;
use countersign::output::register::{Format, Report, write};
use countersign::reconcile::{Register, VersionMatch};
use serde_json::Value;

use super::knowledge::{exported, filed};
use super::output::{assert_valid, output_schema};
use super::world::{World, at, find};

const CVE: &str = "CVE-2026-1111";
const DAY: &str = "2026-09-28";

fn fixture(name: &str) -> String {
    let path = format!("{}/tests/fixtures/import/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// A world whose System lists some software, with a feed of advisories.
fn world(software: &str) -> World {
    let mut world = World::new();
    world.record(
        "systems/sys-app.yaml",
        &format!("kind: System\nid: sys-app\ntitle: App\nspec:\n  type: server\n  tier: tier1\n  exposure: internet\n  members: [app01, app02]\n  software: [{software}]\n  scope: {{in: true}}\n"),
    );
    world.record(
        "sources/src-advisories.yaml",
        "kind: Source\nid: src-advisories\ntitle: Advisories\nspec:\n  roles: [feed]\n  format: csaf\n  timezone: UTC\n  max_age_hours: 48\n  state: approved\n",
    );
    world
}

fn openssl() -> World {
    world("{product: openssl, version: 3.0.7}")
}

/// Adds a document to what the feed has brought.
fn said(world: &mut World, file: &str, text: &str) {
    let scan = exported(file, text);
    world.scans.push(Scan {
        source: RecordId::new("src-advisories"),
        ..scan
    });
}

fn found(world: &mut World, run: &str) {
    world.scan("src-one", run, |scan| {
        scan.seen("app01", "1", &[CVE], Severity::Critical, None);
    });
    world.scans.last_mut().unwrap().sha256 = "ab".repeat(32);
}

/// Returns each suspicion as `vulnerability software: how the version agrees`.
fn suspected(world: &World, day: &str) -> Vec<String> {
    world.judge(day, |register| {
        let rows = register.watch_list.iter();
        rows.map(|row| format!("{} {}: {}", row.vuln, row.software, row.version.word()))
            .collect()
    })
}

fn written(register: &Register<'_>, format: Format) -> String {
    let report = Report {
        register,
        diagnostics: &[],
        commit: None,
    };
    let mut out = Vec::new();
    write(&report, format, Style::plain(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn document(register: &Register<'_>) -> Value {
    let document: Value = serde_json::from_str(&written(register, Format::Json)).unwrap();
    assert_valid(&output_schema("register-v1"), &document);
    document
}

#[test]
fn an_advisory_about_listed_software_is_a_suspicion_beside_the_findings() {
    let mut world = openssl();
    world.scan("src-one", "2026-09-21T08:00:00Z", |scan| {
        scan.seen("app01", "2", &["CVE-2026-9999"], Severity::High, None);
    });
    world.scans[0].sha256 = "cd".repeat(32);
    let before = world.judge(DAY, document);
    said(&mut world, "ex-2026-2.json", &fixture("csaf/one.json"));
    world.kev(CVE, "2026-09-22", None);
    world.scans.last_mut().unwrap().sha256 = "ef".repeat(32);
    world.judge(DAY, |register| {
        let after = document(register);
        let row = &after["watch_list"][0];
        let said = serde_json::json!({
            "publisher": "Example Project", "document": "EX-2026-2", "at": "2026-09-20T08:00:00Z",
            "source": "src-advisories", "file": "ex-2026-2.json",
        });
        for (name, expected) in [
            ("state", "suspected".into()),
            ("source", "advisory".into()),
            ("system", "sys-app".into()),
            ("vuln", CVE.into()),
            ("software", "openssl 3.0.7".into()),
            ("product", "OpenSSL 3.0".into()),
            ("version_match", "series".into()),
            ("says", "affected".into()),
            ("severity", "critical".into()),
            ("kev_listed", "2026-09-22".into()),
            ("said", said),
            ("notes", Value::Array(Vec::new())),
        ] {
            assert_eq!(row[name], expected, "{name}");
        }
        assert_eq!(row["remedies"][0]["key"], "RHSA-2026:0011");
        for name in ["totals", "kpis", "kpi_segments", "findings", "systems", "hosts"] {
            assert_eq!(after[name], before[name], "{name} knows nothing of it");
        }
        let human = written(register, Format::Human);
        let (_, list) = human.split_once("\nWatch list: suspected by advisories").unwrap();
        assert!(
            list.contains(CVE) && list.contains("EX-2026-2, Example Project"),
            "{list}"
        );
        assert!(
            !written(register, Format::Jsonl).contains(CVE),
            "one finding a line"
        );
    });
    found(&mut world, "2026-09-22T08:00:00Z");
    assert_eq!(suspected(&world, DAY), [""; 0], "a scanner has found it");
    world.judge("2026-09-19", |register| {
        assert!(register.watch_list.is_empty(), "not said yet")
    });
}

#[test]
fn a_version_that_cannot_be_compared_stays_suspected_and_says_so() {
    let text = fixture("csaf/one.json");
    let ranged = |range: &str| {
        let text = text.replace("\"product_version\"", "\"product_version_range\"");
        text.replace("\"name\": \"3.0\"", &format!("\"name\": \"{range}\""))
    };
    let versioned = |version: &str| text.replace("\"name\": \"3.0\"", &format!("\"name\": \"{version}\""));
    for (software, text, expected) in [
        (
            "{product: OpenSSL, version: 3.0.7}",
            ranged("vers:generic/>=3.0.0|<3.0.8"),
            Some("range"),
        ),
        (
            "{product: OpenSSL, version: 3.0.8}",
            ranged("vers:generic/>=3.0.0|<3.0.8"),
            None,
        ),
        (
            "{product: OpenSSL, version: 1.1.1k}",
            ranged("vers:generic/<1.1.1l"),
            Some("not_compared"),
        ),
        ("{product: OpenSSL}", versioned("3.0.7"), Some("not_compared")),
        (
            "{product: OpenSSL, version: 3.0.7}",
            versioned("3.0.7"),
            Some("exact"),
        ),
        ("{product: OpenSSL, version: 3.0.7}", versioned("3.0.8"), None),
        ("{product: LibreSSL, version: 3.0.7}", versioned("3.0.7"), None),
        (
            "{product: TLS, cpe: 'cpe:2.3:a:openssl:openssl:3.0.7:*:*:*:*:*:*:*'}",
            text.clone(),
            Some("series"),
        ),
        (
            "{product: openssl, cpe: 'cpe:2.3:a:other:openssl:3.0.7:*:*:*:*:*:*:*'}",
            text.clone(),
            None,
        ),
        (
            "{product: TLS, version: 3.0.7, purl: 'pkg:generic/openssl'}",
            text.clone(),
            Some("series"),
        ),
    ] {
        let mut world = world(software);
        said(&mut world, "one.json", &text);
        world.judge(DAY, |register| {
            let found = register.watch_list.first().map(|row| row.version.word());
            assert_eq!(found, expected, "{software}");
            let row = register.watch_list.first();
            let row = row.filter(|row| row.version == VersionMatch::NotCompared);
            assert!(
                row.is_none_or(|row| &*row.notes[0] == "version not compared"),
                "{row:?}"
            );
        });
    }
}

#[test]
fn the_package_of_a_distribution_makes_the_distribution_suspect() {
    let mut world = world(
        "{product: Example Linux 9}, {product: Widget Client 7}, {product: Widget Server, version: 2.4.1}",
    );
    said(&mut world, "ex-2026-3.json", &fixture("csaf/many.json"));
    assert_eq!(
        suspected(&world, DAY),
        [
            "CVE-2026-3333 Example Linux 9: exact",
            "CVE-2026-3333 Widget Client 7: every",
            "EX-VU-7 Widget Client 7: every"
        ],
        "what is fixed or not affected is not suspect"
    );
    world.judge(DAY, |register| {
        let [linux, _, client] = &register.watch_list[..] else {
            panic!()
        };
        assert_eq!(&*linux.product, "widgetlib as a component of Example Linux 9");
        assert!(
            linux.notes.iter().all(|note| !note.contains("not affected")),
            "what is said of CVE-2026-2222 is not said of it: {:?}",
            linux.notes
        );
        assert_eq!(client.status.word(), "under_investigation");
    });
}

#[test]
fn the_last_word_of_a_publisher_counts_and_the_newest_version_of_a_document() {
    let mut world = world("{product: openssl, version: 3.0.7, purl: 'pkg:generic/openssl'}");
    let vex = fixture("openvex/many.json");
    said(&mut world, "vex.json", &vex);
    world.judge(DAY, |register| {
        let rows: Vec<_> = register
            .watch_list
            .iter()
            .map(|row| (&*row.vuln, row.status.word()))
            .collect();
        assert_eq!(
            rows,
            [("CVE-2026-2222", "affected")],
            "it was under investigation two days before"
        );
    });
    // Whoever writes last is right, in whatever order the files come; of two at one moment the graver counts.
    let later = vex.replace("2026-09-12T08:00:00Z", "2026-09-09T08:00:00Z");
    world.scans.clear();
    said(&mut world, "vex.json", &later);
    world.judge(DAY, |register| {
        assert_eq!(register.watch_list[0].status.word(), "under_investigation");
    });
    let same = vex.replace("2026-09-12T08:00:00Z", "2026-09-10T08:00:00Z");
    world.scans.clear();
    said(&mut world, "vex.json", &same);
    world.judge(DAY, |register| {
        assert_eq!(register.watch_list[0].status.word(), "affected")
    });
    let mut world = openssl();
    let first = fixture("csaf/one.json");
    let second = first
        .replace(
            "\"current_release_date\": \"2026-09-20",
            "\"current_release_date\": \"2026-09-23",
        )
        .replace("known_affected", "known_not_affected");
    said(&mut world, "second.json", &second);
    said(&mut world, "first.json", &first);
    assert_eq!(suspected(&world, DAY), [""; 0], "the newer version takes it back");
    assert_eq!(suspected(&world, "2026-09-22").len(), 1, "and had not yet");
}

#[test]
fn what_vex_says_is_a_note_and_closes_nothing() {
    let mut world = world("{product: openssl, version: 3.0.7}");
    found(&mut world, "2026-09-22T08:00:00Z");
    let before = world.judge(DAY, document);
    said(&mut world, "vex.json", &fixture("openvex/one.json"));
    world.judge(DAY, |register| {
        let finding = find(register, "app01", CVE);
        assert_eq!((finding.disposition, finding.closed), (Disposition::DueSoon, None));
        let [note] = &finding.notes[..] else { panic!("{:?}", finding.notes) };
        assert_eq!(
            &**note,
            "`Example Project` says in `https://vex.example/one` of 2026-09-21 that `pkg:generic/openssl@3.0.7` is \
             not affected (vulnerable_code_not_in_execute_path), by import `vex.json` of src-advisories; it closes nothing"
        );
        let after = document(register);
        for name in ["totals", "kpis", "systems", "hosts"] {
            assert_eq!(after[name], before[name], "{name}");
        }
        let vex = &after["vex"][0];
        assert_eq!((&vex["says"], &vex["open"]), (&"not_affected".into(), &1.into()));
        assert_eq!(vex["impact"], "The parser is never called.");
    });
    // Of software that the System does not list it says less, and is told all the same.
    world.scans.pop();
    let fixed = fixture("openvex/one.json")
        .replace("not_affected", "fixed")
        .replace("openssl", "other");
    said(&mut world, "vex.json", &fixed);
    world.judge(DAY, |register| {
        let finding = find(register, "app01", CVE);
        assert_eq!(finding.closed, None);
        assert!(
            finding.notes[0].contains("is fixed (vulnerable_code"),
            "{:?}",
            finding.notes
        );
        assert!(finding.notes[0].ends_with("which its System does not list; it closes nothing"));
    });
}

#[test]
fn an_advisory_reopens_nothing() {
    let mut world = openssl();
    found(&mut world, "2026-09-10T08:00:00Z");
    world.scan("src-one", "2026-09-18T08:00:00Z", |scan| {
        scan.host("app01");
    });
    said(&mut world, "one.json", &fixture("csaf/one.json"));
    world.judge(DAY, |register| {
        let finding = find(register, "app01", CVE);
        assert_eq!(
            (finding.disposition, finding.recurrence),
            (Disposition::FixedLate, 0)
        );
        let notes = &register.watch_list[0].notes;
        assert_eq!(
            &*notes[0],
            "a scanner found it and called it gone before this was said"
        );
    });
    // What a scanner called gone after the advisory had come out is gone.
    world.scan("src-one", "2026-09-21T08:00:00Z", |scan| {
        scan.seen("app01", "1", &[CVE], Severity::Critical, None);
    });
    world.scan("src-one", "2026-09-23T08:00:00Z", |scan| {
        scan.host("app01");
    });
    assert_eq!(suspected(&world, DAY), [""; 0]);
}

#[test]
fn a_feed_of_advisories_is_stale_as_any_other() {
    let mut world = openssl();
    said(&mut world, "one.json", &fixture("csaf/one.json"));
    let told = |when: &str| {
        let all = super::checks_findings::said(&world, when, "REC012").into_iter();
        let mine = all.filter(|(_, _, message)| message.contains("`src-advisories`"));
        mine.map(|(level, _, message)| (level, message))
            .collect::<Vec<_>>()
    };
    assert_eq!(told("2026-09-22T08:00:00Z"), []);
    assert_eq!(
        told("2026-09-28T08:00:00Z"),
        [(
            Level::Error,
            "the newest import of `src-advisories` is too old: 192 h > 48 h".to_owned()
        )]
    );
    let mut silent = openssl();
    silent.scans.clear();
    let told = super::checks_findings::said(&silent, DAY, "REC012");
    assert!(
        told.iter()
            .any(|(_, _, message)| message.contains("nothing was ever imported from `src-advisories`")),
        "{told:?}"
    );
}

#[test]
fn the_ledger_gives_back_what_documents_said() {
    let first = exported("many.json", &fixture("csaf/many.json"));
    let text = fixture("csaf/many.json")
        .replace("2026-09-25T10:00:00+02:00", "2026-09-27T10:00:00+02:00")
        .replace("To all.", "To everybody.");
    let second = exported("again.json", &text);
    let third = exported("vex.json", &fixture("openvex/many.json"));
    let files = filed(&[&first, &second, &third]);
    let moments: Arc<[DateTime<Utc>]> = Arc::from([at("2026-10-01T00:00:00Z")]);
    let mut ledger = read_ledger(files.iter().cloned(), Wanted::RunsAt(moments));
    assert!(ledger.faults.is_empty(), "{:?}", ledger.faults);
    let read = ledger.take_runs();
    for (scan, run) in [&first, &second, &third].into_iter().zip(&read) {
        let by_entry = |scan: &Scan| -> BTreeMap<u32, _> {
            scan.advice
                .iter()
                .map(|advice| (advice.entry, Arc::clone(advice)))
                .collect()
        };
        assert!(!scan.advice.is_empty());
        assert_eq!(by_entry(scan), by_entry(run), "{}", scan.file);
    }
}

#[test]
fn a_malformed_id_of_software_is_an_error_of_the_record() {
    for (software, is_good) in [
        ("{product: a, purl: 'pkg:deb/debian/openssl@3.0.11'}", true),
        ("{product: a, purl: 'deb/debian/openssl'}", false),
        ("{product: a, purl: 'pkg:deb'}", false),
        ("{product: a, cpe: 'cpe:/a:openssl:openssl'}", true),
        ("{product: a, cpe: 'openssl:openssl'}", false),
        ("{product: ''}", false),
    ] {
        let loaded = world(software).loaded();
        assert_eq!(
            loaded.faults.is_empty(),
            is_good,
            "{software}: {:?}",
            loaded.faults
        );
    }
}
