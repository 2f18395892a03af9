//! SCAP: results of XCCDF 1.1 and 1.2, the asset reporting format that carries them, and results of OVAL.
//!
//! Elements are known by their local name, since each tool has its own prefixes. Texts that are not needed are
//! passed over, however long they are. What could not be evaluated is no evidence: it is counted as skipped, and
//! the run is not whole.

mod host;
mod oval;
mod xccdf;

use memchr::memmem;

use super::xml::{Xml, root_name};
use super::{ImportError, Importer, Product};

/// The family of ids of all three: rules and definitions are named by their benchmark or feed, not by the tool.
const FAMILY: &str = "scap";
/// The longest of the short texts that are needed, such as a title.
const MAX_TEXT: usize = 64 * 1024;

pub(super) const XCCDF: Importer = Importer {
    name: "xccdf-results",
    product: Product::Scan,
    recognises: |head| sort_of(head) == Some(Sort::Xccdf),
    import: xccdf::import,
};

pub(super) const ARF: Importer = Importer {
    name: "arf",
    product: Product::Scan,
    recognises: |head| sort_of(head) == Some(Sort::Arf),
    import: xccdf::import,
};

pub(super) const OVAL: Importer = Importer {
    name: "oval-results",
    product: Product::Scan,
    recognises: |head| sort_of(head) == Some(Sort::Oval),
    import: oval::import,
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sort {
    Xccdf,
    Arf,
    Oval,
}

/// Knows the root, and a document of ours that is broken before it, so that what is wrong can be said.
fn sort_of(head: &[u8]) -> Option<Sort> {
    let names = |text: &str| memmem::find(head, text.as_bytes()).is_some();
    match root_name(head) {
        Ok(name) => match local(&name) {
            b"Benchmark" | b"TestResult" if names("checklists.nist.gov/xccdf/") => Some(Sort::Xccdf),
            b"asset-report-collection" => Some(Sort::Arf),
            b"oval_results" => Some(Sort::Oval),
            _ => None,
        },
        Err(_) if !head.trim_ascii_start().starts_with(b"<") => None,
        Err(_) if names("asset-reporting-format") => Some(Sort::Arf),
        Err(_) if names("<oval_results") => Some(Sort::Oval),
        Err(_) if names("checklists.nist.gov/xccdf/") => Some(Sort::Xccdf),
        Err(_) => None,
    }
}

/// Returns a name without its prefix.
fn local(name: &[u8]) -> &[u8] {
    let colon = name.iter().position(|byte| *byte == b':');
    colon.map_or(name, |colon| &name[colon + 1..])
}

/// Returns an attribute of the present tag, trimmed; empty where it is missing.
fn attribute(xml: &Xml<'_>, name: &str) -> Result<String, ImportError> {
    let found = xml.attribute(name)?;
    Ok(found.map(|text| text.trim().to_owned()).unwrap_or_default())
}

/// Returns the text of the present element in one line, trimmed.
fn text(xml: &mut Xml<'_>) -> Result<String, ImportError> {
    let text = xml.text(MAX_TEXT)?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Makes the error for a value of the present tag that is not known.
fn unknown(xml: &Xml<'_>, name: &str, given: &str, known: &str) -> ImportError {
    ImportError::UnknownValue {
        place: xml.place(),
        message: format!("`{name}` is {}; {known}", super::value::shown(given)),
    }
}
