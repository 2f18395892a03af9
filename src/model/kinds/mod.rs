//! The fields of each kind of record, under `spec`. The doc comments become the schemas' descriptions.

mod agreement;
mod decisions;
mod evidence;
mod organisation;
mod policy;
mod statement;
mod technology;

pub use agreement::*;
pub use decisions::*;
pub use evidence::*;
pub use organisation::*;
pub use policy::*;
pub use statement::*;
pub use technology::*;
