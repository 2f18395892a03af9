//! The demo: a year of history, signed, that ends as the example.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use countersign::author::{Demo, demo, example};
use countersign::load::{LoadLimits, load, load_configuration};
use countersign::model::parse_date;
use countersign::source::read_commit;
use countersign::trust::digest;

use super::attest_keys::{has_peer, instant, run};
use super::author::check;
use super::example_repo::{faults, folder, load_folder};

fn now() -> DateTime<Utc> {
    instant("2026-09-30T00:00:00Z")
}

/// One demo for all tests, since its signatures take seconds without optimisation; moved after it was written.
pub(crate) static DEMO: LazyLock<Demo> = LazyLock::new(|| {
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
    let committed = fingerprints(&folder());
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
}

#[test]
fn a_demo_is_made_twice_in_a_row_but_never_over_work() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    let first = demo(&out, now(), &mut |_| {}).unwrap();
    std::fs::create_dir(out.join("audit")).unwrap();
    let key = std::fs::read(first.keys.join("p-kim")).unwrap();
    let second = demo(&out, now(), &mut |_| {}).unwrap();
    assert_eq!(first, second);
    assert!(std::fs::read(second.keys.join("p-kim")).unwrap() != key && !out.join("audit").exists());
    std::fs::write(second.repository.join("exceptions/exc-0099.yaml"), "mine").unwrap();
    assert!(demo(&out, now(), &mut |_| {}).is_err());
    assert!(second.repository.join("exceptions/exc-0099.yaml").exists());
}

#[test]
fn the_demo_is_clean_on_the_day_of_its_newest_commit() {
    let (code, said) = check(&DEMO.repository, "2026-09-30");
    assert_eq!(code, 0, "{said}");
}
