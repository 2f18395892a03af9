//! The register becomes files for other systems: VEX, OSCAL, a calendar; one module each.
//!
//! An export is a pure function from the register and its provenance to files. Moments are those of the records
//! or as-of, ids are named after what they stand for, and foreign text is shown, never obeyed. Nothing in here
//! judges: an exception or an accepted risk is stated as what it is, and never as if nothing were affected.

mod ics;
mod identity;
mod oscal;
mod text;
mod vex;

use std::collections::BTreeMap;

use crate::document::Provenance;
use crate::reconcile::Register;

/// One export: its name on the command line, and the function that makes its files.
#[derive(Debug)]
pub struct ExportKind {
    /// The word of the command line.
    pub name: &'static str,
    pub title: &'static str,
    /// One sentence: what is in it.
    pub purpose: &'static str,
    make: fn(&Request<'_>) -> Exported,
}

pub use ics::ICS;

/// Every export, in the order in which they are listed.
pub const EXPORTS: &[ExportKind] = &[oscal::OSCAL, vex::OPENVEX, vex::CSAF_VEX, vex::CYCLONEDX_VEX, ICS];

/// Finds an export by its name.
pub fn find(name: &str) -> Option<&'static ExportKind> {
    EXPORTS.iter().find(|kind| kind.name == name)
}

/// What an export may see.
struct Request<'a> {
    register: &'a Register<'a>,
    provenance: &'a Provenance<'a>,
}

/// What became of an export.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Exported {
    /// By name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What is not in the files, and why; one sentence each.
    pub left_out: Vec<String>,
}

/// Makes the files of an export.
pub fn export(kind: &ExportKind, register: &Register<'_>, provenance: &Provenance<'_>) -> Exported {
    (kind.make)(&Request { register, provenance })
}
