//! What the rates leave out or cannot see, each with its number: nothing is dropped in silence.

use std::collections::BTreeSet;

use crate::diagnostic::counted;
use crate::model::{Disposition, Finding};
use crate::reconcile::{ImportState, Register};
use crate::trust::MissingHistory;

/// One line, which is printed when the number is 0, too.
pub(super) struct Exclusion {
    pub(super) name: &'static str,
    pub(super) sentence: String,
    /// Whether there is anything to see.
    pub(super) is_empty: bool,
}

/// Returns every line, in the order in which they are shown.
pub(super) fn exclusions(register: &Register<'_>) -> Vec<Exclusion> {
    vec![
        out_of_scope(register),
        not_applicable(register),
        unsupported(register),
        unknown(register),
        unscanned(register),
        stale(register),
        frozen(register),
        imports(register),
        earlier_terms(register),
    ]
}

fn line(name: &'static str, number: u64, sentence: String) -> Exclusion {
    Exclusion {
        name,
        sentence,
        is_empty: number == 0,
    }
}

fn findings(number: u64) -> String {
    counted(number, "finding")
}

fn count(register: &Register<'_>, which: impl Fn(&Finding) -> bool) -> u64 {
    register.findings.iter().filter(|finding| which(finding)).count() as u64
}

fn out_of_scope(register: &Register<'_>) -> Exclusion {
    let number = count(register, |finding| finding.disposition == Disposition::OutOfScope);
    let hosts = register
        .hosts
        .iter()
        .filter(|host| !host.counts && host.system.is_some())
        .count() as u64;
    let sentence = format!(
        "{}, {} not counted (out of scope or retired)",
        findings(number),
        counted(hosts, "host")
    );
    line("out of scope", number + hosts, sentence)
}

fn not_applicable(register: &Register<'_>) -> Exclusion {
    let number = count(register, |finding| {
        finding.disposition == Disposition::NotApplicable
    });
    line(
        "not applicable",
        number,
        format!("{} removed by triage", findings(number)),
    )
}

fn unsupported(register: &Register<'_>) -> Exclusion {
    let ungoverned = count(register, |finding| {
        finding.disposition == Disposition::UnsupportedUngoverned
    });
    let accepted = count(register, |finding| {
        finding.disposition == Disposition::AcceptedUnsupported
    });
    let systems = register
        .systems
        .values()
        .filter(|system| system.is_unsupported)
        .count() as u64;
    let sentence = format!(
        "{} without a decision, left out of the rates; {} accepted; {} past the end of support",
        findings(ungoverned),
        findings(accepted),
        counted(systems, "system")
    );
    line("unsupported", ungoverned + accepted + systems, sentence)
}

fn unknown(register: &Register<'_>) -> Exclusion {
    let number = count(register, |finding| finding.system.is_none());
    let hosts: BTreeSet<&str> = register
        .hosts
        .iter()
        .filter(|host| host.system.is_none())
        .map(|host| &*host.id)
        .chain(
            register
                .findings
                .iter()
                .filter(|finding| finding.system.is_none())
                .map(|finding| &*finding.host),
        )
        .collect();
    let ambiguous = register
        .hosts
        .iter()
        .filter(|host| !host.candidates.is_empty())
        .count();
    let sentence = format!(
        "{} of no single system, in no host rate, with {}, in the finding rates; {ambiguous} of ambiguous identity",
        counted(hosts.len() as u64, "host"),
        findings(number)
    );
    line("unknown", hosts.len() as u64 + ambiguous as u64, sentence)
}

fn unscanned(register: &Register<'_>) -> Exclusion {
    let counting = register.hosts.iter().filter(|host| host.counts);
    let number = counting
        .clone()
        .filter(|host| host.last_qualifying_scan.is_none())
        .count() as u64;
    let sentence = format!(
        "{number} of {} without any qualifying scan",
        counted(counting.count() as u64, "host")
    );
    line("not scanned", number, sentence)
}

fn stale(register: &Register<'_>) -> Exclusion {
    let number = count(register, |finding| finding.stale);
    line(
        "stale",
        number,
        format!(
            "{} not seen by the newest run and not closed by it",
            findings(number)
        ),
    )
}

fn frozen(register: &Register<'_>) -> Exclusion {
    let number = register.moved_by_freezes();
    line(
        "freezes",
        number,
        format!(
            "{} moved by freezes that pause the clock",
            counted(number, "due date")
        ),
    )
}

/// Whether agreements and systems count as they were then.
fn earlier_terms(register: &Register<'_>) -> Exclusion {
    let missing = register.missing_history;
    let sentence = missing.map_or(
        "agreements and systems count as they were then, by their history",
        MissingHistory::sentence,
    );
    line("earlier terms", u64::from(missing.is_some()), sentence.into())
}

fn imports(register: &Register<'_>) -> Exclusion {
    let of = |state: ImportState| register.imports.iter().filter(|line| line.state == state).count() as u64;
    let (ignored, incomplete) = (of(ImportState::Ignored), of(ImportState::Incomplete));
    let mut sentence = format!("{ignored} newer than as-of and ignored, {incomplete} incomplete");
    let mut skipped = 0;
    for part in register
        .imports
        .iter()
        .flat_map(|line| &line.skipped)
        .filter(|part| part.rows > 0)
    {
        sentence.push_str(&format!(
            "; {} skipped: {}",
            counted(part.rows, "row"),
            part.reason
        ));
        skipped += part.rows;
    }
    line("exports", ignored + incomplete + skipped, sentence)
}
