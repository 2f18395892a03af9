//! What stands behind a bundle: signatures, the list of keys that may sign, the manifest, and the
//! verification of all three.
//!
//! Signatures are SSHSIG, the list is OpenSSH's `allowed_signers`, the manifest is that of `sha256sum`
//! and the archive is ustar, so that an auditor needs none of this code. What is not here: rendering,
//! and any judgement about what the documents or the records say.

pub mod bundle;
pub mod contents;
pub mod instructions;
pub mod manifest;
pub mod rebuild;
pub mod timestamp;
pub mod verify;

mod approvals;
mod archive;
mod envelope;
