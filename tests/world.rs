//! A small governed repository in memory and scans made by hand, for tests of reconciliation.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use countersign::import::{
    CheckInfo, HostIndex, ImportError, Importer, KevListing, Options, Product, Scan, Sighting, Sightings,
    Sink,
};
use countersign::load::{LoadLimits, Repository, load, load_configuration};
use countersign::model::{
    AsOf, CvssVector, Disposition, Exploit, Finding, Host, ObservationState, Quality, RecordId, ScanSummary,
    Severity, Stamp, Zone, parse_date, parse_instant,
};
use countersign::reconcile::{Period, Question, Register, reconcile};
use countersign::source::read_folder;

use crate::signing::believing;

fn nothing(
    _: &mut dyn std::io::BufRead,
    _: &Options<'_>,
    _: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    Err(ImportError::Foreign("made by hand".into()))
}

fn no(_: &[u8]) -> bool {
    false
}

pub(crate) static SCANNER: Importer = Importer {
    name: "by-hand",
    product: Product::Scan,
    recognises: no,
    import: nothing,
};
pub(crate) static KEV: Importer = Importer {
    name: "kev-by-hand",
    product: Product::Kev,
    recognises: no,
    import: nothing,
};

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    parse_instant(text).unwrap().utc()
}

/// The end of a day in Berlin, or an instant.
pub(crate) fn as_of(text: &str) -> AsOf {
    let zone = Zone::named("Europe/Berlin").unwrap();
    match parse_date(text) {
        Some(day) => AsOf::end_of(day, zone),
        None => AsOf::new(at(text), zone),
    }
}

/// A repository with one system of hosts `app01` to `app10`, and an agreement with every cell.
pub(crate) struct World {
    files: BTreeMap<String, String>,
    pub(crate) scans: Vec<Scan>,
}

const HEAD: &str = "apiVersion: countersign/v1\nowner: role-ciso\ncreated: 2025-01-01\n";

impl World {
    pub(crate) fn new() -> Self {
        let mut world = Self {
            files: BTreeMap::new(),
            scans: Vec::new(),
        };
        world.record(
            "isms.yaml",
            "kind: Isms\nid: isms\ntitle: Test\nversion: 1.0.0\nspec:\n  organisation: Test\n  scope_statement: All.\n  timezone: Europe/Berlin\n  frameworks: [{id: iso27001, edition: '2022'}]\n  severities: [critical, high, medium, low]\n  tiers: [{id: tier1, name: One}]\n  regulations: [{id: pci, tag: pci_dss, caps: [{severity: critical, months: 1, from: patch_released}]}]\n",
        );
        world.record(
            "systems/sys-app.yaml",
            "kind: System\nid: sys-app\ntitle: App\nspec:\n  type: server\n  tier: tier1\n  exposure: internet\n  members: [app01, app02, app03, app04, app05, app06, app07, app08, app09, app10]\n  scope: {in: true}\n",
        );
        for (id, priority) in [("src-one", 1), ("src-two", 2)] {
            world.record(
                &format!("sources/{id}.yaml"),
                &format!("kind: Source\nid: {id}\ntitle: Scanner\nspec:\n  roles: [scanner]\n  format: nessus-v2\n  timezone: UTC\n  max_age_hours: 192\n  priority: {priority}\n  quality: authenticated\n  absence_means_fixed: true\n  state: approved\n"),
            );
        }
        world.sla("");
        world
    }

    pub(crate) fn sla(&mut self, more: &str) {
        self.record(
            "slas/sla-all.yaml",
            &format!("kind: Sla\nid: sla-all\ntitle: All\nversion: 1.0.0\nspec:\n  parties: [role-ciso]\n  applies_to: \"tier == tier1\"\n  matrix:\n    - {{severity: critical, tier: tier1, days: 7}}\n    - {{severity: high, tier: tier1, days: 14}}\n    - {{severity: medium, tier: tier1, days: 30}}\n    - {{severity: low, tier: tier1, days: 90}}\n  clock: {{start: first_detected, stop: verified_absence}}\n  raci: []\n  escalation: []\n  expires: 2027-12-31\n{more}"),
        );
    }

    pub(crate) fn record(&mut self, path: &str, text: &str) {
        self.files.insert(path.into(), format!("{HEAD}{text}"));
    }

    pub(crate) fn exception(
        &mut self,
        id: &str,
        vuln: &str,
        hosts: &str,
        starts: &str,
        expires: &str,
        more: &str,
    ) {
        let (envelope, spec) = more.split_once('|').unwrap_or((more, ""));
        self.record(
            &format!("exceptions/{id}.yaml"),
            &format!("kind: Exception\nid: {id}\ntitle: Later\n{envelope}spec:\n  scope: {{vulns: [{vuln}], systems: [sys-app], resolved: [{hosts}]}}\n  severity: critical\n  starts: {starts}\n  expires: {expires}\n{spec}"),
        );
    }

    /// A file that is no record, as it is.
    pub(crate) fn file(&mut self, path: &str, text: &str) {
        self.files.insert(path.into(), text.into());
    }

    pub(crate) fn remove(&mut self, path: &str) {
        self.files.remove(path).unwrap();
    }

    pub(crate) fn approve(&mut self, kind: &str, id: &str, when: &str) {
        self.approve_as(kind, id, when, "role-ciso");
    }

    pub(crate) fn approve_as(&mut self, kind: &str, id: &str, when: &str, role: &str) {
        let number = self
            .files
            .keys()
            .filter(|path| path.starts_with(&format!("approvals/{id}/")))
            .count()
            + 1;
        let digest = "0".repeat(64);
        self.files.insert(
            format!("approvals/{id}/00000000-p-kim-{number}.yaml"),
            format!("apiVersion: countersign/v1\nkind: Approval\nsubject: {{kind: {kind}, id: {id}, fragment: '', digest: 'sha256:{digest}'}}\ndecision: approve\nrole: {role}\nperson: p-kim\nat: {when}\nshown: yes I do\n"),
        );
    }

    pub(crate) fn scan(&mut self, source: &str, run: &str, build: impl FnOnce(&mut ScanBuilder)) {
        let mut builder = ScanBuilder {
            hosts: Vec::new(),
            checks: Vec::new(),
            sightings: Vec::new(),
        };
        build(&mut builder);
        let summary = ScanSummary {
            run_at: Some(Stamp::At(at(run))),
            hosts: builder.hosts.len() as u64,
            ..ScanSummary::default()
        };
        self.scans.push(Scan {
            absence_means_fixed: None,
            file: format!("{source}-{run}"),
            source: RecordId::new(source),
            is_ad_hoc: true,
            importer: &SCANNER,
            sha256: format!("{source}{run}"),
            summary,
            hosts: builder.hosts,
            checks: builder.checks.into_iter().map(Arc::new).collect(),
            sightings: builder.sightings.into_iter().collect(),
            kev: Vec::new(),
            epss: Vec::new(),
            knowledge: Vec::new(),
            advice: Vec::new(),
        });
    }

    pub(crate) fn kev(&mut self, cve: &str, added: &str, due: Option<&str>) {
        let listing = KevListing {
            added: parse_date(added).unwrap(),
            due: due.map(|due| parse_date(due).unwrap()),
        };
        self.scans.push(Scan {
            absence_means_fixed: None,
            file: "kev".into(),
            source: None,
            is_ad_hoc: true,
            importer: &KEV,
            sha256: "kev".into(),
            summary: ScanSummary::default(),
            hosts: Vec::new(),
            checks: Vec::new(),
            sightings: Sightings::default(),
            kev: vec![(cve.into(), listing)],
            epss: Vec::new(),
            knowledge: Vec::new(),
            advice: Vec::new(),
        });
    }

    pub(crate) fn repository(&self) -> Repository {
        let repository = self.loaded();
        assert!(repository.faults.is_empty(), "{:#?}", repository.faults);
        repository
    }

    /// The repository with what loading found wrong.
    pub(crate) fn loaded(&self) -> Repository {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in &self.files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let tree = read_folder(folder.path()).unwrap();
        let (configuration, _, _) = load_configuration(&tree).unwrap();
        load(&tree, configuration, LoadLimits::default()).unwrap()
    }

    pub(crate) fn judge<T>(&self, when: &str, look: impl FnOnce(&Register<'_>) -> T) -> T {
        self.judge_over(None, when, look)
    }

    /// Judges a period.
    pub(crate) fn judge_over<T>(
        &self,
        period: impl Into<Option<Period>>,
        when: &str,
        look: impl FnOnce(&Register<'_>) -> T,
    ) -> T {
        let repository = self.repository();
        let as_of = as_of(when);
        let standings = believing(&repository, as_of.instant());
        let question = Question {
            as_of,
            period: period.into(),
            due_soon_days: 7,
            verify_hours: 72,
        };
        look(&reconcile(&repository, standings, &self.scans, question))
    }

    /// Returns the disposition, the due date in Berlin and its reason, for one finding.
    pub(crate) fn row(&self, when: &str, host: &str, vuln: &str) -> (Disposition, String, String) {
        self.judge(when, |register| {
            let finding = find(register, host, vuln);
            let due = AsOf::new(finding.due, register.as_of.zone()).to_string();
            (finding.disposition, due, finding.due_reason.to_string())
        })
    }
}

pub(crate) fn find<'a>(register: &'a Register<'_>, host: &str, vuln: &str) -> &'a Finding {
    register
        .findings
        .iter()
        .find(|finding| *finding.host == *host && *finding.vuln == *vuln)
        .unwrap()
}

pub(crate) struct ScanBuilder {
    hosts: Vec<Host>,
    checks: Vec<CheckInfo>,
    sightings: Vec<(HostIndex, Sighting)>,
}

impl ScanBuilder {
    pub(crate) fn host(&mut self, name: &str) -> HostIndex {
        if let Some(index) = self.hosts.iter().position(|host| host.name == name) {
            return HostIndex(index as u32);
        }
        self.hosts.push(Host {
            name: name.into(),
            ..Host::default()
        });
        HostIndex(self.hosts.len() as u32 - 1)
    }

    pub(crate) fn quality(&mut self, name: &str, quality: Quality) {
        let index = self.host(name);
        self.hosts[index.0 as usize].quality = Some(quality);
    }

    /// A check of `id` with the CVEs on a host, first seen then; `more` changes what else it says.
    pub(crate) fn seen(
        &mut self,
        host: &str,
        id: &str,
        cves: &[&str],
        severity: Severity,
        first: Option<&str>,
    ) -> &mut Sighting {
        self.seen_with(host, id, cves, severity, first, |_| {})
    }

    pub(crate) fn seen_with(
        &mut self,
        host: &str,
        id: &str,
        cves: &[&str],
        severity: Severity,
        first: Option<&str>,
        more: impl FnOnce(&mut CheckInfo),
    ) -> &mut Sighting {
        let host = self.host(host);
        let mut check = CheckInfo {
            family: "nessus".into(),
            id: id.into(),
            cves: cves.iter().map(|cve| (*cve).into()).collect(),
            aliases: Vec::new(),
            title: "A check".into(),
            severity_given: severity.word().into(),
            severity: Some(severity),
            vectors: Vec::<CvssVector>::new(),
            remediation: None,
            fix_available: None,
            exploit: Exploit::None,
            patch_published: None,
            potential: false,
        };
        more(&mut check);
        self.checks.push(check);
        let sighting = Sighting {
            check: self.checks.len() as u32 - 1,
            state: ObservationState::Seen,
            first_seen: first.map(|first| Stamp::At(at(first))),
            last_seen: None,
            last_fixed: None,
            fingerprint: None,
            instances: 1,
            suppressed: None,
        };
        self.sightings.push((host, sighting));
        &mut self.sightings.last_mut().unwrap().1
    }
}
