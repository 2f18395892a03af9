//! What the benches are fed with is good: a bench of records that do not load would measure nothing.

#[path = "../benches/generate.rs"]
#[expect(dead_code, reason = "the exports are counted by the benches that read them")]
mod generate;

use countersign::load::{LoadLimits, load};
use countersign::model::Configuration;
use countersign::source::read_folder;

#[test]
fn generated_records_load_without_a_fault() {
    let count = 62;
    let folder = tempfile::tempdir().unwrap();
    generate::write_files(folder.path(), &generate::records(count)).unwrap();
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
