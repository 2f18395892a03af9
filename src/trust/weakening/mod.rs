//! What a change does to trust and rules, field by field: it tightens, weakens, or does neither.
//!
//! The directions are data (`table.rs`). What no row knows is a matter of words in a decision, and weakens
//! whatever trust is made of. The parameters of rules are not known in here, only that they changed.

mod files;
mod looser;
mod records;
mod table;
mod trust_table;
mod work_table;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::authority::Humans;
use super::change::Change;
use super::edit::Edit;
use super::standing::{CONFIGURATION_ID, CONFIGURATION_KIND, Standing};
use crate::load::{CONFIGURATION, Repository};
use crate::model::{Decision, Kind, RecordId};
use crate::source::Span;

pub use looser::Looser;
pub use records::entry_edits;

/// What an edit does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effect {
    Weakens,
    Tightens,
    Neutral,
}

impl Effect {
    /// Returns the word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Weakens => "weakens",
            Self::Tightens => "tightens",
            Self::Neutral => "neutral",
        }
    }
}

/// One edit, classified.
#[derive(Clone, PartialEq, Debug)]
pub struct Classified {
    pub edit: Edit,
    pub effect: Effect,
    /// The code of the rule that it belongs to.
    pub rule: &'static str,
    /// Why, in a few words; empty where there is nothing to say.
    pub why: String,
    /// Where it stands now; `None` where nothing is left of it.
    pub span: Option<Span>,
}

/// What became of a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RecordFate {
    Added,
    Changed,
    Removed,
}

impl RecordFate {
    /// Returns the word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// The name under which changes of the keyring are told.
pub const KEYRING_KIND: &str = "Keyring";
const KEYRING_ID: &str = "keyring";

/// What a change does to one record, to the configuration, or to the keyring.
#[derive(Clone, PartialEq, Debug)]
pub struct RecordChange {
    /// The name of the kind; `Configuration` and `Keyring` are no kinds of record.
    pub kind: &'static str,
    pub id: Box<str>,
    /// Where it lies now, or lay before.
    pub path: Arc<str>,
    pub title: String,
    pub fate: RecordFate,
    /// The record whose time it prolongs.
    pub renews: Option<RecordId>,
    pub edits: Vec<Classified>,
}

impl RecordChange {
    /// Gathers edits of the configuration and of the files that guard the repository; none are no change.
    pub fn of_configuration(edits: Vec<Classified>) -> Option<Self> {
        (!edits.is_empty()).then(|| Self {
            kind: CONFIGURATION_KIND,
            id: CONFIGURATION_ID.into(),
            path: CONFIGURATION.into(),
            title: "how everything is judged".into(),
            fate: RecordFate::Changed,
            renews: None,
            edits,
        })
    }
}

/// Tells whether records of a kind are what trust and rules are made of.
pub fn is_trust(kind: Kind) -> bool {
    match kind {
        Kind::Isms
        | Kind::Person
        | Kind::Role
        | Kind::Policy
        | Kind::System
        | Kind::Source
        | Kind::Sla
        | Kind::Calendar => true,
        Kind::Soa
        | Kind::Risk
        | Kind::Triage
        | Kind::Exception
        | Kind::RiskAcceptance
        | Kind::Change
        | Kind::Incident
        | Kind::Evidence
        | Kind::Approval => false,
    }
}

/// Classifies all that a change does to records, to the keyring, and to the files that drive the forge.
///
/// The text of `compliance.yaml` is left to whoever knows the rules. With several merge bases the change is
/// compared with each of them, and each difference is told once.
pub fn classify(change: &Change, after: &Repository) -> Vec<RecordChange> {
    let mut found: BTreeMap<(&'static str, Box<str>), RecordChange> = BTreeMap::new();
    for before in &change.before {
        let mut changes = records::compare(change, before, after);
        changes.extend(files::keyring(before, after));
        changes.extend(files::guarded(before, after));
        for one in changes {
            let key = (one.kind, one.id.clone());
            match found.get_mut(&key) {
                None => {
                    found.insert(key, one);
                }
                Some(known) => {
                    let new = one.edits.into_iter().filter(|edit| !known.edits.contains(edit));
                    let new: Vec<Classified> = new.collect();
                    known.edits.extend(new);
                }
            }
        }
    }
    found.into_values().collect()
}

/// Returns the people who approved in one of some roles, each human being once.
pub fn humans_in<'a>(standing: &'a Standing, roles: &[RecordId], believed: &Repository) -> Vec<&'a RecordId> {
    let humans = Humans::of(believed);
    let mut people: Vec<&RecordId> = Vec::new();
    for decided in &standing.decisions {
        let is_grant = decided.decision == Decision::Approve && decided.is_in_force();
        let is_known = people.iter().any(|known| humans.are_same(known, &decided.person));
        if is_grant && roles.contains(&decided.role) && !is_known {
            people.push(&decided.person);
        }
    }
    people
}
