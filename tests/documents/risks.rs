//! D20: what a risk owner and an auditor read.

use super::example::{of_example, of_records, put};
use super::{files, row, rows};

#[test]
fn risks_of_the_example_stand_with_plan_approvals_and_acceptances() {
    let page = of_example("D20", "md");
    let risks = rows(&page, "Risks, the gravest residual risk first");
    let order: Vec<&str> = risks
        .iter()
        .map(|row| row[0].split(';').next().unwrap())
        .collect();
    assert_eq!(order, ["r-004", "r-008", "r-006", "r-011", "r-013"]);
    let line = row(&risks, "r-008");
    assert_eq!(line[2], "high; possible × severe");
    assert_eq!(line[4], "high; unlikely × severe; above the appetite (medium)");
    assert_eq!(line[5], "rac-0005: active, until 2026-11-08");
    assert_eq!(
        line[6],
        "in time; reviewed 2026-06-16; signed 2026-06-16; next by 2026-12-13"
    );
    assert_eq!(line[7], "approved");
    assert_eq!(
        row(&risks, "r-011")[4],
        "medium; unlikely × major",
        "within the appetite"
    );
    assert_eq!(row(&risks, "r-004")[5], "no acceptance");

    let totals = rows(&page, "Risks and their treatment");
    assert_eq!(row(&totals, "Approved")[1], "100.0 % (5 of 5, small n)");
    assert_eq!(row(&totals, "Above the appetite")[1], "40.0 % (2 of 5, small n)");
    assert_eq!(
        row(&totals, "Steps past their day")[1],
        "14.2 % (1 of 7, small n)"
    );

    let owners = rows(&page, "Approval of the plan and of the residual risk");
    let line = row(&owners, "r-008");
    assert_eq!(
        line[3],
        "role-operations-head, since it is a risk: given by p-petrov; role-ciso, since residual risk high: given by p-kim"
    );
    assert!(
        line[4].starts_with(
            "approval: role-operations-head, Mila Petrov (p-petrov), 2025-11-13, verified, SHA256:"
        ),
        "{line:?}"
    );
    let steps = rows(&page, "Steps of treatment by their day");
    assert_eq!(steps.len(), 7);
    assert!(
        steps[0][0].starts_with("r-013"),
        "the day that passed first: {steps:?}"
    );
    assert_eq!(
        steps[0][4..],
        [
            "2026-03-31",
            "day has passed; 183 days ago; whether it is done is not recorded"
        ]
    );
    assert_eq!(
        steps[1][2..],
        [
            "iso27001:2022/8.14",
            "role-infra",
            "2026-10-12",
            "due soon; 12 days left"
        ]
    );
    let accepted = rows(&page, "Acceptances of these risks");
    assert_eq!(row(&accepted, "rac-0005")[3], "medium (unlikely × moderate)");
}

#[test]
fn the_matrix_counts_each_risk_once_in_words_and_in_the_picture() {
    let page = of_example("D20", "md");
    let inherent = rows(&page, "Inherent risk: risks by level");
    assert_eq!(inherent[0][..4], ["high", "likely", "major", "2"]);
    assert_eq!(inherent[0][4], "r-004, r-011");
    assert_eq!(row(&inherent, "All")[3], "5");
    let residual = rows(&page, "Residual risk: risks by level");
    assert_eq!(
        row(&residual, "medium")[..5],
        ["medium", "unlikely", "major", "2", "r-006, r-011"]
    );
    assert!(
        page.contains(
            "risks by Likelihood and Impact: likely, major: 2 (high); possible, moderate: 1 (medium)"
        )
    );
    let html = of_example("D20", "html");
    let figure = &html[html.find("id=\"figure-inherent-title\"").unwrap()..];
    let figure = &figure[..figure.find("</svg>").unwrap()];
    let at = |word: &str| {
        figure
            .find(&format!(">{word}</text>"))
            .unwrap_or_else(|| panic!("{word}"))
    };
    assert!(at("low") < at("medium") && at("medium") < at("high") && at("high") < at("very high"));
    assert!(
        at("almost certain") < at("rare"),
        "the highest likelihood is on top"
    );
}

#[test]
fn what_is_missing_of_a_risk_is_said() {
    let page = of_records("D20", &files(""));
    let risks = rows(&page, "Risks, the gravest residual risk first");
    assert_eq!(risks.len(), 2, "the closed one is left out: {risks:?}");
    let line = &risks[0];
    assert!(
        line[0].starts_with("r-labels"),
        "what nobody rated stands first: {risks:?}"
    );
    assert_eq!(line[4], "not recorded");
    assert_eq!(
        (line[6].as_str(), line[7].as_str()),
        (
            // A review that nobody signed moves no day: the year counts from when the risk was written.
            "in time; reviewed 2025-06-01; next by 2026-01-02",
            "not approved"
        )
    );
    assert_eq!(row(&risks, "r-ransomware")[7], "approved");
    let totals = rows(&page, "Risks and their treatment");
    assert_eq!(row(&totals, "Above the appetite")[1], "not recorded");
    assert_eq!(row(&totals, "Approved")[1], "50.0 % (1 of 2, small n)");
    assert_eq!(
        row(&totals, "Without residual risk")[1],
        "50.0 % (1 of 2, small n)"
    );
    assert!(
        page.contains("**The level up to which the organisation is ready to bear a risk is not recorded.**")
    );
    let steps = rows(&page, "Steps of treatment by their day");
    assert_eq!(steps[0][1], "no step is recorded");
    assert_eq!(steps[0][5], "no plan");
    assert_eq!(
        steps[1][2..4],
        ["not recorded", "not recorded"],
        "neither control nor owner"
    );
    assert_eq!(
        row(&rows(&page, "Residual risk: risks by level"), "not recorded")[3..],
        ["1", "r-labels"]
    );
    assert_eq!(
        row(&rows(&page, "Approval of the plan"), "r-labels")[4],
        "approval absent"
    );
    assert!(row(&rows(&page, "Risks that are closed"), "r-old")[2] == "closed");
}

#[test]
fn a_rating_outside_the_matrix_is_not_drawn_and_not_dropped() {
    let mut records = files("");
    put(
        &mut records,
        "risks/r-labels.yaml",
        "likelihood: possible",
        "likelihood: certain",
    );
    let page = of_records("D20", &records);
    let inherent = rows(&page, "Inherent risk: risks by level");
    assert_eq!(
        inherent[0],
        ["not in the matrix", "certain", "major", "1", "r-labels"]
    );
    assert_eq!(row(&inherent, "All")[3], "2");
    assert!(page.contains("risks by Likelihood and Impact: likely, major: 1 (extreme)."));
}

#[test]
fn without_a_matrix_no_level_is_invented() {
    let mut records = files("");
    let isms = records.get_mut("isms.yaml").unwrap();
    isms.truncate(isms.find("  risk_matrix:").unwrap());
    let page = of_records("D20", &records);
    assert!(page.contains("**No risk matrix is recorded.**") && !page.contains("*Figure:"));
    assert_eq!(
        row(&rows(&page, "Risks, the gravest"), "r-ransomware")[2],
        "no matrix; likely × major"
    );
}

#[test]
fn a_draft_is_in_force_for_nobody_whatever_was_signed() {
    let mut records = files("");
    put(
        &mut records,
        "risks/r-ransomware.yaml",
        "created: 2025-01-02\n",
        "created: 2025-01-02\nstatus: draft\n",
    );
    let page = of_records("D20", &records);
    assert_eq!(
        row(&rows(&page, "Risks, the gravest"), "r-ransomware")[7],
        "draft"
    );
    assert_eq!(
        row(&rows(&page, "Risks and their treatment"), "Approved")[1],
        "0.0 % (0 of 2, small n)"
    );
    assert!(page.contains("Drafts, counted and not in force: 1."));
}

#[test]
fn the_scorecard_has_the_risks_in_the_same_order() {
    let records = files("");
    let of = |id: &str, caption: &str| -> Vec<String> {
        let rows = rows(&of_records(id, &records), caption);
        rows.iter()
            .map(|row| row[0].split(';').next().unwrap().to_owned())
            .collect()
    };
    let card = of("D14", "The gravest");
    assert_eq!(
        card,
        ["r-labels", "r-ransomware"],
        "nobody says what is left of the first"
    );
    assert_eq!(card, of("D20", "Risks, the gravest residual risk first"));
}
