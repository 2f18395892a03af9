//! REF003: evidence whose bytes are gone, or are not those that were recorded.

use crate::check::words::{excerpt, listed};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::{ManifestEntry, StoreManifest};
use crate::model::{Evidence, EvidencePlace, Record};

pub(in crate::check) const CHECK: Check = Check {
    code: "REF003",
    name: "evidence-digest-mismatch",
    family: Family::Reference,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "manifests",
            default: Default::Words(&["data/evidence-store.sha256"]),
            meaning: "files under `data/` that list what the stores hold, as `sha256sum` writes it; their names end with `.sha256`",
        },
        Parameter {
            name: "offline_ok",
            default: Default::Words(&["store://"]),
            meaning: "how locations begin that no manifest needs to list; such evidence is a warning, not an error",
        },
    ],
    explanation: include_str!("evidence_digest.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let manifests = manifests(context, out);
    let live = context
        .repository()
        .evidence
        .iter()
        .filter(|evidence| evidence.meta.is_live());
    for evidence in live {
        let fault = match evidence.spec.place() {
            EvidencePlace::File(path) => in_repository(context, evidence, path),
            EvidencePlace::Store(name) => in_store(context, evidence, name, &manifests),
            EvidencePlace::Neither => Some(
                fault(
                    evidence,
                    format!("`{}` is no place of evidence", excerpt(&evidence.spec.location)),
                )
                .help(
                    "write a path from the root of the repository without `.` and `..`, such as \
                     `data/evidence/waf.json`, or `store://` and a name",
                ),
            ),
        };
        out.extend(fault.map(|fault| fault.subject(evidence.id().to_string())));
    }
}

/// Returns the manifests that the parameter names; one that is missing or cannot be read is flagged.
fn manifests<'a>(context: &Context<'a>, out: &mut Vec<Diagnostic>) -> Vec<&'a StoreManifest> {
    let repository = context.repository();
    let wanted = context.words("manifests");
    let found: Vec<&StoreManifest> = repository
        .manifests
        .iter()
        .filter(|manifest| wanted.iter().any(|path| **path == *manifest.path))
        .collect();
    for manifest in &found {
        out.extend(manifest.faults.iter().map(|(span, fault)| {
            Diagnostic::error(
                CHECK.code,
                *span,
                format!("`{}` line {}: {fault}", manifest.path, span.line),
            )
            .help("write it with `sha256sum`: 64 hexadecimal digits, two blanks and the name, each name once")
            .subject(manifest.path.to_string())
        }));
    }
    found
}

fn in_repository(context: &Context<'_>, evidence: &Record<Evidence>, path: &str) -> Option<Diagnostic> {
    let repository = context.repository();
    if !repository.files.contains(path) {
        return Some(
            fault(evidence, format!("the evidence `{}` is not there", excerpt(path)))
                .label(format!("`{}` names it", evidence.id()))
                .help("put the file back as it was; evidence is kept until `retain_until`"),
        );
    }
    match repository.file_digests.get(path) {
        Some(found) => differs(evidence, found).map(|fault| fault.label(format!("in `{}`", excerpt(path)))),
        None => Some(
            fault(
                evidence,
                format!("the evidence `{}` cannot be read", excerpt(path)),
            )
            .help(format!(
                "files of at most {} MiB are read; keep a larger one in a store and name it by `store://`",
                crate::load::MAX_NAMED_FILE_BYTES >> 20
            )),
        ),
    }
}

fn in_store(
    context: &Context<'_>,
    evidence: &Record<Evidence>,
    name: &str,
    manifests: &[&StoreManifest],
) -> Option<Diagnostic> {
    let entries: Vec<&ManifestEntry> = manifests
        .iter()
        .filter_map(|manifest| manifest.entries.get(name))
        .collect();
    if !entries.is_empty() {
        let wrong = entries
            .into_iter()
            .find_map(|entry| Some((entry, differs(evidence, &entry.sha256)?)));
        return wrong.map(|(entry, fault)| fault.related(entry.span, "the manifest lists it here"));
    }
    let location = &evidence.spec.location;
    let offline = context.words("offline_ok");
    let may_be_offline = offline.iter().any(|start| location.starts_with(start.as_str()));
    let new = if may_be_offline {
        Diagnostic::warn
    } else {
        Diagnostic::error
    };
    let message = format!("no manifest lists the evidence `{}`", excerpt(location));
    Some(
        new(CHECK.code, location.span, message)
            .label("whether it is still there and unchanged, nobody can tell")
            .help(format!(
                "let the store write what it holds with `sha256sum` into {}",
                listed(context.words("manifests"))
            )),
    )
}

fn differs(evidence: &Record<Evidence>, found: &str) -> Option<Diagnostic> {
    let recorded = evidence.spec.sha256_hex();
    if recorded == found {
        return None;
    }
    let message = format!(
        "the evidence of `{}` is not what was recorded: its SHA-256 is `{found}`",
        evidence.id()
    );
    Some(
        Diagnostic::error(CHECK.code, evidence.spec.sha256.span, message)
            .help("put the file back as it was; for another file write another Evidence record"),
    )
}

fn fault(evidence: &Record<Evidence>, message: String) -> Diagnostic {
    Diagnostic::error(CHECK.code, evidence.spec.location.span, message)
}
