//! Real exports, where they are at hand: they are not ours to ship.

use std::collections::BTreeSet;
use std::path::PathBuf;

use countersign::import::{Content, Export, Input, Options, Scan, collect, import, unfold};

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
    ("qualys_asset_data_report", "qualys-asset-data-report"),
    ("qualys_host_detection", "qualys-host-detection"),
    ("qualys_hostasset_xml", "qualys-host-asset"),
    ("qualys_kb_xml", "qualys-kb"),
    ("qualys_scan_xml", "qualys-scan-xml"),
    ("trivy_json", "trivy-json"),
    ("tenable_vm_json", "tenable-vm"),
    ("redhat_satellite_json", "katello-errata"),
    ("tenable_csv", "tenable-csv"),
    ("tenable_sc_csv", "tenable-csv"),
    ("tenable_vm_explore_csv", "tenable-csv"),
    ("nexpose_xml2", "nexpose-xml"),
    ("openvas_xml", "openvas-xml"),
    ("openvas_csv", "openvas-csv"),
    ("cisa_kev", "cisa-kev"),
    ("xccdf_results", "xccdf-results"),
    ("openscap_arf", "arf"),
    ("oval_results", "oval-results"),
    ("servicenow_cmdb", "servicenow-cmdb"),
    ("ansible_facts", "ansible-facts"),
    ("ansible_callback_json", "ansible-callback"),
    ("puppet_report", "puppet-report"),
    ("epss_csv", "epss-csv"),
    ("grype_json", "grype-json"),
    ("osv_scanner_json", "osv-scanner-json"),
    ("sarif", "sarif"),
    ("aws_inspector2", "aws-inspector2"),
    ("asff", "asff"),
    ("cyclonedx", "cyclonedx-json"),
    ("wazuh_json", "wazuh-json"),
    ("ms_defender", "ms-defender-json"),
    ("azure_defender_csv", "azure-defender-csv"),
    ("csaf", "csaf"),
    ("openvex", "openvex"),
];

/// Samples of another format than the rest of their folder.
const APART: &[(&str, &str)] = &[
    ("tenable_vm_json/assets_export_chunk.json", "tenable-vm-assets"),
    ("cyclonedx/valid-vulnerability-1.4.xml", "cyclonedx-xml"),
    (
        "ms_defender/elastic_test-vulnerability.ndjson",
        "ms-defender-ndjson",
    ),
];

/// Samples of which we count otherwise than the index: hosts and observations as we count them, and why.
const DIFFERENCES: &[(&str, [&str; 2], &str)] = &[
    (
        "tenable_csv/tenable_many_vuln.csv",
        ["2", "9"],
        "the index counts rows, of which 11 repeat an item for a further CVE",
    ),
    (
        "openvas_xml/report_v24.xml",
        ["1", "1"],
        "the index counts scores, and so old a report has none; its threat is `Medium`",
    ),
    (
        "oval_results/results.xml",
        ["1", "310"],
        "the index counts `true`, but these definitions are of the class compliance, of which `false` is the finding",
    ),
    (
        "wazuh_json/v4-7_many_findings.json",
        ["1", "13"],
        "an answer that names no agent is of one host, which the index counts as none",
    ),
    (
        "azure_defender_csv/AzureSecurityCenterRecommendations.csv",
        ["2", "2"],
        "one recommendation was met from the first, so it never was a finding",
    ),
    (
        "cyclonedx/dropwizard-vulns.json",
        ["1", "86"],
        "one vulnerability is rated `info` and nothing else, so it is counted as informational",
    ),
    (
        "servicenow_cmdb/configuration_item_info.json",
        ["1", "0"],
        RECORDS,
    ),
    ("ansible_facts/debian.dev.local", ["1", "0"], FACTS),
    ("ansible_facts/win.dev.local", ["1", "0"], FACTS),
    ("ansible_facts/ansible_rhel_8.json", ["1", "0"], FACTS),
    (
        "ansible_facts/dead.dev.local",
        ["0", "0"],
        "a host that could not be reached was not seen; the index counts the fields of the answer",
    ),
    (
        "ansible_callback_json/goansible_1.json",
        ["3", "0"],
        "the index counts each task on each host, of which none is about a patch",
    ),
    (
        "puppet_report/pg1.vm-304bebf8e5fc109ced84e8b086f9bcf8324f3d78.json",
        ["1", "0"],
        RESOURCES,
    ),
    ("puppet_report/errors.json", ["1", "0"], RESOURCES),
    ("puppet_report/report2.6.x.yaml", ["1", "0"], RESOURCES),
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
        // It holds two formats, and has a test of its own.
        if name == ARCHIVE {
            continue;
        }
        let mut recorder = Recorder::default();
        let path = folder.join(name);
        let imported = import(Input::File(&path), &Options::default(), &mut recorder)
            .unwrap_or_else(|error| panic!("{name} {error}"));
        let summary = &imported.summary;
        // The index counts errata of every sort, and no host where the body names none.
        let is_errata = *format == "katello-errata";
        let counts = (
            (summary.hosts - u64::from(is_errata)).to_string(),
            (summary.observations + if is_errata { summary.informational } else { 0 }).to_string(),
        );
        let ours = DIFFERENCES.iter().find(|(known, ..)| *known == name);
        let (expected, why) = ours.map_or(([hosts, observations], ""), |(_, counts, why)| (*counts, *why));
        assert_eq!([counts.0.as_str(), counts.1.as_str()], expected, "{name} {why}");
        assert!(
            ours.is_none_or(|(_, counts, _)| *counts != [hosts, observations]),
            "{name} is as the index counts it"
        );
        let apart = APART.iter().find(|(sample, _)| *sample == name);
        let format = apart.map_or(format, |(_, format)| format);
        assert_eq!(imported.importer.name, *format, "{name}");
        seen += 1;
    }
    assert!(seen >= 42, "only {seen} samples of ours");
}

/// A list of machines beside a page of their vulnerabilities.
const ARCHIVE: &str = "ms_defender/defender.zip";

#[test]
fn the_sample_in_an_archive_is_split_by_format() {
    let Some(folder) = samples() else { return };
    let export = Export {
        file: ARCHIVE.into(),
        content: Content::File(folder.join(ARCHIVE)),
        source: None,
        mapping: None,
        date_order: None,
        host: None,
        is_ad_hoc: true,
    };
    let exports = unfold(export).unwrap();
    let scans: Vec<Scan> = collect(&exports).into_iter().map(Result::unwrap).collect();
    let seen = scans.iter().map(|scan| {
        let (format, summary) = (scan.importer.name, &scan.summary);
        (format, summary.hosts, summary.observations)
    });
    let seen: BTreeSet<_> = seen.collect();
    // The index counts two machines and four rows; all rows are of one of the machines.
    let expected = [("ms-defender-json", 1, 4), ("ms-defender-machines", 2, 0)];
    assert_eq!(Vec::from_iter(seen), expected);
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
