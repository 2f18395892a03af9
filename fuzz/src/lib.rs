//! What each target does with a piece of data; the engine and `drive` call the same functions.
//!
//! Besides a panic, a hang or an exhausted memory, these are failures: an error that would reach the terminal
//! raw, and counts that do not agree with what was poured.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign::import::{
    CheckInfo, Content, Export, HostIndex, IMPORTERS, ImportError, Input, Options, Product, Sink, collect,
    import, unfold,
};
use countersign::load::{LoadLimits, configuration_of, parse_record};
use countersign::model::{Advice, Date, Host, Kind, MappingProfile, Observation, StateWords};
use countersign::source::{FileId, Span, Spanned};

/// A target: what is done with the data.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("importer", importer),
    ("export", export),
    ("archive", archive),
    ("mapping", mapping),
    ("yaml", yaml),
    ("config", config),
];

/// Counts what an importer pours.
#[derive(Default)]
struct Counter {
    hosts: u32,
    observations: u64,
}

impl Sink for Counter {
    fn host(&mut self, _: &Host) -> HostIndex {
        self.hosts += 1;
        HostIndex(self.hosts - 1)
    }

    fn amend(&mut self, index: HostIndex, _: &Host) {
        assert!(index.0 < self.hosts, "more about a host that was never poured");
    }

    fn observation(&mut self, host: HostIndex, _: &Observation) {
        assert!(
            host.0 < self.hosts,
            "an observation of a host that was never poured"
        );
        self.observations += 1;
    }

    fn kev(&mut self, _: &str, _: Date, _: Option<Date>) {}

    fn knowledge(&mut self, _: CheckInfo) {}

    fn advice(&mut self, _: Advice) {}

    fn epss(&mut self, _: &str, probability: f64) {
        assert!(
            (0.0..=1.0).contains(&probability),
            "no probability: {probability}"
        );
    }
}

fn told(error: &ImportError) {
    let text = error.to_string();
    assert!(
        !text.chars().any(char::is_control),
        "would reach the terminal raw: {text:?}"
    );
}

/// One importer, chosen by the first byte, over the rest.
pub fn importer(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let importer = &IMPORTERS[usize::from(*first) % IMPORTERS.len()];
    let profile = columns_of(importer.name).map(profile);
    let options = Options {
        mapping: profile.as_ref(),
        ..Options::default()
    };
    let mut counter = Counter::default();
    match (importer.import)(&mut &*rest, &options, &mut counter) {
        Ok(summary) if importer.product == Product::Scan && summary.incomplete.is_none() => {
            assert_eq!(
                summary.observations, counter.observations,
                "counted and poured differ"
            );
        }
        Ok(_) => {}
        Err(error) => told(&error),
    }
}

/// A whole export: unpacked, decoded, recognised, read.
pub fn export(data: &[u8]) {
    for host in [None, Some("host")] {
        let options = Options {
            host,
            ..Options::default()
        };
        if let Err(error) = import(Input::Bytes(data), &options, &mut Counter::default()) {
            told(&error);
        }
    }
}

/// An archive and the files in it.
pub fn archive(data: &[u8]) {
    let export = Export {
        file: "archive".into(),
        content: Content::Bytes(Arc::from(data)),
        source: None,
        mapping: None,
        date_order: None,
        host: None,
        is_ad_hoc: true,
    };
    match unfold(export) {
        Ok(parts) => collect(&parts)
            .iter()
            .filter_map(|one| one.as_ref().err())
            .for_each(told),
        Err(error) => told(&error),
    }
}

/// A table and the profile of its columns: the first line names the column of each field.
pub fn mapping(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (names, table) = data.split_at(end);
    let fields = ["name", "fqdn", "ip", "mac", "serial", "status", "tier", "aliases"];
    let names = String::from_utf8_lossy(names).into_owned();
    let columns = fields.iter().zip(names.split('|'));
    let profile = profile(
        columns
            .map(|(field, name)| ((*field).to_owned(), name.to_owned()))
            .collect(),
    );
    let options = Options {
        mapping: Some(&profile),
        ..Options::default()
    };
    let table = table.get(1..).unwrap_or_default();
    if let Err(error) = import(Input::Bytes(table), &options, &mut Counter::default()) {
        told(&error);
    }
}

/// A record of the kind that the first byte chooses, or of the kind that it names.
pub fn yaml(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    let kind = Kind::ALL.get(usize::from(*first)).copied();
    if let Err(faults) = parse_record(FileId(0), text, kind, LoadLimits::default()) {
        assert!(!faults.is_empty(), "refused without a word");
    }
}

/// The configuration.
pub fn config(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = configuration_of(FileId(0), text);
    }
}

/// The columns that a mapped format asks for, as our own fixtures head them; `None` of any other format.
fn columns_of(importer: &str) -> Option<BTreeMap<String, String>> {
    let columns: &[(&str, &str)] = match importer {
        "mapping" => &[("name", "Name"), ("ip", "IP Address"), ("status", "Status")],
        "mapping-deployment" => &[
            ("name", "FullDomainName"),
            ("patch", "KnowledgebaseArticles"),
            ("state", "UpdateInstallationState"),
            ("time", "LastReportedStatusTime"),
        ],
        "mapping-alerts" => &[
            ("name", "host.name"),
            ("cve", "vulnerability.id"),
            ("time", "@timestamp"),
        ],
        _ => return None,
    };
    let owned = columns
        .iter()
        .map(|(field, column)| ((*field).to_owned(), (*column).to_owned()));
    Some(owned.collect())
}

fn profile(columns: BTreeMap<String, String>) -> MappingProfile {
    MappingProfile {
        delimiter: None,
        columns: Spanned {
            value: columns.into_iter().collect(),
            span: Span::start_of(FileId(0)),
        },
        active: vec!["In Use".into()],
        retired: vec!["disposed".into()],
        states: Some(StateWords {
            installed: vec!["Installed".into()],
            missing: vec!["missing".into()],
            ..StateWords::default()
        }),
    }
}
