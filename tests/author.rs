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

<<<<<<< HEAD
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
=======
/// One demo for all tests, since its signatures take seconds without optimisation; moved after it was written.
static DEMO: LazyLock<Demo> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("author-demo");
    let _ = std::fs::remove_dir_all(&folder);
    let written = demo(&folder.join("written"), now(), &mut |_| {}).unwrap();
    std::fs::rename(folder.join("written"), folder.join("moved")).unwrap();
    Demo {
        repository: folder.join("moved/repo"),
        keys: folder.join("moved/keys"),
        ..written
    }
});

/// Commits of main, the oldest first: id, time, author, subject.
fn history(repository: &git2::Repository) -> Vec<(git2::Oid, DateTime<Utc>, String, String)> {
    let mut walk = repository.revwalk().unwrap();
    walk.push_ref("refs/heads/main").unwrap();
    walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::REVERSE)
        .unwrap();
    walk.map(|id| {
        let commit = repository.find_commit(id.unwrap()).unwrap();
        assert!(commit.parent_count() <= 1, "the history is a line");
        assert_eq!(commit.author().when(), commit.committer().when());
        let time = DateTime::from_timestamp(commit.time().seconds(), 0).unwrap();
        (
            commit.id(),
            time,
            commit.author().email().unwrap().to_owned(),
            commit.summary().unwrap().unwrap().to_owned(),
        )
    })
    .collect()
}

#[test]
fn the_demo_is_a_year_of_history_that_may_be_moved() {
    let written = &*DEMO;
    assert_eq!(written.day, parse_date("2026-09-30").unwrap());
    let git = git2::Repository::open(&written.repository).unwrap();
    assert_eq!(git.head().unwrap().name().unwrap(), "refs/heads/main");
    assert!(
        git.statuses(None).unwrap().is_empty(),
        "the work tree is that of the newest commit"
    );

    let history = history(&git);
    assert_eq!(history.len(), written.commits);
    assert!(history.len() >= 40, "{}", history.len());
    assert!(
        history.windows(2).all(|pair| pair[0].1 <= pair[1].1),
        "time does not go back"
    );
    let (first, last) = (history.first().unwrap().1, history.last().unwrap().1);
    assert_eq!(last.date_naive(), written.day.0);
    assert!(last <= now());
    assert!((last - first).num_days() >= 364, "{first}");

    let repository = load_folder(&written.repository);
    assert_eq!(faults(&repository), Vec::<String>::new());
    assert_eq!(repository.approvals.len(), written.approvals);
    let emails: BTreeSet<&str> = repository
        .people
        .iter()
        .map(|person| person.spec.email.value.as_str())
        .collect();
    assert!(
        history
            .iter()
            .all(|(_, _, email, _)| emails.contains(email.as_str()))
    );
    let subjects: Vec<&str> = history
        .iter()
        .map(|(_, _, _, subject)| subject.as_str())
        .collect();
    let place = |subject: &str| {
        subjects
            .iter()
            .position(|other| *other == subject)
            .unwrap_or_else(|| panic!("{subject}"))
    };
    assert!(place("Two policies, text and numbers") < place("Ask to hold back the kiosk browser"));
    assert!(place("Ask to hold back the kiosk browser") < place("Approve exc-0010"));
    assert!(place("Approve exc-0010") < place("Renew exc-0010 as exc-0012"));
}

#[test]
fn the_demo_ends_as_the_example_with_keys_of_its_own() {
    let written = &*DEMO;
    let differs = |path: &str| {
        path.starts_with("approvals/") || path.starts_with("people/") || path == "keyring/allowed_signers"
    };
    for (path, bytes) in example().iter().filter(|(path, _)| !differs(path)) {
        assert!(
            *bytes == std::fs::read(written.repository.join(path)).unwrap(),
            "{path}"
        );
    }
    let mut keys = BTreeSet::new();
    for entry in std::fs::read_dir(&written.keys).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        #[cfg(unix)]
        if !name.ends_with(".pub") {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                entry.metadata().unwrap().permissions().mode() & 0o077,
                0,
                "{name} is for its owner alone"
            );
        }
        keys.insert(name);
    }
    let repository = load_folder(&written.repository);
    for person in &repository.people {
        assert!(keys.contains(person.id().as_str()) && keys.contains(&format!("{}.pub", person.id())));
    }
    let fingerprints = |folder: &Path| -> BTreeMap<String, String> {
        let people = load_folder(folder).people;
        people
            .iter()
            .map(|person| {
                (
                    person.id().to_string(),
                    person.spec.keys[0].fingerprint.value.clone(),
                )
            })
            .collect()
    };
    let committed = fingerprints(&super::example_repo::folder());
    assert!(
        fingerprints(&written.repository)
            .iter()
            .all(|(person, print)| committed[person] != *print)
    );

    let git = git2::Repository::open(&written.repository).unwrap();
    git.odb()
        .unwrap()
        .foreach(|id| {
            let Ok(blob) = git.find_blob(*id) else { return true };
            assert!(
                !String::from_utf8_lossy(blob.content()).contains("PRIVATE KEY"),
                "a private key in {id}"
            );
            true
        })
        .unwrap();
}

#[test]
fn each_approval_of_the_demo_fits_the_record_of_its_commit() {
    let written = &*DEMO;
    let git = git2::Repository::open(&written.repository).unwrap();
    let history = history(&git);
    let commit_of = |path: &str| {
        let brings = |id: git2::Oid| {
            git.find_commit(id)
                .unwrap()
                .tree()
                .unwrap()
                .get_path(Path::new(path))
                .is_ok()
        };
        let at = history.partition_point(|(id, ..)| !brings(*id));
        history[at].clone()
    };
    let mut seen = BTreeSet::new();
    // A record changes but in what is not signed, so that every tenth state shows those between.
    for (id, _, _, subject) in history.iter().rev().step_by(10).rev() {
        let tree = read_commit(&written.repository, &id.to_string()).unwrap();
        let (configuration, _, _) = load_configuration(&tree).unwrap();
        let repository = load(&tree, configuration, LoadLimits::default()).unwrap();
        assert_eq!(faults(&repository), Vec::<String>::new(), "{subject}");
        for file in &repository.approvals {
            if !seen.insert(file.path.to_string()) {
                continue;
            }
            let approval = &file.approval;
            let record = repository.record(&approval.subject.id).unwrap();
            assert_eq!(
                approval.subject.digest,
                digest(&repository, record).unwrap(),
                "{} in `{subject}`",
                file.path
            );
            let (commit, time, email, _) = commit_of(&file.path);
            assert_eq!(
                repository
                    .people
                    .get(&approval.person.value.0)
                    .unwrap()
                    .spec
                    .email
                    .value,
                email
            );
            assert!(approval.at.value.utc() <= time, "{}", file.path);
            let basis = git
                .revparse_single(approval.basis_commit.as_ref().unwrap())
                .unwrap()
                .id();
            assert!(git.graph_descendant_of(commit, basis).unwrap());
        }
    }
    assert_eq!(seen.len(), written.approvals);
}

#[test]
fn openssh_believes_the_approvals_of_the_demo() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let written = &*DEMO;
    let repository = load_folder(&written.repository);
    for file in repository.approvals.iter().step_by(7) {
        let email = &repository
            .people
            .get(&file.approval.person.value.0)
            .unwrap()
            .spec
            .email
            .value;
        let time = format!(
            "verify-time={}",
            file.approval.at.value.utc().format("%Y%m%d%H%M%SZ")
        );
        let signature = format!("{}.sig", file.path);
        let list = "keyring/allowed_signers";
        let arguments = [
            "-Y",
            "verify",
            "-f",
            list,
            "-n",
            "countersign-approval",
            "-O",
            &time,
            "-I",
            email,
            "-s",
            &signature,
        ];
        let text = std::fs::read(written.repository.join(&*file.path)).unwrap();
        let output = run("ssh-keygen", &written.repository, &arguments, &text);
        assert!(
            output.status.success(),
            "{}: {}",
            file.path,
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn the_demo_refuses_a_full_folder_and_a_clock_before_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let early = demo(
        &folder.path().join("early"),
        instant("2026-09-29T23:59:59Z"),
        &mut |_| {},
    )
    .unwrap_err();
    assert!(early.to_string().contains("2026-09-29"), "{early}");
    assert!(!folder.path().join("early").exists());
    std::fs::write(folder.path().join("mine"), "x").unwrap();
    let full = demo(folder.path(), now(), &mut |_| {}).unwrap_err();
    assert!(full.to_string().contains("has something in it"), "{full}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
>>>>>>> main
}
