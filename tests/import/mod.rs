//! Exports become observations, whole or not at all.

mod advisories;
mod agents;
mod ansible;
mod bills;
mod cloud;
mod counts;
mod differential;
mod feeds;
mod greenbone;
mod hostile;
mod katello;
mod mapped;
mod mapping;
mod mutated;
mod nessus;
mod nexpose;
mod order;
mod packages;
pub(crate) mod packed;
mod puppet;
mod qualys;
mod qualys_xml;
mod samples;
mod scap;
mod servicenow;
mod tenable;
mod tenable_csv;
mod trivy;

use std::path::{Path, PathBuf};

use countersign::import::{CheckInfo, HostIndex, ImportError, Imported, Input, Options, Sink, import};
use countersign::model::{Advice, Date, Host, Observation, Stamp};

/// Keeps all that an importer pours.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) hosts: Vec<Host>,
    pub(crate) observations: Vec<(HostIndex, Observation)>,
    pub(crate) kev: Vec<(String, Date, Option<Date>)>,
    pub(crate) epss: Vec<(String, f64)>,
    pub(crate) knowledge: Vec<CheckInfo>,
    pub(crate) advice: Vec<Advice>,
}

impl Sink for Recorder {
    fn host(&mut self, host: &Host) -> HostIndex {
        self.hosts.push(host.clone());
        HostIndex(u32::try_from(self.hosts.len() - 1).unwrap())
    }

    fn amend(&mut self, index: HostIndex, host: &Host) {
        assert_eq!(
            self.hosts[index.0 as usize].name, host.name,
            "a host that got another name"
        );
        self.hosts[index.0 as usize] = host.clone();
    }

    fn observation(&mut self, host: HostIndex, observation: &Observation) {
        assert!(
            (host.0 as usize) < self.hosts.len(),
            "an observation of a host that was never poured"
        );
        self.observations.push((host, observation.clone()));
    }

    fn kev(&mut self, cve: &str, added: Date, due: Option<Date>) {
        self.kev.push((cve.to_owned(), added, due));
    }

    fn epss(&mut self, cve: &str, probability: f64) {
        self.epss.push((cve.to_owned(), probability));
    }

    fn knowledge(&mut self, check: CheckInfo) {
        self.knowledge.push(check);
    }

    fn advice(&mut self, advice: Advice) {
        self.advice.push(advice);
    }
}

impl Recorder {
    /// Returns the observations of one host by its name.
    pub(crate) fn of<'a>(&'a self, name: &str) -> Vec<&'a Observation> {
        let is_it = |index: HostIndex| self.hosts[index.0 as usize].name == name;
        self.observations
            .iter()
            .filter(|(host, _)| is_it(*host))
            .map(|(_, observation)| observation)
            .collect()
    }

    pub(crate) fn host(&self, name: &str) -> &Host {
        self.hosts
            .iter()
            .find(|host| host.name == name)
            .unwrap_or_else(|| panic!("no host {name}"))
    }
}

/// Reads a text with the options of a case.
pub(crate) fn read_with(bytes: &[u8], options: &Options<'_>) -> Result<(Imported, Recorder), ImportError> {
    let mut recorder = Recorder::default();
    let imported = import(Input::Bytes(bytes), options, &mut recorder)?;
    Ok((imported, recorder))
}

pub(crate) fn read(bytes: &[u8]) -> Result<(Imported, Recorder), ImportError> {
    read_with(bytes, &Options::default())
}

pub(crate) fn read_fixture(name: &str) -> (Imported, Recorder) {
    read(&fixture(name)).unwrap_or_else(|error| panic!("{name} {error}"))
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import")
}

/// Returns all files under a folder, sorted.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found.sort();
    found
}

/// Writes a time as a test reads best.
pub(crate) fn show(stamp: Option<Stamp>) -> String {
    match stamp {
        None => "-".into(),
        Some(Stamp::At(instant)) => instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
        Some(Stamp::Wall(wall)) => wall.format("%Y-%m-%d %H:%M:%S").to_string(),
        Some(Stamp::Day(day)) => day.to_string(),
    }
}

/// Shows which error it is and that its message says what it must.
pub(crate) fn assert_refused(
    name: &str,
    result: Result<(Imported, Recorder), ImportError>,
    kind: &str,
    says: &str,
) {
    let error = result.map(|(imported, _)| imported.summary).expect_err(name);
    let found = match &error {
        ImportError::Unreadable(_) => "unreadable",
        ImportError::Foreign(_) => "foreign",
        ImportError::Truncated { .. } => "truncated",
        ImportError::Malformed { .. } => "malformed",
        ImportError::UnknownValue { .. } => "unknown",
        ImportError::OverLimit { .. } => "limit",
    };
    let text = error.to_string();
    assert_eq!(found, kind, "{name}: {text}");
    assert!(text.contains(says), "{name}: {text:?} does not say {says:?}");
    assert!(
        !text.chars().any(char::is_control),
        "{name}: {text:?} would reach the terminal raw"
    );
}
