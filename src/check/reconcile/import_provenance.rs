//! REC013: an import of which nobody can say where it comes from, or that tells one thing in two ways.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::place_of_source;
use crate::check::words::{excerpt, listed, listed_up_to};
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::ledger::{Ledger, Segment, Statement};
use crate::model::{KeyPurpose, RecordId};
use crate::reconcile::ImportLine;
use crate::trust::Basis;
use crate::trust::sshsig::Namespace;

pub(in crate::check) const CHECK: Check = Check {
    code: "REC013",
    name: "import-provenance-fault",
    family: Family::Reconcile,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("import_provenance.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let imports = &context.register.imports;
    out.extend(imports.iter().filter_map(|line| stranger(context, line)));
    out.extend(imports.iter().filter_map(|line| retold(context, line)));
    shared(context, out);
    if let Some(ledger) = context.ledger() {
        late(context, ledger, out);
        unfiled(context, ledger, out);
        unsigned(context, ledger, out);
    }
}

/// Flags an export that no Source is declared for.
fn stranger(context: &Context<'_>, line: &ImportLine) -> Option<Diagnostic> {
    let is_declared =
        |id: &str| RecordId::new(id).is_some_and(|id| context.repository().tools.get(&id).is_some());
    let folder = line
        .file
        .strip_prefix("imports/")
        .and_then(|rest| rest.split_once('/'))
        .map(|(folder, _)| folder);
    let foreign = folder.filter(|folder| !is_declared(folder));
    let message = match (&line.source, foreign) {
        (None, _) => format!("`{}` comes from no declared Source", excerpt(&line.file)),
        (Some(_), Some(folder)) => format!(
            "`{}` lies in a folder of no declared Source: there is no `{}`",
            excerpt(&line.file),
            excerpt(folder)
        ),
        (Some(_), None) => return None,
    };
    let known = context.repository().tools.iter().map(|source| source.id());
    Some(
        Diagnostic::error(CHECK.code, place_of_source(context, line.source.as_ref()), message)
            .label(format!("sha256 {}", line.sha256))
            .help(format!(
                "file it under the Source that it comes from, with `countersign import --source ID FILE`; Sources are {}",
                listed_up_to(10, known)
            ))
            .subject(line.file.clone()),
    )
}

/// Flags an export that tells a run which another one tells otherwise.
fn retold(context: &Context<'_>, line: &ImportLine) -> Option<Diagnostic> {
    let other = line.same_run_as.as_deref()?;
    let message = format!(
        "`{}` and `{}` tell the same run with two contents",
        excerpt(other),
        excerpt(&line.file)
    );
    let span = place_of_source(context, line.source.as_ref());
    Some(
        Diagnostic::error(CHECK.code, span, message)
            .label("one Source, one moment and one host are one run")
            .help("keep the export that the tool gave and remove the other; a run has one content")
            .subject(line.file.clone()),
    )
}

/// Flags one file that is said to come from several Sources.
fn shared(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let mut by_digest: BTreeMap<&str, BTreeMap<&RecordId, &str>> = BTreeMap::new();
    for line in &context.register.imports {
        if let Some(source) = &line.source {
            let sources = by_digest.entry(&line.sha256).or_default();
            sources.entry(source).or_insert(&line.file);
        }
    }
    for (digest, sources) in by_digest.iter().filter(|(_, sources)| sources.len() > 1) {
        let message = format!(
            "one file is said to come from {}: {}",
            listed(sources.keys()),
            listed_up_to(3, sources.values())
        );
        let first = sources.keys().next().copied();
        out.push(
            Diagnostic::error(CHECK.code, place_of_source(context, first), message)
                .label(format!("sha256 {digest}"))
                .help("remove it from the Source that it does not come from")
                .subject((*digest).to_owned()),
        );
    }
}

/// Tells of a run that came in after a younger one of its Source.
fn late(context: &Context<'_>, ledger: &Ledger, out: &mut Vec<Diagnostic>) {
    let mut newest: BTreeMap<&str, (DateTime<Utc>, &Segment)> = BTreeMap::new();
    for segment in &ledger.segments {
        let head = &segment.head;
        let Some(run_at) = head.run_at else { continue };
        match newest.get(&*head.source) {
            Some((known, younger)) if run_at < *known => {
                let zone = context.as_of().zone();
                let message = format!(
                    "`{}` is a run of {} and was filed after one of {}",
                    segment.path,
                    zone.day_of(run_at),
                    zone.day_of(*known)
                );
                let source = RecordId::new(&head.source);
                out.push(
                    Diagnostic::info(CHECK.code, place_of_source(context, source.as_ref()), message)
                        .label(format!("the younger one is `{}`", younger.path))
                        .help("nothing is to be done: the time of the run orders it, not that of its import")
                        .subject(segment.path.to_string()),
                );
            }
            Some(_) | None => {
                newest.insert(&head.source, (run_at, segment));
            }
        }
    }
}

/// Tells of exports of a Source with a history that are not in it: they are not read.
fn unfiled(context: &Context<'_>, ledger: &Ledger, out: &mut Vec<Diagnostic>) {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let mut filed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for Segment { head, .. } in &ledger.segments {
        filed.entry(&head.source).or_default().insert(name(&head.file));
    }
    let mut left: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in &context.repository().files {
        let source = path
            .strip_prefix("imports/")
            .and_then(|rest| rest.split_once('/'))
            .map(|(source, _)| source);
        let known = source.and_then(|source| Some((source, filed.get(source)?)));
        if let Some((source, _)) = known.filter(|(_, names)| !names.contains(&name(path))) {
            left.entry(source).or_default().push(path);
        }
    }
    for (source, paths) in left {
        let id = RecordId::new(source);
        let message = format!(
            "the history of `{source}` lacks {}, which is not read",
            listed_up_to(3, &paths)
        );
        out.push(
            Diagnostic::warn(CHECK.code, place_of_source(context, id.as_ref()), message)
                .label("runs of this Source are read from the ledger")
                .help(format!(
                    "file it with `countersign import --source {source} FILE`, or remove it"
                ))
                .subject(source.to_owned()),
        );
    }
}

/// Flags what was imported for a Source that names who must sign it, and was not signed so.
fn unsigned(context: &Context<'_>, ledger: &Ledger, out: &mut Vec<Diagnostic>) {
    let basis = basis(context);
    let mut faults: BTreeMap<(RecordId, String), Vec<&Segment>> = BTreeMap::new();
    for segment in &ledger.segments {
        let Some(source) = RecordId::new(&segment.head.source) else {
            continue;
        };
        let signers = signers(context, &basis, &source);
        if signers.is_empty() {
            continue;
        }
        let statement = ledger.statements.get(&segment.head.sequence);
        if let Some(flaw) = flaw(&basis, statement, &signers) {
            faults.entry((source, flaw)).or_default().push(segment);
        }
    }
    for ((source, flaw), segments) in faults {
        let signers = signers(context, &basis, &source);
        let paths = listed_up_to(3, segments.iter().map(|segment| &segment.path));
        let message = format!("imports of `{source}` are not signed as it asks: {paths}: {flaw}");
        out.push(
            Diagnostic::error(CHECK.code, place_of_source(context, Some(&source)), message)
                .label("`import_signers` are named here")
                .help(format!(
                    "`import_signers` of it are {}; one of them files the export with `countersign import --key`, \
                     with a key for imports",
                    listed(&signers)
                ))
                .subject(format!("{source} {flaw}")),
        );
    }
}

/// Takes the keys and people of the base, where there is one; a key that either side has revoked counts for nothing.
fn basis<'a>(context: &Context<'a>) -> Basis<'a> {
    let own = Basis::of(context.repository());
    let Some(change) = context.change() else {
        return own;
    };
    let mut basis = Basis::of(&change.base);
    basis.keyring.revoked.extend(&own.keyring.revoked);
    basis
}

/// Returns who must sign: those whom the base names, and of a Source that is new there those whom it names itself.
fn signers(context: &Context<'_>, basis: &Basis<'_>, source: &RecordId) -> BTreeSet<RecordId> {
    let believed = basis.repository.tools.get(source);
    let record = believed.or_else(|| context.repository().tools.get(source));
    record
        .map(|record| {
            record
                .spec
                .import_signers
                .iter()
                .map(|signer| signer.value.0.clone())
        })
        .into_iter()
        .flatten()
        .collect()
}

/// Says why a statement is not signed by one of those who must; `None` where it is.
fn flaw(basis: &Basis<'_>, statement: Option<&Statement>, signers: &BTreeSet<RecordId>) -> Option<String> {
    let Some(statement) = statement else {
        return Some("no statement says that it was imported".into());
    };
    let (Some(person), Some(signature)) = (&statement.person, &statement.signature) else {
        return Some("the statement of the import has no signature".into());
    };
    let Some(signer) = RecordId::new(person).filter(|signer| signers.contains(signer)) else {
        return Some(format!("it was signed by `{}`", excerpt(person)));
    };
    let Some(record) = basis.repository.people.get(&signer) else {
        return Some(format!("nobody is known as `{signer}`"));
    };
    let text = statement.to_text();
    let at = statement.imported_at;
    let email = &record.spec.email.value;
    let judged = basis
        .keyring
        .judge_as(email, signature, text.as_bytes(), Namespace::Import, at);
    let signed_by = match judged {
        Ok(signed_by) => signed_by,
        Err(error) => return Some(format!("the signature of `{signer}` does not count: {error}")),
    };
    let day = basis.zone().day_of(at);
    let is_listed = record.spec.keys.iter().any(|key| {
        key.fingerprint.value == signed_by.fingerprint
            && key.purpose == Some(KeyPurpose::Import)
            && key.valid_from.value <= day
            && key.valid_to.is_none_or(|last| day <= last.value)
    });
    (!is_listed).then(|| {
        format!(
            "the record of `{signer}` holds no key {} for imports on {day}",
            signed_by.fingerprint
        )
    })
}
