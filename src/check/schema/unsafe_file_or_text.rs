//! SCH004: files and text that are not what they look like.

use std::collections::BTreeMap;

use crate::check::words::excerpt;
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::Repository;
use crate::source::Span;

pub(in crate::check) const CHECK: Check = Check {
    code: "SCH004",
    name: "unsafe-file-or-text",
    family: Family::Schema,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("unsafe_file_or_text.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    context.faults(CHECK.code, out);
    same_path_in_other_case(context.repository(), out);
}

/// Two paths that differ only in case are one file on some machines, and then one of them is not what was approved.
fn same_path_in_other_case(repository: &Repository, out: &mut Vec<Diagnostic>) {
    let mut first_by_folded: BTreeMap<String, &str> = BTreeMap::new();
    for path in &repository.files {
        let Some(first) = first_by_folded.get(&path.to_lowercase()) else {
            first_by_folded.insert(path.to_lowercase(), path);
            continue;
        };
        let sources = &repository.sources;
        let span = sources
            .find(path)
            .or_else(|| sources.find(first))
            .map(Span::start_of);
        out.push(
            Diagnostic::error(
                CHECK.code,
                span.unwrap_or_else(|| repository.root_span()),
                format!("`{}` and `{}` differ only in case", excerpt(path), excerpt(first)),
            )
            .label("one file where the file system ignores case")
            .help("rename one of them")
            .subject(path.to_string()),
        );
    }
}
