//! REF001: references that lead nowhere, to the wrong kind, or in a circle.

use super::circles::{Edges, circles};
use super::keyring;
use crate::check::words::{excerpt, listed, listed_up_to};
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::Repository;
use crate::model::controls::ControlRef;
use crate::model::{Kind, Meta, RecordId, Reference, ReferenceSort};
use crate::source::{Span, Spanned};
use crate::trust::{CONFIGURATION_ID, CONFIGURATION_KIND};

pub(in crate::check) const CHECK: Check = Check {
    code: "REF001",
    name: "dangling-or-cyclic-reference",
    family: Family::Reference,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("dangling_or_cyclic.md"),
    run,
};

/// How many ids a message proposes.
const PROPOSED: usize = 8;

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    for meta in repository.records() {
        for reference in &meta.references {
            let fault = judge(repository, reference).map(|fault| fault.subject(meta.id.to_string()));
            out.extend(fault);
        }
    }
    reasons_of_controls(repository, out);
    approvals(repository, out);
    in_circles(repository, out);
    keyring::compare(repository, out);
}

fn judge(repository: &Repository, reference: &Reference) -> Option<Diagnostic> {
    match reference.sort {
        ReferenceSort::Record => record(repository, reference),
        ReferenceSort::File => file(repository, reference),
        ReferenceSort::Control => control(reference),
    }
}

/// A kind that is not built yet has no records here; of a reference to it the schema checked the form.
fn record(repository: &Repository, reference: &Reference) -> Option<Diagnostic> {
    let is_built = reference.kinds.iter().any(|kind| Kind::from_name(kind).is_some());
    if !is_built {
        return None;
    }
    let field = &*reference.field;
    let fits = |kind: Kind| reference.kinds.iter().any(|name| &**name == kind.name());
    target(repository, &reference.text, reference.span, field, &fits, &|| {
        listed(reference.kinds.iter())
    })
}

fn target(
    repository: &Repository,
    text: &str,
    span: Span,
    field: &str,
    fits: &dyn Fn(Kind) -> bool,
    kinds: &dyn Fn() -> String,
) -> Option<Diagnostic> {
    let known = repository.known.get(text);
    match known {
        Some(known) if fits(known.kind) => None,
        Some(known) => Some(
            Diagnostic::error(
                CHECK.code,
                span,
                format!("`{text}` is a {}, not what `{field}` names", known.kind),
            )
            .related(known.span, format!("`{text}` is here"))
            .help(format!("name a record of kind {}", kinds())),
        ),
        None => {
            let ids = repository
                .known
                .values()
                .filter(|known| fits(known.kind))
                .map(|known| &known.id);
            let ids = listed_up_to(PROPOSED, ids);
            Some(
                Diagnostic::error(CHECK.code, span, format!("`{}` leads nowhere", excerpt(text)))
                    .label(format!("`{field}` names a record of kind {}", kinds()))
                    .help(format!("mend the id, or write that record; there are {ids}")),
            )
        }
    }
}

fn file(repository: &Repository, reference: &Reference) -> Option<Diagnostic> {
    let path = &*reference.text;
    let leaves = path.starts_with('/')
        || path.contains(['\\', ':'])
        || path.split('/').any(|part| matches!(part, "" | "." | ".."));
    let fault = |message: String| Diagnostic::error(CHECK.code, reference.span, message);
    if leaves {
        return Some(
            fault(format!(
                "`{}` is no plain path within the repository",
                excerpt(path)
            ))
            .help("write it from the root, with `/`, without `.` and `..`, such as `policies/pol-patch.md`"),
        );
    }
    if repository.files.contains(path) {
        return None;
    }
    Some(
        fault(format!("the file `{}` is not there", excerpt(path)))
            .label(format!("named by `{}`", reference.field))
            .help("add the file, or mend the path; letters must agree in case"),
    )
}

fn control(reference: &Reference) -> Option<Diagnostic> {
    let error = reference.text.parse::<ControlRef>().err()?;
    Some(
        Diagnostic::error(CHECK.code, reference.span, error.to_string())
            .help("mend the edition or the control; ids are those of the edition's own catalogue"),
    )
}

fn reasons_of_controls(repository: &Repository, out: &mut Vec<Diagnostic>) {
    for soa in &repository.soas {
        for reason in soa.spec.entries.iter().flat_map(|entry| &entry.reasons) {
            let Some(risk) = reason.strip_prefix("risk:") else {
                continue;
            };
            let is_risk = |kind: Kind| kind == Kind::Risk;
            let fault = target(repository, risk, reason.span, "reasons", &is_risk, &|| {
                listed([Kind::Risk])
            });
            out.extend(fault.map(|fault| fault.subject(soa.id().to_string())));
        }
    }
}

fn approvals(repository: &Repository, out: &mut Vec<Diagnostic>) {
    for file in &repository.approvals {
        let subject = &file.approval.subject;
        for reference in &file.references {
            let fault = judge(repository, reference).map(|fault| fault.subject(subject.id.to_string()));
            out.extend(fault);
        }
        // The configuration is no record, and counts with its defaults where no file is.
        if (subject.kind.as_str(), subject.id.as_str()) == (CONFIGURATION_KIND, CONFIGURATION_ID) {
            continue;
        }
        let found = repository.known.get(&subject.id);
        if found.is_some_and(|known| known.kind.name() == subject.kind) {
            continue;
        }
        let mut fault = Diagnostic::error(
            CHECK.code,
            subject.span,
            format!(
                "an approval of the {} `{}`, which is not here",
                excerpt(&subject.kind),
                subject.id
            ),
        )
        .help("restore the record: one that has ended is closed and stays, as its approvals do")
        .subject(subject.id.to_string());
        if let Some(known) = found {
            fault = fault.related(known.span, format!("`{}` is a {}", known.id, known.kind));
        }
        out.push(fault);
    }
}

fn in_circles(repository: &Repository, out: &mut Vec<Diagnostic>) {
    let edges_of = |named: fn(&Meta) -> Option<&Spanned<RecordId>>| -> Edges<'_> {
        let named = |meta| named(meta).map(|to| (&meta.id.value, vec![(&to.value, to.span)]));
        repository.records().filter_map(named).collect()
    };
    let depends_on: Edges<'_> = repository
        .systems
        .iter()
        .map(|system| {
            (
                system.id(),
                system
                    .spec
                    .depends_on
                    .iter()
                    .map(|to| (&to.value.0, to.span))
                    .collect(),
            )
        })
        .collect();
    let relations = [
        ("supersedes", edges_of(|meta| meta.supersedes.as_ref())),
        ("renews", edges_of(|meta| meta.renews.as_ref())),
        ("depends_on", depends_on),
    ];
    for (field, edges) in relations {
        for circle in circles(&edges) {
            let subject = circle.ids.first().map(ToString::to_string).unwrap_or_default();
            out.push(
                Diagnostic::error(
                    CHECK.code,
                    circle.span,
                    format!("`{field}` runs in a circle: {circle}"),
                )
                .help("remove one of these references; what comes first must not name what comes later")
                .subject(subject),
            );
        }
    }
}
