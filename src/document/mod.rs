//! The register becomes documents: a view and a template each, and the back ends.
//!
//! A view decides, a template shows, a back end writes. Nothing in here reads or writes a file; what
//! a document prints depends on the register, its provenance and the templates alone.

mod acceptances;
mod agreements;
mod audit;
mod compliance;
mod cover;
mod csv;
mod decisions;
mod discrepancies;
mod evidence;
mod exceptions;
mod figure;
mod findings;
mod force;
mod html;
mod index;
mod markdown;
mod measures;
mod policies;
mod provenance;
mod pseudonyms;
mod ratings;
mod redact;
mod reviewed;
mod reviews;
mod risks;
mod scorecard;
mod soa;
mod table;
mod targets;
mod template;
mod text;
mod unsupported;
mod vulnerabilities;
mod words;
mod xlsx;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::model::{AsOf, Kind, RecordId};
use crate::reconcile::Register;
use cover::Cover;
use figure::Figure;
use table::{Layout, Table};
use template::Templates;

pub(crate) use decisions::{Body, DecisionRow, Phase, decisions_of};
pub(crate) use force::Force;
pub use provenance::Provenance;
pub use pseudonyms::{Known, KnownHost, KnownPerson, Pseudonyms};
pub(crate) use reviewed::Reviewed;
pub use template::template_names;
pub(crate) use text::{escape_json, escape_markdown, visible};

/// One document: what it is, and the function that computes what it shows.
#[derive(Debug)]
pub struct DocumentKind {
    /// The name of its files, such as `D01`.
    pub id: &'static str,
    /// The word of the command line.
    pub slug: &'static str,
    pub title: &'static str,
    pub audience: &'static str,
    /// One sentence: the question that it answers.
    pub purpose: &'static str,
    /// The name of its template.
    pub template: &'static str,
    /// The tables that become delimited files.
    pub tables: &'static [&'static str],
    view: fn(&Request<'_>) -> View,
}

/// Every document, in the order of the catalogue.
pub const DOCUMENTS: &[DocumentKind] = &[
    index::INDEX,
    soa::D01,
    exceptions::D02,
    acceptances::D03,
    agreements::D04,
    vulnerabilities::D05,
    compliance::D06,
    reviews::D07,
    audit::D09,
    evidence::D10,
    unsupported::D11,
    scorecard::D14,
    policies::D19,
    risks::D20,
    discrepancies::D21,
];

/// Finds a document by its id or slug, in any case.
pub fn find(word: &str) -> Option<&'static DocumentKind> {
    DOCUMENTS
        .iter()
        .find(|kind| kind.id.eq_ignore_ascii_case(word) || kind.slug.eq_ignore_ascii_case(word))
}

/// Tells whether one of the documents shows the months before.
pub fn shows_months(kinds: &[&'static DocumentKind]) -> bool {
    let shows = [compliance::D06.id, scorecard::D14.id];
    kinds.iter().any(|kind| shows.contains(&kind.id))
}

/// The form of a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Format {
    Html,
    Markdown,
    Csv,
    Json,
    Xlsx,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Html, Self::Markdown, Self::Csv, Self::Json, Self::Xlsx];

    /// Returns the extension of its files, which is its word of the command line, too.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "md",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Xlsx => "xlsx",
        }
    }
}

/// Why a document could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The template asks for what is not there, or does not read as one.
    #[error("template `{name}`, line {line}: {message}")]
    Template {
        name: String,
        line: usize,
        message: String,
    },
    /// The repository has a template that no document uses.
    #[error("`templates/{name}` is the name of no template; the names are {allowed}, and `_*.md` for parts")]
    UnknownTemplate { name: String, allowed: String },
    /// A filled page is over the limit.
    #[error("`{name}` makes more than {limit} bytes of text; let it show the tables through `table(...)`")]
    TooLarge { name: String, limit: usize },
    /// A table or figure stands within text.
    #[error(
        "template `{name}`: {slot} must stand on a line of its own, with a blank line before and after it"
    )]
    Crowded { name: String, slot: String },
    /// A workbook cannot be written.
    #[error("the workbook of `{id}` cannot be written")]
    Workbook {
        id: &'static str,
        source: rust_xlsxwriter::XlsxError,
    },
    /// A view cannot be written as JSON.
    #[error("the view of `{id}` cannot be written")]
    Unwritable {
        id: &'static str,
        source: serde_json::Error,
    },
}

/// What a view may see.
struct Request<'a> {
    register: &'a Register<'a>,
    provenance: &'a Provenance<'a>,
    kinds: &'a [&'static DocumentKind],
    formats: &'a [Format],
}

/// What a document shows, with every decision taken.
struct View {
    /// The word of the classification.
    classification: &'static str,
    /// Single values, under the names that the template uses.
    values: serde_json::Value,
    tables: Vec<Table>,
    figures: Vec<Figure>,
    /// The records whose approvals the document rests on.
    underlying: Vec<(Kind, RecordId)>,
}

/// A document before it takes a form.
struct Document {
    kind: &'static DocumentKind,
    cover: Cover,
    view: View,
    /// Whether the index stands beside it.
    has_index: bool,
}

impl Document {
    fn table(&self, name: &str) -> Option<&Table> {
        self.view
            .tables
            .iter()
            .chain(&self.cover.tables)
            .find(|table| table.name == name)
    }

    fn figure(&self, name: &str) -> Option<&Figure> {
        self.view.figures.iter().find(|figure| figure.name == name)
    }
}

/// Returns the SHA-256 over the lines of `sha256sum` of all templates, ours and those that replace them, by name.
pub fn templates_digest(overrides: &BTreeMap<String, String>) -> Result<String, DocumentError> {
    Ok(Templates::new(overrides)?.digest_of_all())
}

/// Makes documents: file name to bytes. Templates of the repository go by their file names and win over ours.
pub fn render(
    kinds: &[&'static DocumentKind],
    formats: &[Format],
    register: &Register<'_>,
    provenance: &Provenance<'_>,
    overrides: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Vec<u8>>, DocumentError> {
    let request = Request {
        register,
        provenance,
        kinds,
        formats,
    };
    make(&request, overrides, None)
}

/// Makes documents as `render` does, with pseudonyms in the place of names.
pub fn render_redacted(
    kinds: &[&'static DocumentKind],
    (register, provenance): (&Register<'_>, &Provenance<'_>),
    overrides: &BTreeMap<String, String>,
    names: &Pseudonyms,
) -> Result<BTreeMap<String, Vec<u8>>, DocumentError> {
    let request = Request {
        register,
        provenance,
        kinds,
        formats: &Format::ALL,
    };
    make(&request, overrides, Some(names))
}

fn make(
    request: &Request<'_>,
    overrides: &BTreeMap<String, String>,
    names: Option<&Pseudonyms>,
) -> Result<BTreeMap<String, Vec<u8>>, DocumentError> {
    let templates = Templates::new(overrides)?;
    let Request {
        register,
        kinds,
        formats,
        ..
    } = request;
    let has_index = kinds.iter().any(|kind| kind.id == index::INDEX.id);
    let mut files = BTreeMap::new();
    for kind in *kinds {
        let mut view = (kind.view)(request);
        let mut cover = Cover::new(request, kind, &view, &templates);
        if let Some(names) = names {
            view.redact(names);
            cover.redact(names);
        }
        let document = Arc::new(Document {
            kind,
            cover,
            view,
            has_index,
        });
        let needs_page = formats
            .iter()
            .any(|format| matches!(format, Format::Html | Format::Markdown));
        let page = match (needs_page, names) {
            (false, _) => String::new(),
            (true, None) => templates.fill(&document)?,
            // What the values said is replaced already; a template of the repository may name somebody, too.
            (true, Some(names)) => names.text(&templates.fill(&document)?),
        };
        for format in *formats {
            write(&document, (*format, register.as_of), &page, &mut files)?;
        }
    }
    Ok(files)
}

fn write(
    document: &Document,
    (format, as_of): (Format, AsOf),
    page: &str,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), DocumentError> {
    let id = document.kind.id;
    let name = format!("{id}.{}", format.extension());
    match format {
        Format::Html => drop(files.insert(name, html::write(document, page).into_bytes())),
        Format::Markdown => {
            let filled = markdown::fill(page, |name| document.table(name), |name| document.figure(name));
            files.insert(name, filled.into_bytes());
        }
        Format::Json => drop(files.insert(name, write_json(document)?.into_bytes())),
        Format::Csv => {
            for table in document
                .view
                .tables
                .iter()
                .filter(|table| table.layout != Layout::Facts)
            {
                files.insert(format!("{id}-{}.csv", table.name), csv::write(table));
            }
        }
        Format::Xlsx => {
            let workbook =
                xlsx::write(document, as_of).map_err(|source| DocumentError::Workbook { id, source })?;
            files.insert(name, workbook);
        }
    }
    Ok(())
}

/// The JSON twin of a document.
#[derive(Serialize)]
struct Twin<'a> {
    schema: &'static str,
    document: TwinHead,
    provenance: &'a Cover,
    view: &'a serde_json::Value,
    tables: BTreeMap<&'static str, &'a Table>,
    figures: &'a [Figure],
}

#[derive(Serialize)]
struct TwinHead {
    id: &'static str,
    slug: &'static str,
    title: &'static str,
    audience: &'static str,
}

fn write_json(document: &Document) -> Result<String, DocumentError> {
    let kind = document.kind;
    let twin = Twin {
        schema: "countersign/document/v1",
        document: TwinHead {
            id: kind.id,
            slug: kind.slug,
            title: kind.title,
            audience: kind.audience,
        },
        provenance: &document.cover,
        view: &document.view.values,
        tables: document
            .view
            .tables
            .iter()
            .map(|table| (table.name, table))
            .collect(),
        figures: &document.view.figures,
    };
    let json = serde_json::to_string_pretty(&twin)
        .map_err(|source| DocumentError::Unwritable { id: kind.id, source })?;
    Ok(escape_json(&json) + "\n")
}

/// Writes the values of a view; a view that cannot be written is a slip of ours, and the template will say so.
fn values(view: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(view).unwrap_or_default()
}
