//! Evidence that is not whole closes nothing, and what a scanner hides is told.

use std::ffi::OsString;
use std::path::Path;

use countersign::diagnostic::Level;
use countersign::import::{ImportError, Importer, Options, Product, Sink};
use countersign::model::{Disposition, Finding, HostStatus, ObservationState, ScanSummary, Severity, Stamp};
use serde_json::Value;

use crate::checks_findings;
use crate::cli::streams;
use crate::world::{KEV, ScanBuilder, World, at, find};

const CVE: &str = "CVE-2026-1111";
const DAY: &str = "2026-09-20";
const WHY: &str = "page 1 of 2";

fn nothing(
    _: &mut dyn std::io::BufRead,
    _: &Options<'_>,
    _: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    Err(ImportError::Foreign("made by hand".into()))
}

static INVENTORY: Importer = Importer {
    name: "inventory-by-hand",
    product: Product::Inventory,
    recognises: |_| false,
    import: nothing,
};

fn seen(scan: &mut ScanBuilder) {
    scan.seen("app01", "200", &[CVE], Severity::Critical, None);
}

fn seen_world() -> World {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", seen);
    world
}

fn cut(world: &mut World) {
    world.scans.last_mut().unwrap().summary.incomplete = Some(WHY.into());
}

fn is_closed(world: &World) -> bool {
    world.judge(DAY, |register| find(register, "app01", CVE).closed.is_some())
}

#[test]
fn a_run_that_is_not_whole_closes_nothing_whatever_it_says() {
    type Later = fn(&mut ScanBuilder);
    let rows: [(&str, Later); 2] = [
        ("absent", |scan| {
            scan.host("app01");
        }),
        ("called fixed", |scan| {
            let sighting = scan.seen("app01", "200", &[CVE], Severity::Critical, None);
            sighting.state = ObservationState::Fixed;
            sighting.last_fixed = Some(Stamp::At(at("2026-09-09T08:00:00Z")));
        }),
    ];
    for (name, later) in rows {
        let mut world = seen_world();
        world.scan("src-one", "2026-09-10T08:00:00Z", later);
        assert!(is_closed(&world), "{name}: a whole run closes it");
        cut(&mut world);
        assert!(!is_closed(&world), "{name}");
        // And a whole one after it does.
        world.scan("src-one", "2026-09-11T08:00:00Z", later);
        assert!(is_closed(&world), "{name}: the next whole run closes it");
    }
}

#[test]
fn what_was_only_ever_called_fixed_in_a_part_is_no_finding() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-10T08:00:00Z", |scan| {
        scan.seen("app01", "200", &[CVE], Severity::Critical, None).state = ObservationState::Fixed;
    });
    cut(&mut world);
    world.judge(DAY, |register| {
        let open = |finding: &&Finding| finding.closed.is_none();
        assert_eq!(register.findings.iter().filter(open).count(), 0);
    });
}

#[test]
fn an_inventory_that_is_not_whole_retires_nobody() {
    let inventory = |world: &mut World, run: &str, status: HostStatus| {
        world.scan("src-two", run, |scan| {
            scan.host("app01");
        });
        let scan = world.scans.last_mut().unwrap();
        scan.importer = &INVENTORY;
        scan.hosts[0].status = status;
        scan.hosts[0].fields.insert("name".into(), "app01".into());
    };
    let retired = |world: &World| {
        let row = world.row(DAY, "app01", CVE);
        row.0 == Disposition::ClosedRetired
    };
    let mut world = seen_world();
    inventory(&mut world, "2026-09-05T08:00:00Z", HostStatus::Retired);
    assert!(retired(&world));
    cut(&mut world);
    assert!(!retired(&world));
    // A part takes no whole one's place.
    let mut world = seen_world();
    inventory(&mut world, "2026-09-05T08:00:00Z", HostStatus::Active);
    inventory(&mut world, "2026-09-06T08:00:00Z", HostStatus::Retired);
    assert!(retired(&world));
    cut(&mut world);
    assert!(!retired(&world));
}

#[test]
fn a_catalogue_that_is_not_whole_takes_nothing_out_of_the_one_before() {
    let mut world = seen_world();
    world.kev(CVE, "2026-09-02", None);
    let listed = |world: &World| world.judge(DAY, |register| find(register, "app01", CVE).kev.is_some());
    assert!(listed(&world));
    world.kev("CVE-2026-2222", "2026-09-03", None);
    let last = world.scans.last_mut().unwrap();
    assert_eq!(last.importer.name, KEV.name);
    last.summary.run_at = Some(Stamp::At(at("2026-09-19T08:00:00Z")));
    assert!(!listed(&world), "a whole newer catalogue counts alone");
    cut(&mut world);
    assert!(listed(&world));
}

#[test]
fn what_a_scanner_hides_without_a_record_is_an_error_with_host_check_and_its_words() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        let sighting = scan.seen("app01", "200", &[CVE], Severity::Low, None);
        sighting.suppressed = Some("accepted: \u{202e}we like it".into());
    });
    let told = checks_findings::said(&world, DAY, "GOV004");
    let message = format!("`src-one` hides `{CVE}` on `app01`, and nobody decided that");
    assert_eq!(told, [(Level::Error, format!("app01 {CVE}"), message)]);
    let settings = countersign::check::Settings::new(&countersign::model::Configuration::default()).unwrap();
    let labels = world.judge(DAY, |register| {
        let all = countersign::check::run(register, &settings);
        let own = all.into_iter().filter(|one| one.code == "GOV004");
        own.map(|one| format!("{one:?}")).collect::<String>()
    });
    assert!(
        labels.contains("of `nessus:200` the scanner says: accepted"),
        "{labels}"
    );
    assert!(!labels.contains('\u{202e}'), "{labels}");
    // A part of an export that no longer lists it, or calls it fixed, ends nothing.
    world.scan("src-one", "2026-09-10T08:00:00Z", |scan| {
        scan.seen("app01", "200", &[CVE], Severity::Low, None).state = ObservationState::Fixed;
    });
    cut(&mut world);
    assert_eq!(checks_findings::said(&world, DAY, "GOV004").len(), 1);
}

fn reconcile(folder: &Path, scans: &[&str]) -> Value {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo");
    let mut line: Vec<OsString> = [
        "countersign",
        "reconcile",
        "--format",
        "json",
        "--as-of",
        "2026-09-30",
        "--repo",
    ]
    .map(Into::into)
    .into();
    line.push(example.into());
    for scan in scans {
        line.extend(["--scan".into(), OsString::from(scan)]);
    }
    let (_, out, err) = streams(folder, &line);
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"))
}

/// A folder of two images, in which the second run lists nothing any more; one of its files names no host.
#[test]
fn a_folder_with_one_file_that_is_not_whole_closes_nothing() {
    let lab = tempfile::tempdir().unwrap();
    let exports = Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo/imports/src-trivy");
    let before = std::fs::read(exports.join("checkout-2026-09-22.json")).unwrap();
    std::fs::write(lab.path().join("before.json"), before).unwrap();
    let text = std::fs::read_to_string(exports.join("checkout-2026-09-29.json")).unwrap();
    let mut empty: Value = serde_json::from_str(&text).unwrap();
    for result in empty["Results"].as_array_mut().unwrap() {
        result.as_object_mut().unwrap().remove("Vulnerabilities");
    }
    std::fs::create_dir(lab.path().join("after")).unwrap();
    std::fs::write(lab.path().join("after/a.json"), empty.to_string()).unwrap();
    let closed = |register: &Value| {
        let all = register["findings"].as_array().unwrap();
        let closed = all.iter().filter(|one| !one["closed"].is_null()).count();
        assert!(!all.is_empty());
        (closed > 0, closed == all.len())
    };
    assert_eq!(
        closed(&reconcile(lab.path(), &["before.json", "after"])),
        (true, true)
    );
    let part = serde_json::json!({
        "SchemaVersion": 2, "CreatedAt": empty["CreatedAt"], "ArtifactName": "", "ArtifactType": "filesystem",
        "Results": [{"Target": "Cargo.lock", "Class": "lang-pkgs", "Type": "cargo"}],
    });
    std::fs::write(lab.path().join("after/b.json"), part.to_string()).unwrap();
    let register = reconcile(lab.path(), &["before.json", "after"]);
    let imports = register["imports"].as_array().unwrap();
    let after = imports.iter().find(|one| one["file"] == "after").unwrap();
    assert_eq!(after["state"], "incomplete", "{after}");
    assert!(
        after["reason"]
            .as_str()
            .unwrap()
            .contains("`b.json` names no host"),
        "{after}"
    );
    assert_eq!(closed(&register), (false, false));
}
