//! Records and repositories written: new records, approvals, a fresh repository, the example organisation.
//!
//! Nothing is asked of anybody in here, and nothing that is there is overwritten.

mod anchor;
mod approvals;
mod demo;
mod fields;
mod history;
mod init;
mod keyring;
mod new;
mod renew;

pub use anchor::{state_of_history, write_anchor};
pub use approvals::{ApprovalDraft, Numbers, approval_files, decisions, replace_keys, shown, sign_again};
pub use demo::{Demo, demo, example};
pub use init::init;
pub use new::{Wanted, new_record};
pub use renew::renew;
