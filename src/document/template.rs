//! Templates: ours, and those of the governed repository that replace them.
//!
//! A template is trusted to choose words and order, and nothing more: every value is escaped, no
//! filter can lift that, raw HTML is not passed on, and its work and its output are bounded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use crate::source::sha256_hex;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

use super::markdown::{Slot, crowded_slot};
use super::text::escape_markdown;
use super::{Document, DocumentError, DocumentKind};

/// Our templates, by name; a name with an underscore is a part of others.
const TEMPLATES: &[(&str, &str)] = &[
    ("D01.md", include_str!("../../templates/D01.md")),
    ("D02.md", include_str!("../../templates/D02.md")),
    ("D03.md", include_str!("../../templates/D03.md")),
    ("D04.md", include_str!("../../templates/D04.md")),
    ("D05.md", include_str!("../../templates/D05.md")),
    ("D06.md", include_str!("../../templates/D06.md")),
    ("D07.md", include_str!("../../templates/D07.md")),
    ("D08.md", include_str!("../../templates/D08.md")),
    ("D09.md", include_str!("../../templates/D09.md")),
    ("D10.md", include_str!("../../templates/D10.md")),
    ("D11.md", include_str!("../../templates/D11.md")),
    ("D13.md", include_str!("../../templates/D13.md")),
    ("D14.md", include_str!("../../templates/D14.md")),
    ("D15.md", include_str!("../../templates/D15.md")),
    ("D18.md", include_str!("../../templates/D18.md")),
    ("D19.md", include_str!("../../templates/D19.md")),
    ("D20.md", include_str!("../../templates/D20.md")),
    ("D21.md", include_str!("../../templates/D21.md")),
    ("_cover.md", include_str!("../../templates/_cover.md")),
    ("_verify.md", include_str!("../../templates/_verify.md")),
    ("index.md", include_str!("../../templates/index.md")),
    ("posture-diff.md", include_str!("../../templates/posture-diff.md")),
];

/// Steps of the template engine that one document may take.
const FUEL: u64 = 50_000_000;
/// Bytes that one filled page may have, before tables are put in.
const MAX_PAGE_BYTES: usize = 32 << 20;
/// Bytes that one template of the repository may have.
const MAX_TEMPLATE_BYTES: usize = 1 << 20;

/// Returns the names that a governed repository may use in `templates/` to replace ours.
pub fn template_names() -> impl Iterator<Item = &'static str> {
    TEMPLATES.iter().map(|(name, _)| *name)
}

/// All templates of one run, compiled.
pub(super) struct Templates {
    environment: Environment<'static>,
    texts: BTreeMap<String, String>,
    replaced: Vec<String>,
}

impl Templates {
    /// Compiles ours and those that replace them.
    pub(super) fn new(overrides: &BTreeMap<String, String>) -> Result<Self, DocumentError> {
        let mut texts: BTreeMap<String, String> = TEMPLATES
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        for (name, text) in overrides {
            let is_part = name.starts_with('_') && name.ends_with(".md");
            if !is_part && !texts.contains_key(name) {
                let allowed = template_names()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", ");
                return Err(DocumentError::UnknownTemplate {
                    name: name.clone(),
                    allowed,
                });
            }
            if text.len() > MAX_TEMPLATE_BYTES {
                return Err(DocumentError::TooLarge {
                    name: name.clone(),
                    limit: MAX_TEMPLATE_BYTES,
                });
            }
            texts.insert(name.clone(), text.clone());
        }
        let mut environment = bounded_environment()?;
        for (name, text) in &texts {
            environment
                .add_template_owned(name.clone(), text.clone())
                .map_err(|error| fault(name, &error))?;
        }
        Ok(Self {
            environment,
            texts,
            replaced: overrides.keys().cloned().collect(),
        })
    }

    /// Returns the SHA-256 over the lines of `sha256sum` of a document's template and all parts, sorted by name.
    pub(super) fn digest(&self, kind: &DocumentKind) -> String {
        self.digest_where(|name| is_used_by(kind, name))
    }

    /// Returns the same over all templates.
    pub(super) fn digest_of_all(&self) -> String {
        self.digest_where(|_| true)
    }

    fn digest_where(&self, is_wanted: impl Fn(&str) -> bool) -> String {
        let mut lines = String::new();
        for (name, text) in self.texts.iter().filter(|(name, _)| is_wanted(name)) {
            let _ = writeln!(lines, "{}  {name}", sha256_hex(text.as_bytes()));
        }
        sha256_hex(lines.as_bytes())
    }

    /// Returns the names of the templates of a document that are the repository's own.
    pub(super) fn replaced_of(&self, kind: &DocumentKind) -> Vec<&str> {
        self.replaced
            .iter()
            .map(String::as_str)
            .filter(|name| is_used_by(kind, name))
            .collect()
    }

    /// Fills a document's template: Markdown with placeholders for tables and figures.
    pub(super) fn fill(&self, document: &Arc<Document>) -> Result<String, DocumentError> {
        let name = document.kind.template;
        let template = self
            .environment
            .get_template(name)
            .map_err(|error| fault(name, &error))?;
        let mut page = Page {
            bytes: Vec::new(),
            is_full: false,
        };
        let filled = template.render_captured_to(context(document), &mut page);
        if page.is_full {
            return Err(DocumentError::TooLarge {
                name: name.to_owned(),
                limit: MAX_PAGE_BYTES,
            });
        }
        filled.map_err(|error| self.with_line(fault(name, &error)))?;
        let text = String::from_utf8_lossy(&page.bytes).into_owned();
        match crowded_slot(&text) {
            Some(slot) => Err(DocumentError::Crowded {
                name: name.to_owned(),
                slot,
            }),
            None => Ok(text),
        }
    }

    /// Shows the line in which a fault is: the engine does not say which of its values it is.
    fn with_line(&self, mut fault: DocumentError) -> DocumentError {
        if let DocumentError::Template { name, line, message } = &mut fault {
            let text = self.texts.get(name.as_str());
            let line = text.and_then(|text| text.lines().nth(line.saturating_sub(1)));
            if let Some(line) = line {
                let shown: String = line.trim().chars().take(MAX_SHOWN).collect();
                message.push_str(&format!(", in `{shown}`"));
            }
        }
        fault
    }
}

/// So many characters of a line are shown.
const MAX_SHOWN: usize = 120;

fn is_used_by(kind: &DocumentKind, name: &str) -> bool {
    name == kind.template || name.starts_with('_')
}

fn bounded_environment() -> Result<Environment<'static>, DocumentError> {
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build();
    let syntax = syntax.map_err(|error| fault("syntax", &error))?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(64);
    environment.set_debug(false);
    environment.set_syntax(syntax);
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("markdown".into()));
    environment.set_formatter(|out, _, value| {
        let text = value.to_string();
        if value.is_safe() {
            return out.write_str(&text).map_err(Error::from);
        }
        let mut escaped = String::with_capacity(text.len() + 8);
        escape_markdown(&text, &mut escaped);
        out.write_str(&escaped).map_err(Error::from)
    });
    for filter in ["safe", "escape", "e", "tojson"] {
        environment.remove_filter(filter);
    }
    Ok(environment)
}

fn context(document: &Arc<Document>) -> Value {
    let (tables, figures, rows) = (Arc::clone(document), Arc::clone(document), Arc::clone(document));
    let table = Value::from_function(move |name: &str| match tables.table(name) {
        Some(table) => Ok(Value::from_safe_string(Slot::Table(table.name).mark())),
        None => Err(missing("table", name, &names_of_tables(&tables))),
    });
    let figure = Value::from_function(move |name: &str| match figures.figure(name) {
        Some(figure) => Ok(Value::from_safe_string(Slot::Figure(figure.name).mark())),
        None => {
            let names: Vec<&str> = figures.view.figures.iter().map(|figure| figure.name).collect();
            Err(missing("figure", name, &names))
        }
    });
    let rows = Value::from_function(move |name: &str| match rows.table(name) {
        Some(table) => Ok(table.rows_for_templates()),
        None => Err(missing("table", name, &names_of_tables(&rows))),
    });
    // The commands are our own words; in a code block a backslash would be one.
    let commands = document.cover.values.commands.iter().map(|command| {
        minijinja::context! { shows => command.shows, run => Value::from_safe_string(command.run.clone()) }
    });
    minijinja::context! {
        commands => commands.collect::<Vec<_>>(),
        cover => Value::from(Serde(&document.cover.values)),
        view => Value::from(Serde(&document.view.values)),
        table,
        figure,
        rows,
    }
}

fn names_of_tables(document: &Document) -> Vec<&'static str> {
    document
        .view
        .tables
        .iter()
        .chain(&document.cover.tables)
        .map(|table| table.name)
        .collect()
}

fn missing(what: &str, name: &str, names: &[&str]) -> Error {
    let names = if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    };
    Error::new(
        ErrorKind::InvalidOperation,
        format!("there is no {what} `{name}`; there are: {names}"),
    )
}

/// Puts an error of the engine into our words, with the template that it happened in.
fn fault(name: &str, error: &Error) -> DocumentError {
    // An error in a part comes wrapped in one of the template that includes it; the innermost names the place.
    let mut place = (error.name().unwrap_or(name).to_owned(), error.line().unwrap_or(1));
    let mut message = words_of(error);
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source.and_then(|source| source.downcast_ref::<Error>()) {
        if let (Some(name), Some(line)) = (cause.name(), cause.line()) {
            place = (name.to_owned(), line);
        }
        message = words_of(cause);
        source = std::error::Error::source(cause);
    }
    DocumentError::Template {
        name: place.0,
        line: place.1,
        message,
    }
}

fn words_of(error: &Error) -> String {
    let kind = error.kind().to_string();
    match error.detail() {
        Some(detail) => format!("{kind}: {detail}"),
        None => kind,
    }
}

/// Takes a page up to the limit.
struct Page {
    bytes: Vec<u8>,
    is_full: bool,
}

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > MAX_PAGE_BYTES {
            self.is_full = true;
            return Err(io::Error::other("the page is full"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
