//! D04: the agreements with their terms and signatures.

use super::{decision, files, page_of, rows};

const SLA: &str = "slas/sla-standard.yaml";

#[test]
fn an_agreement_without_its_approvals_is_not_in_force() {
    let page = page_of("D04", &files(""), |_| {});
    assert!(page.contains("Agreements in force: 0. Not in force, and not ended: 1. Ended: 0."));
    assert!(page.contains("**This agreement is not in force.**"));
    assert!(page.contains("| role-ciso (party) | nobody | none | none | not signed |"));
    assert!(page.contains("| role-it (party) | nobody | none | none | not signed |"));
    let listed = rows(&page, "Agreements, those in force first");
    assert_eq!(
        listed[0][2..5],
        [
            "not approved by all",
            "not approved",
            "2026-01-20; 19 days from as-of"
        ]
    );
}

#[test]
fn a_signed_agreement_prints_its_terms_and_who_signed() {
    let mut records = files("");
    records.extend(decision("Sla", "sla-standard", "approve", "2025-02-03"));
    let sla = records.get_mut(SLA).unwrap();
    *sla = sla
        .replace("days: 7}", "days: 7, unit: business}\n  - {severity: low, tier: tier2, hours: 1}")
        .replace(
            "clock: {start: first_detected, stop: verified_absence}",
            "clock: {start: earliest, stop: verified_absence, pause: [vendor_fix_missing], max_pause_days: 30, mitigate_days: 5}\n  \
             accelerators:\n  - {name: exploited, when: \"exploitation == active\", days: 3}\n  \
             kev: {mode: days_after_added, days: 14, min_days: 7}\n  tolerance: {sla_rate_min: 95}",
        );
    let page = page_of("D04", &records, |_| {});
    for said in [
        "Agreements in force: 1.",
        "| tier0, Identity and core | 7 business days | none agreed | none agreed | none agreed |",
        "| tier2, Standard | none agreed | none agreed | none agreed | 1 hour |",
        "| exploitation == active | 3 days from the day on which it holds, if that is earlier | accelerator:exploited |",
        "14 days after the day of the listing, if that is earlier | kev:listed |",
        "at least 7 days from the first sighting | kev:min\\_days |",
        "never less than 24 hours from the first sighting | kev:floor |",
        "- The clock starts with the release of the patch or the first sighting, whichever comes first.",
        "- The clock stops with the first qualifying scan that no longer sees the finding.",
        "has no fix: 30 days at most.",
        "the finding is to be mitigated within 5 days.",
        "Business days leave out Saturdays, Sundays and the holidays of the calendar.",
        "- A freeze of changes moves no due date;",
        "- At least 95 % of the findings are closed in time.",
        "- The net rate heads each report; all three are printed.",
        "| patching | role-it | nobody | nobody | nobody |",
        "| 1 | role-ciso | Kim Larsen (p-kim) | 24 hours |",
        "| role-ciso (party) | Kim Larsen (p-kim) | approval, 2025-02-03 | SHA256:believed | counts |",
        "| role-it (party) | nobody | none | none | not signed |",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    assert!(!page.contains("This agreement is not in force"));
}

#[test]
fn an_agreement_past_its_last_day_or_replaced_is_not_in_force() {
    let mut records = files("");
    records.extend(decision("Sla", "sla-standard", "approve", "2025-02-03"));
    let old = records[SLA]
        .replace("sla-standard", "sla-old")
        .replace("2.1.0", "1.0.0");
    records.insert("slas/sla-old.yaml".into(), old);
    records.extend(decision("Sla", "sla-old", "approve", "2025-01-03"));
    let sla = records.get_mut(SLA).unwrap();
    *sla = sla
        .replace("version: 2.1.0\n", "version: 2.1.0\nsupersedes: sla-old\n")
        .replace("expires: 2026-01-20", "expires: 2025-12-31");
    let page = page_of("D04", &records, |_| {});
    assert!(
        page.contains("Agreements in force: 0. Not in force, and not ended: 1. Ended: 1."),
        "{page}"
    );
    assert!(page.contains("Standing: past its last day. It takes the place of sla-old."));
    let ended = rows(&page, "Agreements that have ended");
    assert_eq!(ended[0][1..3], ["1.0.0", "superseded"]);
    assert_eq!(ended[0][5], "sla-standard");
}

#[test]
fn caps_and_overrides_are_printed_with_what_they_bind() {
    let mut records = files("");
    let isms = records.get_mut("isms.yaml").unwrap();
    isms.push_str("  regulations:\n  - {id: pci, edition: 4.0.1, tag: pci_dss, caps: [{severity: critical, months: 1, from: patch_released}]}\n");
    let erp = records.get_mut("systems/sys-erp.yaml").unwrap();
    erp.push_str("  regulations: [pci_dss]\n");
    let page = page_of("D04", &records, |_| {});
    let caps = rows(&page, "Longest times that regulations leave");
    assert_eq!(caps[0][..3], ["pci; edition 4.0.1", "critical", "1 month"]);
    assert_eq!(caps[0][4..], ["pci\\_dss", "sys-erp"]);
    assert!(page.contains("No incident sets another time."));
}
