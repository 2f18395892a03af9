//! D15: what depends on a supplier, and what of the agreement no record holds.

use super::example::{of_records, put};
use super::{files, row, rows};

#[test]
fn a_supplier_stands_with_its_systems_and_their_findings() {
    let mut records = files("");
    for system in ["sys-directory", "sys-erp"] {
        let path = format!("systems/{system}.yaml");
        put(
            &mut records,
            &path,
            "  scope: {in: true}",
            "  supplier: sup-acme\n  scope: {in: true}",
        );
    }
    let page = of_records("D15", &records);
    assert!(page.contains("Systems that name a supplier: 2; that name none: 3."));
    let suppliers = rows(&page, "Suppliers that Systems name");
    let acme = row(&suppliers, "sup-acme");
    assert_eq!(acme[1], "2");
    assert_eq!(acme[3..], ["6", "2", "not recorded", "not recorded"]);
    let systems = rows(&page, "Systems that name a supplier");
    let directory = row(&systems, "sys-directory");
    assert_eq!(directory[2], "tier0");
    assert_eq!(directory[4], "not recorded", "their times are in no record");
    assert!(page.contains("| sup-acme | | | | |"), "a line of the sheet");
}

#[test]
fn no_supplier_in_the_records_is_said_and_is_no_claim() {
    let page = of_records("D15", &files(""));
    assert!(
        page.contains("No System names a supplier. That none is named does not mean that there is none.")
    );
    let controls = rows(&page, "Controls about suppliers");
    assert!(controls.len() >= 4, "{controls:?}");
}
