//! What scanners hide, against what was decided: formats, hostile files, and the states of each entry.

use countersign::diagnostic::Level;
use countersign::load::{LoadLimits, Repository, load, load_configuration};
use countersign::model::Severity;
use countersign::output::Style;
use countersign::output::register::Format;
use countersign::reconcile::{HiddenBy, Register};
use countersign::source::read_folder;
use serde_json::Value;

use crate::output::{assert_valid, output_schema};
use crate::output_register::written;
use crate::world::World;

const CVE: &str = "CVE-2026-1111";
const GHSA: &str = "GHSA-aaaa-bbbb-cccc";

fn loaded(files: &[(&str, &[u8])]) -> Repository {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    loaded_from(folder.path())
}

fn loaded_from(folder: &std::path::Path) -> Repository {
    let tree = read_folder(folder).unwrap();
    let (configuration, _, _) = load_configuration(&tree).unwrap();
    load(&tree, configuration, LoadLimits::default()).unwrap()
}

/// Every entry as `tool id line:column until | narrowed`, and everything that is wrong with the files.
fn entries(repository: &Repository) -> Vec<String> {
    let all = repository.scanner_suppressions.iter();
    all.map(|one| {
        format!(
            "{} {} {}:{} {} | {}",
            one.tool.word(),
            one.id.as_deref().unwrap_or("*"),
            one.span.line,
            one.span.column,
            one.until
                .as_ref()
                .map_or("-".into(), |until| format!("{:?}", until.value)),
            one.narrowed_to.join("; ")
        )
    })
    .collect()
}

fn faults(repository: &Repository) -> Vec<String> {
    let all = repository.faults.iter();
    // There is no `isms.yaml` in these folders, and that is not what they are about.
    all.filter(|fault| !fault.message.contains("isms.yaml"))
        .map(|fault| {
            assert!(fault.help.is_some() && fault.level == Level::Error, "{fault:?}");
            let path = repository.sources.path(fault.span.file);
            format!("{} {path}:{} {}", fault.code, fault.span.line, fault.message)
        })
        .collect()
}

#[test]
fn each_format_is_read_as_its_tool_reads_it() {
    let rows: [(&str, &str, &[&str]); 8] = [
        (
            ".trivyignore",
            "# why\n\nCVE-2026-1111\r\n  CVE-2026-2222  exp:2026-09-30 because\n",
            &[
                "trivy CVE-2026-1111 3:1 - | ",
                "trivy CVE-2026-2222 4:3 At(2026-09-30T00:00:00Z) | ",
            ],
        ),
        (
            "a/b/.trivyignore.yaml",
            "vulnerabilities:\n  - id: CVE-2026-1111\n    paths: [app/**]\n    purls: ['pkg:npm/x']\n    expired_at: 2026-09-30\n    statement: later\nsecrets:\n",
            &["trivy CVE-2026-1111 2:9 At(2026-09-30T00:00:00Z) | path app/**; package pkg:npm/x"],
        ),
        (
            ".trivyignore.yaml",
            "misconfigurations:\n  - id: AVD-1\nsecrets:\n  - {id: aws, paths: [t/**]}\nlicenses:\n  - id: MIT\n",
            &[
                "trivy AVD-1 2:9 - | misconfigurations",
                "trivy aws 4:10 - | secrets; path t/**",
            ],
        ),
        (".trivyignore.yaml", "# nothing\n\n", &[]),
        (
            ".grype.yaml",
            "Ignore:\n  - vulnerability: CVE-2026-1111\n    include-aliases: true\n    reason: r\n    vex-status: not_affected\n    package: {name: openssl, version: 1.2, upstream-name: o}\n  - fix-state: unknown\nonly-fixed: true\nonly-notfixed: false\nexclude: ['./x/**']\nlog: {level: debug}\n",
            &[
                "grype CVE-2026-1111 2:20 - | vex-status not_affected; package name openssl; package version 1.2; package upstream-name o",
                "grype * 7:5 - | fix-state unknown",
                "grype * 8:1 - | everything without a fix",
                "grype * 10:1 - | everything below the path ./x/**",
            ],
        ),
        (
            "osv-scanner.toml",
            "GoVersionOverride = '1.20'\n[[IgnoredVulns]]\nid = \"GO-2026-1\"\nignoreUntil = 2026-09-30\nreason = \"r\"\n\n[[IgnoredVulns]]\nid = 'GO-2026-2'\nignoreUntil = 2026-09-30T10:00:00+02:00\n[[PackageOverrides]]\nname = 'lib'\nignore = true\neffectiveUntil = 2026-09-30 10:00:00\n[[PackageOverrides]]\nname = 'other'\nlicense.override = ['MIT']\n",
            &[
                "osv-scanner GO-2026-1 3:6 Day(2026-09-30) | ",
                "osv-scanner GO-2026-2 8:6 At(2026-09-30T08:00:00Z) | ",
                "osv-scanner * 10:1 Wall(2026-09-30T10:00:00) | everything in packages of name lib",
            ],
        ),
        (
            "crates/x/deny.toml",
            "[bans]\nmultiple-versions = 'deny'\n[advisories]\nyanked = 'warn'\nignore = [\n  'RUSTSEC-2026-0001', # why\n  {id = \"RUSTSEC-2026-0002\", reason = 'r'},\n  'gone@0.1',\n  {crate = 'left@1', reason = 'r'},\n]\n",
            &[
                "cargo-deny RUSTSEC-2026-0001 6:3 - | ",
                "cargo-deny RUSTSEC-2026-0002 7:9 - | ",
                "cargo-deny gone@0.1 8:3 - | a withdrawn release",
                "cargo-deny left@1 9:12 - | a withdrawn release",
            ],
        ),
        (
            ".cargo/deny.toml",
            "[advisories]\nignore = ['RUSTSEC-2026-0001']\n",
            &[],
        ),
    ];
    for (path, text, expected) in rows {
        let repository = loaded(&[(path, text.as_bytes())]);
        assert_eq!(faults(&repository), [] as [String; 0], "{path}");
        assert_eq!(entries(&repository), expected, "{path}");
    }
}

#[test]
fn what_cannot_be_read_is_an_error_at_its_line() {
    let deep_yaml = format!("ignore: {}{}\n", "[".repeat(40), "]".repeat(40));
    let deep_toml = format!("advisories = {}{}\n", "[".repeat(400), "]".repeat(400));
    let wide = format!("[advisories]\nignore = [{}]\n", "'a@1',".repeat(60_000));
    let huge = "CVE-2026-1111\n".repeat(100_000);
    let many = (0..10_001)
        .map(|number| format!("CVE-{number}\n"))
        .collect::<String>();
    let long = "C".repeat(201);
    let entry = |more: &str| format!("vulnerabilities:\n  - id: CVE-1\n{more}");
    let osv = |more: &str| format!("[[IgnoredVulns]]\nid = 'A-1'\n{more}\n");
    let rows: Vec<(&str, String, &str)> = vec![
        (
            ".trivyignore",
            huge,
            "SCH001 .trivyignore:1 the file has 1400000 bytes",
        ),
        (
            ".trivyignore",
            many,
            "GOV004 .trivyignore:10001 more than 10000 entries",
        ),
        (".trivyignore", long, "GOV004 .trivyignore:1 an id has 1 to 200"),
        (
            ".trivyignore",
            "A-1\nA-1\n".into(),
            "GOV004 .trivyignore:2 `A-1` is ignored twice",
        ),
        (
            ".trivyignore",
            "A-1 exp:2026-02-30\n".into(),
            "GOV004 .trivyignore:1 `2026-02-30` is no day",
        ),
        (
            ".trivyignore",
            "A-1 exp:\n".into(),
            "GOV004 .trivyignore:1 `` is no day",
        ),
        (".trivyignore", "A-\u{202e}1\n".into(), "SCH004 .trivyignore:1"),
        (
            ".trivyignore.yaml",
            entry("    expired_at: 9999-12-31\n"),
            "GOV004 .trivyignore.yaml:3 `9999-12-31` is no day",
        ),
        (
            ".trivyignore.yaml",
            entry("    expired_at: [2026-01-01]\n"),
            "GOV004 .trivyignore.yaml:3 `` is no day",
        ),
        (
            ".trivyignore.yaml",
            entry("    expired_at: 1\n"),
            "GOV004 .trivyignore.yaml:3 `1` is no day",
        ),
        (
            ".trivyignore.yaml",
            entry("    expires: 2026-01-01\n"),
            "GOV004 .trivyignore.yaml:3 unknown field `expires`",
        ),
        (
            ".trivyignore.yaml",
            entry("    paths: app\n"),
            "GOV004 .trivyignore.yaml:3 `paths` must be a list",
        ),
        (
            ".trivyignore.yaml",
            entry("  - statement: x\n"),
            "GOV004 .trivyignore.yaml:3 an entry without `id`",
        ),
        (
            ".trivyignore.yaml",
            entry("  - CVE-2\n"),
            "GOV004 .trivyignore.yaml:3 a mapping is needed",
        ),
        (
            ".trivyignore.yaml",
            entry("    id: CVE-2\n"),
            "GOV004 .trivyignore.yaml:3 the key `id` stands twice",
        ),
        (
            ".trivyignore.yaml",
            entry("  - id: cve-1\n"),
            "GOV004 .trivyignore.yaml:3 `cve-1` is ignored twice",
        ),
        (
            ".trivyignore.yaml",
            "vulnerability: []\n".into(),
            "GOV004 .trivyignore.yaml:1 unknown field `vulnerability`",
        ),
        (
            ".trivyignore.yaml",
            "vulnerabilities: &a []\n".into(),
            "GOV004 .trivyignore.yaml:1 an anchor",
        ),
        (
            ".trivyignore.yaml",
            "apiVersion: countersign/v1\n".into(),
            "SCH003 .trivyignore.yaml:1 a record in a folder",
        ),
        (".grype.yaml", deep_yaml, "GOV004 .grype.yaml:1 nested deeper"),
        (
            ".grype.yaml",
            "ignore:\n  - reason: x\n".into(),
            "GOV004 .grype.yaml:2 a rule that names nothing",
        ),
        (
            ".grype.yaml",
            "only-fixed: maybe\n".into(),
            "GOV004 .grype.yaml:1 `only-fixed` must be",
        ),
        (
            ".grype.yaml",
            "ignore:\n  - {vulnerability: A-1, packages: {name: x}}\n".into(),
            "GOV004 .grype.yaml:2 unknown field `packages`",
        ),
        (
            "osv-scanner.toml",
            osv("ignoreuntil = 2026-01-01"),
            "GOV004 osv-scanner.toml:3 unknown field `ignoreuntil`",
        ),
        (
            "osv-scanner.toml",
            osv("ignoreUntil = 'never'"),
            "GOV004 osv-scanner.toml:3 `never` is no day",
        ),
        (
            "osv-scanner.toml",
            osv("ignoreUntil = 10:00:00"),
            "GOV004 osv-scanner.toml:3 `10:00:00` is no day",
        ),
        (
            "osv-scanner.toml",
            osv("reason = 5"),
            "GOV004 osv-scanner.toml:3 `reason` must be text",
        ),
        (
            "osv-scanner.toml",
            osv("id = 'A-2'"),
            "GOV004 osv-scanner.toml:3 not valid TOML",
        ),
        (
            "osv-scanner.toml",
            "IgnoredVulns = {}\n".into(),
            "GOV004 osv-scanner.toml:1 `IgnoredVulns` must be a list",
        ),
        (
            "deny.toml",
            "[advisories\n".into(),
            "GOV004 deny.toml:1 not valid TOML",
        ),
        ("deny.toml", deep_toml, "GOV004 deny.toml:1 not valid TOML"),
        ("deny.toml", wide, "GOV004 deny.toml:2 more than 50000 values"),
        (
            "deny.toml",
            "[advisories]\nignores = []\n".into(),
            "GOV004 deny.toml:2 unknown field `ignores`",
        ),
        (
            "deny.toml",
            "[advisories]\nignore = [{reason = 'x'}]\n".into(),
            "GOV004 deny.toml:2 an entry that names nothing",
        ),
        (
            "deny.toml",
            "[advisories]\nignore = [5]\n".into(),
            "GOV004 deny.toml:2 a mapping is needed",
        ),
    ];
    for (path, text, expected) in rows {
        let repository = loaded(&[(path, text.as_bytes())]);
        let found = faults(&repository);
        let is_told = found.iter().any(|fault| fault.starts_with(expected));
        assert!(is_told, "{path}: {expected}\n{found:#?}");
    }
    let repository = loaded(&[("deny.toml", b"[advisories]\nignore = ['\xff']\n")]);
    assert!(faults(&repository)[0].starts_with("SCH004 deny.toml:2 not UTF-8"));
}

#[test]
fn files_are_bounded_links_are_refused_and_what_is_excluded_is_not_governed() {
    let many: Vec<String> = (0..201)
        .map(|number| format!("f{number:03}/.trivyignore"))
        .collect();
    let files: Vec<(&str, &[u8])> = many.iter().map(|path| (path.as_str(), &b"A-1\n"[..])).collect();
    let repository = loaded(&files);
    assert_eq!(repository.scanner_suppressions.len(), 200);
    assert_eq!(
        faults(&repository),
        ["GOV004 f200/.trivyignore:1 more than 200 ignore files of scanners"]
    );

    let deep = format!("{}deny.toml", "d/".repeat(25));
    let repository = loaded(&[(&deep, b"[advisories]\nignore = ['RUSTSEC-2026-0001']\n")]);
    assert!(faults(&repository)[0].contains("more than 24 folders deep"));

    let excluded = b"apiVersion: countersign/v1\nkind: Configuration\nexclude: [vendor]\n";
    let repository = loaded(&[
        ("compliance.yaml", excluded),
        ("vendor/.grype.yaml", b"ignore: [{vulnerability: A-1}]\n"),
    ]);
    assert_eq!(entries(&repository), [] as [String; 0]);

    #[cfg(unix)]
    {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(elsewhere.path(), "A-1\n").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), folder.path().join(".trivyignore")).unwrap();
        let repository = loaded_from(folder.path());
        assert_eq!(faults(&repository), ["SCH004 .trivyignore:1 a symbolic link"]);
        assert_eq!(entries(&repository), [] as [String; 0]);
    }
}

/// An open finding that a scanner also knows as a GHSA, and an ignore file.
fn world(ignored: &str) -> World {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen_with("app01", "200", &[CVE], Severity::High, None, |check| {
            check.aliases = vec![GHSA.into()];
        });
    });
    world.file(".trivyignore", ignored);
    world
}

fn states(register: &Register<'_>) -> Vec<String> {
    let all = register.suppressed.iter();
    all.map(|one| {
        let records: Vec<String> = one
            .records
            .iter()
            .map(|record| {
                format!(
                    "{}{}",
                    if record.not_because.is_some() { "!" } else { "" },
                    record.id
                )
            })
            .collect();
        format!("{} {}", one.state.word(), records.join(" "))
            .trim_end()
            .to_owned()
    })
    .collect()
}

#[test]
fn an_entry_is_covered_only_by_a_decision_that_stands() {
    let rows = [
        // Entry, approved, day, state.
        (CVE, true, "2026-09-10", "covered exc-0001"),
        (
            "cve-2026-1111 exp:2026-09-30",
            true,
            "2026-09-10",
            "covered exc-0001",
        ),
        (GHSA, true, "2026-09-10", "covered exc-0001"),
        (
            "CVE-2026-1111 exp:2026-10-02",
            true,
            "2026-09-10",
            "outlasting exc-0001",
        ),
        (
            "CVE-2026-1111 exp:2026-09-09",
            true,
            "2026-09-10",
            "dead exc-0001",
        ),
        (CVE, false, "2026-09-10", "uncovered !exc-0001"),
        (CVE, true, "2026-10-01", "uncovered !exc-0001"),
        (CVE, true, "2026-09-01", "uncovered !exc-0001"),
        ("CVE-2026-9999", true, "2026-09-10", "uncovered"),
    ];
    for (entry, is_approved, day, expected) in rows {
        let mut world = world(entry);
        world.exception("exc-0001", CVE, "app01", "2026-09-02", "2026-09-30", "");
        if is_approved {
            world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
        }
        world.judge(day, |register| {
            assert_eq!(states(register), [expected], "{entry} on {day}")
        });
    }
}

#[test]
fn what_was_decided_and_nobody_sees_is_dead() {
    let mut world = world("CVE-2026-9999");
    world.exception(
        "exc-0001",
        "CVE-2026-9999",
        "app01",
        "2026-09-02",
        "2026-09-30",
        "",
    );
    world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
    world.judge("2026-09-10", |register| {
        assert_eq!(states(register), ["dead exc-0001"])
    });
    // Without any scan nobody has looked.
    world.scans.clear();
    world.judge("2026-09-10", |register| {
        assert_eq!(states(register), ["covered exc-0001"])
    });
}

#[test]
fn a_name_of_two_vulnerabilities_needs_a_decision_for_both() {
    let mut world = world(GHSA);
    world.scan("src-two", "2026-09-01T09:00:00Z", |scan| {
        scan.seen_with(
            "app02",
            "300",
            &["CVE-2026-2222"],
            Severity::High,
            None,
            |check| {
                check.aliases = vec![GHSA.into()];
            },
        );
    });
    world.exception("exc-0001", CVE, "app01", "2026-09-02", "2026-09-30", "");
    world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
    world.judge("2026-09-10", |register| {
        assert_eq!(states(register), ["uncovered exc-0001"])
    });
    world.exception(
        "exc-0002",
        "CVE-2026-2222",
        "app02",
        "2026-09-02",
        "2026-09-30",
        "",
    );
    world.approve("Exception", "exc-0002", "2026-09-02T08:00:00Z");
    world.judge("2026-09-10", |register| {
        assert_eq!(states(register), ["covered exc-0001 exc-0002"]);
        let seen: Vec<&str> = register.suppressed[0]
            .seen_as
            .iter()
            .map(|name| &**name)
            .collect();
        assert_eq!(seen, [CVE, "CVE-2026-2222"]);
    });
}

#[test]
fn what_is_exploited_stays_hidden_only_by_who_knew() {
    for (more, approved, expected) in [
        ("", "2026-09-02T08:00:00Z", "uncovered !exc-0001"),
        (
            "|  covers_exploited: true\n",
            "2026-09-02T08:00:00Z",
            "uncovered !exc-0001",
        ),
        (
            "|  covers_exploited: true\n",
            "2026-09-08T08:00:00Z",
            "covered exc-0001",
        ),
    ] {
        let mut world = world(CVE);
        world.kev(CVE, "2026-09-05", None);
        world.exception("exc-0001", CVE, "app01", "2026-09-02", "2026-09-30", more);
        world.approve("Exception", "exc-0001", approved);
        world.judge("2026-09-10", |register| {
            assert_eq!(states(register), [expected], "{approved}")
        });
    }
}

#[test]
fn what_no_run_lists_is_covered_by_who_names_it_and_never_dead() {
    let ignore = format!(
        "vulnerabilities:\n  - {{id: {GHSA}}}\nmisconfigurations:\n  - {{id: AVD-1}}\nsecrets:\n  - {{id: aws}}\n"
    );
    let mut world = World::new();
    world.file(".trivyignore.yaml", &ignore);
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen("app01", "200", &["CVE-2026-3333"], Severity::High, None);
    });
    for (id, vuln) in [("exc-0001", "AVD-1"), ("exc-0002", GHSA)] {
        world.exception(id, vuln, "app01", "2026-09-02", "2026-09-30", "");
        world.approve("Exception", id, "2026-09-02T08:00:00Z");
    }
    world.judge("2026-09-10", |register| {
        let expected = ["dead exc-0002", "covered exc-0001", "uncovered"];
        assert_eq!(states(register), expected);
    });
}

#[test]
fn a_triage_covers_only_when_it_says_that_nothing_is_affected() {
    for (status, expected) in [
        ("false_positive", "covered tri-0001"),
        ("not_affected", "covered tri-0001"),
        ("affected", "uncovered !tri-0001"),
        ("under_investigation", "uncovered !tri-0001"),
    ] {
        let mut world = world(CVE);
        world.record(
            "triage/tri-0001.yaml",
            &format!("kind: Triage\nid: tri-0001\ntitle: T\nspec:\n  subject: {{vuln: {GHSA}, systems: [sys-app], resolved: [app01]}}\n  status: {status}\n  method: looked\n  evidence: []\n  expires: 2026-12-31\n"),
        );
        world.approve("Triage", "tri-0001", "2026-09-02T08:00:00Z");
        world.judge("2026-09-10", |register| {
            assert_eq!(states(register), [expected], "{status}")
        });
    }
}

#[test]
fn a_finding_that_a_scanner_hides_needs_a_decision_until_it_shows_it_again() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen("app01", "200", &[CVE], Severity::High, None).suppressed = Some("accepted there".into());
        scan.seen("app02", "200", &[CVE], Severity::High, None);
    });
    world.judge("2026-09-10", |register| {
        assert_eq!(states(register), ["uncovered"]);
        let one = &register.suppressed[0];
        let HiddenBy::Scanner {
            observer, host, why, ..
        } = &one.by
        else {
            panic!("{one:?}")
        };
        assert_eq!(
            (&**observer, &**host, &**why),
            ("src-one", "app01", "accepted there")
        );
        assert_eq!(register.findings.len(), 2, "it is a finding all the same");
    });
    world.exception("exc-0001", CVE, "app01", "2026-09-02", "2026-09-30", "");
    world.judge("2026-09-10", |register| {
        assert_eq!(states(register), ["uncovered !exc-0001"])
    });
    world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
    world.judge("2026-09-10", |register| {
        assert_eq!(states(register), ["covered exc-0001"])
    });
    world.scan("src-one", "2026-09-08T08:00:00Z", |scan| {
        scan.seen("app01", "200", &[CVE], Severity::High, None);
    });
    world.judge("2026-09-10", |register| {
        assert_eq!(states(register), [] as [&str; 0])
    });
}

#[test]
fn the_register_lists_what_is_hidden() {
    let mut world = world("CVE-2026-1111 exp:2026-09-30\nCVE-2026-9999\n");
    world.exception("exc-0001", CVE, "app01", "2026-09-02", "2026-09-30", "");
    world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
    world.scans[0].sha256 = "0".repeat(64);
    world.judge("2026-09-10", |register| {
        let document: Value = serde_json::from_str(&written(register, Format::Json, Style::plain())).unwrap();
        assert_valid(&output_schema("register-v1"), &document);
        assert_eq!(
            document["suppressions"][0],
            serde_json::json!({
                "tool": "trivy", "file": ".trivyignore", "line": 1, "host": null, "id": CVE,
                "until": "2026-09-30T00:00:00Z", "state": "covered", "records": ["exc-0001"],
                "seen_as": [CVE], "open": 1, "reason": null, "narrowed_to": [],
            })
        );
        assert_eq!(document["suppressions"][1]["state"], "uncovered");
        assert_eq!(document["suppressions"][1]["line"], 2);
        let human = written(register, Format::Human, Style::plain());
        let section = human.split("Hidden in scanners").nth(1).unwrap();
        let rows: Vec<&str> = section.lines().skip(2).take(2).collect();
        assert!(
            rows[0].starts_with("uncovered") && rows[0].contains("CVE-2026-9999"),
            "{section}"
        );
        assert!(
            rows[1].contains("exc-0001") && rows[1].contains(".trivyignore:1"),
            "{section}"
        );
    });
    let mut empty = World::new();
    empty.file(".trivyignore", "# nothing\n");
    empty.judge("2026-09-10", |register| {
        assert!(!written(register, Format::Human, Style::plain()).contains("Hidden in scanners"));
    });
}
