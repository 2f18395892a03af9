//! Records and repositories written: new records, approvals, a fresh repository, the example organisation.
//!
//! Nothing is asked of anybody in here, and nothing that is there is overwritten.

mod anchor;
mod approvals;
mod authority;
mod briefing;
mod decide;
mod defaults;
mod demo;
mod fields;
mod history;
mod inbox;
mod init;
mod keyring;
mod new;
mod renew;
mod review;
mod year;

pub use anchor::{state_of_history, write_anchor};
pub use approvals::{ApprovalDraft, Numbers, approval_files, decisions, replace_keys, shown, sign_again};
pub use authority::{authority, fitting_roles, is_asked};
pub use briefing::{briefing, until_words};
pub use decide::{Act, Refusal, Signed, Subject, file, sign, subject};
pub use demo::{Demo, demo, example};
pub use inbox::{Inbox, Lapse, Waiting, inbox};
pub use init::init;
pub use new::{Wanted, new_record};
pub use renew::renew;
pub use review::{Reviewed, reviewed};
