//! Levels, graces and bounds of the rules about records: what an example of an explanation cannot show.

use countersign::check::{self, Settings};
use countersign::diagnostic::Level;
use countersign::load::load_configuration;
use countersign::source::read_folder;

use crate::checks::{base, new_year, read, register_of};

/// Changes files of the base repository: path, old text, new text; an empty old text replaces the file.
fn said(changes: &[(&str, &str, &str)], code: &str) -> Vec<(Level, String)> {
    let folder = base();
    for (path, old, new) in changes {
        let path = folder.path().join(path);
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(text.contains(old), "{old}");
        let text = if old.is_empty() {
            (*new).to_owned()
        } else {
            text.replacen(old, new, 1)
        };
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let (tree, repository, settings) = read(folder.path());
    let register = register_of(&repository, &tree, new_year(&repository));
    let told = check::run(&register, &settings)
        .into_iter()
        .filter(|diagnostic| diagnostic.code == code);
    told.map(|diagnostic| (diagnostic.level, diagnostic.message))
        .collect()
}

fn levels(changes: &[(&str, &str, &str)], code: &str) -> Vec<Level> {
    said(changes, code).into_iter().map(|(level, _)| level).collect()
}

#[test]
fn an_overdue_review_is_a_warning_for_a_week_and_for_a_tool_for_ever() {
    let policy = |next: &str| levels(&[("policies/pol-patch.yaml", "next: 2026-11-10", next)], "DAT001");
    assert_eq!(policy("next: 2026-02-01"), []);
    assert_eq!(policy("next: 2026-01-31"), [Level::Warn]);
    assert_eq!(policy("next: 2026-01-01"), [Level::Warn]);
    assert_eq!(policy("next: 2025-12-25"), [Level::Warn]);
    assert_eq!(policy("next: 2025-12-24"), [Level::Error]);
    let source = said(
        &[("sources/src-nessus.yaml", "last: 2025-11-10", "last: 2025-04-04")],
        "DAT001",
    );
    assert_eq!(
        source[0],
        (
            Level::Warn,
            "tool evaluation overdue 92 d: `src-nessus` was due on 2025-10-01".into()
        )
    );
}

#[test]
fn a_later_next_does_not_outrun_the_cycle() {
    let change = (
        "policies/pol-patch.yaml",
        "last: 2025-11-10, next: 2026-11-10",
        "last: 2024-01-10, next: 2026-11-10",
    );
    assert_eq!(levels(&[change], "DAT001"), [Level::Error]);
}

#[test]
fn an_owner_who_left_has_a_grace_and_a_role_that_nobody_holds_has_none() {
    let owner = (
        "systems/sys-files.yaml",
        "owner: role-it-ops\ncreated",
        "owner: p-lee\ncreated",
    );
    let left = |to: &'static str| ("people/p-lee.yaml", "{from: 2021-09-01}", to);
    let of_files = |to: &'static str| {
        let mut told = said(&[owner, left(to)], "REF002");
        told.retain(|(_, message)| message.starts_with("`owner` of `sys-files`"));
        told.into_iter().map(|(level, _)| level).collect::<Vec<_>>()
    };
    assert_eq!(of_files("{from: 2021-09-01, to: 2026-01-01}"), []);
    assert_eq!(of_files("{from: 2021-09-01, to: 2025-12-31}"), [Level::Warn]);
    assert_eq!(of_files("{from: 2021-09-01, to: 2025-12-18}"), [Level::Warn]);
    assert_eq!(of_files("{from: 2021-09-01, to: 2025-12-17}"), [Level::Error]);
    let vacant = said(&[left("{from: 2021-09-01, to: 2025-12-31}")], "REF002");
    let message = "`patch_owner` of `sys-shop` is `role-it-ops`, a role that nobody holds";
    assert!(vacant.contains(&(Level::Error, message.into())), "{vacant:?}");
}

#[test]
fn paths_that_differ_only_in_case_are_flagged() {
    let folder = base();
    let (tree, mut repository, settings) = read(folder.path());
    repository.files.insert("Risks/R-001.yaml".into());
    let register = register_of(&repository, &tree, new_year(&repository));
    let told = check::run(&register, &settings)
        .into_iter()
        .find(|diagnostic| diagnostic.code == "SCH004")
        .unwrap();
    assert_eq!(
        told.message,
        "`risks/r-001.yaml` and `Risks/R-001.yaml` differ only in case"
    );
    assert_eq!(repository.sources.path(told.span.file), "risks/r-001.yaml");
}

#[test]
fn fields_that_need_each_other_are_flagged() {
    let sla = |old: &str, new: &str| said(&[("slas/sla-standard.yaml", old, new)], "SCH002");
    let cell = "{severity: high, tier: tier1, days: 14}";
    let rows = [
        (
            cell,
            "{severity: high, tier: tier1}",
            "the cell high/tier1 needs exactly one of `days` and `hours`",
        ),
        (
            cell,
            "{severity: high, tier: tier1, days: 14, hours: 9}",
            "the cell high/tier1 needs exactly one",
        ),
        (
            "{mode: days_after_added, days: 14, ",
            "{mode: days_after_added, ",
            "which needs `kev.days`",
        ),
        (
            "when: exploitation == active",
            "when: exploited == active",
            "`exploited` is a name without a value",
        ),
        (
            "applies_to: environment == prod",
            "applies_to: severity == high",
            "`severity` is a name without a value",
        ),
    ];
    for (old, new, expected) in rows {
        let told = sla(old, new);
        assert!(
            told.len() == 1 && told[0].1.contains(expected),
            "{expected}: {told:?}"
        );
    }
}

#[test]
fn words_outside_a_set_that_a_record_lays_down_are_flagged() {
    let rows = [
        (
            "isms.yaml",
            "Europe/Berlin",
            "Europe/Hamburg",
            "`Europe/Hamburg` is no time zone",
        ),
        (
            "isms.yaml",
            "appetite: medium",
            "appetite: middling",
            "the appetite `middling` is no level",
        ),
        (
            "isms.yaml",
            "      - [low, low, medium]\n",
            "",
            "`risk_matrix.levels` does not fit its scales",
        ),
        (
            "risks/r-001.yaml",
            "impact: major\n  treatment",
            "impact: huge\n  treatment",
            "`huge` is no impact",
        ),
        (
            "systems/sys-shop.yaml",
            "  state: active",
            "  regulations: [gdpr]",
            "`gdpr` is the tag of no regulation",
        ),
        (
            "sources/src-nessus.yaml",
            "format: nessus-v2",
            "format: mapping",
            "`format: mapping` without a mapping",
        ),
        (
            "sources/src-nessus.yaml",
            "format: nessus-v2",
            "format: nessos",
            "`nessos` is no format that can be imported",
        ),
    ];
    for (path, old, new, expected) in rows {
        let told = said(&[(path, old, new)], "SCH002");
        assert!(
            told.len() == 1 && told[0].1.contains(expected),
            "{expected}: {told:?}"
        );
    }
}

/// What a mapping must have depends on what it is for.
#[test]
fn a_mapping_fits_its_format() {
    let head = "apiVersion: countersign/v1\nkind: Source\nid: src-wsus\ntitle: Updates\nowner: role-infra\ncreated: 2025-10-14\nspec:\n  roles: [deploy]\n  timezone: Europe/Berlin\n  max_age_hours: 48\n  state: approved\n";
    let rows = [
        (
            "format: mapping-deployment\n  mapping: {columns: {name: Name, patch: KB, state: State}, states: {installed: [Installed]}}",
            &[][..],
        ),
        (
            "format: mapping-deployment\n  mapping: {columns: {name: Name, state: State}}",
            &[
                "the mapping has no `states`",
                "the mapping has no column for `patch`",
            ][..],
        ),
        (
            "format: mapping-alerts",
            &["`format: mapping-alerts` without a mapping"],
        ),
        (
            "format: mapping\n  mapping: {columns: {name: Name}, states: {installed: [Installed]}}",
            &["`mapping.states` without effect"],
        ),
        (
            "format: puppet-report\n  mapping: {columns: {name: Name}}",
            &["a mapping without effect: the format is `puppet-report`"],
        ),
        (
            "format: puppet-report\n  absence_means_fixed: true",
            &["`absence_means_fixed` with exports that never list everything"],
        ),
    ];
    for (spec, expected) in rows {
        let told = said(
            &[("sources/src-wsus.yaml", "", &format!("{head}  {spec}\n"))],
            "SCH002",
        );
        let told: Vec<&str> = told.iter().map(|one| one.1.as_str()).collect();
        assert_eq!(told, expected, "{spec}");
    }
}

/// A parameter that names nothing would be set without effect.
#[test]
fn settings_that_mean_nothing_are_refused() {
    let head = "apiVersion: countersign/v1\nkind: Configuration\nrules:\n";
    let refused = |rules: &str| {
        let folder = base();
        std::fs::write(folder.path().join("compliance.yaml"), format!("{head}{rules}")).unwrap();
        let (configuration, _, faults) = load_configuration(&read_folder(folder.path()).unwrap()).unwrap();
        assert!(faults.is_empty(), "{faults:?}");
        Settings::new(&configuration).unwrap_err()[0].message.clone()
    };
    assert_eq!(
        refused("  EXC003: {capz: {high: 1}}"),
        "`capz` is no parameter of `EXC003`"
    );
    assert_eq!(
        refused("  EXC003: {caps: {grave: 1}}"),
        "`grave` is no entry of `caps`"
    );
    assert_eq!(
        refused("  DAT001: {applies_to: tiers == tier0}"),
        "`tiers` is a name without a value"
    );
    assert_eq!(refused("  SCH002: {level: off}"), "`SCH002` cannot be turned off");
    let told = said(
        &[(
            "compliance.yaml",
            "",
            &format!("{head}  EXC005: {{required_low: [resaon]}}\n"),
        )],
        "EXC005",
    );
    assert_eq!(
        told[0].1,
        "`resaon` in `required_low` is no field that can be required"
    );
}

#[test]
fn a_rule_applies_where_it_is_told_to() {
    let change = ("policies/pol-patch.yaml", "next: 2026-11-10", "next: 2025-12-01");
    let configured = |rule: &str| {
        let text = format!("apiVersion: countersign/v1\nkind: Configuration\nrules:\n  DAT001: {rule}\n");
        levels(&[change, ("compliance.yaml", "", &text)], "DAT001")
    };
    assert_eq!(configured("{applies_to: kind == Policy}"), [Level::Error]);
    assert_eq!(configured("{applies_to: kind == Risk}"), []);
    assert_eq!(configured("{level: warn}"), [Level::Warn]);
    assert_eq!(configured("{grace_days: 40}"), [Level::Warn]);
    assert_eq!(configured("{level: off}"), []);
}

#[test]
fn a_graver_severity_in_a_policy_counts_only_where_it_is_stricter() {
    let rules = |caps: &str| {
        let new = format!("retention_years: 2\n  exception_rules: {{caps: {caps}}}");
        said(
            &[("policies/pol-patch.yaml", "retention_years: 2", &new)],
            "EXC003",
        )
    };
    assert_eq!(rules("{high: 90}"), []);
    assert_eq!(
        rules("{high: 91}"),
        [(
            Level::Warn,
            "the cap of 91 d for severity high has no effect: 91 > 90".into()
        )]
    );
}
