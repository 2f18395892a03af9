//! A tree of files becomes a `Repository`; loading never stops at the first mistake.
//!
//! What one record says by itself is judged in here, by the schema. What records mean together is not.

mod beside;
mod decision_table;
mod generated;
mod layout;
mod named;
mod names;
mod repository;
mod schema;
mod suppressions;
mod tiers;
mod typing;
mod validate;

pub use decision_table::read_decision_table;
pub use generated::{Generated, Listed, read_generated, sources_digest};
pub use layout::{FREE_FOLDERS, RecordPlace, place_of};
pub use named::MAX_NAMED_FILE_BYTES;
pub use repository::{
    ApprovalFile, KeyringFiles, Known, LoadLimits, ManifestEntry, Repository, StoreManifest,
};
pub use schema::parse_record;
pub use suppressions::{IgnoringTool, ScannerSuppression};
pub use tiers::{TierRank, computed_tier, declared_tier, effective_tier};

use std::sync::Arc;

use anyhow::Result;
use rayon::prelude::*;

use crate::diagnostic::Diagnostic;
use crate::model::{Configuration, ConfigurationFile, Kind, RuleSetting};
use crate::source::{
    Entry, EntryKind, FileId, NodeValue, SourceFile, Sources, Span, Spanned, Tree, YamlFault, decode,
    find_unsafe_text,
};
use repository::Loaded;

/// The one configuration file.
pub const CONFIGURATION: &str = "compliance.yaml";
/// The list of keys that count, in OpenSSH's format.
pub const ALLOWED_SIGNERS: &str = "keyring/allowed_signers";
/// The keys that count no more, as `ssh-keygen -Y verify -r` reads them.
pub const REVOKED: &str = "keyring/revoked";

/// Reads `compliance.yaml` alone; a missing one means the defaults.
pub fn load_configuration(tree: &Tree) -> Result<(Configuration, Sources, Vec<Diagnostic>)> {
    let Some(entry) = tree.entry(CONFIGURATION) else {
        return Ok((Configuration::default(), Sources::default(), Vec::new()));
    };
    let (text, mut faults) = read_text(tree, entry, FileId(0), LoadLimits::default())?;
    let sources = Sources::new(vec![SourceFile {
        path: entry.path.clone(),
        text: text.clone(),
    }]);
    if !faults.is_empty() {
        return Ok((Configuration::default(), sources, faults));
    }
    let (configuration, found) = configuration_of(FileId(0), &text);
    faults.extend(found);
    Ok((configuration, sources, faults))
}

/// Reads the text of `compliance.yaml`; what cannot be read means the defaults, and faults.
pub fn configuration_of(file: FileId, text: &str) -> (Configuration, Vec<Diagnostic>) {
    let node = match parse_record(file, text, None, LoadLimits::default()) {
        Ok(node) => node,
        Err(faults) => return (Configuration::default(), faults),
    };
    match decode::<ConfigurationFile>(&node.node) {
        Ok(file) => {
            let configuration = Configuration {
                tool: file.tool,
                rules: rule_settings(node.node.get("rules")),
                exclude: file.exclude,
                suppressions: file.suppressions,
            };
            (configuration, Vec::new())
        }
        Err(error) => {
            let fault = schema::decode_fault(&error, node.node.span);
            (Configuration::default(), vec![fault])
        }
    }
}

fn rule_settings(rules: Option<&crate::source::Node>) -> Vec<RuleSetting> {
    let Some(NodeValue::Mapping(entries)) = rules.map(|node| &node.value) else {
        return Vec::new();
    };
    entries
        .iter()
        .map(|(key, node)| RuleSetting {
            code: Spanned {
                value: key.name.to_string(),
                span: key.span,
            },
            parameters: match &node.value {
                NodeValue::Mapping(parameters) => parameters
                    .iter()
                    .map(|(key, node)| {
                        (
                            Spanned {
                                value: key.name.to_string(),
                                span: key.span,
                            },
                            node.clone(),
                        )
                    })
                    .collect(),
                NodeValue::Null
                | NodeValue::Bool(_)
                | NodeValue::Integer(_)
                | NodeValue::Float(_)
                | NodeValue::String(_)
                | NodeValue::Plain(_)
                | NodeValue::Sequence(_) => Vec::new(),
            },
        })
        .collect()
}

/// Reads every record of a tree.
pub fn load(tree: &Tree, configuration: Configuration, limits: LoadLimits) -> Result<Repository> {
    let mut faults = Vec::new();
    let excluded: Vec<&str> = configuration
        .exclude
        .iter()
        .map(|path| path.value.as_str())
        .collect();
    let mut texts: Vec<(&Entry, RecordPlace)> = Vec::new();
    let mut strangers: Vec<(&Entry, Diagnostic)> = Vec::new();
    for entry in tree.entries() {
        match place_of(entry, &excluded) {
            Ok(RecordPlace::Ignored) => {}
            Ok(place) => texts.push((entry, place)),
            Err(fault) => {
                let span = Span::start_of(FileId(0));
                let fault = Diagnostic::error(fault.code, span, fault.message).help(fault.help);
                strangers.push((entry, fault));
            }
        }
    }
    strangers.extend(collisions(tree));
    let loaded: Vec<Loaded> = texts
        .par_iter()
        .enumerate()
        .map(|(index, (entry, place))| {
            let file = FileId(u32::try_from(index).unwrap_or(u32::MAX));
            load_file(tree, entry, place, file, limits)
        })
        .collect::<Result<_>>()?;
    let mut files: Vec<SourceFile> = texts
        .iter()
        .zip(&loaded)
        .map(|((entry, _), loaded)| SourceFile {
            path: entry.path.clone(),
            text: loaded.text.clone(),
        })
        .collect();
    for (entry, mut fault) in strangers {
        fault.span = Span::start_of(FileId(u32::try_from(files.len()).unwrap_or(u32::MAX)));
        fault.subject = Some(entry.path.to_string());
        files.push(SourceFile {
            path: entry.path.clone(),
            text: "".into(),
        });
        faults.push(fault);
    }
    let keyring = beside::read_keyring(tree, &mut files, &mut faults)?;
    let manifests = named::manifests(tree, &mut files)?;
    let mut repository = repository::assemble(Sources::new(files), configuration, loaded, faults);
    repository.keyring = keyring;
    repository.manifests = manifests;
    for approval in &mut repository.approvals {
        approval.signature = beside::signature(tree, &approval.path)?;
    }
    repository.files = tree
        .entries()
        .iter()
        .filter(|entry| entry.kind == EntryKind::File)
        .map(|entry| entry.path.clone())
        .collect();
    repository.file_digests = named::digests(tree, &repository);
    repository.guarded = beside::guarded_files(tree);
    let (tables, faults) = decision_table::decision_tables(&repository, limits);
    repository.decision_tables = tables;
    repository.faults.extend(faults);
    let (suppressions, faults) = suppressions::suppressions(&repository, limits);
    repository.scanner_suppressions = suppressions;
    repository.faults.extend(faults);
    Ok(repository)
}

/// Flags paths of which a Windows or macOS machine keeps one.
fn collisions(tree: &Tree) -> Vec<(&Entry, Diagnostic)> {
    let found = names::colliding(tree.entries()).into_iter();
    found
        .map(|(index, other)| {
            let message = format!("the path collides with `{other}`");
            let fault = Diagnostic::error("SCH004", Span::start_of(FileId(0)), message)
                .help("rename one; where case makes no difference, only one of the two is kept");
            (&tree.entries()[index], fault)
        })
        .collect()
}

/// Flags records whose id belonged to another record before.
pub fn flag_reused_ids(repository: &mut Repository, reused: &[crate::source::ReusedPath]) {
    let mut faults = Vec::new();
    for known in repository.known.values() {
        let Some(found) = reused.iter().find(|reused| *reused.path == *known.path) else {
            continue;
        };
        let commit = found.removed_in.get(..12).unwrap_or(&found.removed_in);
        faults.push(
            Diagnostic::error(
                "SCH003",
                known.span,
                format!("the id `{}` was used before, by another record", known.id),
            )
            .label(format!("that record was removed in commit {commit}"))
            .help("give this record a new id; an id is never used twice")
            .subject(known.id.to_string()),
        );
    }
    repository.faults.extend(faults);
}

fn load_file(
    tree: &Tree,
    entry: &Entry,
    place: &RecordPlace,
    file: FileId,
    limits: LoadLimits,
) -> Result<Loaded> {
    let (text, faults) = read_text(tree, entry, file, limits)?;
    let mut loaded = Loaded {
        file,
        path: entry.path.clone(),
        text: text.clone(),
        faults,
        record: None,
        known: None,
    };
    if !loaded.faults.is_empty() {
        return Ok(loaded);
    }
    match place {
        RecordPlace::Ignored | RecordPlace::Configuration => {}
        RecordPlace::Free => refuse_hidden_record(&mut loaded),
        RecordPlace::Record(kind) => load_record(&mut loaded, *kind, limits),
    }
    Ok(loaded)
}

/// A record must not hide where nothing reads it.
fn refuse_hidden_record(loaded: &mut Loaded) {
    let mut line_number = 0;
    for line in loaded.text.lines() {
        line_number += 1;
        let plain = line.trim_start().trim_start_matches(['"', '\'']);
        if !plain.starts_with("apiVersion") || !plain.contains("countersign/") {
            continue;
        }
        let mut span = Span::start_of(loaded.file);
        (span.line, span.end_line) = (line_number, line_number);
        loaded.faults.push(
            Diagnostic::error("SCH003", span, "a record in a folder that holds none")
                .help("move it into the folder of its kind, where it is checked")
                .subject(loaded.path.to_string()),
        );
        return;
    }
}

fn load_record(loaded: &mut Loaded, folder_kind: Kind, limits: LoadLimits) {
    let parsed = match schema::parse_as_written(loaded.file, &loaded.text, limits) {
        Ok(node) => node,
        Err(fault) => return loaded.faults.push(yaml_fault(*fault)),
    };
    let kind = match validate::kind_of(&parsed, folder_kind) {
        Ok(kind) => kind,
        Err(fault) => return loaded.faults.push(*fault),
    };
    loaded.known = validate::known(&parsed, kind, &loaded.path);
    let record = match schema::type_and_validate(parsed, Some(kind), limits) {
        Ok(record) => record,
        Err(faults) => {
            let subject = loaded.known.as_ref().map(|known| known.id.to_string());
            return loaded.faults.extend(faults.into_iter().map(|mut fault| {
                fault.subject = subject.clone();
                fault
            }));
        }
    };
    match repository::decode_record(kind, loaded.file, &loaded.path, &record) {
        Ok(any) => {
            loaded.faults.extend(validate::identity(&any, &loaded.path));
            loaded.record = Some(any);
        }
        Err(error) => loaded.faults.push(schema::decode_fault(&error, record.node.span)),
    }
}

/// Reads a text file; what is wrong with its bytes comes back as diagnostics.
fn read_text(
    tree: &Tree,
    entry: &Entry,
    file: FileId,
    limits: LoadLimits,
) -> Result<(Arc<str>, Vec<Diagnostic>)> {
    let whole = Span::start_of(file);
    if entry.size > limits.yaml.max_bytes {
        let message = format!(
            "the file has {} bytes; at most {} are read",
            entry.size, limits.yaml.max_bytes
        );
        let fault = Diagnostic::error("SCH001", whole, message)
            .help("split it; mass data belongs into `data/` or `imports/`")
            .subject(entry.path.to_string());
        return Ok(("".into(), vec![fault]));
    }
    let bytes = tree.read(entry, limits.yaml.max_bytes)?;
    if bytes.starts_with(b"\xef\xbb\xbf") {
        let fault = Diagnostic::error("SCH004", whole, "the file begins with a byte order mark")
            .help("save it as UTF-8 without a byte order mark")
            .subject(entry.path.to_string());
        return Ok(("".into(), vec![fault]));
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
            let span = end_of(file, &text);
            let fault = Diagnostic::error("SCH004", span, format!("not UTF-8: the byte at offset {good}"))
                .help("save the file as UTF-8")
                .subject(entry.path.to_string());
            return Ok((text.into(), vec![fault]));
        }
    };
    let faults = find_unsafe_text(file, &text)
        .into_iter()
        .map(|fault| {
            Diagnostic::error("SCH004", fault.span, format!("{} in the text", fault.message))
                .help("remove it; text must read as it is stored")
                .subject(entry.path.to_string())
        })
        .collect();
    Ok((text.into(), faults))
}

fn end_of(file: FileId, text: &str) -> Span {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let line = number(text.matches('\n').count()) + 1;
    let column = number(text.rsplit('\n').next().unwrap_or("").chars().count()) + 1;
    let at = number(text.len());
    Span {
        file,
        start: at,
        end: at,
        line,
        column,
        end_line: line,
        end_column: column,
    }
}

pub(crate) fn yaml_fault(fault: YamlFault) -> Diagnostic {
    let code = if fault.unsafe_text { "SCH004" } else { "SCH001" };
    let mut diagnostic = Diagnostic::error(code, fault.span, fault.message).help(fault.help);
    if let Some((span, message)) = fault.related {
        diagnostic = diagnostic.related(span, message);
    }
    diagnostic
}
