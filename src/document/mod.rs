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
mod days;
mod decisions;
mod diagnosed;
mod discrepancies;
mod evidence;
mod exceptions;
mod figure;
mod findings;
mod force;
mod gaps;
mod html;
mod index;
mod kept;
mod management;
mod markdown;
mod measures;
#[cfg(feature = "pdf")]
mod pdf;
mod policies;
mod portal;
mod posture;
mod provenance;
mod pseudonyms;
mod ratings;
mod redact;
mod reviewed;
mod reviews;
mod risks;
mod scorecard;
mod soa;
mod suppliers;
mod table;
mod targets;
mod template;
mod text;
mod tree;
mod twin;
mod unsupported;
mod vulnerabilities;
mod words;
mod xlsx;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::check::Changes;
use crate::model::{AsOf, Kind, RecordId};
use crate::reconcile::Register;
use cover::Cover;
use figure::Figure;
use table::{Layout, Table};
use template::Templates;

pub(crate) use days::{Day, days_of};
pub(crate) use decisions::{Body, DecisionRow, Phase, decisions_of};
pub(crate) use force::Force;
pub use posture::POSTURE_DIFF;
pub use provenance::{Lives, Provenance};
pub use pseudonyms::{Known, KnownHost, KnownPerson, Pseudonyms};
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

/// Every document that is made when none is named, in the order of the catalogue.
pub const DOCUMENTS: &[DocumentKind] = &[
    index::INDEX,
    soa::D01,
    exceptions::D02,
    acceptances::D03,
    agreements::D04,
    vulnerabilities::D05,
    compliance::D06,
    reviews::D07,
    management::D08,
    audit::D09,
    evidence::D10,
    unsupported::D11,
    scorecard::D14,
    suppliers::D15,
    gaps::D18,
    policies::D19,
    risks::D20,
    discrepancies::D21,
];

/// Where a calendar lies beside the portal, for programs that keep dates.
pub const CALENDAR: &str = "portal/calendar.ics";

/// The auditor portal: a site of its own, made when it is named.
pub const PORTAL: &DocumentKind = &portal::D13;

/// Finds a document by its id or slug, in any case.
pub fn find(word: &str) -> Option<&'static DocumentKind> {
    let mut all = DOCUMENTS.iter().chain([PORTAL, &POSTURE_DIFF]);
    all.find(|kind| kind.id.eq_ignore_ascii_case(word) || kind.slug.eq_ignore_ascii_case(word))
}

/// Tells whether one of the documents shows the months before.
pub fn shows_months(kinds: &[&'static DocumentKind]) -> bool {
    let shows = [
        compliance::D06.id,
        management::D08.id,
        scorecard::D14.id,
        PORTAL.id,
    ];
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
    /// Needs the feature `pdf`.
    Pdf,
}

impl Format {
    /// Those that every build can make; a bundle holds them.
    pub const ALL: [Self; 5] = [Self::Html, Self::Markdown, Self::Csv, Self::Json, Self::Xlsx];

    /// Tells whether this build can make such files.
    pub fn is_built_in(self) -> bool {
        self != Self::Pdf || cfg!(feature = "pdf")
    }

    /// Returns the extension of its files, which is its word of the command line, too.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "md",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Xlsx => "xlsx",
            Self::Pdf => "pdf",
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
    /// The difference in posture was asked for without an earlier moment.
    #[error("`{id}` needs an earlier moment to compare with")]
    NoEarlier { id: &'static str },
    /// The typesetter refuses a page.
    #[error("`{id}.pdf` cannot be typeset: {message}")]
    Untypeset { id: &'static str, message: String },
    /// The build has no typesetter.
    #[error(
        "this build makes no PDF: install it with `cargo install --features pdf`, or take a release binary; `html` prints well from a browser"
    )]
    NoTypesetter,
    /// A view cannot be written as JSON.
    #[error("the view of `{id}` cannot be written")]
    Unwritable {
        id: &'static str,
        source: serde_json::Error,
    },
}

/// An earlier moment, for the document that says what has changed since.
#[derive(Clone, Copy, Debug)]
pub struct Earlier<'a> {
    pub register: &'a Register<'a>,
    pub provenance: &'a Provenance<'a>,
    /// What became of the records since then.
    pub changes: &'a Changes,
    /// The earlier and the later moment, as they were named.
    pub names: (&'a str, &'a str),
}

/// What a view may see.
struct Request<'a> {
    register: &'a Register<'a>,
    provenance: &'a Provenance<'a>,
    kinds: &'a [&'static DocumentKind],
    formats: &'a [Format],
    /// The earlier moment; [`POSTURE_DIFF`] alone has one.
    earlier: Option<&'a Earlier<'a>>,
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
    /// The pages of the site that it is the first page of: address, words, whether it is this one.
    site: Vec<(String, String, bool)>,
    /// Whether its page asks the server that it came from for a newer one.
    is_live: bool,
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
        earlier: None,
    };
    make(&request, overrides, None)
}

/// Makes the document of what has changed since an earlier moment; register and provenance are those of the later one.
pub fn render_difference(
    formats: &[Format],
    register: &Register<'_>,
    provenance: &Provenance<'_>,
    earlier: &Earlier<'_>,
    overrides: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Vec<u8>>, DocumentError> {
    let request = Request {
        register,
        provenance,
        kinds: &[&POSTURE_DIFF],
        formats,
        earlier: Some(earlier),
    };
    make(&request, overrides, None)
}

/// Makes documents in every form that any build has, as `render` does, with pseudonyms in the place of names.
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
        earlier: None,
    };
    make(&request, overrides, Some(names))
}

fn make(
    request: &Request<'_>,
    overrides: &BTreeMap<String, String>,
    names: Option<&Pseudonyms>,
) -> Result<BTreeMap<String, Vec<u8>>, DocumentError> {
    if request.earlier.is_none() && request.kinds.iter().any(|kind| kind.id == POSTURE_DIFF.id) {
        return Err(DocumentError::NoEarlier { id: POSTURE_DIFF.id });
    }
    let templates = Templates::new(overrides)?;
    let mut files = BTreeMap::new();
    for kind in request.kinds {
        let mut view = (kind.view)(request);
        let mut cover = Cover::new(request, kind, &view, &templates);
        if let Some(names) = names {
            view.redact(names);
            cover.redact(names);
        }
        make_one(request, kind, (view, cover), &templates, names, &mut files)?;
    }
    Ok(files)
}

fn make_one(
    request: &Request<'_>,
    kind: &'static DocumentKind,
    (view, cover): (View, Cover),
    templates: &Templates,
    names: Option<&Pseudonyms>,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), DocumentError> {
    let is_portal = kind.id == PORTAL.id;
    let menu = if is_portal {
        portal::menu(request)
    } else {
        Vec::new()
    };
    let is_live = request.provenance.is_live;
    let document = Arc::new(Document {
        kind,
        cover,
        view,
        has_index: request.kinds.iter().any(|kind| kind.id == index::INDEX.id),
        site: menu
            .iter()
            .map(|(address, words)| (address.clone(), words.clone(), address == portal::START))
            .collect(),
        is_live,
    });
    // The portal has pages alone; what it shows is in the other documents in every form.
    let formats = if is_portal {
        &[Format::Html][..]
    } else {
        request.formats
    };
    let needs_page = formats
        .iter()
        .any(|format| matches!(format, Format::Html | Format::Markdown | Format::Pdf));
    let page = match (needs_page, names) {
        (false, _) => String::new(),
        (true, None) => templates.fill(&document)?,
        // What the values said is replaced already; a template of the repository may name somebody, too.
        (true, Some(names)) => names.text(&templates.fill(&document)?),
    };
    for format in formats {
        write(&document, (*format, request.register.as_of), &page, files)?;
    }
    if !is_portal {
        return Ok(());
    }
    let surroundings = html::Surroundings {
        organisation: &document.cover.values.organisation,
        classification: document.cover.values.classification,
        as_of_day: &document.cover.values.as_of_day,
        commit: request.provenance.commit.as_deref(),
        pages: &menu,
        is_live,
    };
    for page in portal::pages(request) {
        let path = page.path.clone();
        files.insert(path, html::write_page(&surroundings, page).into_bytes());
    }
    Ok(())
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
        Format::Json => drop(files.insert(name, twin::write(document)?.into_bytes())),
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
        Format::Pdf => files.extend(write_pdf(document, page, as_of)?),
    }
    Ok(())
}

#[cfg(feature = "pdf")]
fn write_pdf(
    document: &Document,
    page: &str,
    as_of: AsOf,
) -> Result<BTreeMap<String, Vec<u8>>, DocumentError> {
    pdf::write(document, page, twin::write(document)?.into_bytes(), as_of)
}

#[cfg(not(feature = "pdf"))]
fn write_pdf(_: &Document, _: &str, _: AsOf) -> Result<BTreeMap<String, Vec<u8>>, DocumentError> {
    Err(DocumentError::NoTypesetter)
}

/// Writes the values of a view; a view that cannot be written is a slip of ours, and the template will say so.
fn values(view: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(view).unwrap_or_default()
}
