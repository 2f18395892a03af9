//! Counts of our own fixtures, and what becomes of them when they are cut off.

use std::collections::BTreeMap;
use std::io::Write as _;

use countersign::import::{IMPORTERS, Input, Options, recognise};
use countersign::model::MappingProfile;

use super::{fixture, fixtures, read_with};

/// File, format, hosts, observations, informational, skipped.
pub(crate) const COUNTS: &[(&str, &str, [u64; 4])] = &[
    ("nessus-v2/none.nessus", "nessus-v2", [1, 0, 1, 0]),
    ("nessus-v2/one.nessus", "nessus-v2", [1, 1, 0, 0]),
    ("nessus-v2/many.nessus", "nessus-v2", [4, 9, 2, 0]),
    ("nexpose-xml/none.xml", "nexpose-xml", [1, 0, 0, 0]),
    ("nexpose-xml/one.xml", "nexpose-xml", [1, 1, 0, 0]),
    ("nexpose-xml/many.xml", "nexpose-xml", [3, 6, 1, 4]),
    ("openvas-xml/none.xml", "openvas-xml", [1, 0, 0, 0]),
    ("openvas-xml/one.xml", "openvas-xml", [1, 1, 0, 0]),
    ("openvas-xml/many.xml", "openvas-xml", [3, 4, 1, 1]),
    ("openvas-xml/old.xml", "openvas-xml", [1, 1, 1, 0]),
    ("openvas-xml/response.xml", "openvas-xml", [1, 1, 0, 0]),
    ("openvas-csv/none.csv", "openvas-csv", [0, 0, 0, 0]),
    ("openvas-csv/one.csv", "openvas-csv", [1, 1, 0, 0]),
    ("openvas-csv/many.csv", "openvas-csv", [3, 5, 1, 1]),
    ("qualys-csv/report-none.csv", "qualys-csv", [0, 0, 0, 0]),
    ("qualys-csv/report-one.csv", "qualys-csv", [1, 1, 0, 0]),
    ("qualys-csv/report-many.csv", "qualys-csv", [3, 3, 1, 4]),
    ("qualys-csv/report-semicolon.csv", "qualys-csv", [1, 1, 0, 0]),
    ("qualys-csv/report-day-first.csv", "qualys-csv", [1, 2, 0, 0]),
    ("qualys-csv/vmdr-none.csv", "qualys-csv", [0, 0, 0, 0]),
    ("qualys-csv/vmdr-one.csv", "qualys-csv", [1, 1, 0, 0]),
    ("qualys-csv/vmdr-many.csv", "qualys-csv", [2, 2, 1, 0]),
    ("qualys-csv/vmdr-cve.csv", "qualys-csv", [1, 2, 0, 0]),
    ("qualys-csv/pci-none.csv", "qualys-csv", [0, 0, 0, 0]),
    ("qualys-csv/pci-one.csv", "qualys-csv", [1, 1, 0, 0]),
    ("qualys-csv/pci-many.csv", "qualys-csv", [2, 2, 1, 0]),
    ("tenable-csv/nessus-none.csv", "tenable-csv", [1, 0, 1, 0]),
    ("tenable-csv/nessus-one.csv", "tenable-csv", [1, 1, 0, 0]),
    ("tenable-csv/nessus-many.csv", "tenable-csv", [3, 7, 1, 3]),
    ("tenable-csv/classic-one.csv", "tenable-csv", [1, 1, 0, 0]),
    ("tenable-csv/classic-many.csv", "tenable-csv", [2, 7, 1, 2]),
    ("tenable-csv/sc-one.csv", "tenable-csv", [1, 1, 0, 0]),
    ("tenable-csv/sc-many.csv", "tenable-csv", [3, 6, 1, 0]),
    ("tenable-csv/sc-summary.csv", "tenable-csv", [0, 2, 1, 0]),
    (
        "tenable-csv/explore-none-semicolon.csv",
        "tenable-csv",
        [0, 0, 0, 0],
    ),
    (
        "tenable-csv/explore-many-semicolon.csv",
        "tenable-csv",
        [2, 5, 1, 0],
    ),
    ("qualys-kb/none.xml", "qualys-kb", [0, 0, 0, 0]),
    ("qualys-kb/one.xml", "qualys-kb", [0, 1, 0, 0]),
    ("qualys-kb/many.xml", "qualys-kb", [0, 3, 0, 0]),
    ("qualys-kb/page.xml", "qualys-kb", [0, 1, 0, 0]),
    (
        "qualys-host-detection/none.xml",
        "qualys-host-detection",
        [0, 0, 0, 0],
    ),
    (
        "qualys-host-detection/one.xml",
        "qualys-host-detection",
        [1, 1, 0, 0],
    ),
    (
        "qualys-host-detection/many.xml",
        "qualys-host-detection",
        [3, 6, 1, 0],
    ),
    (
        "qualys-host-detection/page.xml",
        "qualys-host-detection",
        [1, 1, 0, 0],
    ),
    (
        "qualys-host-detection/none.csv",
        "qualys-host-detection",
        [0, 0, 0, 0],
    ),
    (
        "qualys-host-detection/one.csv",
        "qualys-host-detection",
        [1, 1, 0, 0],
    ),
    (
        "qualys-host-detection/many.csv",
        "qualys-host-detection",
        [2, 3, 1, 0],
    ),
    (
        "qualys-host-detection/page.csv",
        "qualys-host-detection",
        [1, 1, 0, 0],
    ),
    (
        "qualys-asset-data-report/none.xml",
        "qualys-asset-data-report",
        [0, 0, 0, 0],
    ),
    (
        "qualys-asset-data-report/one.xml",
        "qualys-asset-data-report",
        [1, 1, 0, 0],
    ),
    (
        "qualys-asset-data-report/many.xml",
        "qualys-asset-data-report",
        [3, 6, 1, 0],
    ),
    ("qualys-scan-xml/none.xml", "qualys-scan-xml", [0, 0, 0, 0]),
    ("qualys-scan-xml/one.xml", "qualys-scan-xml", [1, 1, 0, 0]),
    ("qualys-scan-xml/many.xml", "qualys-scan-xml", [3, 5, 2, 0]),
    ("qualys-scan-xml/cancelled.xml", "qualys-scan-xml", [1, 1, 0, 0]),
    ("qualys-host-asset/none.xml", "qualys-host-asset", [0, 0, 0, 0]),
    ("qualys-host-asset/one.xml", "qualys-host-asset", [1, 0, 0, 0]),
    ("qualys-host-asset/many.xml", "qualys-host-asset", [2, 0, 0, 2]),
    ("qualys-host-asset/page.xml", "qualys-host-asset", [1, 0, 0, 0]),
    ("trivy-json/none.json", "trivy-json", [1, 0, 0, 0]),
    ("trivy-json/one.json", "trivy-json", [1, 1, 0, 0]),
    ("trivy-json/many.json", "trivy-json", [1, 6, 0, 3]),
    ("trivy-json/name-last.json", "trivy-json", [1, 1, 0, 0]),
    ("trivy-json/unnamed.json", "trivy-json", [1, 2, 0, 0]),
    ("trivy-json/legacy.json", "trivy-json", [1, 1, 0, 0]),
    ("trivy-json/null.json", "trivy-json", [1, 0, 0, 0]),
    ("trivy-json/kubernetes.json", "trivy-json", [2, 2, 0, 2]),
    ("grype-json/none.json", "grype-json", [1, 0, 0, 0]),
    ("grype-json/one.json", "grype-json", [1, 1, 0, 0]),
    ("grype-json/many.json", "grype-json", [1, 6, 0, 0]),
    ("grype-json/unnamed.json", "grype-json", [1, 1, 0, 0]),
    ("osv-scanner-json/none.json", "osv-scanner-json", [0, 0, 0, 0]),
    ("osv-scanner-json/clean.json", "osv-scanner-json", [0, 0, 0, 0]),
    ("osv-scanner-json/one.json", "osv-scanner-json", [1, 1, 0, 0]),
    ("osv-scanner-json/many.json", "osv-scanner-json", [2, 3, 0, 1]),
    ("sarif/none.sarif", "sarif", [1, 0, 0, 0]),
    ("sarif/one.sarif", "sarif", [1, 1, 0, 0]),
    ("sarif/many.sarif", "sarif", [1, 12, 2, 0]),
    ("sarif/no-runs.sarif", "sarif", [0, 0, 0, 0]),
    ("sarif/failed.sarif", "sarif", [1, 0, 0, 0]),
    ("aws-inspector2/none.json", "aws-inspector2", [0, 0, 0, 0]),
    ("aws-inspector2/one.json", "aws-inspector2", [1, 1, 0, 0]),
    ("aws-inspector2/many.json", "aws-inspector2", [3, 4, 1, 0]),
    ("aws-inspector2/page.json", "aws-inspector2", [1, 1, 0, 0]),
    ("asff/none.json", "asff", [0, 0, 0, 0]),
    ("asff/one.json", "asff", [1, 1, 0, 0]),
    ("asff/list.json", "asff", [1, 2, 0, 0]),
    ("asff/many.json", "asff", [2, 8, 2, 2]),
    ("cyclonedx-json/none.json", "cyclonedx-json", [1, 0, 0, 0]),
    ("cyclonedx-json/one.json", "cyclonedx-json", [1, 1, 0, 0]),
    ("cyclonedx-json/many.json", "cyclonedx-json", [1, 5, 1, 0]),
    ("cyclonedx-json/unnamed.json", "cyclonedx-json", [1, 1, 0, 0]),
    ("cyclonedx-json/sbom.json", "cyclonedx-json", [1, 0, 0, 0]),
    ("cyclonedx-xml/none.xml", "cyclonedx-xml", [1, 0, 0, 0]),
    ("cyclonedx-xml/one.xml", "cyclonedx-xml", [1, 1, 0, 0]),
    ("cyclonedx-xml/many.xml", "cyclonedx-xml", [1, 3, 1, 0]),
    ("wazuh-json/none.json", "wazuh-json", [1, 0, 0, 0]),
    ("wazuh-json/one.json", "wazuh-json", [1, 1, 0, 0]),
    ("wazuh-json/many.json", "wazuh-json", [3, 4, 0, 0]),
    ("wazuh-json/page.json", "wazuh-json", [1, 1, 0, 0]),
    ("wazuh-json/older.json", "wazuh-json", [1, 4, 0, 0]),
    ("ms-defender-json/none.json", "ms-defender-json", [0, 0, 0, 0]),
    ("ms-defender-json/one.json", "ms-defender-json", [1, 1, 0, 0]),
    ("ms-defender-json/many.json", "ms-defender-json", [2, 3, 0, 0]),
    (
        "ms-defender-ndjson/one.ndjson",
        "ms-defender-ndjson",
        [1, 1, 0, 0],
    ),
    (
        "ms-defender-ndjson/many.ndjson",
        "ms-defender-ndjson",
        [2, 3, 0, 0],
    ),
    (
        "ms-defender-machines/none.json",
        "ms-defender-machines",
        [0, 0, 0, 0],
    ),
    (
        "ms-defender-machines/one.json",
        "ms-defender-machines",
        [1, 0, 0, 0],
    ),
    (
        "ms-defender-machines/many.json",
        "ms-defender-machines",
        [2, 0, 0, 0],
    ),
    ("azure-defender-csv/none.csv", "azure-defender-csv", [0, 0, 0, 0]),
    ("azure-defender-csv/one.csv", "azure-defender-csv", [1, 1, 0, 0]),
    ("azure-defender-csv/many.csv", "azure-defender-csv", [2, 3, 1, 1]),
    ("tenable-vm/one.json", "tenable-vm", [1, 1, 0, 0]),
    ("tenable-vm/many.json", "tenable-vm", [3, 8, 2, 0]),
    ("tenable-vm/rows.ndjson", "tenable-vm", [2, 3, 1, 0]),
    ("tenable-vm-assets/one.json", "tenable-vm-assets", [1, 0, 0, 0]),
    ("tenable-vm-assets/many.json", "tenable-vm-assets", [2, 0, 0, 0]),
    ("katello-errata/none.json", "katello-errata", [1, 0, 0, 0]),
    ("katello-errata/one.json", "katello-errata", [1, 1, 0, 0]),
    ("katello-errata/many.json", "katello-errata", [1, 3, 2, 0]),
    ("katello-errata/page.json", "katello-errata", [1, 1, 0, 0]),
    ("cisa-kev/none.json", "cisa-kev", [0, 0, 0, 0]),
    ("cisa-kev/one.json", "cisa-kev", [0, 1, 0, 0]),
    ("cisa-kev/many.json", "cisa-kev", [0, 3, 0, 0]),
    ("epss-csv/none.csv", "epss-csv", [0, 0, 0, 0]),
    ("epss-csv/one.csv", "epss-csv", [0, 1, 0, 0]),
    ("epss-csv/many.csv", "epss-csv", [0, 3, 0, 0]),
    ("csaf/none.json", "csaf", [0, 0, 0, 0]),
    ("csaf/one.json", "csaf", [0, 1, 0, 0]),
    ("csaf/many.json", "csaf", [0, 3, 0, 1]),
    ("csaf/v21.json", "csaf", [0, 1, 0, 0]),
    ("openvex/none.json", "openvex", [0, 0, 0, 0]),
    ("openvex/one.json", "openvex", [0, 1, 0, 0]),
    ("openvex/many.json", "openvex", [0, 3, 0, 2]),
    ("openvex/old.json", "openvex", [0, 1, 0, 0]),
    ("cisa-kev-csv/none.csv", "cisa-kev-csv", [0, 0, 0, 0]),
    ("cisa-kev-csv/one.csv", "cisa-kev-csv", [0, 1, 0, 0]),
    ("cisa-kev-csv/many.csv", "cisa-kev-csv", [0, 2, 0, 0]),
    ("xccdf-results/none.xml", "xccdf-results", [1, 0, 1, 0]),
    ("xccdf-results/one.xml", "xccdf-results", [1, 1, 0, 0]),
    ("xccdf-results/many.xml", "xccdf-results", [2, 6, 3, 5]),
    ("arf/none.xml", "arf", [1, 0, 1, 0]),
    ("arf/one.xml", "arf", [1, 1, 0, 0]),
    ("arf/many.xml", "arf", [2, 2, 0, 1]),
    ("oval-results/none.xml", "oval-results", [1, 0, 2, 0]),
    ("oval-results/one.xml", "oval-results", [1, 1, 0, 0]),
    ("oval-results/many.xml", "oval-results", [2, 4, 5, 4]),
    ("servicenow-cmdb/none.json", "servicenow-cmdb", [0, 0, 0, 1]),
    ("servicenow-cmdb/one.json", "servicenow-cmdb", [1, 0, 0, 0]),
    ("servicenow-cmdb/many.json", "servicenow-cmdb", [5, 0, 0, 2]),
    ("ansible-facts/none.json", "ansible-facts", [0, 0, 0, 1]),
    ("ansible-facts/one.json", "ansible-facts", [1, 0, 0, 0]),
    ("ansible-facts/cache.json", "ansible-facts", [1, 0, 0, 0]),
    ("ansible-facts/many.txt", "ansible-facts", [2, 0, 0, 2]),
    ("ansible-callback/none.json", "ansible-callback", [0, 0, 0, 0]),
    ("ansible-callback/one.json", "ansible-callback", [1, 1, 0, 0]),
    ("ansible-callback/many.json", "ansible-callback", [9, 5, 1, 4]),
    ("ansible-callback/events.ndjson", "ansible-callback", [1, 1, 0, 1]),
    ("puppet-report/none.json", "puppet-report", [1, 0, 0, 0]),
    ("puppet-report/one.json", "puppet-report", [1, 1, 0, 0]),
    ("puppet-report/many.json", "puppet-report", [2, 2, 3, 3]),
    ("puppet-report/agent.yaml", "puppet-report", [1, 1, 1, 0]),
    ("mapping/many.csv", "mapping", [3, 0, 0, 2]),
    ("mapping-deployment/none.csv", "mapping-deployment", [0, 0, 0, 0]),
    ("mapping-deployment/one.csv", "mapping-deployment", [1, 1, 0, 0]),
    ("mapping-deployment/wsus.csv", "mapping-deployment", [3, 5, 0, 3]),
    ("mapping-alerts/one.ndjson", "mapping-alerts", [1, 1, 0, 0]),
    ("mapping-alerts/many.ndjson", "mapping-alerts", [2, 2, 0, 2]),
];

pub(crate) fn profile() -> MappingProfile {
    let columns: BTreeMap<&str, &str> = BTreeMap::from([
        ("name", "Name"),
        ("fqdn", "fqdn"),
        ("ip", "IP  Address"),
        ("mac", "MAC"),
        ("serial", "Serial"),
        ("status", "Status"),
        ("tier", "Tier"),
        ("aliases", "Aliases"),
    ]);
    let file = countersign::source::FileId(0);
    MappingProfile {
        delimiter: None,
        columns: countersign::source::Spanned {
            value: columns
                .into_iter()
                .map(|(field, header)| (field.to_owned(), header.to_owned()))
                .collect(),
            span: countersign::source::Span::start_of(file),
        },
        active: vec!["In Use".into(), "Planned".into()],
        retired: vec!["disposed".into()],
        states: None,
    }
}

/// The mapping with which the fixtures of a format are read.
pub(crate) fn mapping_of(format: &str) -> Option<MappingProfile> {
    match format {
        "mapping" => Some(profile()),
        "mapping-deployment" => Some(super::mapped::wsus()),
        "mapping-alerts" => Some(super::mapped::alerts()),
        _ => None,
    }
}

/// Tells whether a cut export says itself that it is not whole, where its form has no end.
fn says_it_is_cut(name: &str, bytes: &[u8]) -> bool {
    let has_no_end = name.ends_with(".yaml") || name.ends_with(".ndjson");
    let read = || super::read(bytes).is_ok_and(|(imported, _)| imported.summary.incomplete.is_some());
    let ends_with_a_host = name.ends_with(".txt") && bytes.trim_ascii_end().ends_with(b"}");
    has_no_end && read() || ends_with_a_host
}

fn counts_of(bytes: &[u8], format: &str) -> Result<[u64; 4], countersign::import::ImportError> {
    let profile = mapping_of(format);
    let options = Options {
        mapping: profile.as_ref(),
        ..Options::default()
    };
    let (imported, recorder) = read_with(bytes, &options)?;
    assert_eq!(imported.importer.name, format);
    let summary = imported.summary;
    if summary.incomplete.is_none() {
        let catalogues = recorder.kev.len() + recorder.epss.len() + recorder.knowledge.len();
        let poured = recorder.observations.len() + catalogues + recorder.advice.len();
        assert_eq!(summary.observations, poured as u64, "counted and poured differ");
        assert_eq!(
            summary.hosts,
            recorder.hosts.len() as u64,
            "counted and poured differ"
        );
    }
    let skipped = summary.skipped.iter().map(|skipped| skipped.rows).sum();
    Ok([
        summary.hosts,
        summary.observations,
        summary.informational,
        skipped,
    ])
}

#[test]
fn fixtures_yield_their_rows() {
    for &(name, format, expected) in COUNTS {
        assert_eq!(
            counts_of(&fixture(name), format).unwrap_or_else(|e| panic!("{name} {e}")),
            expected,
            "{name}"
        );
    }
}

#[test]
fn every_fixture_is_in_one_table() {
    for path in super::files(&fixtures()) {
        let name = path
            .strip_prefix(fixtures())
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        let elsewhere = name.starts_with("foreign/")
            || [
                "qualys-csv/pci-undecided.csv",
                "mapping/none.csv",
                "mapping/one.csv",
                "mapping-deployment/ssrs.csv",
                "mapping-deployment/semicolon.csv",
            ]
            .contains(&name.as_str());
        assert_ne!(
            COUNTS.iter().any(|(known, ..)| *known == name),
            elsewhere,
            "{name}"
        );
    }
}

/// A format must not take what is another's, in whatever order they are asked.
#[test]
fn one_importer_knows_a_fixture() {
    for (name, format, _) in COUNTS
        .iter()
        .filter(|(_, format, _)| !format.starts_with("mapping"))
    {
        let bytes = fixture(name);
        let takers: Vec<&str> = IMPORTERS
            .iter()
            .filter(|importer| (importer.recognises)(&bytes))
            .map(|importer| importer.name)
            .collect();
        assert_eq!(takers, [*format], "{name}");
        assert_eq!(
            recognise(Input::Bytes(&bytes), &Options::default()).unwrap().name,
            *format
        );
    }
}

/// Tells whether the last row is as wide as the table; then nothing shows that rows after it are missing.
fn ends_in_a_whole_row(cut: &[u8], whole: &[u8], delimiter: u8) -> bool {
    let widths = |bytes: &[u8]| -> Vec<usize> {
        let mut builder = csv::ReaderBuilder::new();
        let mut rows = builder
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(bytes);
        rows.byte_records().map(|row| row.unwrap().len()).collect()
    };
    widths(cut).last() == widths(whole).iter().max()
}

#[test]
fn a_cut_export_is_never_taken_for_a_shorter_one() {
    for &(name, format, expected) in COUNTS {
        let whole = fixture(name);
        let is_table = name.ends_with(".csv");
        for cut in (0..whole.len()).step_by(3) {
            let Ok(counts) = counts_of(&whole[..cut], format) else {
                continue;
            };
            let delimiter = if name.ends_with("semicolon.csv") {
                b';'
            } else {
                b','
            };
            let is_fair = counts == expected
                || says_it_is_cut(name, &whole[..cut])
                || is_table && format != "epss-csv" && ends_in_a_whole_row(&whole[..cut], &whole, delimiter)
                || format == "epss-csv" && whole[..cut].ends_with(b"\n")
                || name.ends_with(".ndjson") && whole[cut..].starts_with(b"\n")
                || name.ends_with(".ndjson") && whole[..cut].ends_with(b"\n");
            assert!(is_fair, "{name} cut at {cut}: {counts:?} instead of {expected:?}");
        }
    }
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_exports_are_read_and_cut_ones_refused() {
    for &(name, format, expected) in COUNTS {
        let packed = pack(&fixture(name));
        assert_eq!(counts_of(&packed, format).unwrap(), expected, "{name}");
        for cut in (12..packed.len()).step_by(7) {
            assert!(
                counts_of(&packed[..cut], format).is_err(),
                "{name} packed and cut at {cut}"
            );
        }
    }
    super::assert_refused(
        "cut",
        super::read(&pack(&fixture("nessus-v2/many.nessus"))[..400]),
        "truncated",
        "compressed data ends early",
    );
}

/// Readers may hand out an export in pieces of any size.
#[test]
fn pieces_of_one_byte_change_nothing() {
    struct Drip<'a>(&'a [u8]);
    impl std::io::Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = buffer.len().min(self.0.len()).min(1);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }
    for &(name, format, [hosts, observations, ..]) in COUNTS {
        let profile = mapping_of(format);
        let importer = IMPORTERS.iter().find(|importer| importer.name == format).unwrap();
        let bytes = fixture(name);
        let mut reader = std::io::BufReader::with_capacity(1, Drip(&bytes));
        let options = Options {
            mapping: profile.as_ref(),
            ..Options::default()
        };
        let summary = (importer.import)(&mut reader, &options, &mut super::Recorder::default()).unwrap();
        assert_eq!(
            (summary.hosts, summary.observations),
            (hosts, observations),
            "{name}"
        );
    }
}

#[test]
fn the_digest_is_that_of_the_file_as_it_lies() {
    use sha2::Digest as _;
    let packed = pack(&fixture("nessus-v2/one.nessus"));
    for bytes in [
        fixture("nessus-v2/one.nessus"),
        packed,
        [b"\xef\xbb\xbf", &*fixture("trivy-json/one.json")].concat(),
    ] {
        let (imported, _) = super::read(&bytes).unwrap();
        let expected: String = sha2::Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(imported.sha256, expected);
    }
}
