//! Canonical digests, signatures, authority, and the standing that decisions give a record.
//!
//! A decision counts when its signature is good for the person at that time, the person held a role that may
//! decide it, nobody approves their own work, and the content is the one that was signed. Whose keys, people,
//! roles and matrix are believed is the `Basis`: the repository itself, or the tip of the base branch.

pub mod allowed_signers;
mod anchor;
mod authority;
mod canonical;
pub mod certificate;
mod change;
mod contents;
mod edit;
mod facts;
mod flaw;
mod foresee;
mod judge;
pub mod keyring;
mod life;
mod lineage;
mod matching;
mod matrix;
mod past;
mod patterns;
mod plain;
pub mod revoked;
mod rules;
pub mod signer;
mod since;
pub mod sshsig;
mod standing;
mod testimony;
mod verdict;
mod weakening;
mod wire;

pub use anchor::{
    ANCHORS, Anchor, AnchorFlaw, Statement, anchored, compare_anchors, compare_ledger, genesis,
    is_anchor_path, judge_statement, read_anchors,
};
pub use authority::{Capacity, capacity, is_active, is_holder, objections, roles_of};
pub use canonical::{canonical_json, configuration_digest, digest, digest_of_text, to_rfc8785};
pub use change::{Change, ChangedPath, PathChangeKind};
pub use contents::{Brought, Content, Contents, MissingHistory, read_contents};
pub use edit::{Edit, Field, edits, edits_of, fields, place_of};
pub use facts::Facts;
pub use flaw::{Flaw, short};
pub use foresee::{
    Candidate, Intent, answers, candidates, foresee, judge_key, judge_signature, roles_in_any_capacity,
};
pub use judge::{Question, judge, judge_configuration, standings};
pub use keyring::Keyring;
pub use life::{Chain, DecisionTold, Event, EventKind, Life, LifeQuestion, life_of, lives_of};
pub use lineage::{Lineage, Version, lineage};
pub use matching::Met;
pub use matrix::{Approver, Demand, demands, is_always_demanded};
pub use past::{Breach, BreachKind, Past, Reach, id_of, kind_of, reread};
pub use rules::{ApprovalRules, MATRIX_WORDS, MAX_AGE_DAYS, MAX_SKEW_MINUTES};
pub use since::{Since, since};
pub use standing::{
    ApprovalState, CONFIGURATION_ID, CONFIGURATION_KIND, Decided, Emergency, Standing, Standings,
};
pub use testimony::{Anchored, last_authors, testify};
pub use verdict::{Basis, Testimony, Witness};
pub use weakening::{
    Classified, Effect, KEYRING_KIND, Looser, RecordChange, RecordFate, classify, entry_edits, humans_in,
    is_trust,
};
pub use wire::{decode_base64, encode_base64};
