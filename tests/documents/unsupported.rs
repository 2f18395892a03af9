//! D11: what has lost its support, who bears it, and the way out.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign::diagnostic::Diagnostic;
use countersign::document::{Format, find, render};
use countersign::reconcile::Register;
use countersign::source::{FileId, Span};

use super::example::{of_example, of_records, put};
use super::register::at;
use super::{files, provenance, repository, row, rows, sample_register, text};

/// Renders D11 over the sample with a register and diagnostics that the test changes.
fn page(diagnostics: &[Diagnostic], edit: impl Fn(&mut Register<'_>)) -> String {
    let repository = repository(&files(""));
    let mut register = sample_register(&repository, "");
    edit(&mut register);
    let made = render(
        &[find("D11").unwrap()],
        &[Format::Markdown],
        &register,
        &provenance(diagnostics),
        &BTreeMap::new(),
    );
    text(&made.unwrap(), "D11.md").to_owned()
}

#[test]
fn the_unsupported_system_of_the_example_stands_with_its_way_out() {
    let page = of_example("D11", "md");
    let systems = rows(&page, "Systems whose end of support is recorded");
    let order: Vec<&str> = systems
        .iter()
        .map(|row| row[0].split(';').next().unwrap())
        .collect();
    assert_eq!(order, ["sys-hr-legacy", "sys-erp-prod", "sys-ad"]);
    let line = &systems[0];
    assert_eq!(line[1], "unsupported accepted");
    assert_eq!(
        line[2],
        "2023-10-10; 1086 days ago; as told by: vendor; risk class: high"
    );
    assert_eq!(
        line[3],
        "replace; technical: the archive needs 2012 R2; business: retention until June 2027; assessed 2025-10-28 by p-lee"
    );
    assert_eq!(line[4..], ["rac-0003: active, until 2027-06-30", "2", "4"]);
    assert_eq!(systems[1][1], "supported until then");
    assert_eq!(
        systems[1][3..5],
        ["–", "–"],
        "nothing is asked for before the end"
    );
    let totals = rows(&page, "Systems and hosts without support");
    assert_eq!(row(&totals, "Unsupported systems")[1], "11.1 % (1 of 9, small n)");
    assert_eq!(
        row(&totals, "Under an acceptance")[1],
        "100.0 % (1 of 1, small n)"
    );
    assert_eq!(row(&totals, "Hosts without support")[1], "8.3 % (2 of 24)");
    let controls = rows(&page, "What protects them");
    assert_eq!(controls.len(), 1);
    assert_eq!(controls[0][3], "not recorded", "no support contract");
    let milestones = rows(&page, "Milestones by their day");
    assert_eq!(milestones.len(), 2);
    assert_eq!(
        milestones[0][1..4],
        ["archive exported", "2026-12-15", "due soon; 76 days left"]
    );
    assert_eq!(milestones[0][5..], ["15 days of two people", "not recorded"]);
    assert!(page.contains(
        "As of 2026-09-30. sys-hr-legacy: from 2023-10-11 to 2027-06-30, 2026-12-15 archive exported, 2027-06-30 \
         archive switched off; acceptance rac-0003: from 2026-09-01 to 2027-06-30;"
    ));
}

#[test]
fn only_an_acceptance_in_force_for_every_host_bears_a_system() {
    let state = |page: &str| {
        let systems = rows(page, "Systems whose end of support is recorded");
        let line = row(&systems, "sys-legacy");
        (line[1].clone(), line[4].clone())
    };
    let accepted = (
        "unsupported accepted".into(),
        "rac-0001: active, until 2026-04-30".into(),
    );
    assert_eq!(state(&of_records("D11", &files(""))), accepted);

    let mut records = files("");
    records.retain(|path, _| !path.starts_with("approvals/rac-0001/"));
    let page = of_records("D11", &records);
    let open = (
        "unsupported not accepted".into(),
        "rac-0001: not approved, until 2026-04-30".into(),
    );
    assert_eq!(state(&page), open);
    assert!(
        !page.contains("acceptance rac-0001: from"),
        "what nobody approved is not drawn"
    );
    let totals = rows(&page, "Systems and hosts without support");
    assert_eq!(row(&totals, "Under an acceptance")[1], "0.0 % (0 of 1, small n)");

    let mut records = files("");
    let path = "acceptances/rac-0001.yaml";
    put(
        &mut records,
        path,
        "resolved: [label01.nordhafen.example]",
        "resolved: [label02.nordhafen.example]",
    );
    let joined = (
        "unsupported not accepted".into(),
        "rac-0001: active, until 2026-04-30; not covered: label01.nordhafen.example".into(),
    );
    assert_eq!(state(&of_records("D11", &records)), joined);

    let mut records = files("");
    records.remove(path);
    records.retain(|path, _| !path.starts_with("approvals/rac-0001/"));
    assert_eq!(state(&of_records("D11", &records)).1, "no acceptance");
}

#[test]
fn milestones_say_what_is_late_and_what_was_done_late() {
    let milestones = rows(&of_records("D11", &files("")), "Milestones by their day");
    assert_eq!(
        milestones[0][3..5],
        ["done late; 3 days after its day", "2025-07-03"]
    );
    assert_eq!(milestones[1][3..5], ["late; 17 days past its day", "–"]);
    let totals = rows(
        &of_records("D11", &files("")),
        "Systems and hosts without support",
    );
    assert_eq!(row(&totals, "Milestones late")[1], "50.0 % (1 of 2, small n)");

    // What is to be done tomorrow is not done, whatever the record says.
    let mut records = files("");
    put(
        &mut records,
        "systems/sys-legacy.yaml",
        "done: 2025-07-03",
        "done: 2026-01-02",
    );
    let milestones = rows(&of_records("D11", &records), "Milestones by their day");
    assert!(milestones[0][3].starts_with("late; 185 days"), "{milestones:?}");
    let system = records.get_mut("systems/sys-legacy.yaml").unwrap();
    system.truncate(system.find("    roadmap:").unwrap());
    let milestones = rows(&of_records("D11", &records), "Milestones by their day");
    assert_eq!(
        milestones[0][1..4],
        ["no milestone is recorded", "–", "no roadmap"]
    );
}

#[test]
fn bought_support_ends_the_time_without_support() {
    let mut records = files("");
    *records.get_mut("systems/sys-legacy.yaml").unwrap() +=
        "    extended_support: {until: 2026-10-13, ref: contract 4711}\n";
    let repository = repository(&records);
    let mut register = sample_register(&repository, "");
    let id = super::register::id("sys-legacy");
    register.systems.get_mut(&id).unwrap().is_unsupported = false;
    let made = render(
        &[find("D11").unwrap()],
        &[Format::Markdown],
        &register,
        &provenance(&[]),
        &BTreeMap::new(),
    );
    let made = made.unwrap();
    let page = text(&made, "D11.md");
    assert_eq!(
        rows(page, "Systems whose end of support is recorded")[0][1],
        "extended support"
    );
    assert_eq!(
        rows(page, "What protects them")[0][3],
        "until 2026-10-13; contract 4711"
    );
    assert!(
        page.contains("extended support: from 2024-10-09 to 2026-10-13;"),
        "{page}"
    );
    assert!(page.contains("Of these past their end: 0."));
}

#[test]
fn hosts_are_counted_by_month_where_exports_tell_and_never_guessed() {
    let page_of = |first: &'static str, label: Option<&'static str>, retired: Option<&'static str>| {
        page(&[], |register| {
            for line in &mut register.imports {
                line.run_at = Some(at(first));
            }
            for host in &mut register.hosts {
                host.first_known = Some(at(first));
                if host.id.starts_with("label01") {
                    (host.first_known, host.retired_since) = (label.map(at), retired.map(at));
                }
            }
        })
    };
    let months = |page: &str| -> Vec<[String; 2]> {
        let rows = rows(page, "Hosts without support by month");
        rows.into_iter()
            .map(|row| [row[0].clone(), row[2].clone()])
            .collect()
    };
    let is = |months: &[(&str, &str)]| -> Vec<[String; 2]> {
        months
            .iter()
            .map(|(month, hosts)| [(*month).to_owned(), (*hosts).to_owned()])
            .collect()
    };
    let october = "2025-10-20T04:00:00Z";
    let page = page_of(october, Some("2025-11-15T04:00:00Z"), None);
    assert_eq!(
        months(&page),
        is(&[
            ("2025-10", "0"),
            ("2025-11", "1"),
            ("2025-12", "1"),
            ("2026-01", "1")
        ])
    );
    assert!(
        page.contains("hosts without support: 2025-10 0, 2025-11 1"),
        "the figure in words"
    );
    let page = page_of(october, Some(october), Some("2025-12-10T04:00:00Z"));
    assert_eq!(
        months(&page),
        is(&[
            ("2025-10", "1"),
            ("2025-11", "1"),
            ("2025-12", "0"),
            ("2026-01", "0")
        ])
    );
    let page = page_of(october, None, None);
    assert!(page.contains("of no known first day, and left out: 1."), "{page}");
    let page = page_of("2026-01-01T04:00:00Z", Some("2026-01-01T04:00:00Z"), None);
    assert!(page.contains("The numbers: not recorded: the exports are of one month."));
    assert!(
        !page.contains("The number of hosts over time is not recorded."),
        "said once"
    );
    let example = of_example("D11", "md");
    assert!(
        example.contains("The numbers: not recorded: the exports are of one month."),
        "no zero for months of which nobody knows"
    );
}

#[test]
fn what_the_register_lacks_is_told_by_rules_and_scanners() {
    let unrecorded = Diagnostic::error("LEG001", Span::start_of(FileId(0)), "`sys-erp` runs Windows 7")
        .label("found at erp01")
        .subject("sys-erp");
    let page = page(&[unrecorded], |register| {
        Arc::make_mut(&mut register.findings[3].said).title = "Unsupported Windows OS (remote)".into();
        Arc::make_mut(&mut register.findings[8].said).title = "Windows end of life".into();
        Arc::make_mut(&mut register.findings[12].said).title = "Unsupported, and gone by now".into();
    });
    assert_eq!(
        rows(&page, "Ends of support that no record tells")[0],
        [
            "sys-erp",
            "error",
            "\\`sys-erp\\` runs Windows 7",
            "found at erp01"
        ]
    );
    let scanner = rows(&page, "Open findings whose title speaks of ended support");
    assert_eq!(scanner.len(), 2, "closed ones are no gap: {scanner:?}");
    assert_eq!(scanner[0][..3], ["erp01.nordhafen.example", "sys-erp", "no"]);
    assert_eq!(
        scanner[1][..3],
        ["label01.nordhafen.example", "sys-legacy", "yes"]
    );
}
