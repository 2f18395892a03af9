//! What a vendor knows of its checks: joined to sightings that name no CVE, and kept in the ledger.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use countersign::import::{
    CheckInfo, Content, Export, Importer, Options, Product, Scan, Sightings, Sink, collect,
};
use countersign::ledger::{Filed, Ledger, LedgerFile, Statement, Terms, Wanted, read_ledger};
use countersign::model::{AliasBy, CvssVector, Exploit, Host, RecordId, ScanSummary, Severity, Stamp};

use crate::world::{World, at, find};

const CVE: &str = "CVE-2026-1111";
const OTHER: &str = "CVE-2026-2222";

fn nothing(
    _: &mut dyn std::io::BufRead,
    _: &Options<'_>,
    _: &mut dyn Sink,
) -> Result<ScanSummary, countersign::import::ImportError> {
    Err(countersign::import::ImportError::Foreign("made by hand".into()))
}

fn no(_: &[u8]) -> bool {
    false
}

static BASE: Importer = Importer {
    name: "base-by-hand",
    product: Product::Knowledge,
    recognises: no,
    import: nothing,
};

fn known(id: &str, cves: &[&str]) -> CheckInfo {
    CheckInfo {
        family: "qualys".into(),
        id: id.into(),
        cves: cves.iter().map(|cve| (*cve).into()).collect(),
        aliases: Vec::new(),
        title: "What it is".into(),
        severity_given: "3".into(),
        severity: Some(Severity::Medium),
        vectors: Vec::new(),
        remediation: Some("KB5043050".into()),
        fix_available: Some(true),
        exploit: Exploit::Active,
        patch_published: None,
        potential: false,
    }
}

fn base(world: &mut World, run: &str, checks: Vec<CheckInfo>, incomplete: Option<&str>) {
    let summary = ScanSummary {
        run_at: Some(Stamp::At(at(run))),
        observations: checks.len() as u64,
        incomplete: incomplete.map(str::to_owned),
        ..ScanSummary::default()
    };
    world.scans.push(Scan {
        absence_means_fixed: None,
        file: format!("base-{run}"),
        source: RecordId::new("src-two"),
        is_ad_hoc: true,
        importer: &BASE,
        sha256: format!("base-{run}"),
        summary,
        hosts: Vec::new(),
        checks: Vec::new(),
        sightings: Sightings::default(),
        kev: Vec::new(),
        epss: Vec::new(),
        knowledge: checks.into_iter().map(Arc::new).collect(),
        advice: Vec::new(),
    });
}

/// A host detection, which names its checks by number alone.
fn detected(cves: &[&str]) -> World {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen_with("app01", "92100", cves, Severity::Low, None, |check| {
            check.family = "qualys".into();
            check.title = "".into();
            check.severity_given = "2".into();
        });
    });
    world
}

fn vulns(world: &World, when: &str) -> Vec<String> {
    world.judge(when, |register| {
        let findings = register.findings.iter();
        findings.map(|finding| finding.vuln.to_string()).collect()
    })
}

#[test]
fn a_check_without_a_cve_is_what_the_knowledge_base_says_it_is() {
    let mut world = detected(&[]);
    assert_eq!(vulns(&world, "2026-09-05"), ["qualys:92100"]);
    base(
        &mut world,
        "2026-09-02T08:00:00Z",
        vec![known("92100", &[CVE, OTHER]), known("1", &[OTHER])],
        None,
    );
    assert_eq!(vulns(&world, "2026-09-05"), [CVE, OTHER]);
    world.judge("2026-09-05", |register| {
        let finding = find(register, "app01", CVE);
        assert_eq!(&*finding.said.title, "What it is");
        assert_eq!(finding.said.remediation.as_deref(), Some("KB5043050"));
        assert_eq!(
            (&*finding.said.severity_given, finding.severity),
            ("2", Severity::Low),
            "the scanner's own rating stays where it gives one"
        );
        assert_eq!(finding.exploited_since, None, "the base does not say since when");
        let alias = &finding.said.joined[0];
        assert_eq!(
            (&*alias.id, &alias.by),
            ("qualys:92100", &AliasBy::Export("src-two".into()))
        );
        let line = register
            .imports
            .iter()
            .find(|line| line.product == Product::Knowledge);
        assert_eq!(line.unwrap().observations, 2, "the checks that it names");
    });
}

#[test]
fn what_the_scanner_says_itself_stays() {
    let mut world = detected(&[CVE]);
    base(
        &mut world,
        "2026-09-02T08:00:00Z",
        vec![known("92100", &[OTHER])],
        None,
    );
    assert_eq!(vulns(&world, "2026-09-05"), [CVE]);
    world.judge("2026-09-05", |register| {
        assert_eq!(&*find(register, "app01", CVE).said.title, "");
    });
}

#[test]
fn a_vector_of_the_knowledge_base_rates_as_one_of_the_scanner_does() {
    let mut world = detected(&[]);
    let mut check = known("92100", &[CVE]);
    check.vectors = vec![CvssVector::parse("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H").unwrap()];
    base(&mut world, "2026-09-02T08:00:00Z", vec![check], None);
    world.judge("2026-09-05", |register| {
        assert_eq!(find(register, "app01", CVE).severity, Severity::Critical);
    });
}

#[test]
fn the_newest_knowledge_base_of_the_day_counts() {
    let mut world = detected(&[]);
    base(
        &mut world,
        "2026-09-02T08:00:00Z",
        vec![known("92100", &[CVE])],
        None,
    );
    base(
        &mut world,
        "2026-09-10T08:00:00Z",
        vec![known("92100", &[OTHER])],
        None,
    );
    base(&mut world, "2026-09-20T08:00:00Z", vec![known("1", &[])], None);
    for (when, vuln) in [
        ("2026-09-01", "qualys:92100"),
        ("2026-09-05", CVE),
        ("2026-09-15", OTHER),
        ("2026-09-25", "qualys:92100"),
    ] {
        assert_eq!(vulns(&world, when), [vuln], "{when}");
    }
}

#[test]
fn a_page_of_a_knowledge_base_takes_the_place_of_none() {
    let mut world = detected(&[]);
    base(
        &mut world,
        "2026-09-02T08:00:00Z",
        vec![known("92100", &[CVE])],
        None,
    );
    base(
        &mut world,
        "2026-09-10T08:00:00Z",
        vec![known("1", &[OTHER])],
        Some("a page"),
    );
    assert_eq!(vulns(&world, "2026-09-15"), [CVE]);
    base(
        &mut world,
        "2026-09-11T08:00:00Z",
        vec![known("92100", &[OTHER])],
        Some("a page"),
    );
    assert_eq!(vulns(&world, "2026-09-15"), [OTHER], "what it does say is newer");
}

#[test]
fn what_the_scanner_hides_is_hidden_under_the_name_that_the_base_gives() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        let seen = scan.seen_with("app01", "92100", &[], Severity::Low, None, |check| {
            check.family = "qualys".into();
        });
        seen.suppressed = Some("ignored in Qualys".into());
    });
    base(
        &mut world,
        "2026-09-02T08:00:00Z",
        vec![known("92100", &[CVE])],
        None,
    );
    world.judge("2026-09-05", |register| {
        assert_eq!(register.suppressed.len(), 1);
        assert_eq!(register.suppressed[0].id.as_deref(), Some(CVE));
    });
}

static LIST: Importer = Importer {
    name: "list-by-hand",
    product: Product::Hosts,
    recognises: no,
    import: nothing,
};

/// A list of hosts that a scanner keeps.
fn list(world: &mut World, run: &str, hosts: Vec<Host>) {
    base(world, run, Vec::new(), None);
    let scan = world.scans.last_mut().unwrap();
    scan.importer = &LIST;
    scan.file = format!("list-{run}");
    scan.sha256 = format!("list-{run}");
    scan.hosts = hosts;
}

fn listed(agent: &str, alias: &str, hostname: &str) -> Host {
    Host {
        name: format!("asset of {hostname}"),
        agent: Some(agent.into()),
        aliases: vec![alias.into()],
        hostname: Some(hostname.into()),
        ..Host::default()
    }
}

/// A scan that knows the hosts by address and agent, or by address and the number in the scanner's list.
fn seen_by_agent() -> World {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        for address in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
            scan.seen(address, "1", &[CVE], Severity::High, None);
        }
    });
    let hosts = &mut world.scans[0].hosts;
    hosts[0].agent = Some("AAAA".into());
    hosts[1].aliases = vec!["qualys-host-2".into()];
    hosts[2].agent = Some("cccc".into());
    world
}

fn hosts(world: &World, when: &str) -> Vec<String> {
    world.judge(when, |register| {
        let findings = register.findings.iter();
        findings.map(|finding| finding.host.to_string()).collect()
    })
}

#[test]
fn a_scan_by_agent_is_of_the_host_that_has_the_agent() {
    let mut world = seen_by_agent();
    assert_eq!(
        hosts(&world, "2026-09-05"),
        ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    );
    list(
        &mut world,
        "2026-09-02T08:00:00Z",
        vec![
            listed("aaaa", "qualys-host-1", "app01"),
            listed("bbbb", "qualys-host-2", "app02"),
            listed("cccc", "qualys-host-3", "app03"),
            listed("cccc", "qualys-host-4", "app04"),
        ],
    );
    assert_eq!(
        hosts(&world, "2026-09-05"),
        ["192.0.2.3", "app01", "app02"],
        "an agent that two machines have tells none"
    );
    assert_eq!(
        hosts(&world, "2026-09-01"),
        ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    );
    world.judge("2026-09-05", |register| {
        let is_there = |name: &str| {
            register
                .hosts
                .iter()
                .any(|row| &*row.id == name && row.is_scanned)
        };
        assert!(is_there("app01") && !is_there("app03"), "a list scans nothing");
    });
}

pub(crate) fn exported(file: &str, text: &str) -> Scan {
    let export = Export {
        file: file.into(),
        content: Content::Bytes(text.as_bytes().into()),
        source: RecordId::new("src-kb"),
        mapping: None,
        date_order: None,
        host: None,
        is_ad_hoc: true,
    };
    collect(&[export]).remove(0).unwrap()
}

/// Files runs one after the other, and returns the files of the ledger.
pub(crate) fn filed(runs: &[&Scan]) -> Vec<LedgerFile> {
    let terms = Terms {
        source: "src-kb",
        zone: "UTC",
        absence_means_fixed: false,
        host: None,
        accept_drop: None,
        max_drop: 20,
    };
    let mut ledger = Ledger::default();
    let mut files: Vec<LedgerFile> = Vec::new();
    for run in runs {
        let Filed::New(new) = ledger.file(run, &terms).unwrap() else {
            panic!("{} is known", run.file)
        };
        let statement = Statement {
            import: 1,
            segment: new.sequence,
            digest: new.digest.clone(),
            source: "src-kb".into(),
            file: run.file.clone(),
            sha256: run.sha256.clone(),
            run_at: new.head.run_at,
            zone: "UTC".into(),
            absence_means_fixed: false,
            host: None,
            accept_drop: None,
            imported_at: at("2026-11-01T00:00:00Z"),
            tool: "0".into(),
            person: None,
            signature: None,
        };
        files.push((new.path.as_str().into(), new.bytes.clone()));
        files.push((statement.path().into(), statement.to_text().into_bytes()));
    }
    files
}

/// What each run that is read back for some moments knows.
fn known_at(files: &[LedgerFile], moments: &[&str]) -> Vec<Vec<CheckInfo>> {
    let moments: Arc<[DateTime<Utc>]> = moments.iter().map(|moment| at(moment)).collect();
    let mut ledger = read_ledger(files.iter().cloned(), Wanted::RunsAt(moments));
    assert!(ledger.faults.is_empty(), "{:?}", ledger.faults);
    let scans = ledger.take_runs();
    let known = |scan: &Scan| {
        scan.knowledge
            .iter()
            .map(|check| CheckInfo::clone(check))
            .collect()
    };
    scans.iter().map(known).collect()
}

/// The entries in the order of their ids, in which the ledger gives them.
fn sorted(scan: &Scan) -> Vec<CheckInfo> {
    let mut all: Vec<CheckInfo> = scan
        .knowledge
        .iter()
        .map(|check| CheckInfo::clone(check))
        .collect();
    all.sort_by(|one, other| one.id.cmp(&other.id));
    all
}

#[test]
fn the_ledger_gives_back_what_a_knowledge_base_said() {
    let path = |name: &str| {
        format!(
            "{}/tests/fixtures/import/qualys-kb/{name}",
            env!("CARGO_MANIFEST_DIR")
        )
    };
    let text = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    let first = exported("one.xml", &text("many.xml"));
    // A later one, in which one check is called otherwise and one is gone.
    let later = text("many.xml")
        .replace("2026-09-29T04:00:00Z", "2026-10-29T04:00:00Z")
        .replace("How long it took", "How long it lasted")
        .replace(">38173<", ">38174<");
    let second = exported("two.xml", &later);
    let page = exported(
        "page.xml",
        &text("page.xml").replace("2026-09-29T04:00:00Z", "2026-10-30T04:00:00Z"),
    );
    assert_eq!((first.knowledge.len(), first.summary.observations), (3, 3));
    let files = filed(&[&first, &second, &page]);
    let segment = |index: usize| String::from_utf8(files[index * 2].1.clone()).unwrap();
    assert_eq!(
        segment(1).matches("\"line\":\"knowledge\"").count(),
        2,
        "{}",
        segment(1)
    );
    assert!(segment(1).contains("{\"line\":\"forgotten\",\"id\":\"qualys:38173\"}"));
    let before = "2026-10-01T00:00:00Z";
    let after = "2026-11-01T00:00:00Z";
    assert_eq!(
        known_at(&files, &[before, after]),
        [sorted(&first), sorted(&second), sorted(&page)]
    );
    assert_eq!(
        known_at(&files, &[before]),
        [sorted(&first), Vec::new(), Vec::new()]
    );
    assert_eq!(
        known_at(&files, &[after]),
        [Vec::new(), sorted(&second), sorted(&page)],
        "what a later one takes the place of is not held"
    );
}
