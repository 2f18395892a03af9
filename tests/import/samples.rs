//! Real exports, where they are at hand: they are not ours to ship.

use std::path::PathBuf;

use countersign::import::{Input, Options, import};

use super::Recorder;

fn samples() -> Option<PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples");
    if !folder.join("INDEX.tsv").is_file() {
        println!("SKIPPED: no samples at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// Each format of ours and the sample folders that hold it.
const FOLDERS: &[(&str, &str)] = &[
    ("nessus_v2", "nessus-v2"),
    ("qualys_csv", "qualys-csv"),
    ("qualys_vmdr_csv", "qualys-csv"),
    ("qualys_pci_csv", "qualys-csv"),
    ("trivy_json", "trivy-json"),
    ("tenable_vm_json", "tenable-vm"),
    ("redhat_satellite_json", "katello-errata"),
    ("cisa_kev", "cisa-kev"),
    ("xccdf_results", "xccdf-results"),
    ("openscap_arf", "arf"),
    ("oval_results", "oval-results"),
    ("servicenow_cmdb", "servicenow-cmdb"),
    ("ansible_facts", "ansible-facts"),
    ("ansible_callback_json", "ansible-callback"),
    ("puppet_report", "puppet-report"),
    ("epss_csv", "epss-csv"),
];

/// Samples that the index counts otherwise: hosts and findings as we count them, and why.
const DIFFERENCES: &[(&str, (&str, &str), &str)] = &[
    (
        "oval_results/results.xml",
        ("1", "310"),
        "the index counts `true`, but these definitions are of the class compliance, of which `false` is the finding",
    ),
    (
        "servicenow_cmdb/configuration_item_info.json",
        ("1", "0"),
        RECORDS,
    ),
    ("ansible_facts/debian.dev.local", ("1", "0"), FACTS),
    ("ansible_facts/win.dev.local", ("1", "0"), FACTS),
    ("ansible_facts/ansible_rhel_8.json", ("1", "0"), FACTS),
    (
        "ansible_facts/dead.dev.local",
        ("0", "0"),
        "a host that could not be reached was not seen; the index counts the fields of the answer",
    ),
    (
        "ansible_callback_json/goansible_1.json",
        ("3", "0"),
        "the index counts each task on each host, of which none is about a patch",
    ),
    (
        "puppet_report/pg1.vm-304bebf8e5fc109ced84e8b086f9bcf8324f3d78.json",
        ("1", "0"),
        RESOURCES,
    ),
    ("puppet_report/errors.json", ("1", "0"), RESOURCES),
    ("puppet_report/report2.6.x.yaml", ("1", "0"), RESOURCES),
];

const RECORDS: &str = "the index counts the records, which are the hosts";
const FACTS: &str = "the index counts the facts, of which none is about a patch";
const RESOURCES: &str = "the index counts resources or messages, of which none installed a package";

#[test]
fn samples_yield_the_rows_of_their_index() {
    let Some(folder) = samples() else { return };
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    let mut seen = 0;
    for line in index.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (name, hosts, observations) = (columns[0], columns[6], columns[7]);
        let Some((_, format)) = FOLDERS
            .iter()
            .find(|(sort, _)| name.split('/').next() == Some(sort))
        else {
            continue;
        };
        let mut recorder = Recorder::default();
        let path = folder.join(name);
        let imported = import(Input::File(&path), &Options::default(), &mut recorder)
            .unwrap_or_else(|error| panic!("{name} {error}"));
        let summary = &imported.summary;
        // The index counts errata of every sort, and no host where the body names none.
        let is_errata = *format == "katello-errata";
        let difference = DIFFERENCES.iter().find(|(file, ..)| *file == name);
        let (hosts, observations) = match difference {
            Some((_, counts, _)) => *counts,
            None => (hosts, observations),
        };
        let counts = (
            (summary.hosts - u64::from(is_errata)).to_string(),
            (summary.observations + if is_errata { summary.informational } else { 0 }).to_string(),
        );
        assert_eq!(
            (counts.0.as_str(), counts.1.as_str()),
            (hosts, observations),
            "{name}"
        );
        let is_asset_list = name.ends_with("assets_export_chunk.json");
        let format = if is_asset_list {
            "tenable-vm-assets"
        } else {
            format
        };
        assert_eq!(imported.importer.name, format, "{name}");
        seen += 1;
    }
    assert!(seen >= 20, "only {seen} samples of ours");
}

#[test]
fn samples_of_other_formats_are_refused() {
    let Some(folder) = samples() else { return };
    for path in super::files(&folder) {
        let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
        if FOLDERS
            .iter()
            .any(|(sort, _)| name.starts_with(&format!("{sort}/")))
        {
            continue;
        }
        let result = import(Input::File(&path), &Options::default(), &mut Recorder::default());
        match result {
            Err(countersign::import::ImportError::Foreign(_)) => {}
            other => panic!("{name}: {:?}", other.map(|imported| imported.importer.name)),
        }
    }
}

#[test]
fn the_nessus_sample_says_what_is_in_it() {
    let Some(folder) = samples() else { return };
    let mut recorder = Recorder::default();
    let path = folder.join("nessus_v2/sample.nessus");
    let summary = import(Input::File(&path), &Options::default(), &mut recorder)
        .unwrap()
        .summary;
    assert_eq!(
        (summary.hosts, summary.observations, summary.informational),
        (3, 9, 140)
    );
    assert!(
        matches!(summary.run_at, Some(countersign::model::Stamp::At(_))),
        "{:?}",
        summary.run_at
    );
}

#[test]
fn the_tenable_sample_says_what_is_in_it() {
    let Some(folder) = samples() else { return };
    let mut recorder = Recorder::default();
    let path = folder.join("tenable_vm_json/vulns_export_chunk.json");
    let summary = import(Input::File(&path), &Options::default(), &mut recorder)
        .unwrap()
        .summary;
    assert_eq!((summary.observations, summary.informational), (19, 84));
    assert_eq!(super::show(summary.run_at), "2022-05-28T15:11:31.175Z");
    let items: Vec<_> = recorder.observations.iter().map(|(_, item)| item).collect();
    let exploited = items
        .iter()
        .filter(|item| item.exploit == countersign::model::Exploit::Active)
        .count();
    assert_eq!(exploited, 5, "those with a reference to the catalogue");
    assert!(
        items
            .iter()
            .all(|item| item.vectors.iter().any(|vector| vector.version == 30)),
        "each has a vector of version 3"
    );
}

#[test]
fn the_satellite_samples_say_that_they_are_not_whole() {
    let Some(folder) = samples() else { return };
    for (name, says) in [
        ("many_findings", "lists 3 of 6 errata"),
        ("many_packages", "lists 1 of 24 errata"),
    ] {
        let path = folder.join(format!("redhat_satellite_json/{name}.json"));
        let mut recorder = Recorder::default();
        let summary = import(Input::File(&path), &Options::default(), &mut recorder)
            .unwrap()
            .summary;
        let reason = summary.incomplete.unwrap();
        assert!(
            reason.contains("give `--host`") && reason.contains(says),
            "{reason}"
        );
        assert!(recorder.observations.is_empty(), "no finding without a host");
    }
}
