//! What each signed approval adds to a check: reading it, its digest, its signature, the authority of who signed.

use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::author::{ApprovalDraft, Numbers, approval_files};
use countersign::check::{self, Settings};
use countersign::model::{AsOf, Configuration, Decision, Kind, RecordId, Zone, parse_date};
use countersign::reconcile::{Question, reconcile};
use countersign::trust::signer::Signer;
use countersign::trust::{Standings, standings};
use divan::Bencher;

use crate::generate::{self, Members};
use crate::measure::sample;
use crate::{FOLDER, load_folder};

const RECORDS: usize = 5_000;

/// The two stages whose difference is the cost of the approvals.
pub(crate) const WITH: &str = "check approved";
pub(crate) const WITHOUT: &str = "check unapproved";

/// Each exception has one approval.
pub(crate) fn count() -> usize {
    generate::count_exceptions(RECORDS)
}

/// Writes a repository with one person's key, and with or without an approval of each exception.
fn governed(signed: bool) -> PathBuf {
    let folder = FOLDER.path().join(format!("signed-{signed}"));
    if folder.exists() {
        return folder;
    }
    let key = FOLDER.path().join("key");
    if !key.exists() {
        let arguments = ["-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f"];
        let status = Command::new("ssh-keygen").args(arguments).arg(&key).status();
        assert!(status.unwrap().success(), "ssh-keygen makes a key");
    }
    let signer = Signer::open(&key).unwrap();
    let key = (signer.public_key().fingerprint(), signer.public_key().to_line());
    generate::write_files(&folder, &generate::records(RECORDS, Members::Asked)).unwrap();
    generate::write_files(&folder, &generate::keyring((&key.0, &key.1))).unwrap();
    if signed {
        sign(&folder, &signer);
    }
    folder
}

fn sign(folder: &Path, signer: &Signer) {
    let repository = load_folder(folder);
    let mut numbers = Numbers::default();
    for exception in &repository.exceptions {
        let draft = ApprovalDraft {
            kind: Kind::Exception,
            id: exception.id().clone(),
            fragment: String::new(),
            decision: Decision::Approve,
            role: RecordId::new("role-security").unwrap(),
            person: RecordId::new("p-kim").unwrap(),
            at: "2026-09-05T08:00:00Z".parse().unwrap(),
            basis_commit: None,
            reason: String::new(),
        };
        for (path, bytes) in approval_files(&repository, &draft, &mut numbers, signer).unwrap() {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

/// Checks a folder whose approvals are judged; returns how many decisions are in force.
fn check_folder(folder: &Path) -> usize {
    let settings = Settings::new(&Configuration::default()).unwrap();
    let zone = Zone::named("Europe/Berlin").unwrap();
    let as_of = AsOf::end_of(parse_date(generate::AS_OF).unwrap(), zone);
    let repository = load_folder(folder);
    let standings: Standings = standings(&repository, as_of.instant());
    let decisions = || standings.iter().flat_map(|(_, _, standing)| &standing.decisions);
    let flaw = decisions().find_map(|decided| decided.flaws.first());
    assert!(flaw.is_none(), "{}", flaw.unwrap());
    let in_force = decisions().filter(|decided| decided.is_in_force()).count();
    let question = Question {
        as_of,
        period: None,
        due_soon_days: 7,
        verify_hours: 72,
    };
    let register = reconcile(&repository, standings, &[], question);
    assert!(!check::run(&register, &settings).is_empty());
    in_force
}

#[divan::bench(sample_count = 9, sample_size = 1)]
fn check_approved(bencher: Bencher<'_, '_>) {
    let folder = governed(true);
    let work = || check_folder(&folder);
    bencher.bench_local(|| assert_eq!(sample(WITH, work), count()));
}

#[divan::bench(sample_count = 9, sample_size = 1)]
fn check_floor_unapproved(bencher: Bencher<'_, '_>) {
    let folder = governed(false);
    let work = || check_folder(&folder);
    bencher.bench_local(|| assert_eq!(sample(WITHOUT, work), 0));
}
