//! Inputs of our own making: governed repositories and scan exports of any size, the same bytes each time.
//!
//! The exceptions are for findings that the export holds, so that laying the two side by side finds
//! what it looks for.

use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Hosts of every export; the systems share them.
pub(crate) const HOSTS: usize = 2_000;
/// The day for which everything is judged.
pub(crate) const AS_OF: &str = "2026-10-01";
/// Different vulnerabilities; a prime, so that the steps below never meet.
const PLUGINS: usize = 2_003;
/// Of them those that exceptions name beside their own.
const KNOWN_BY_ALL: usize = 8;
/// Records that are there once, before the mass begins.
const FIXED: usize = 9;
/// One record in so many has a fault: its review is due within days.
const FAULTY: usize = 20;

/// What the items of an export look like.
#[derive(Clone, Copy)]
pub(crate) struct Export {
    pub(crate) findings: usize,
    /// Words of each description; about 6 bytes a word.
    pub(crate) words: usize,
}

/// How the Systems say which hosts are theirs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Members {
    /// By name: those of the export.
    Listed,
    /// By what the inventory says; without one they have none.
    Asked,
}

/// Returns how many of `count` records have a fault.
pub(crate) fn faulty(count: usize) -> usize {
    (count - FIXED).div_ceil(FAULTY)
}

/// A repository of `count` records: of five, one is a System, one a Risk, one a Triage and two are Exceptions.
pub(crate) fn records(count: usize, members: Members) -> Vec<(String, String)> {
    let mass = count - FIXED;
    let systems = mass.div_ceil(5);
    let mut files = fixed_records();
    files.push((RULE.0.to_owned(), RULE.1.to_owned()));
    for number in 0..mass {
        let (row, kind) = (number / 5, number % 5);
        let (path, text) = match kind {
            0 => system(row, systems, members),
            1 => risk(row),
            2 => triage(row, systems),
            _ => exception(2 * row + kind - 3, systems),
        };
        let text = if number.is_multiple_of(FAULTY) {
            text.replace(NEXT_REVIEW, DUE_REVIEW)
        } else {
            text
        };
        files.push((path, text));
    }
    files
}

/// A repository of a thousand systems and `count` exceptions, each for a finding of its own and for one that many
/// name; every second one is approved.
pub(crate) fn exceptions(count: usize) -> Vec<(String, String)> {
    const SYSTEMS: usize = 1_000;
    let mut files = fixed_records();
    files.push((RULE.0.to_owned(), RULE.1.to_owned()));
    files.extend((0..SYSTEMS).map(|row| system(row, SYSTEMS, Members::Listed)));
    files.extend((0..SYSTEMS).map(risk));
    for row in 0..count {
        let (path, text) = exception(row, SYSTEMS);
        let own = format!("  risk: r-{:05}\n", row / 2);
        let shared = format!("  risk: r-{:05}\n", row % SYSTEMS);
        let text = text.replacen(&own, &shared, 1);
        let known = format!("vulns: [{}, ", cve(row % KNOWN_BY_ALL));
        files.push((path, text.replacen("vulns: [", &known, 1)));
    }
    files.extend((0..count).step_by(2).map(approval));
    files
}

/// Returns how many of `count` records are exceptions.
pub(crate) fn count_exceptions(count: usize) -> usize {
    (0..count - FIXED).filter(|number| number % 5 > 2).count()
}

/// Gives `p-kim` a key, by its fingerprint and its line, and the keyring that line.
pub(crate) fn keyring((fingerprint, line): (&str, &str)) -> Vec<(String, String)> {
    let keys = format!("[{{fingerprint: \"{fingerprint}\", valid_from: 2026-01-01}}]");
    let line = format!(
        "kim@bench.example namespaces=\"countersign-approval\",valid-after=\"20260101000000Z\" {line}\n"
    );
    vec![
        record("Person", "people", "p-kim", "Kim", &person("Kim", &keys)),
        ("keyring/allowed_signers".to_owned(), line),
    ]
}

/// Approvals for every second exception of [`records`].
pub(crate) fn approvals(count: usize) -> Vec<(String, String)> {
    let rows = (count - FIXED + 1) / 5;
    (0..rows).map(|row| approval(2 * row)).collect()
}

/// Writes files under a folder.
pub(crate) fn write_files(folder: &Path, files: &[(String, String)]) -> io::Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}

const NEXT_REVIEW: &str = "next: 2026-11-29";
const DUE_REVIEW: &str = "next: 2026-10-04";

fn record(kind: &str, folder: &str, id: &str, title: &str, spec: &str) -> (String, String) {
    let version = if matches!(kind, "Isms" | "Sla") {
        "version: 1.0.0\n"
    } else {
        ""
    };
    let text = format!(
        "# yaml-language-server: $schema=../schemas/{}.schema.json\napiVersion: countersign/v1\nkind: {kind}\nid: {id}\n\
         title: {title}\nowner: role-ciso\ncreated: 2026-09-01\n{version}classification: internal\n\
         review:\n  cycle_days: 90\n  {NEXT_REVIEW}\nspec:\n{spec}",
        kind.to_lowercase()
    );
    let path = if folder.is_empty() {
        format!("{id}.yaml")
    } else {
        format!("{folder}/{id}.yaml")
    };
    (path, text)
}

fn fixed_records() -> Vec<(String, String)> {
    let role = "  type: role\n  holders:\n    - {person: p-lee, from: 2026-01-01}\n";
    let source = "  roles: [scanner]\n  format: nessus-v2\n  timezone: Europe/Berlin\n  max_age_hours: 48\n  \
                  absence_means_fixed: true\n  quality: authenticated\n  state: approved\n";
    let fixed = [
        record("Isms", "", "isms", "The management system of the bench", ISMS),
        record("Person", "people", "p-lee", "Lee", &person("Lee", "[]")),
        record("Person", "people", "p-kim", "Kim", &person("Kim", "[]")),
        record(
            "Role",
            "roles",
            "role-ciso",
            "Chief information security officer",
            role,
        ),
        record("Role", "roles", "role-ops", "Operations", role),
        record(
            "Role",
            "roles",
            "role-security",
            "Security",
            &(role.replace("p-lee", "p-kim") + "  may_approve: [{kind: Exception}]\n"),
        ),
        record(
            "Evidence",
            "evidence",
            "ev-bench",
            "The rule as it is set",
            EVIDENCE,
        ),
        record("Source", "sources", "src-nessus", "The scanner", source),
        record("Sla", "slas", "sla-bench", "Times to remediate", &sla()),
    ];
    assert_eq!(fixed.len(), FIXED);
    fixed.into()
}

fn person(name: &str, keys: &str) -> String {
    format!(
        "  name: {name}\n  email: {}@bench.example\n  active: {{from: 2020-01-01}}\n  function: security\n  \
         keys: {keys}\n",
        name.to_lowercase()
    )
}

/// A file of evidence, and the record that names it.
const RULE: (&str, &str) = ("data/rule.txt", "allow 443 from the load balancer\n");
const EVIDENCE: &str = "  type: config_export
  location: data/rule.txt
  sha256: \"91562e89442077a74d3d7feef175efcfa970efd84fabd276351adaf0f9a18e1c\"
  bytes: 33
  produced_at: 2026-09-01T08:00:00Z
  controls: [\"iso27001:2022/8.22\"]
  retain_until: 2028-12-31
  collected_by: p-kim
";

const ISMS: &str = "  organisation: Bench
  scope_statement: All machines of the bench.
  timezone: Europe/Berlin
  frameworks:
    - {id: iso27001, edition: \"2022\"}
  severities: [critical, high, medium, low]
  tiers:
    - {id: tier0, name: Vital}
    - {id: tier1, name: Important}
    - {id: tier2, name: Other}
  risk_matrix:
    likelihood: [rare, possible, likely]
    impact: [small, medium, large]
    levels:
      - [low, low, medium]
      - [low, medium, high]
      - [medium, high, high]
";

fn sla() -> String {
    let mut text =
        String::from("  parties: [role-ciso, role-ops]\n  applies_to: type == server\n  matrix:\n");
    for (severity, days) in [("critical", 7), ("high", 30), ("medium", 60), ("low", 90)] {
        for (tier, factor) in [("tier0", 1), ("tier1", 2), ("tier2", 3)] {
            text += &format!(
                "    - {{severity: {severity}, tier: {tier}, days: {}}}\n",
                days * factor
            );
        }
    }
    text + "  clock: {start: first_detected, stop: verified_absence, max_pause_days: 60, mitigate_days: 14}\n  \
            kev: {mode: days_after_added, days: 14}\n  raci: []\n  escalation: []\n  expires: 2026-12-31\n"
}

fn system(row: usize, systems: usize, members: Members) -> (String, String) {
    let hosts: Vec<String> = (row..HOSTS).step_by(systems).map(host_name).collect();
    let hosts = if hosts.is_empty() {
        format!("spare-{row:05}.bench.example")
    } else {
        hosts.join(", ")
    };
    let members = match members {
        Members::Listed => format!("[{hosts}]"),
        Members::Asked => format!("{{cmdb: \"hostname == 'shop-{row:05}' and status == 'active'\"}}"),
    };
    let spec = format!(
        "  members: {members}\n  criticality: high\n  window: sunday\n  type: server\n  environment: prod\n  department: Sales\n  location: Kiel\n  \
         patch_owner: role-ops\n  app_owner: role-ops\n  tier: tier{}\n  exposure: internal\n  data_class: internal\n  \
         software:\n    - {{product: nginx, version: \"1.28\"}}\n    - {{product: PostgreSQL, version: \"17\"}}\n  \
         management:\n    method: agent\n    source: src-nessus\n  monitoring: {{edr: true, nta: false}}\n  \
         scope:\n    in: true\n    basis: It holds orders of customers.\n  state: active\n",
        row % 3
    );
    record(
        "System",
        "systems",
        &format!("sys-{row:05}"),
        &format!("System {row}"),
        &spec,
    )
}

fn risk(row: usize) -> (String, String) {
    let spec = format!(
        "  scenario: |\n    Somebody uses a weakness of system {row} before it is mended, reads orders of customers,\n    \
         and the company must tell the authority within three days.\n  assets: [sys-{row:05}]\n  \
         threats: [intrusion, extortion]\n  likelihood: possible\n  impact: medium\n  treatment: modify\n  plan:\n    \
         - {{step: Patch within the agreed time, due: 2026-12-01, owner: role-ops}}\n    \
         - {{step: Separate the network, due: 2027-02-01, owner: role-ops}}\n  \
         controls: [\"iso27001:2022/8.8\"]\n  residual: {{likelihood: rare, impact: medium}}\n  reviewed: 2026-09-01\n"
    );
    record(
        "Risk",
        "risks",
        &format!("r-{row:05}"),
        &format!("System {row} is broken into"),
        &spec,
    )
}

fn triage(row: usize, systems: usize) -> (String, String) {
    let (host, plugin) = finding(row * 17, row % 50);
    let spec = format!(
        "  subject:\n    vuln: {}\n    systems: [sys-{:05}]\n    resolved: [{}]\n  status: affected\n  \
         method: The version was read on the machine and compared with the advisory.\n  evidence: []\n  \
         fix_available:\n    value: true\n    since: 2026-08-11\n    ref: https://vendor.example/{plugin}\n  \
         expires: 2026-12-31\n",
        cve(plugin),
        host % systems,
        host_name(host)
    );
    record(
        "Triage",
        "triage",
        &format!("tri-{row:05}"),
        &format!("What {} means here", cve(plugin)),
        &spec,
    )
}

fn exception(row: usize, systems: usize) -> (String, String) {
    // The second round over the hosts takes the next finding of each.
    let (host, plugin) = finding(row * 13, (row + row / HOSTS) % 50);
    let spec = format!(
        "  scope:\n    vulns: [{}]\n    systems: [sys-{:05}]\n    as_of: 2026-09-01\n    resolved: [{}]\n  \
         severity: high\n  reason: business_cycle\n  \
         business_impact: The shop is closed for two hours in its best season, and orders are lost.\n  \
         risk: r-{:05}\n  requested_by: p-lee\n  requested_on: 2026-09-01\n  starts: 2026-09-05\n  expires: 2026-11-20\n  \
         compensating:\n    - type: segmentation\n      description: Only the load balancer reaches the machine.\n      \
         assessed_by: p-kim\n      verified_at: 2026-09-01\n      evidence: ev-bench\n  plan:\n    target_date: 2026-11-20\n    \
         steps: [Test on the staging machine, Roll out in the night]\n",
        cve(plugin),
        host % systems,
        host_name(host),
        row / 2
    );
    record(
        "Exception",
        "exceptions",
        &format!("exc-{row:05}"),
        &format!("Defer {} for a season", cve(plugin)),
        &spec,
    )
}

fn approval(row: usize) -> (String, String) {
    let nothing = 0;
    let text = format!(
        "apiVersion: countersign/v1\nkind: Approval\nsubject:\n  kind: Exception\n  id: exc-{row:05}\n  \
         digest: sha256:{row:08x}{nothing:056}\ndecision: approve\nrole: role-ciso\nperson: p-kim\nat: 2026-09-05T08:00:00Z\n\
         shown: Approve exc-{row:05} until 2026-11-20\n"
    );
    (format!("approvals/exc-{row:05}/{row:08x}-p-kim-1.yaml"), text)
}

pub(crate) fn host_name(host: usize) -> String {
    format!("host-{host:05}.bench.example")
}

pub(crate) fn cve(plugin: usize) -> String {
    format!("CVE-2026-{:05}", 10_000 + plugin)
}

/// Returns the host and the vulnerability of a host's `rank`-th finding.
pub(crate) fn finding(host: usize, rank: usize) -> (usize, usize) {
    let host = host % HOSTS;
    (host, (host * 7 + rank * 41) % PLUGINS)
}

/// Writes a Nessus export; its items are spread evenly over [`HOSTS`], with one informational item a host.
pub(crate) fn write_nessus(path: &Path, export: Export) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    let per_host = export.findings / HOSTS;
    assert!(
        per_host <= PLUGINS,
        "a host cannot have more findings than there are vulnerabilities"
    );
    let description = sentence(export.words);
    writeln!(
        out,
        "<?xml version=\"1.0\" ?>\n<NessusClientData_v2>\n<Report name=\"bench\">"
    )?;
    for host in 0..HOSTS {
        write_host(&mut out, host)?;
        for rank in 0..per_host {
            write_item(&mut out, host, finding(host, rank).1, &description)?;
        }
        writeln!(out, "</ReportHost>")?;
    }
    writeln!(out, "</Report>\n</NessusClientData_v2>")?;
    out.flush()
}

pub(crate) fn write_host(out: &mut impl Write, host: usize) -> io::Result<()> {
    let name = host_name(host);
    writeln!(out, "<ReportHost name=\"{name}\"><HostProperties>")?;
    let ip = format!("10.{}.{}.{}", host >> 16, (host >> 8) & 255, host & 255);
    for (tag, value) in [
        ("Credentialed_Scan", "true"),
        ("HOST_START_TIMESTAMP", "1790733611"),
        ("HOST_END_TIMESTAMP", "1790737811"),
        ("operating-system", "Linux Kernel 6.12 on Debian 13"),
        ("host-fqdn", &name),
        ("host-ip", &ip),
    ] {
        writeln!(out, "<tag name=\"{tag}\">{value}</tag>")?;
    }
    writeln!(out, "</HostProperties>")?;
    writeln!(
        out,
        "<ReportItem port=\"0\" svc_name=\"general\" protocol=\"tcp\" severity=\"0\" pluginID=\"19506\" \
         pluginName=\"Nessus Scan Information\" pluginFamily=\"Settings\">\n<risk_factor>None</risk_factor>\n\
         <plugin_output>Scan duration : 4200 sec</plugin_output>\n</ReportItem>"
    )
}

pub(crate) fn write_item(
    out: &mut impl Write,
    host: usize,
    plugin: usize,
    description: &str,
) -> io::Result<()> {
    let (severity, risk, vector) = match plugin % 10 {
        0 => (4, "Critical", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
        1..=3 => (3, "High", "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:N"),
        4..=8 => (2, "Medium", "CVSS:3.1/AV:N/AC:L/PR:L/UI:R/S:U/C:L/I:L/A:N"),
        _ => (1, "Low", "CVSS:3.1/AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N"),
    };
    let (id, cve, host) = (100_000 + plugin, cve(plugin), host_name(host));
    write!(
        out,
        "<ReportItem port=\"443\" svc_name=\"www\" protocol=\"tcp\" severity=\"{severity}\" pluginID=\"{id}\" \
         pluginName=\"nginx &lt; 1.28.{plugin} Multiple Vulnerabilities\" pluginFamily=\"Web Servers\">\n\
         <agent>unix</agent>\n<cpe>cpe:/a:nginx:nginx</cpe>\n<cve>{cve}</cve>\n\
         <cvss3_base_score>7.5</cvss3_base_score>\n<cvss3_temporal_score>6.5</cvss3_temporal_score>\n\
         <cvss3_vector>{vector}</cvss3_vector>\n<cvss_base_score>5.0</cvss_base_score>\n\
         <cvss_vector>CVSS2#AV:N/AC:L/Au:N/C:P/I:N/A:N</cvss_vector>\n<description>{description}</description>\n\
         <exploit_available>false</exploit_available>\n<exploitability_ease>No known exploits are available\
         </exploitability_ease>\n<fname>nginx_{id}.nasl</fname>\n\
         <patch_publication_date>2026/08/11</patch_publication_date>\n\
         <plugin_modification_date>2026/09/01</plugin_modification_date>\n\
         <plugin_publication_date>2026/08/12</plugin_publication_date>\n<plugin_type>combined</plugin_type>\n\
         <risk_factor>{risk}</risk_factor>\n<script_version>1.4</script_version>\n\
         <see_also>https://nginx.example/advisories?id={id}&amp;lang=en</see_also>\n\
         <solution>Upgrade to nginx version 1.28.{plugin} or later.</solution>\n\
         <synopsis>The remote web server is affected by multiple vulnerabilities.</synopsis>\n\
         <vuln_publication_date>2026/08/10</vuln_publication_date>\n<xref>IAVA:2026-A-{plugin:04}</xref>\n\
         <plugin_output>\n  URL               : https://{host}/\n  Installed version : 1.26.0\n  \
         Fixed version     : 1.28.{plugin}\n</plugin_output>\n</ReportItem>\n"
    )
}

pub(crate) fn sentence(words: usize) -> String {
    const WORDS: [&str; 12] = [
        "the", "remote", "server", "is", "affected", "by", "a", "heap", "overflow", "&lt;", "crafted",
        "request",
    ];
    (0..words)
        .map(|index| WORDS[index % WORDS.len()])
        .collect::<Vec<_>>()
        .join(" ")
}
