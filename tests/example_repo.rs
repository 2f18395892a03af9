//! The example organisation: coherent, signed, and the same in the binary.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use countersign::author::{decisions, example, replace_keys};
use countersign::load::{LoadLimits, Repository, load, load_configuration};
use countersign::source::read_folder;
use countersign::trust::digest;

use super::attest_keys::{has_peer, run};
use super::cli::streams;

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo")
}

pub(crate) fn load_folder(folder: &Path) -> Repository {
    let tree = read_folder(folder).unwrap();
    let (configuration, _, faults) = load_configuration(&tree).unwrap();
    assert!(faults.is_empty(), "{faults:?}");
    load(&tree, configuration, LoadLimits::default()).unwrap()
}

pub(crate) fn faults(repository: &Repository) -> Vec<String> {
    let place = |fault: &countersign::diagnostic::Diagnostic| {
        let path = repository.sources.path(fault.span.file);
        format!(
            "{} {path}:{}: {} ({})",
            fault.code,
            fault.span.line,
            fault.message,
            fault.help.as_deref().unwrap_or("")
        )
    };
    repository.faults.iter().map(place).collect()
}

/// Run with `UPDATE=1` after a change of a record: everybody gets a new key, the private ones are thrown
/// away, and all approvals are signed again over the records as they are.
#[test]
fn each_approval_covers_the_record_as_it_is() {
    if std::env::var_os("UPDATE").is_some() {
        let keys = tempfile::tempdir().unwrap();
        replace_keys(&folder(), keys.path()).unwrap();
    }
    let repository = load_folder(&folder());
    assert_eq!(faults(&repository), Vec::<String>::new());
    assert!(repository.approvals.len() > 50);
    for file in &repository.approvals {
        let subject = &file.approval.subject;
        let record = repository.record(&subject.id).unwrap();
        assert_eq!(
            subject.digest,
            digest(&repository, record).unwrap(),
            "{}",
            file.path
        );
        assert!(
            file.approval.shown.starts_with(subject.id.as_str()),
            "{}",
            file.path
        );
    }
}

#[test]
fn openssh_believes_each_approval_of_its_person_at_its_time() {
    if !has_peer("ssh-keygen") {
        return;
    }
    let repository = load_folder(&folder());
    for file in &repository.approvals {
        let approval = &file.approval;
        let person = repository.people.get(&approval.person.value.0).unwrap();
        let time = format!("verify-time={}", approval.at.value.utc().format("%Y%m%d%H%M%SZ"));
        let text = std::fs::read(folder().join(&*file.path)).unwrap();
        let signature = format!("{}.sig", file.path);
        let arguments = [
            "-Y",
            "verify",
            "-f",
            "keyring/allowed_signers",
            "-r",
            "keyring/revoked",
            "-n",
            "countersign-approval",
            "-O",
            &time,
            "-I",
            &person.spec.email.value,
            "-s",
            &signature,
        ];
        let output = run("ssh-keygen", &folder(), &arguments, &text);
        assert!(
            output.status.success(),
            "{}: {}",
            file.path,
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn fingerprints_of_people_are_those_of_the_keyring() {
    use countersign::trust::allowed_signers::AllowedSigners;
    let repository = load_folder(&folder());
    let list =
        AllowedSigners::parse(&std::fs::read_to_string(folder().join("keyring/allowed_signers")).unwrap());
    assert!(list.errors.is_empty(), "{:?}", list.errors);
    let listed: BTreeSet<(String, String)> = list
        .entries
        .iter()
        .map(|entry| (entry.principals.clone(), entry.key.fingerprint()))
        .collect();
    let of_people: BTreeSet<(String, String)> = repository
        .people
        .iter()
        .flat_map(|person| {
            person
                .spec
                .keys
                .iter()
                .map(|key| (person.spec.email.value.clone(), key.fingerprint.value.clone()))
        })
        .collect();
    assert_eq!(listed, of_people);
    assert!(
        list.entries
            .iter()
            .all(|entry| entry.namespaces.is_some() && !entry.zone_missing())
    );
}

/// A decision is made by somebody who holds the role on that day, over a record that is there by then,
/// and never by the one who asked.
#[test]
fn decisions_are_made_in_order_and_by_holders() {
    let repository = load_folder(&folder());
    for draft in decisions(&repository).unwrap() {
        let day = countersign::model::Date(draft.at.date_naive());
        let holds = countersign::trust::capacity(&repository, &draft.person, &draft.role, day).is_ok();
        assert!(
            holds,
            "{} as {} on {day} over {}",
            draft.person, draft.role, draft.id
        );
        assert!(
            repository.record(&draft.id).unwrap().created.value <= day,
            "{} over {}",
            draft.person,
            draft.id
        );
        if let Some(exception) = repository.exceptions.get(&draft.id) {
            let requester = exception.spec.requested_by.as_ref().unwrap();
            assert_ne!(requester.value.0, draft.person, "{}", draft.id);
        }
    }
}

#[test]
fn the_binary_holds_the_example_as_it_lies_in_the_folder() {
    let tree = read_folder(&folder()).unwrap();
    let on_disk: BTreeSet<String> = tree
        .entries()
        .iter()
        .chain(tree.guarded())
        .map(|entry| entry.path.to_string())
        .collect();
    let embedded = example();
    assert_eq!(embedded.keys().cloned().collect::<BTreeSet<_>>(), on_disk);
    for (path, bytes) in embedded {
        assert!(
            bytes == std::fs::read(folder().join(&path)).unwrap(),
            "{path} differs; build again"
        );
    }
}

fn diagnostics(as_of: &str) -> (i32, Vec<(String, String, String)>) {
    let words = [
        "countersign",
        "check",
        "--repo",
        ".",
        "--as-of",
        as_of,
        "--format",
        "json",
    ]
    .map(Into::into);
    let (code, out, err) = streams(&folder(), &words);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let list = document["diagnostics"].as_array().unwrap();
    (
        code,
        list.iter()
            .map(|one| (text(&one["level"]), text(&one["code"]), text(&one["subject"])))
            .collect(),
    )
}

/// A review that nobody signed well is none, whatever the record says of it.
#[test]
fn a_review_without_a_good_signature_does_not_count() {
    let copy = crate::checks::copy_of(&folder());
    let words = [
        "countersign",
        "check",
        "--repo",
        ".",
        "--as-of",
        "2026-09-30",
        "--format",
        "json",
    ];
    let codes = || -> BTreeSet<String> {
        let (_, out, _) = streams(copy.path(), &words.map(Into::into));
        let document: serde_json::Value = serde_json::from_str(&out).unwrap();
        let list = document["diagnostics"].as_array().unwrap().iter();
        let errors = list.filter(|one| one["level"] == "error");
        errors
            .map(|one| {
                format!(
                    "{} {}",
                    one["code"].as_str().unwrap(),
                    one["subject"].as_str().unwrap()
                )
            })
            .collect()
    };
    assert_eq!(codes(), BTreeSet::new());
    for entry in std::fs::read_dir(copy.path().join("approvals/exc-0009")).unwrap() {
        let path = entry.unwrap().path();
        let is_review = path.extension().is_some_and(|extension| extension == "yaml")
            && std::fs::read_to_string(&path)
                .unwrap()
                .contains("decision: review_keep");
        if is_review {
            std::fs::remove_file(format!("{}.sig", path.display())).unwrap();
        }
    }
    let expected = ["APR005 exc-0009", "EXC010 exc-0009"].map(str::to_owned);
    assert_eq!(codes(), BTreeSet::from(expected));
}

/// A lapsed exception is its owner's red, and not everybody's.
#[test]
fn each_diagnostic_names_the_owner_of_its_record() {
    let words = [
        "countersign",
        "check",
        "--repo",
        ".",
        "--as-of",
        "2026-10-01",
        "--format",
        "json",
    ];
    let (_, out, _) = streams(&folder(), &words.map(Into::into));
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    let list = document["diagnostics"].as_array().unwrap();
    let lapsed = list.iter().find(|one| one["code"] == "EXC001").unwrap();
    assert_eq!(lapsed["owner"], "role-erp-owner", "{lapsed}");
    assert!(list.iter().all(|one| one["owner"].is_string()), "{list:?}");
    let narrowed = [&words[..], &["--owner", "role-infra"]].concat();
    let narrowed: Vec<_> = narrowed.into_iter().map(Into::into).collect();
    let (code, out, _) = streams(&folder(), &narrowed);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    let owners = document["diagnostics"].as_array().unwrap().iter();
    assert!(code == 0 && owners.clone().count() > 0, "{out}");
    assert!(owners.clone().all(|one| one["owner"] == "role-infra"), "{out}");
}

#[test]
fn the_example_is_clean_on_its_day_and_one_exception_ends_with_it() {
    let (code, found) = diagnostics("2026-09-30");
    assert_eq!(code, 0, "{found:?}");
    let warnings: Vec<&str> = found
        .iter()
        .filter(|(level, _, _)| level == "warn")
        .map(|(_, code, _)| code.as_str())
        .collect();
    assert_eq!(warnings, ["EXC002", "EXC002", "REC001"], "{found:?}");

    let (code, found) = diagnostics("2026-10-01");
    assert_eq!(code, 1);
    let errors: Vec<&(String, String, String)> =
        found.iter().filter(|(level, _, _)| level == "error").collect();
    assert!(
        errors
            .iter()
            .any(|(_, code, subject)| code == "EXC001" && subject == "exc-0014"),
        "{errors:?}"
    );
    let of_one_cause = |(_, code, subject): &(String, String, String)| {
        subject == "exc-0014"
            || (code.starts_with("REC00") && subject.contains("erp01") && subject.contains("CVE-2026-991444"))
    };
    assert!(errors.into_iter().all(of_one_cause), "{found:?}");
}

/// Every answer of the decision table but those that would be an error, and what waits for a deployment's proof.
#[test]
fn the_example_shows_the_dispositions() {
    let words = [
        "countersign",
        "reconcile",
        "--repo",
        ".",
        "--as-of",
        "2026-09-30",
        "--format",
        "json",
    ]
    .map(Into::into);
    let (code, out, err) = streams(&folder(), &words);
    assert_eq!(code, 0, "{err}");
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    let counts = document["totals"]["by_disposition"].as_object().unwrap();
    for (disposition, count) in counts {
        // The example's update server exports nothing, so that no deployment is known.
        let is_left_out = matches!(
            disposition.as_str(),
            "overdue" | "unsupported_ungoverned" | "pending_verification"
        );
        assert_eq!(count == 0, is_left_out, "{disposition}: {count}");
    }
    let seen_by_two = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .any(|finding| finding["observers"].as_array().unwrap().len() == 2);
    assert!(seen_by_two);
}
