//! What the benches are fed with is good: a bench of records that do not load would measure nothing.

#[path = "../benches/generate.rs"]
#[expect(dead_code, reason = "the exports are counted by the benches that read them")]
mod generate;

use countersign::check::{self, Settings};
use countersign::diagnostic::Diagnostic;
use countersign::load::{LoadLimits, load};
use countersign::model::{AsOf, Configuration, Zone, parse_date};
use countersign::reconcile::{Question, reconcile};
use countersign::source::read_folder;
use countersign::trust::Standings;
use generate::Members;

#[test]
fn generated_records_load_without_a_fault() {
    let count = 62;
    let folder = tempfile::tempdir().unwrap();
    generate::write_files(folder.path(), &generate::records(count, Members::Asked)).unwrap();
    generate::write_files(folder.path(), &generate::approvals(count)).unwrap();
    let tree = read_folder(folder.path()).unwrap();
    let repository = load(&tree, Configuration::default(), LoadLimits::default()).unwrap();
    let faults: Vec<String> = repository
        .faults
        .iter()
        .map(|fault| format!("{}: {}", repository.sources.path(fault.span.file), fault.message))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(repository.records().count(), count);
    let approved = repository
        .approvals
        .iter()
        .map(|file| &file.approval.subject.value.id);
    for id in approved {
        assert!(
            repository.exceptions.get(id).is_some(),
            "`{id}` is approved and is no exception"
        );
    }
}

#[test]
fn a_check_of_generated_records_finds_the_faults_that_were_put_in() {
    let count = 1_000;
    let folder = tempfile::tempdir().unwrap();
    generate::write_files(folder.path(), &generate::records(count, Members::Asked)).unwrap();
    let tree = read_folder(folder.path()).unwrap();
    let repository = load(&tree, Configuration::default(), LoadLimits::default()).unwrap();
    let zone = Zone::named("Europe/Berlin").unwrap();
    let question = Question {
        as_of: AsOf::end_of(parse_date(generate::AS_OF).unwrap(), zone),
        period: None,
        due_soon_days: 7,
        verify_hours: 72,
    };
    let register = reconcile(&repository, Standings::default(), &[], question);
    let settings = Settings::new(&Configuration::default()).unwrap();
    let found = check::run(&register, &settings);
    let due = |one: &&Diagnostic| one.code == "DAT001";
    let others: Vec<String> = found
        .iter()
        .filter(|one| !due(one))
        .map(|one| format!("{} {}", one.code, one.message))
        .collect();
    assert_eq!(found.iter().filter(due).count(), generate::faulty(count));
    // There is no Statement of Applicability, and nothing was imported.
    let codes: Vec<&str> = others.iter().map(|one| &one[..6]).collect();
    assert_eq!(codes, ["SOA001", "REC012"], "{}", others.join("\n"));
}
