//! Rules about decisions and what they stand on, at depth: examples of the requirements, history and size.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use countersign::check;
use countersign::diagnostic::{Diagnostic, Level};
use countersign::load::{computed_tier, declared_tier, effective_tier};
use countersign::model::{AsOf, RecordId, parse_date};

use crate::checks::{base, read, register_of, write_approval};

/// Writes files over the base repository and returns what a rule says on a day.
fn told_on(day: &str, files: &[(&str, &str)], code: &str) -> Vec<Diagnostic> {
    let folder = base();
    lay(folder.path(), files);
    told_in(folder.path(), day, code)
}

fn lay(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn told_in(folder: &Path, day: &str, code: &str) -> Vec<Diagnostic> {
    let (tree, repository, settings) = read(folder);
    assert!(repository.faults.is_empty(), "{:#?}", repository.faults);
    let as_of = AsOf::end_of(parse_date(day).unwrap(), repository.zone());
    let register = register_of(&repository, &tree, as_of);
    let mut told = check::run(&register, &settings);
    told.retain(|diagnostic| diagnostic.code == code);
    told
}

fn messages(told: &[Diagnostic]) -> Vec<&str> {
    told.iter().map(|one| one.message.as_str()).collect()
}

fn file(path: &str) -> String {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/base");
    std::fs::read_to_string(base.join(path)).unwrap()
}

fn exception(id: &str, scope: &str, rest: &str) -> String {
    format!(
        "apiVersion: countersign/v1\nkind: Exception\nid: {id}\ntitle: Wait for the end of the season\n\
         owner: role-shop-owner\ncreated: 2025-03-01\nspec:\n  scope: {scope}\n  reason: business_cycle\n  \
         business_impact: The shop is closed for two hours.\n  risk: r-001\n  requested_by: p-lee\n  \
         requested_on: 2025-03-01\n  plan: {{target_date: 2026-02-10}}\n{rest}"
    )
}

const SHOP: &str = "{vulns: [CVE-2025-9001], systems: [sys-shop], as_of: 2025-03-01, resolved: [web01]}";

/// Requirement 0:1.4.
#[test]
fn a_system_whose_only_owner_has_left_is_named_with_the_role() {
    let lee = file("people/p-lee.yaml").replace("{from: 2021-09-01}", "{from: 2021-09-01, to: 2025-12-31}");
    let told = told_on("2026-01-01", &[("people/p-lee.yaml", &lee)], "REF002");
    let owner = "`owner` of `sys-files` is `role-it-ops`, a role that nobody holds";
    let found = told.iter().find(|one| one.message == owner).unwrap();
    assert_eq!(found.level, Level::Error);
    let role = file("roles/role-it-ops.yaml").replace(
        "{person: p-lee, from: 2025-11-03}",
        "{person: p-lee, from: 2025-11-03}, {person: p-kim, from: 2025-12-01}",
    );
    let files = [
        ("people/p-lee.yaml", lee.as_str()),
        ("roles/role-it-ops.yaml", &role),
    ];
    assert!(
        !messages(&told_on("2026-01-01", &files, "REF002"))
            .iter()
            .any(|message| message.contains("role-it-ops"))
    );
}

#[test]
fn a_role_or_a_person_whose_record_is_closed_is_gone() {
    let role = file("roles/role-it-ops.yaml").replace("spec:", "status: closed\nspec:");
    let told = told_on("2026-01-01", &[("roles/role-it-ops.yaml", &role)], "REF002");
    assert!(messages(&told).contains(&"`owner` of `sys-files` is `role-it-ops`, a role that has ended"));
    let lee = file("people/p-lee.yaml").replace("spec:", "status: closed\nspec:");
    let told = told_on("2026-01-01", &[("people/p-lee.yaml", &lee)], "REF002");
    assert!(messages(&told).contains(&"`owner` of `sys-files` is `role-it-ops`, a role that nobody holds"));
}

/// Requirement 1:1.4, and the tier by which approvers are asked.
#[test]
fn the_stricter_of_the_written_and_the_computed_tier_counts() {
    let rows = [
        ("role: domain_controller\n  tier: tier2", "tier0", 1),
        ("role: domain_controller\n  tier: tier0", "tier0", 0),
        ("role: archive\n  tier: tier1", "tier1", 0),
        ("role: archive\n  tier: tier2", "tier2", 0),
        ("role: archive", "tier0", 0),
    ];
    for (fields, expected, faults) in rows {
        let system = file("systems/sys-files.yaml").replace("tier: tier2", fields);
        let folder = base();
        lay(folder.path(), &[("systems/sys-files.yaml", &system)]);
        let (_, repository, _) = read(folder.path());
        let system = repository
            .systems
            .get(&RecordId::new("sys-files").unwrap())
            .unwrap();
        let effective = effective_tier(&repository, system).unwrap();
        assert_eq!(effective.id(), expected, "{fields}");
        assert_eq!(
            repository.isms.as_ref().unwrap().spec.tiers[effective.rank]
                .id
                .value,
            expected
        );
        assert_eq!(
            computed_tier(&repository, system).is_some(),
            fields.contains("domain_controller")
        );
        assert_eq!(
            declared_tier(&repository, system).is_some(),
            fields.contains("tier")
        );
        let told = told_in(folder.path(), "2026-01-01", "SCP003");
        assert_eq!(told.len(), faults, "{fields}: {told:#?}");
    }
}

/// Requirement 1:7.5: the requester's own team assessed the control.
#[test]
fn a_control_that_the_owners_of_the_exception_assessed_does_not_count() {
    let security = "apiVersion: countersign/v1\nkind: Role\nid: role-security\ntitle: Security\nowner: role-ciso\n\
                    created: 2025-11-03\nreview: {cycle_days: 180, last: 2025-11-10}\nspec:\n  type: role\n  \
                    holders: [{person: p-kim, from: 2025-11-03}, {person: p-berg, from: 2025-11-03}]\n";
    let evidence = "apiVersion: countersign/v1\nkind: Evidence\nid: ev-0001\ntitle: Rule\nowner: role-ciso\n\
                    created: 2025-12-01\nspec:\n  type: config_export\n  location: store://waf.json\n  sha256: \
                    \"0000000000000000000000000000000000000000000000000000000000000000\"\n  produced_at: \
                    2025-12-01T08:00:00Z\n  controls: []\n  retain_until: 2027-12-31\n  collected_by: p-kim\n";
    let by = |assessor: &str, end: &str| {
        let rest = format!(
            "  severity: high\n  starts: 2025-12-01\n  expires: 2026-01-20\n  compensating:\n    - {{type: waf, \
             description: drops it, assessed_by: {assessor}, verified_at: 2025-12-10, {end}}}\n"
        );
        let text = exception("exc-0001", SHOP, &rest);
        let files = [
            ("exceptions/exc-0001.yaml", text.as_str()),
            ("roles/role-security.yaml", security),
            ("evidence/ev-0001.yaml", evidence),
        ];
        let told = told_on("2026-01-01", &files, "EXC006");
        told.into_iter().map(|one| one.message).collect::<Vec<_>>()
    };
    assert_eq!(by("p-kim", "evidence: ev-0001"), Vec::<String>::new());
    let own_team = by("p-berg", "evidence: ev-0001");
    assert!(
        own_team[0].contains("assessed by `role-security`"),
        "{own_team:?}"
    );
    assert!(
        own_team[0].ends_with(
            "`waf` was assessed by `p-berg`, who is of the requester's own team `role-shop-owner`"
        ),
        "{own_team:?}"
    );
    let all = by("p-lee", "covers: all");
    assert!(
        all[0].contains("did not hold `role-security` on 2025-12-10; has no evidence"),
        "{all:?}"
    );
}

/// Requirement 1:3.6.
#[test]
fn an_exception_without_a_signed_review_in_a_quarter_is_overdue_by_days() {
    let reviewed = |rest: &str| {
        let rest = format!("  severity: low\n  starts: 2025-03-01\n  expires: 2026-01-20\n{rest}");
        exception("exc-0011", SHOP, &rest)
    };
    let folder = base();
    lay(
        folder.path(),
        &[(
            "exceptions/exc-0011.yaml",
            &reviewed("  reviews: [{at: 2025-08-21, by: p-kim, outcome: keep}]\n"),
        )],
    );
    let told = told_in(folder.path(), "2026-01-01", "EXC010");
    let expected = [
        "the review of `exc-0011` by `p-kim` on 2025-08-21 is not signed",
        "`exc-0011` was granted, and never reviewed, on 2025-03-01: 306 d > 92 d",
    ];
    let mut found = messages(&told);
    found.sort_unstable_by_key(|message| !message.starts_with("the review"));
    assert_eq!(found, expected);
    write_approval(
        folder.path(),
        "exc-0011",
        "p-kim",
        "role-ciso",
        "2025-08-21T09:00:00Z",
    );
    let place = folder.path().join("approvals/exc-0011");
    for entry in std::fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path)
            .unwrap()
            .replace("decision: approve", "decision: review_keep");
        std::fs::write(path, text).unwrap();
    }
    let told = told_in(folder.path(), "2026-01-01", "EXC010");
    assert_eq!(
        messages(&told),
        ["`exc-0011` was last reviewed on 2025-08-21: 133 d > 92 d"]
    );
    assert_eq!(
        messages(&told_in(folder.path(), "2025-11-21", "EXC010")),
        Vec::<&str>::new()
    );
}

/// The inventory that stands nearest before the day of the freeze decides; before the first one nothing is known.
#[test]
fn a_frozen_host_is_looked_up_in_the_inventory_of_its_day() {
    let rows = "Name,FQDN,IP,OS,Status,Application\nweb01,web01.nordhafen.example,192.0.2.11,Debian 12,in use,shop\n";
    let later = format!("{rows}web09,web09.nordhafen.example,192.0.2.19,Debian 12,in use,shop\n");
    let on = |as_of: &str, host: &str| {
        let scope =
            format!("{{vulns: [CVE-2025-9001], systems: [sys-shop], as_of: {as_of}, resolved: [{host}]}}");
        let text = exception(
            "exc-0001",
            &scope,
            "  severity: low\n  starts: 2025-12-20\n  expires: 2026-01-20\n",
        );
        let files = [
            ("exceptions/exc-0001.yaml", text.as_str()),
            ("imports/src-cmdb/hosts-2025-10-01.csv", rows),
            ("imports/src-cmdb/hosts-2025-12-01.csv", &later),
        ];
        let told = told_on("2026-01-01", &files, "EXC007");
        told.into_iter()
            .map(|one| (one.message, one.label))
            .collect::<Vec<_>>()
    };
    assert_eq!(on("2025-12-10", "web09"), []);
    assert_eq!(on("2025-12-10", "WEB09.nordhafen.example"), []);
    let early = on("2025-11-30", "web09");
    assert_eq!(
        early,
        [(
            "`web09` in `exc-0001` did not belong to `sys-shop` on 2025-11-30".to_owned(),
            Some("by `imports/src-cmdb/hosts-2025-10-01.csv`".to_owned())
        )]
    );
    assert_eq!(on("2025-09-30", "web09"), []);
    assert_eq!(on("2025-12-10", "file01").len(), 1);
}

#[test]
fn one_host_of_a_large_estate_is_always_allowed_and_a_twentieth_is_the_most() {
    let mut rows = String::from("Name,FQDN,IP,OS,Status,Application\n");
    for number in 0..41 {
        let _ = writeln!(rows, "shop{number:02},,192.0.2.{number},Debian 12,in use,shop");
    }
    let covering = |hosts: &str| {
        let scope = format!(
            "{{vulns: [CVE-2025-9001], systems: [sys-shop], as_of: 2025-03-01, resolved: [{hosts}]}}"
        );
        let text = exception(
            "exc-0001",
            &scope,
            "  severity: low\n  starts: 2025-12-20\n  expires: 2026-01-20\n",
        );
        let files = [
            ("exceptions/exc-0001.yaml", text.as_str()),
            ("imports/src-cmdb/hosts-2025-12-30.csv", &rows),
        ];
        told_on("2026-01-01", &files, "EXC007")
    };
    // 41 of the shop and the one that the file service lists: 5 % of 42 is 2.1, and up to 3.
    assert_eq!(messages(&covering("shop01, shop02, shop03")), Vec::<&str>::new());
    let told = covering("shop01, shop02, shop03, shop04");
    assert_eq!(messages(&told), ["`exc-0001` covers 4 hosts: 4 > 3"]);
    assert_eq!(
        told[0].label.as_deref(),
        Some("at most 3 by 5 % of 42 governed hosts")
    );
}

/// Threat T12: another id, another name of the same weakness, another case.
#[test]
fn a_new_exception_for_the_old_matter_goes_on_from_the_old_one() {
    let chain = |vuln: &str, starts: &str| {
        let scope = |vuln: &str, host: &str| {
            format!("{{vulns: [{vuln}], systems: [sys-shop], as_of: 2025-03-01, resolved: [{host}]}}")
        };
        let old = exception(
            "exc-0001",
            &scope("CVE-2025-1111", "web01"),
            "  severity: critical\n  starts: 2025-07-01\n  expires: 2025-10-01\n",
        );
        let rest = format!("  severity: critical\n  starts: {starts}\n  expires: 2026-01-18\n");
        let new = exception("exc-0002", &scope(vuln, "WEB01"), &rest);
        let files = [
            ("exceptions/exc-0001.yaml", old.as_str()),
            ("exceptions/exc-0002.yaml", &new),
        ];
        let told = told_on("2026-01-01", &files, "EXC004");
        told.into_iter().map(|one| one.message).collect::<Vec<_>>()
    };
    let expected = ["`exc-0002` brings its chain to 121 d: 121 > 90 for severity critical"];
    assert_eq!(chain("cve-2025-1111", "2025-12-20"), expected);
    assert_eq!(chain("\"nessus:900001\"", "2025-12-20"), expected);
    assert_eq!(chain("CVE-2025-1112", "2025-12-20"), Vec::<String>::new());
    assert_eq!(chain("CVE-2025-1111", "2025-12-31"), Vec::<String>::new());
}

/// Thousands of exceptions for one vulnerability on hosts of their own are no chain, and cost no pairs.
#[test]
fn many_exceptions_for_one_vulnerability_are_judged_quickly() {
    let folder = base();
    std::fs::create_dir_all(folder.path().join("exceptions")).unwrap();
    for number in 0..3000 {
        let scope = format!(
            "{{vulns: [CVE-2025-9001], systems: [sys-shop], as_of: 2025-12-01, resolved: [host{number}]}}"
        );
        let id = format!("exc-{number:04}");
        let text = exception(
            &id,
            &scope,
            "  severity: low\n  starts: 2025-12-01\n  expires: 2026-01-20\n",
        );
        std::fs::write(folder.path().join(format!("exceptions/{id}.yaml")), text).unwrap();
    }
    let (tree, repository, settings) = read(folder.path());
    let as_of = AsOf::end_of(parse_date("2026-01-01").unwrap(), repository.zone());
    let register = register_of(&repository, &tree, as_of);
    let start = Instant::now();
    let told = check::run(&register, &settings);
    let took = start.elapsed();
    assert!(!told.iter().any(|one| one.code == "EXC004"));
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn dates_outside_of_what_they_hang_on_are_flagged() {
    let lee = |active: &str, delegation: &str| {
        file("people/p-lee.yaml").replace(
            "active: {from: 2021-09-01}",
            &format!("active: {active}\n  delegations: [{delegation}]"),
        )
    };
    let delegation = "{to: p-kim, roles: [role-it-ops], from: 2025-12-01, until: 2025-12-20, reason: leave}";
    let rows = [
        ("{from: 2021-09-01}", None),
        (
            "{from: 2025-12-05}",
            Some("`from` 2025-12-01 lies before `active.from` 2025-12-05"),
        ),
        (
            "{from: 2021-09-01, to: 2025-12-10}",
            Some("`active.to` 2025-12-10 lies before `until` 2025-12-20"),
        ),
    ];
    for (active, expected) in rows {
        let told = told_on(
            "2026-01-01",
            &[("people/p-lee.yaml", &lee(active, delegation))],
            "DAT002",
        );
        let found = messages(&told);
        match expected {
            Some(expected) => assert!(found.contains(&expected), "{active}: {found:?}"),
            None => assert_eq!(found, Vec::<&str>::new()),
        }
    }
    let risk = file("risks/r-001.yaml").replace("cycle_days: 180", "cycle_days: 200");
    assert_eq!(
        messages(&told_on("2026-01-01", &[("risks/r-001.yaml", &risk)], "DAT002")),
        ["a review cycle of 200 d: 200 > 180 for a HighRisk"]
    );
}

#[test]
fn a_record_that_says_nothing_of_its_review_is_due_by_its_kind() {
    let role = file("roles/role-it-ops.yaml").replace("review: {cycle_days: 180, last: 2025-11-10}\n", "");
    let told = told_on("2026-06-01", &[("roles/role-it-ops.yaml", &role)], "DAT001");
    let found = told
        .iter()
        .find(|one| one.message.contains("role-it-ops"))
        .unwrap();
    assert_eq!(
        found.message,
        "review overdue 30 d: `role-it-ops` was due on 2026-05-02"
    );
    assert_eq!(found.level, Level::Error);
}
