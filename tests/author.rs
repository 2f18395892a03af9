//! Repositories and records that the tool writes: a fresh repository, new records, renewals.

use std::path::Path;

use countersign::author::{Wanted, example, init, new_record, renew};
use countersign::import::{Content, Export, Scan, collect};
use countersign::load::{LoadLimits, Repository, parse_record};
use countersign::model::{AsOf, Date, Kind, RecordId, Zone, parse_date};
use countersign::reconcile::{Question, Register, reconcile};
use countersign::source::FileId;
use countersign::trust::standings;

use super::cli::run_in;
use super::example_repo::{folder, load_folder};

pub(crate) fn check(folder: &Path, as_of: &str) -> (i32, String) {
    run_in(
        folder,
        &["countersign", "check", "--repo", ".", "--as-of", as_of].map(Into::into),
    )
}

fn day(text: &str) -> Date {
    parse_date(text).unwrap()
}

#[test]
fn a_fresh_repository_passes_check_on_its_day_and_a_month_later() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("governance");
    let written = init(
        &root,
        "O'Neill \"& Sons\": Ltd",
        "Europe/Dublin",
        day("2026-03-01"),
    )
    .unwrap();
    for path in [
        "isms.yaml",
        ".github/workflows/countersign.yml",
        ".github/countersign-version",
        ".github/CODEOWNERS",
        ".gitlab-ci.yml",
        ".vscode/settings.json",
        "schemas/exception.schema.json",
    ] {
        assert!(
            written.iter().any(|other| other == path) && root.join(path).is_file(),
            "{path}"
        );
    }
    for as_of in ["2026-03-01", "2026-04-01"] {
        let (code, said) = check(&root, as_of);
        assert!(code == 0 && !said.contains("warning["), "{as_of}: {said}");
    }
    let repository = load_folder(&root);
    assert_eq!(
        repository.isms.unwrap().spec.organisation,
        "O'Neill \"& Sons\": Ltd"
    );
    assert_eq!(repository.soas.iter().next().unwrap().spec.entries.len(), 93);
    let settings: serde_json::Value =
        serde_json::from_slice(&std::fs::read(root.join(".vscode/settings.json")).unwrap()).unwrap();
    for (schema, _) in settings["yaml.schemas"].as_object().unwrap() {
        assert!(root.join(schema).is_file(), "{schema}");
    }
}

#[test]
fn init_never_writes_over_anything() {
    let folder = tempfile::tempdir().unwrap();
    git2::Repository::init(folder.path()).unwrap();
    std::fs::write(folder.path().join("README.md"), "mine").unwrap();
    std::fs::create_dir(folder.path().join("roles")).unwrap();
    std::fs::write(folder.path().join("roles/role-ciso.yaml"), "mine").unwrap();
    let taken = init(folder.path(), "One", "UTC", day("2026-03-01")).unwrap_err();
    assert!(taken.to_string().contains("roles/role-ciso.yaml"), "{taken}");
    assert!(!folder.path().join("isms.yaml").exists());
    std::fs::remove_file(folder.path().join("roles/role-ciso.yaml")).unwrap();
    init(folder.path(), "One", "UTC", day("2026-03-01")).unwrap();
    assert_eq!(
        std::fs::read_to_string(folder.path().join("README.md")).unwrap(),
        "mine"
    );
    let twice = init(folder.path(), "One", "UTC", day("2026-03-01")).unwrap_err();
    assert!(twice.to_string().contains("governed already"), "{twice}");
    let zone = init(
        &folder.path().join("new"),
        "One",
        "Europe/Berlim",
        day("2026-03-01"),
    )
    .unwrap_err();
    assert!(zone.to_string().contains("Europe/Berlim"), "{zone}");
}

/// Asks for a record of a kind with nothing but what is given.
fn wanted<'a>(kind: Kind, sets: &'a [(String, String)]) -> Wanted<'a> {
    Wanted {
        kind,
        sets,
        vulns: &[],
        systems: &[],
    }
}

#[test]
fn a_new_record_of_each_kind_lacks_only_what_the_author_must_say() {
    let repository = load_folder(&folder());
    for kind in Kind::ALL
        .iter()
        .copied()
        .filter(|kind| !matches!(kind, Kind::Approval | Kind::Isms))
    {
        let id = if kind == Kind::Soa {
            vec![("id".to_owned(), "soa-next".to_owned())]
        } else {
            Vec::new()
        };
        let (path, text) = new_record(&repository, None, wanted(kind, &id), day("2026-09-30")).unwrap();
        assert!(
            path.starts_with(&format!("{}/{}", kind.folder(), kind.id_prefix())),
            "{path}"
        );
        assert!(
            text.starts_with("# yaml-language-server: $schema=../schemas/"),
            "{text}"
        );
        assert!(text.contains("created: 2026-09-30\n"), "{text}");
        let Err(faults) = parse_record(FileId(0), &text, Some(kind), LoadLimits::default()) else {
            continue;
        };
        for fault in faults {
            let line = text.lines().nth(fault.span.line as usize - 1).unwrap();
            assert!(line.ends_with("''"), "{kind}: {} at `{line}`", fault.message);
        }
    }
    assert!(new_record(&repository, None, wanted(Kind::Approval, &[]), day("2026-09-30")).is_err());
    let second = new_record(&repository, None, wanted(Kind::Isms, &[]), day("2026-09-30")).unwrap_err();
    assert!(
        second.to_string().contains("there is a record `isms` already"),
        "{second}"
    );
}

#[test]
fn numbers_go_on_and_ids_come_from_titles() {
    let repository = load_folder(&folder());
    let path = |kind: Kind, sets: &[(&str, &str)]| {
        let sets: Vec<(String, String)> = sets
            .iter()
            .map(|(path, value)| ((*path).into(), (*value).into()))
            .collect();
        new_record(&repository, None, wanted(kind, &sets), day("2026-09-30")).map(|(path, _)| path)
    };
    assert_eq!(path(Kind::Exception, &[]).unwrap(), "exceptions/exc-0016.yaml");
    assert_eq!(path(Kind::Risk, &[]).unwrap(), "risks/r-014.yaml");
    assert_eq!(
        path(Kind::System, &[("title", "Yard gate (north)")]).unwrap(),
        "systems/sys-yard-gate-north.yaml"
    );
    assert_eq!(
        path(Kind::System, &[("title", "Edge")]).unwrap(),
        "systems/sys-edge-2.yaml"
    );
    assert_eq!(
        path(Kind::Person, &[("id", "p-new")]).unwrap(),
        "people/p-new.yaml"
    );
    assert!(
        path(Kind::Person, &[("id", "p-kim")])
            .unwrap_err()
            .to_string()
            .contains("p-kim")
    );
    assert!(
        path(Kind::Person, &[("id", "P New")])
            .unwrap_err()
            .to_string()
            .contains("is no id")
    );
    let unknown = format!(
        "{:#}",
        path(Kind::Risk, &[("spec.likelyhood", "rare")]).unwrap_err()
    );
    assert!(unknown.contains("`spec.likelihood`"), "{unknown}");
}

fn scans(root: &Path, repository: &Repository) -> Vec<Scan> {
    let imports = repository
        .files
        .iter()
        .filter(|path| path.starts_with("imports/"));
    let exports: Vec<Export> = imports
        .map(|path| {
            let source = RecordId::new(path.split('/').nth(1).unwrap()).unwrap();
            let record = repository.tools.get(&source).unwrap();
            Export {
                file: path.to_string(),
                content: Content::File(root.join(&**path)),
                mapping: record.spec.mapping.clone(),
                source: Some(source),
                host: None,
                date_order: record.spec.date_order,
                is_ad_hoc: false,
            }
        })
        .collect();
    collect(&exports).into_iter().map(Result::unwrap).collect()
}

fn with_register<T>(root: &Path, look: impl FnOnce(&Repository, &Register<'_>) -> T) -> T {
    let repository = load_folder(root);
    let as_of = AsOf::end_of(day("2026-09-30"), Zone::named("Europe/Berlin").unwrap());
    let question = Question {
        as_of,
        period: None,
        due_soon_days: 7,
        verify_hours: 72,
    };
    let register = reconcile(
        &repository,
        standings(&repository, as_of.instant()),
        &scans(root, &repository),
        question,
    );
    look(&repository, &register)
}

#[test]
fn a_new_exception_freezes_the_hosts_and_ends_on_the_last_day_allowed() {
    with_register(&folder(), |repository, register| {
        let vulns = ["CVE-2026-991702".to_owned()];
        let wanted = Wanted {
            kind: Kind::Exception,
            sets: &[],
            vulns: &vulns,
            systems: &[],
        };
        let (path, text) = new_record(repository, Some(register), wanted, day("2026-09-30")).unwrap();
        assert_eq!(path, "exceptions/exc-0016.yaml");
        for line in [
            "title: CVE-2026-991702 on sys-web-shop",
            "owner: role-web-ops",
            "status: draft",
            "    - web01.nordhafen.example",
            "    - web02.nordhafen.example",
            "  severity: high",
            "  starts: 2026-09-30",
            // Sixty days by the policy, which is stricter than the rule.
            "  expires: 2026-11-29",
            "  requested_by: ''",
        ] {
            assert!(
                text.lines().any(|other| other == line),
                "`{line}` is not in\n{text}"
            );
        }
        assert!(!text.contains("web03"));
        let systems = ["sys-nowhere".to_owned()];
        let wanted = Wanted {
            kind: Kind::Exception,
            sets: &[],
            vulns: &[],
            systems: &systems,
        };
        let unknown = new_record(repository, Some(register), wanted, day("2026-09-30")).unwrap_err();
        assert!(unknown.to_string().contains("sys-web-shop"), "{unknown}");
    });
}

/// The way of an author: the blanks are named by `check`, and once they are filled the record is in order.
#[test]
fn an_author_fills_the_blanks_and_check_is_content() {
    let copy = tempfile::tempdir().unwrap();
    for (path, bytes) in example() {
        let target = copy.path().join(path);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, bytes).unwrap();
    }
    let (path, text) = with_register(copy.path(), |repository, register| {
        let vulns = ["KB5992210".to_owned()];
        let wanted = Wanted {
            kind: Kind::RiskAcceptance,
            sets: &[],
            vulns: &vulns,
            systems: &[],
        };
        new_record(repository, Some(register), wanted, day("2026-09-30")).unwrap()
    });
    assert!(
        text.contains("  expires: 2027-09-30\n") && text.contains("dc02"),
        "{text}"
    );
    std::fs::write(copy.path().join(&path), &text).unwrap();
    let (code, said) = check(copy.path(), "2026-09-30");
    assert!(
        code == 1 && said.contains("SCH002") && said.contains(&path),
        "{said}"
    );
    let filled = text
        .replace("  risk: ''", "  risk: r-004")
        .replace("    likelihood: ''", "    likelihood: unlikely")
        .replace("    impact: ''", "    impact: minor")
        .replace(
            "alternatives_considered: ''",
            "alternatives_considered: An extra restart of both controllers this week",
        )
        .replace(
            "statement: ''",
            "statement: I accept that the update waits for the next weekly window",
        );
    assert!(!filled.contains("''"), "{filled}");
    std::fs::write(copy.path().join(&path), &filled).unwrap();
    let (code, said) = check(copy.path(), "2026-09-30");
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_renewal_goes_on_where_the_old_one_ends() {
    let repository = load_folder(&folder());
    let id = |text: &str| RecordId::new(text).unwrap();
    let (path, text) = renew(&repository, &id("exc-0014"), day("2026-10-16"), day("2026-09-29")).unwrap();
    assert_eq!(path, "exceptions/exc-0016.yaml");
    for line in [
        "renews: exc-0014",
        "created: 2026-09-29",
        "status: draft",
        "    - erp01.nordhafen.example",
        "  first_granted: 2026-09-03",
        "  starts: 2026-10-01",
        "  expires: 2026-10-16",
    ] {
        assert!(
            text.lines().any(|other| other == line),
            "`{line}` is not in\n{text}"
        );
    }
    let rows = [
        ("exc-0010", "was replaced"),
        ("exc-0099", "there is no record"),
        ("r-004", "only exceptions"),
        ("exc-0013", "would begin on 2026-10-13"),
    ];
    for (old, words) in rows {
        let error = renew(&repository, &id(old), day("2026-10-01"), day("2026-09-29")).unwrap_err();
        assert!(error.to_string().contains(words), "{old}: {error}");
    }
}

/// What a rule asks for is made with what it names.
#[test]
fn a_new_incident_or_change_names_what_it_is_about() {
    let repository = load_folder(&folder());
    let (vulns, systems) = (["CVE-2026-991702".to_owned()], ["sys-web-shop".to_owned()]);
    for (kind, words) in [
        (
            Kind::Incident,
            "  vulns:\n  - CVE-2026-991702\n  systems:\n  - sys-web-shop\n",
        ),
        (Kind::Change, "  systems:\n  - sys-web-shop\n"),
    ] {
        let wanted = Wanted {
            kind,
            sets: &[],
            vulns: &vulns,
            systems: &systems,
        };
        let (path, text) = new_record(&repository, None, wanted, day("2026-09-30")).unwrap();
        assert!(
            path.ends_with("-0042.yaml") || path.ends_with("-0004.yaml"),
            "{path}"
        );
        assert!(text.contains(words), "{text}");
        assert!(text.contains("CVE-2026-991702"), "{text}");
        assert!(text.contains("status: draft\n"), "{text}");
        assert!(
            text.contains("title: CVE-2026-991702 on sys-web-shop\n"),
            "{text}"
        );
    }
}
