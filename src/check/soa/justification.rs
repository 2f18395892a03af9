//! SOA002: an entry that does not say why, or says what all the others say.

use std::collections::BTreeMap;

use super::live_soas;
use crate::check::words::{excerpt, listed_up_to};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::controls::{Edition, control};
use crate::model::{Record, Soa, SoaEntry};

pub(in crate::check) const CHECK: Check = Check {
    code: "SOA002",
    name: "missing-justification",
    family: Family::Soa,
    level: Level::Error,
    parameters: &[Parameter {
        name: "max_same",
        default: Default::Number(3),
        meaning: "how many entries may share one justification, the control's id and title aside",
    }],
    explanation: include_str!("justification.md"),
    run,
};

/// The words that a reason begins with.
const REASONS: &[&str] = &["contract", "legal", "practice", "risk"];

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    for soa in live_soas(context.repository()) {
        let mut faults = Vec::new();
        for entry in soa.spec.entries.iter() {
            reasons(entry, &mut faults);
        }
        same_text(soa, context.number("max_same"), &mut faults);
        out.extend(
            faults
                .into_iter()
                .map(|fault| fault.subject(soa.id().to_string())),
        );
    }
}

fn reasons(entry: &SoaEntry, out: &mut Vec<Diagnostic>) {
    let id = excerpt(&entry.control);
    if entry.applicable.value && entry.reasons.is_empty() {
        out.push(
            Diagnostic::error(
                CHECK.code,
                entry.control.span,
                format!("`{id}` is included without a reason"),
            )
            .label("`reasons` is missing or empty")
            .help("name at least one of `risk:<id>`, `legal:…`, `contract:…` and `practice`"),
        );
    }
    for reason in &entry.reasons {
        let word = reason.split(':').next().unwrap_or_default();
        if !REASONS.contains(&word) {
            let message = format!("`{}` is no reason to include a control", excerpt(reason));
            out.push(
                Diagnostic::error(CHECK.code, reason.span, message)
                    .help("reasons are `risk:<id>`, `legal:…`, `contract:…` and `practice`"),
            );
        }
    }
    if entry.justification.trim().is_empty() {
        let what = if entry.applicable.value {
            "inclusion"
        } else {
            "exclusion"
        };
        out.push(
            Diagnostic::error(
                CHECK.code,
                entry.justification.span,
                format!("the {what} of `{id}` is not justified"),
            )
            .help("say in a sentence why, in the words of this organisation"),
        );
    }
}

fn same_text(soa: &Record<Soa>, max: i64, out: &mut Vec<Diagnostic>) {
    let mut by_text: BTreeMap<String, Vec<&SoaEntry>> = BTreeMap::new();
    for entry in soa
        .spec
        .entries
        .iter()
        .filter(|entry| !entry.justification.trim().is_empty())
    {
        by_text
            .entry(bare(soa.spec.edition.value, entry))
            .or_default()
            .push(entry);
    }
    for entries in by_text.values() {
        let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
        let [first, second, ..] = entries.as_slice() else {
            continue;
        };
        if count <= max {
            continue;
        }
        let ids = listed_up_to(8, entries.iter().map(|entry| excerpt(&entry.control)));
        out.push(
            Diagnostic::error(
                CHECK.code,
                first.justification.span,
                format!("{count} entries have one justification: {ids}"),
            )
            .label(format!("{count} > {max}, the control's own id and title aside"))
            .related(second.justification.span, "again here")
            .help("say for each control what it does for this organisation"),
        );
    }
}

/// Strips a justification of what would make a copied sentence look like another: the control's id and title,
/// case, punctuation and blanks.
fn bare(edition: Edition, entry: &SoaEntry) -> String {
    let mut text = entry.justification.to_lowercase();
    if let Some(found) = control(edition, &entry.control) {
        text = text.replace(&found.title.to_lowercase(), " ");
    }
    text = text.replace(&entry.control.to_lowercase(), " ");
    let words: Vec<&str> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}
