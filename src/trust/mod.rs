//! Canonical digests, and the standing that approvals give a record.
//!
//! Signatures are not judged yet: a standing says who claims to have decided what, never that the
//! claim is good.

pub mod allowed_signers;
mod canonical;
pub mod certificate;
pub mod keyring;
mod patterns;
pub mod revoked;
pub mod signer;
pub mod sshsig;
mod standing;
mod wire;

pub use canonical::{canonical_json, digest, to_rfc8785};
pub use standing::{ApprovalState, Decided, Standing, Standings, standings};
