//! Each piece of evidence: where it lies, whether it is unchanged, and how long it is kept.

use super::super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::super::words::{day, days_left, name_of, spaced};
use crate::model::{Evidence, EvidencePlace, Record};
use crate::reconcile::Register;

/// What the comparison of a digest came to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Check {
    Missing,
    Different,
    /// Nobody could tell: the store lists it nowhere, or the file cannot be read.
    Unchecked,
    Equal,
}

impl Check {
    fn mark(self) -> Mark {
        let (word, rank, tone) = match self {
            Self::Missing => ("not_there", 0, Tone::Bad),
            Self::Different => ("different", 1, Tone::Bad),
            Self::Unchecked => ("not_checked", 2, Tone::Warning),
            Self::Equal => ("equal", 3, Tone::Good),
        };
        Mark { word, rank, tone }
    }
}

/// Compares the digest of the record with that of the file, or with that which a store lists.
pub(super) fn check(register: &Register<'_>, evidence: &Record<Evidence>) -> Check {
    compared(register, &evidence.spec).0
}

/// Names a piece of evidence, where it lies, and whether it is what was recorded.
pub(super) fn in_words(register: &Register<'_>, evidence: &Record<Evidence>) -> String {
    let (id, location) = (evidence.id(), &evidence.spec.location.value);
    let digest = spaced(check(register, evidence).mark().word);
    format!("{id}: {location}, digest {digest}")
}

/// Returns what the comparison came to, and with what.
fn compared(register: &Register<'_>, evidence: &Evidence) -> (Check, String) {
    let repository = register.repository;
    let judge = |found: &str| {
        if found == evidence.sha256_hex() {
            Check::Equal
        } else {
            Check::Different
        }
    };
    match evidence.place() {
        EvidencePlace::File(path) => match repository.file_digests.get(path) {
            Some(found) => (judge(found), "with the file in the repository".to_owned()),
            None if repository.files.contains(path) => {
                (Check::Unchecked, "the file is too large to be read".to_owned())
            }
            None => (Check::Missing, "the repository has no such file".to_owned()),
        },
        EvidencePlace::Store(name) => {
            let listed = repository
                .manifests
                .iter()
                .filter_map(|manifest| Some((manifest, manifest.entries.get(name)?)));
            let worst = listed.min_by_key(|(_, entry)| judge(&entry.sha256));
            match worst {
                Some((manifest, entry)) => (judge(&entry.sha256), format!("with the list {}", manifest.path)),
                None => (Check::Unchecked, "no list of the store names it".to_owned()),
            }
        }
        EvidencePlace::Neither => (
            Check::Unchecked,
            "the location is no place of evidence".to_owned(),
        ),
    }
}

/// Returns the years for which policies and regulations want evidence kept.
fn years_asked(register: &Register<'_>) -> u32 {
    let policies = register
        .repository
        .policies
        .iter()
        .filter(|policy| policy.meta.is_live());
    let by_policy = policies.map(|policy| policy.spec.retention_years);
    let isms = register.repository.isms.as_ref();
    let regulations = isms.map_or(&[][..], |isms| &isms.spec.regulations[..]);
    let by_law = regulations
        .iter()
        .filter_map(|regulation| regulation.retention_years);
    by_policy.chain(by_law).max().unwrap_or(2)
}

/// Tells whether evidence is kept for as long as it is asked, and is not past its last day.
pub(super) fn is_kept_long_enough(register: &Register<'_>, evidence: &Record<Evidence>) -> bool {
    retention(register, &evidence.spec).tone == Tone::Good
}

fn retention(register: &Register<'_>, evidence: &Evidence) -> Mark {
    let produced = register.as_of.zone().day_of(evidence.produced_at.value.utc());
    let least = produced.plus_months(years_asked(register).saturating_mul(12));
    let until = evidence.retain_until.value;
    let (word, rank, tone) = if evidence.legal_hold {
        ("legal_hold", 2, Tone::Good)
    } else if until < least {
        ("too_short", 0, Tone::Bad)
    } else if days_left(register, until) < 0 {
        ("past", 1, Tone::Quiet)
    } else {
        ("long_enough", 3, Tone::Good)
    };
    Mark { word, rank, tone }
}

const EVIDENCE: &[Column] = &[
    Column::new("evidence", "Evidence").wide(),
    Column::beneath("title", ""),
    Column::beneath("sort", ""),
    Column::new("controls", "Controls").tight(),
    Column::beneath("checkpoints", "").around("checkpoints: ", ""),
    Column::new("produced", "Produced").tight(),
    Column::beneath("period", "").around("for ", "").tight(),
    Column::beneath("collected_by", "").around("by ", ""),
    Column::beneath("source", "").around("from ", ""),
    Column::new("location", "Location").wide(),
    Column::beneath("sha256", "SHA-256"),
    Column::new("digest", "Digest"),
    Column::beneath("compared", ""),
    Column::new("retention", "Kept"),
    Column::beneath("retain_until", "").around("until ", "").tight(),
];

/// Lists every piece of evidence, what cannot be relied on first.
pub(super) fn evidence_table(register: &Register<'_>, pieces: &[&Record<Evidence>]) -> Table {
    let mut pieces = pieces.to_vec();
    pieces.sort_by_key(|piece| (check(register, piece), piece.id().clone()));
    let rows = pieces.into_iter().map(|piece| {
        let spec = &piece.spec;
        let (check, compared) = compared(register, spec);
        vec![
            Cell::shown(piece.id()),
            Cell::text(piece.meta.title.as_str()),
            Cell::text(spec.evidence_type.word().replace('_', " ")),
            Cell::list(spec.controls.iter().map(|control| control.value.0.as_str())),
            Cell::list(
                spec.checkpoints
                    .iter()
                    .map(|checkpoint| checkpoint.value.as_str()),
            ),
            Cell::text(day(register.as_of, spec.produced_at.value.utc())),
            Cell::maybe(spec.period.as_deref()),
            Cell::text(name_of(register, &spec.collected_by.value.0)),
            Cell::maybe_shown(spec.source.as_ref().map(|source| &source.value)),
            Cell::text(spec.location.value.as_str()),
            Cell::Code(spec.sha256_hex().into()),
            Cell::Mark(check.mark()),
            Cell::text(compared),
            Cell::Mark(retention(register, spec)),
            Cell::shown(spec.retain_until.value),
        ]
    });
    Table {
        name: "evidence",
        caption: format!(
            "Evidence, what cannot be relied on first; to be kept {} years at least",
            years_asked(register)
        ),
        layout: Layout::Sortable,
        columns: EVIDENCE,
        rows: rows.collect(),
        when_empty: "There is no evidence in the repository.",
    }
}
