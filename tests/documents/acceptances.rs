//! D03: the forms and the register of risk acceptances.

use super::example::{of_example, of_records, put};
use super::{files, row, rows};

/// Returns the part of the page that is the form of one acceptance.
fn form<'a>(page: &'a str, id: &str) -> &'a str {
    let start = page
        .find(&format!("### {id}\n"))
        .unwrap_or_else(|| panic!("no form {id}"));
    let rest = &page[start..];
    &rest[..rest[3..].find("\n#").map_or(rest.len(), |end| end + 3)]
}

#[test]
fn a_form_of_the_example_has_what_the_signer_read_and_every_signature_with_its_key() {
    let page = of_example("D03", "md");
    let form = form(&page, "rac-0003");
    for said in [
        "> I accept the residual risk of running this archive without vendor patches until the expiry date.",
        "Standing: **active: approved and in force, 273 days left**.",
        "| Kind of acceptance | unsupported system |",
        "| From and to | 2026-09-01 to 2027-06-30 |",
        "| Risk | r-011: Personnel archive on a system without vendor patches |",
        "| Inherent risk | high (likely × major) |",
        "| Residual risk | medium (unlikely × major) |",
        "| Hosts when it was signed | 2 hosts: hra01.nordhafen.example, hra02.nordhafen.example |",
        "| Annual review | none yet; next by 2027-02-21 |",
        "**Alternatives considered:** A move in 2026 was rejected",
        "- EDR on both hosts",
        "- segmentation: A network of its own",
        "- business owner, since residual risk medium: given by p-brandt",
        "| approval | Tobias Brandt (p-brandt), business | role-finance-head | 2026-08-27 | verified, key SHA256:",
        "| approval | Henrike Berg (p-berg), business | role-senior-management | 2026-08-28 | verified, key SHA256:",
    ] {
        assert!(form.contains(said), "`{said}` is not in\n{form}");
    }
    let totals = rows(&page, "Acceptances*");
    assert_eq!(
        row(&totals, "Signed by the business")[1],
        "100.0 % (4 of 4, small n)"
    );
    assert_eq!(row(&totals, "Above the appetite")[1], "0.0 % (0 of 4, small n)");
    let register = rows(&page, "Risk acceptances, the most urgent first");
    let order: Vec<&str> = register
        .iter()
        .map(|row| row[0].split(';').next().unwrap())
        .collect();
    assert_eq!(
        order,
        ["rac-0005", "rac-0002", "rac-0004", "rac-0003"],
        "by their last day"
    );
    let line = row(&register, "rac-0005");
    assert_eq!(line[1], "active; 39 days left; from 2026-09-12; to 2026-11-08");
    assert_eq!(line[2], "r-008; Manipulation of the sorting line");
    assert_eq!(line[6..], ["approved; 4 of 4 signatures count", "2"]);
    assert_eq!(rows(&page, "Signatures on the acceptances").len(), 13);
    let residual = rows(&page, "Residual risk of the acceptances in force");
    assert_eq!(residual[0], ["medium", "unlikely", "major", "1", "rac-0003"]);
    assert_eq!(row(&residual, "All")[3], "4");
}

#[test]
fn what_nobody_signed_is_in_force_for_nobody_and_in_no_matrix() {
    let page = of_records("D03", &files(""));
    let form = form(&page, "rac-0002");
    assert!(form.contains("**Nobody has signed this form.**"), "{form}");
    assert!(
        form.contains("Standing: **not approved: in force for nobody**."),
        "{form}"
    );
    assert!(form.contains("**Conditions:** none recorded."), "{form}");
    assert!(form.contains("| Risk | not recorded |"), "{form}");
    let residual = rows(&page, "Residual risk of the acceptances in force");
    assert_eq!(row(&residual, "medium")[3..], ["1", "rac-0001"]);
    assert_eq!(row(&residual, "All")[3], "1");
    let totals = rows(&page, "Acceptances*");
    assert_eq!(row(&totals, "Not approved")[1], "1");
    assert_eq!(
        row(&totals, "Signed by the business")[1],
        "0.0 % (0 of 1, small n)",
        "p-kim has no function"
    );
    assert_eq!(row(&totals, "Above the appetite")[1], "not recorded");
}

#[test]
fn an_acceptance_lasts_to_its_last_day_and_its_review_a_year() {
    let mut records = files("");
    let path = "acceptances/rac-0001.yaml";
    for (expires, state) in [
        ("2026-01-01", "expiring; last day"),
        ("2025-12-31", "expired; ended 1 day ago"),
    ] {
        let mut records = records.clone();
        put(
            &mut records,
            path,
            "expires: 2026-04-30",
            &format!("expires: {expires}"),
        );
        let page = of_records("D03", &records);
        let register = rows(&page, "Risk acceptances, the most urgent");
        assert!(register[0][1].starts_with(state), "{register:?}");
    }
    // The sample is written on 2025-01-02 and read on 2026-01-01: the 364th day.
    let review = |page: &str| row(&rows(page, "Risk acceptances, the most"), "rac-0001")[5].clone();
    assert_eq!(
        review(&of_records("D03", &records)),
        "in time; reviewed never; next by 2026-01-02"
    );
    put(
        &mut records,
        path,
        "created: 2025-01-02\n",
        "created: 2024-12-31\n",
    );
    let page = of_records("D03", &records);
    assert_eq!(review(&page), "overdue; reviewed never; next by 2025-12-31");
    assert!(form(&page, "rac-0001").contains("| Annual review | none yet; next by 2025-12-31, overdue |"));
    assert_eq!(
        row(&rows(&page, "Acceptances*"), "Review overdue")[1],
        "100.0 % (1 of 1, small n)"
    );
}

/// A changed letter makes the signatures those of another content, and the form says so instead of the key.
#[test]
fn a_signature_that_does_not_count_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("repo");
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo");
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .arg(from)
        .arg(&root)
        .status();
    assert!(copied.unwrap().success());
    let path = root.join("acceptances/rac-0003.yaml");
    let record = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, record.replace("EDR on both hosts", "EDR on one host")).unwrap();
    let mut words: Vec<std::ffi::OsString> = ["countersign", "render", "--repo"].map(Into::into).into();
    words.push(root.into());
    words.extend(
        [
            "--as-of",
            "2026-09-30",
            "--document",
            "D03",
            "--format",
            "md",
            "--out",
            "out",
        ]
        .map(Into::into),
    );
    let (_, said, error) = crate::cli::streams(folder.path(), &words);
    let page = std::fs::read_to_string(folder.path().join("out/D03.md"));
    let page = page.unwrap_or_else(|_| panic!("{said}{error}"));
    let form = form(&page, "rac-0003");
    assert!(form.contains("in force for nobody"), "{form}");
    assert!(
        !form.contains("verified, key") && form.contains("| does not count: "),
        "{form}"
    );
    let register = rows(&page, "Risk acceptances, the most urgent");
    let line = row(&register, "rac-0003");
    assert_eq!(line[6], "approval stale; 0 of 3 signatures count", "{line:?}");
}
