//! GOV006: a generated document that was edited by hand, or made from other sources.

use std::sync::Arc;

use super::places;
use crate::check::words::excerpt;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::{Generated, Listed};

pub(in crate::check) const CHECK: Check = Check {
    code: "GOV006",
    name: "generated-document",
    family: Family::Governance,
    level: Level::Error,
    parameters: &[Parameter {
        name: "generated_paths",
        default: Default::Words(&["generated"]),
        meaning: "folders that only the tool writes",
    }],
    explanation: include_str!("generated_document.md"),
    run,
};

/// How much of a hash is shown.
const SHOWN: usize = 12;

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let Some(generated) = context.generated() else {
        return;
    };
    for (path, digest) in &generated.documents {
        out.extend(document(context, generated, path, digest.as_deref()));
    }
    for (path, lines) in &generated.manifests {
        let gone = lines
            .iter()
            .filter(|(listed, _)| !generated.documents.contains_key(listed.as_str()));
        for (listed, line) in gone {
            let message = format!("`{}` is gone: it was removed by hand", excerpt(listed));
            out.push(tell(context, path, line.line, message).help(AGAIN));
        }
    }
    if let Some(sources) = &generated.sources {
        for (path, commit) in &generated.bundles {
            out.extend(bundle(context, generated, sources, path, commit.as_deref()));
        }
    }
}

const AGAIN: &str = "make it again: `countersign bundle --out …`; what people write belongs elsewhere";

fn document(
    context: &Context<'_>,
    generated: &Generated,
    path: &Arc<str>,
    digest: Option<&str>,
) -> Option<Diagnostic> {
    let lines = listings(generated, path);
    let differing = lines
        .iter()
        .find(|(_, listed)| digest != Some(listed.sha256.as_str()));
    if differing.is_none() && !lines.is_empty() {
        return None;
    }
    let message = format!(
        "`{}` was edited by hand, or never written by the tool",
        excerpt(path)
    );
    let mut diagnostic = tell(context, path, 1, message).help(AGAIN);
    if let Some((manifest, listed)) = differing {
        let mut place = places::start_of(context.repository(), manifest);
        (place.line, place.end_line) = (listed.line, listed.line);
        let expected = listed.sha256.get(..SHOWN).unwrap_or_default();
        let words = match digest.and_then(|digest| digest.get(..SHOWN)) {
            Some(found) => format!("its SHA-256 begins with {found}, and with {expected} in here"),
            None => "it cannot be read, or is too large".to_owned(),
        };
        diagnostic = diagnostic.related(place, words);
    } else {
        diagnostic = diagnostic.label("no `SHA256SUMS` beside or above it lists it");
    }
    Some(diagnostic)
}

/// Returns the lines that list a document, in its own folder and those above: all of them must agree.
fn listings<'a>(generated: &'a Generated, path: &str) -> Vec<(&'a Arc<str>, &'a Listed)> {
    // Only folders of generated documents are in here, so that the walk ends at the outermost of them.
    let manifests = generated.manifests.iter();
    manifests
        .filter_map(|(manifest, lines)| Some((manifest, lines.get(path)?)))
        .collect()
}

fn bundle(
    context: &Context<'_>,
    generated: &Generated,
    sources: &str,
    path: &Arc<str>,
    commit: Option<&str>,
) -> Option<Diagnostic> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let label = match commit {
        None => "it does not say from which commit".to_owned(),
        Some(commit) => {
            let short = commit.get(..SHOWN).unwrap_or(commit);
            match generated.origins.get(commit) {
                Some(origin) if origin == sources => return None,
                Some(_) => format!("it was made from commit {short}; something was changed since"),
                None => format!("it was made from commit {short}, which is not here to compare with"),
            }
        }
    };
    let message = format!("the bundle in `{}` was made from other sources", excerpt(folder));
    Some(tell(context, path, 1, message).label(label).help(
        "make it again from what is there now; a bundle that is kept as it was belongs where `generated_paths` does not reach",
    ))
}

fn tell(context: &Context<'_>, path: &Arc<str>, line: u32, message: String) -> Diagnostic {
    let mut span = places::start_of(context.repository(), path);
    (span.line, span.end_line) = (line, line);
    Diagnostic::error(CHECK.code, span, message).subject(path.to_string())
}
