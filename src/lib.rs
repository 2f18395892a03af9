//! Countersign: governance of patches and vulnerabilities as records in git.
//!
//! This comment is the map. The modules below stand in the order in which the data flows, and a
//! module may name only modules above it; `tests/tidy.rs` fails on any breach.
//!
//! ```text
//! git tree / folder ──load──▶ Repository ──trust──▶ standing of every record ┐
//!                                                                           ├─reconcile──▶ Register ─┬─check────▶ diagnostics ──output──▶ bytes
//! scan exports ──import──▶ stream of Observation ──ledger──▶ runs ───────────┘                        ├─document─▶ files ──attest──▶ signed bundle
//!                                                                                                    └─export───▶ files for other systems
//! ```
//!
//! Three nouns carry the house: `Repository` (what we say), a scan (what the scanners saw: the stream
//! of one export) and `Register` (the two laid side by side).
//!
//! # Invariants, as absences
//!
//! - Nothing below `cli` reads the clock, the environment or the terminal.
//! - Only `source`, `import`, `attest` and `author` touch the file system, and none touches the network.
//! - `model` never renders; an importer never judges; a check never mutates; a template never decides.
//! - Wrong data never stops the work: it becomes a `Diagnostic`. Only a broken world is an `Err`.
//! - No output depends on a hash order, a locale or a time zone of the machine.

/// Bytes and places: a folder or a git tree, YAML text as a tree of nodes that know where they stand.
pub mod source;

/// What is wrong, where it is, and what to do about it.
pub mod diagnostic;

/// The nouns: record kinds, ids, dates, severities, control catalogues, observations.
pub mod model;

/// A tree of files becomes a `Repository` and diagnostics; never stops at the first mistake.
pub mod load;

/// Canonical digests, signatures and authority: the standing that decisions give a record, by the trust of its base.
pub mod trust;

/// One file a format: a scan export becomes a stream of observations.
pub mod import;

/// The history of what scanners said: hash-chained segments, one a run, from which every run can be read back.
pub mod ledger;

/// Records and observations laid side by side: hosts, clocks, coverage, dispositions, figures.
pub mod reconcile;

/// One file a rule: the register becomes diagnostics.
pub mod check;

/// The register becomes documents: a view and a template each, and the back ends.
pub mod document;

/// The register becomes files for other systems: VEX, OSCAL, a calendar; one module each.
pub mod export;

/// The signed bundle: manifest, SSHSIG signature, verification.
pub mod attest;

/// Records and repositories written: `new`, `init`, `demo`.
pub mod author;

/// Diagnostics and registers become the bytes of each format.
pub mod output;

/// The only room with arguments, clock, environment, terminal and exit codes.
pub mod cli;
