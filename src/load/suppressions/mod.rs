//! What the ignore files of scanners in the governed repository hide.
//!
//! Read are `.trivyignore`, `.trivyignore.yaml`, `.grype.yaml`, `osv-scanner.toml` and `deny.toml`, at the root and
//! in every folder below it, save what the configuration excludes. What such a file says and cannot be read here
//! might hide anything, and so it is a fault.

mod formats;
mod toml_tree;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Datelike as _, NaiveDateTime};

use super::{LoadLimits, Repository, layout, yaml_fault};
use crate::diagnostic::Diagnostic;
use crate::model::{Date, Stamp, parse_date, parse_instant};
use crate::source::{FileId, Node, NodeValue, Span, Spanned, parse};

/// So many ignore files are read.
const MAX_FILES: usize = 200;
/// An ignore file lies so many folders below the root at most.
const MAX_FOLDERS: usize = 24;
/// So many entries are read in all files together.
const MAX_ENTRIES: usize = 10_000;
/// So many faults of one file are told.
const TOLD_FAULTS: usize = 50;
/// An id has so many characters at most.
const MAX_ID: usize = 200;

/// The rule that hands on what is wrong in here.
const CODE: &str = "GOV004";

/// A scanner whose ignore file is read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum IgnoringTool {
    Trivy,
    Grype,
    OsvScanner,
    CargoDeny,
}

impl IgnoringTool {
    /// Returns the name of the tool.
    pub fn word(self) -> &'static str {
        match self {
            Self::Trivy => "trivy",
            Self::Grype => "grype",
            Self::OsvScanner => "osv-scanner",
            Self::CargoDeny => "cargo-deny",
        }
    }

    /// Returns the field that ends an entry; `None` where the format has none.
    pub fn expiry_field(self) -> Option<&'static str> {
        match self {
            Self::Trivy => Some("expired_at"),
            Self::OsvScanner => Some("ignoreUntil"),
            Self::Grype | Self::CargoDeny => None,
        }
    }
}

/// The formats of ignore files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    TrivyPlain,
    TrivyYaml,
    Grype,
    OsvScanner,
    CargoDeny,
}

impl Format {
    fn of(path: &str) -> Option<Self> {
        Some(match path.rsplit('/').next()? {
            ".trivyignore" => Self::TrivyPlain,
            ".trivyignore.yaml" | ".trivyignore.yml" => Self::TrivyYaml,
            ".grype.yaml" | ".grype.yml" => Self::Grype,
            "osv-scanner.toml" => Self::OsvScanner,
            "deny.toml" | ".deny.toml" => Self::CargoDeny,
            _ => return None,
        })
    }

    fn tool(self) -> IgnoringTool {
        match self {
            Self::TrivyPlain | Self::TrivyYaml => IgnoringTool::Trivy,
            Self::Grype => IgnoringTool::Grype,
            Self::OsvScanner => IgnoringTool::OsvScanner,
            Self::CargoDeny => IgnoringTool::CargoDeny,
        }
    }
}

/// Tells whether a path is that of a scanner's ignore file.
pub(super) fn is_ignore_file(path: &str) -> bool {
    Format::of(path).is_some()
}

/// One entry of an ignore file.
#[derive(Clone, Debug)]
pub struct ScannerSuppression {
    pub tool: IgnoringTool,
    /// Relative to the governed root.
    pub path: Arc<str>,
    /// As it is written; `None` where the entry hides a whole class of findings.
    pub id: Option<String>,
    pub span: Span,
    /// From when on it hides nothing.
    pub until: Option<Spanned<Stamp>>,
    pub reason: Option<String>,
    /// What it is limited to, such as `path app/**`; of an entry without an id, what it hides.
    pub narrowed_to: Vec<String>,
    /// Of a sort that no importer reads, such as secrets: that no run lists it says nothing.
    pub is_unlisted: bool,
}

/// Reads every ignore file, and says what in it cannot be read.
pub(super) fn suppressions(
    repository: &Repository,
    limits: LoadLimits,
) -> (Vec<ScannerSuppression>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let mut faults = Vec::new();
    let mut files = 0;
    for (index, source) in repository.sources.iter().enumerate() {
        let file = FileId(u32::try_from(index).unwrap_or(u32::MAX));
        let Some(format) = Format::of(&source.path) else {
            continue;
        };
        // What is not text was told already, and what is excluded is not governed.
        let is_of_file =
            |fault: &Diagnostic| fault.span.file == file && fault.subject.as_deref() == Some(&*source.path);
        if repository.faults.iter().any(is_of_file) || is_excluded(repository, &source.path) {
            continue;
        }
        files += 1;
        let mut reader = Reader {
            format,
            path: &source.path,
            file,
            limits,
            room: MAX_ENTRIES.saturating_sub(found.len()),
            found: Vec::new(),
            faults: Vec::new(),
        };
        if files > MAX_FILES {
            let message = format!("more than {MAX_FILES} ignore files of scanners");
            reader.fault(
                Span::start_of(file),
                message,
                "join them; from here on none is read",
            );
        } else if source.path.matches('/').count() > MAX_FOLDERS {
            let message = format!("an ignore file more than {MAX_FOLDERS} folders deep");
            reader.fault(Span::start_of(file), message, "move it up; it is not read here");
        } else {
            reader.read(&source.text);
            reader.refuse_twins();
        }
        found.extend(reader.found);
        faults.extend(reader.faults);
        if files > MAX_FILES {
            break;
        }
    }
    (found, faults)
}

fn is_excluded(repository: &Repository, path: &str) -> bool {
    let mut excluded = repository.configuration.exclude.iter();
    excluded.any(|prefix| layout::is_under(path, &prefix.value))
}

/// Reads one file.
struct Reader<'a> {
    format: Format,
    path: &'a Arc<str>,
    file: FileId,
    limits: LoadLimits,
    /// How many entries more may be read.
    room: usize,
    found: Vec<ScannerSuppression>,
    faults: Vec<Diagnostic>,
}

/// What an entry says beside its id.
#[derive(Default)]
struct Details {
    until: Option<Spanned<Stamp>>,
    reason: Option<String>,
    narrowed_to: Vec<String>,
    is_unlisted: bool,
}

impl Reader<'_> {
    fn read(&mut self, text: &str) {
        let is_empty = text
            .lines()
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        if is_empty {
            return;
        }
        match self.format {
            Format::TrivyPlain => self.trivy_plain(text),
            Format::TrivyYaml | Format::Grype => match parse(self.file, text, self.limits.yaml) {
                Ok(root) if self.format == Format::Grype => self.grype(&root),
                Ok(root) => self.trivy_yaml(&root),
                Err(fault) => {
                    let mut fault = yaml_fault(*fault);
                    fault.code = CODE;
                    self.tell(fault);
                }
            },
            Format::OsvScanner | Format::CargoDeny => {
                match toml_tree::parse(self.file, text, self.limits.yaml) {
                    Ok(root) if self.format == Format::OsvScanner => self.osv_scanner(&root),
                    Ok(root) => self.cargo_deny(&root),
                    Err((span, message)) => {
                        self.fault(
                            span,
                            message,
                            "mend it at this place; nothing of the file was read",
                        );
                    }
                }
            }
        }
    }

    fn fault(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        let fault = Diagnostic::error(CODE, span, message).help(help);
        self.tell(fault.label("what this hides cannot be judged"));
    }

    /// Tells a fault; after some of one file the rest is like them.
    fn tell(&mut self, fault: Diagnostic) {
        if self.faults.len() < TOLD_FAULTS {
            self.faults.push(fault.subject(self.path.to_string()));
        }
    }

    /// Takes an entry, as long as there is room.
    fn take(&mut self, id: Option<String>, span: Span, details: Details) {
        if self.found.len() == self.room {
            let message = format!("more than {MAX_ENTRIES} entries in the ignore files of scanners");
            if self.faults.iter().all(|fault| fault.message != message) {
                self.fault(
                    span,
                    message,
                    "remove what hides nothing; from here on none is read",
                );
            }
            return;
        }
        self.found.push(ScannerSuppression {
            tool: self.format.tool(),
            path: Arc::clone(self.path),
            id,
            span,
            until: details.until,
            reason: details.reason,
            narrowed_to: details.narrowed_to,
            is_unlisted: details.is_unlisted,
        });
    }

    /// Takes an entry with its id, once the id is one.
    fn take_id(&mut self, id: &str, span: Span, details: Details) {
        let id = id.trim();
        if id.is_empty() || id.chars().count() > MAX_ID {
            let message = format!("an id has 1 to {MAX_ID} characters");
            return self.fault(span, message, "write the id that the scanner gives");
        }
        self.take(Some(id.to_owned()), span, details);
    }

    /// Two entries with one id and one limit: which of their ends counts is up to the tool.
    fn refuse_twins(&mut self) {
        let mut first: BTreeMap<(String, Vec<String>), Span> = BTreeMap::new();
        let mut twins = Vec::new();
        for entry in &self.found {
            let Some(id) = &entry.id else { continue };
            let key = (id.to_lowercase(), entry.narrowed_to.clone());
            match first.get(&key) {
                Some(span) => twins.push((id.clone(), entry.span, *span)),
                None => {
                    first.insert(key, entry.span);
                }
            }
        }
        for (id, span, first) in twins {
            let message = format!("`{}` is ignored twice", id.escape_debug());
            let fault = Diagnostic::error(CODE, span, message)
                .related(first, "the first one")
                .help("keep one of the two; which of their ends counts would be a guess");
            self.tell(fault);
        }
    }

    /// Names each field of a mapping that is not known here: it may change what is hidden.
    fn unknown_fields(&mut self, node: &Node, known: &[&str]) {
        let NodeValue::Mapping(entries) = &node.value else {
            return self.fault(
                node.span,
                "a mapping is needed here",
                "write fields with their values",
            );
        };
        for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&&*key.name)) {
            let name: String = key.name.chars().take(80).flat_map(char::escape_debug).collect();
            let listed: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("unknown field `{name}`");
            self.fault(
                key.span,
                message,
                format!("remove it; known are {}", listed.join(", ")),
            );
        }
    }

    /// Returns the items of a list; one that is not there, or empty, has none.
    fn list<'n>(&mut self, node: &'n Node, name: &str) -> &'n [Node] {
        let Some(value) = node.get(name) else { return &[] };
        if let NodeValue::Sequence(items) = &value.value {
            return items;
        }
        if !is_nothing(value) {
            self.fault(
                value.span,
                format!("`{name}` must be a list"),
                "write one item a line",
            );
        }
        &[]
    }

    /// Returns a text; one that is not there, or empty, is none.
    fn text(&mut self, node: &Node, name: &str) -> Option<Spanned<String>> {
        let value = node.get(name).filter(|value| !is_nothing(value))?;
        let text = value.text().map(|text| Spanned {
            value: text.to_owned(),
            span: value.span,
        });
        if text.is_none() {
            self.fault(value.span, format!("`{name}` must be text"), "write it in quotes");
        }
        text
    }

    /// Returns the texts of a list, each with a word before it.
    fn texts(&mut self, node: &Node, name: &str, word: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for item in self.list(node, name) {
            match item.text() {
                Some(text) => texts.push(format!("{word} {text}")),
                None => self.fault(
                    item.span,
                    format!("`{name}` is a list of texts"),
                    "write each in quotes",
                ),
            }
        }
        texts
    }

    /// Tells whether a switch is on.
    fn is_on(&mut self, node: &Node, name: &str) -> bool {
        let Some(value) = node.get(name).filter(|value| !is_nothing(value)) else {
            return false;
        };
        let word = match &value.value {
            NodeValue::Bool(value) => Some(*value),
            NodeValue::Plain(text) => match text.to_ascii_lowercase().as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            NodeValue::Null
            | NodeValue::Integer(_)
            | NodeValue::Float(_)
            | NodeValue::String(_)
            | NodeValue::Sequence(_)
            | NodeValue::Mapping(_) => None,
        };
        if word.is_none() {
            let message = format!("`{name}` must be `true` or `false`");
            self.fault(value.span, message, "write one of the two");
        }
        word.unwrap_or(false)
    }

    /// Reads when an entry ends; an entry whose end cannot be read is not taken.
    fn until(&mut self, node: &Node, name: &str) -> Result<Option<Spanned<Stamp>>, ()> {
        let Some(value) = node.get(name).filter(|value| !is_nothing(value)) else {
            return Ok(None);
        };
        self.moment(value.text().unwrap_or_default(), value.span)
            .map(Some)
    }

    fn moment(&mut self, text: &str, span: Span) -> Result<Spanned<Stamp>, ()> {
        let years = self.limits.min_year..=self.limits.max_year;
        let stamp = stamp(text).filter(|(_, year)| years.contains(year));
        let Some((stamp, _)) = stamp else {
            let shown: String = text.chars().take(80).flat_map(char::escape_debug).collect();
            let message = format!("`{shown}` is no day on which an entry ends");
            let help = format!(
                "write a day such as `2026-09-30`, of the years {} to {}",
                years.start(),
                years.end()
            );
            self.fault(span, message, help);
            return Err(());
        };
        Ok(Spanned {
            value: self.in_zone_of_tool(stamp),
            span,
        })
    }

    /// Trivy takes a day without a zone for one of UTC, osv-scanner for one of where it runs.
    fn in_zone_of_tool(&self, stamp: Stamp) -> Stamp {
        match (self.format.tool(), stamp) {
            (IgnoringTool::Trivy, Stamp::Day(day)) => {
                Stamp::At(day.and_time(chrono::NaiveTime::MIN).and_utc())
            }
            (IgnoringTool::Trivy, Stamp::Wall(wall)) => Stamp::At(wall.and_utc()),
            (_, stamp) => stamp,
        }
    }
}

/// Reads a day, a wall time or a moment, each with its year.
fn stamp(text: &str) -> Option<(Stamp, i32)> {
    if let Some(Date(day)) = parse_date(text) {
        return Some((Stamp::Day(day), day.year()));
    }
    // Both YAML and TOML allow a space where RFC 3339 has a `T`.
    let text = text.replacen(' ', "T", 1);
    if let Some(instant) = parse_instant(&text) {
        return Some((Stamp::At(instant.utc()), instant.0.year()));
    }
    let wall = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    Some((Stamp::Wall(wall), wall.year()))
}

/// A key without a value says nothing.
fn is_nothing(node: &Node) -> bool {
    match &node.value {
        NodeValue::Null => true,
        NodeValue::Plain(text) => matches!(&**text, "" | "~" | "null" | "Null" | "NULL"),
        NodeValue::Bool(_)
        | NodeValue::Integer(_)
        | NodeValue::Float(_)
        | NodeValue::String(_)
        | NodeValue::Sequence(_)
        | NodeValue::Mapping(_) => false,
    }
}
