//! D21: where records, inventory and tools do not say the same.

use std::sync::Arc;

use countersign::diagnostic::Diagnostic;
use countersign::document::{Format, find, render};
use countersign::load::IgnoringTool;
use countersign::model::{Discrepancy, DiscrepancyKind, HostStatus, Installed};
use countersign::reconcile::{FactConflict, HiddenBy, Naming, Suppressed, SuppressedState};
use countersign::source::{FileId, Span};

use super::register::{at, id};
use super::{files, page_of, provenance, repository, row, rows, sample_register, text};

#[test]
fn hosts_are_listed_with_what_either_side_says() {
    let page = page_of("D21", &files(""), |register| {
        register.hosts[0].replaced = Some(("dc01-new.nordhafen.example".into(), at("2025-12-05T08:00:00Z")));
        register.hosts[7].status = HostStatus::Retired;
        register.hosts[7].retired_since = Some(at("2025-12-01T08:00:00Z"));
    });
    let unknown = rows(&page, "Scanned hosts that belong to no System");
    assert_eq!(unknown.len(), 1);
    assert_eq!(
        unknown[0][1..4],
        ["nothing: not listed", "it answers; last on 2025-12-31", "1"]
    );
    let ambiguous = rows(&page, "Hosts that could be several");
    assert_eq!(row(&ambiguous, "erp03")[1..3], ["sys-erp", "sys-web-shop"]);
    assert_eq!(
        row(&ambiguous, "unknown-7f")[1..3],
        ["erp02.nordhafen.example", "a host of its own"]
    );
    let unscanned = rows(&page, "Hosts that count, without a qualifying scan");
    assert_eq!(row(&unscanned, "kiosk02")[3], "never");
    assert_eq!(
        row(&unscanned, "web02")[3..7],
        ["2025-12-31", "never", "never", "role-it"]
    );
    let retired = rows(&page, "Hosts that are retired by one source");
    assert_eq!(retired.len(), 1);
    assert_eq!(
        retired[0][..5],
        [
            "label01.nordhafen.example",
            "sys-legacy",
            "retired since 2025-12-01",
            "in use",
            "2025-12-31"
        ]
    );
    let replaced = rows(&page, "Machines that were set up anew");
    assert_eq!(
        replaced[0][..5],
        [
            "dc01.nordhafen.example",
            "dc01-new.nordhafen.example",
            "2025-12-05",
            "in use, with the old serial",
            "1"
        ]
    );
    let totals = rows(&page, "Discrepancies by kind");
    assert_eq!(
        row(&totals, "Unscanned hosts")[1..3],
        ["2", "10 hosts that count"]
    );
    assert_eq!(
        row(&totals, "Exports that tell one run twice")[1..3],
        ["0", "4 exports"]
    );
}

#[test]
fn tools_that_disagree_are_listed_with_both_values() {
    let page = page_of("D21", &files(""), |register| {
        register.conflicts.push(FactConflict {
            system: id("sys-erp"),
            fact: "eol_date",
            in_record: "2027-01-01".into(),
            in_inventory: "2026-06-30".into(),
            counts: "2027-01-01".into(),
            hosts: vec!["erp01.nordhafen.example".into()],
        });
        let told = |kind| {
            Some(Arc::new(Discrepancy {
                kind,
                gone_by: "src-qualys".into(),
                gone_at: at("2025-12-20T08:00:00Z"),
                seen_by: "src-nessus".into(),
                seen_at: at("2025-12-25T08:00:00Z"),
            }))
        };
        register.findings[0].discrepancy = told(DiscrepancyKind::Contradicted);
        register.findings[2].discrepancy = told(DiscrepancyKind::Awaited);
        let installed = |moment: &str| {
            Some(Arc::new(Installed {
                at: at(moment),
                between: (at("2025-12-01T08:00:00Z"), at(moment)),
                source: "src-wsus".into(),
                patch: "KB5043050".into(),
            }))
        };
        register.findings[5].installed = installed("2025-12-31T20:00:00Z");
        register.findings[6].installed = installed("2025-12-10T08:00:00Z");
    });
    assert_eq!(
        rows(&page, "Facts that the records and the inventory")[0][..6],
        [
            "sys-erp",
            "eol date",
            "2027-01-01",
            "2026-06-30",
            "erp01.nordhafen.example",
            "2027-01-01"
        ]
    );
    let scanners = rows(&page, "Findings that one scanner calls gone");
    assert_eq!(scanners.len(), 2);
    assert_eq!(
        row(&scanners, "dc01")[2..6],
        [
            "src-qualys: gone since 2025-12-20",
            "src-nessus: there on 2025-12-25",
            "open",
            "role-it"
        ]
    );
    assert!(row(&scanners, "dc02")[3].ends_with("has not looked since"));
    let installs = rows(&page, "Findings that are open in the scans");
    let states: Vec<&str> = installs.iter().map(|row| row[4].as_str()).collect();
    assert_eq!(states, ["contradicted", "not confirmed"]);
    assert_eq!(installs[0][2], "src-wsus: KB5043050 installed since 2025-12-10");
    assert_eq!(
        installs[0][3],
        "still there on 2025-12-31 (src-nessus, src-qualys)"
    );
}

fn hidden(name: &str, state: SuppressedState, records: Vec<Naming>) -> Suppressed {
    Suppressed {
        by: HiddenBy::IgnoreFile {
            tool: IgnoringTool::Trivy,
            span: Span::start_of(FileId(0)),
        },
        file: ".trivyignore".into(),
        id: Some(name.to_owned()),
        until: None,
        reason: None,
        narrowed_to: Vec::new(),
        state,
        seen_as: vec![name.into()],
        open: 2,
        records,
    }
}

#[test]
fn only_what_no_decision_covers_is_listed_as_hidden() {
    let page = page_of("D21", &files(""), |register| {
        let naming = Naming {
            id: id("exc-0004"),
            name: "CVE-2025-7".into(),
            until: None,
            not_because: Some("it has ended"),
        };
        register.suppressed = vec![
            hidden("CVE-2025-9", SuppressedState::Dead, Vec::new()),
            hidden("CVE-2025-8", SuppressedState::Covered, Vec::new()),
            hidden("CVE-2025-7", SuppressedState::Uncovered, vec![naming]),
        ];
    });
    let listed = rows(&page, "Findings that scanners hide");
    assert_eq!(listed.len(), 2, "{listed:#?}");
    assert_eq!(
        listed[0][..2],
        ["uncovered", "ignore file of trivy; .trivyignore, line 1"]
    );
    assert_eq!(listed[0][4], "exc-0004 names CVE-2025-7, but it has ended");
    assert_eq!(listed[1][4], "nothing: no record names it");
    assert!(page.contains("calls hidden: 3. Covered by a decision, and not listed here: 1."));
}

#[test]
fn what_a_rule_says_of_unauthorised_installs_is_told_and_of_nothing_else() {
    let repository = repository(&files(""));
    let register = sample_register(&repository, "");
    let span = Span::start_of(FileId(0));
    let diagnostics = [
        Diagnostic::error("REC015", span, "3 installs by `src-wsus`, which is prohibited")
            .help("have the Source approved")
            .subject("src-wsus"),
        Diagnostic::error("REC001", span, "overdue").subject("dc01"),
    ];
    let provenance = provenance(&diagnostics);
    let kinds = [find("discrepancies").unwrap()];
    let made = render(
        &kinds,
        &[Format::Markdown],
        &register,
        &provenance,
        &Default::default(),
    )
    .unwrap();
    let listed = rows(text(&made, "D21.md"), "Patches that a deployment tool installed");
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0][0], "src-wsus");
    assert_eq!(listed[0][2], "have the Source approved");
}

#[test]
fn what_is_not_there_is_said() {
    let page = page_of("D21", &files(""), |register| register.hosts.clear());
    for said in [
        "Every scanned host belongs to a System.",
        "No host is ambiguous.",
        "Not recorded: no export of the settings of a tool is read.",
        "Rule REC015 objects to no installed patch.",
    ] {
        assert!(page.contains(said), "{said}");
    }
}
