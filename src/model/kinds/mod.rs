//! The fields of each kind of record, under `spec`. The doc comments become the schemas' descriptions.

mod agreement;
mod decisions;
mod organisation;
mod policy;
mod statement;
mod technology;

pub use agreement::*;
pub use decisions::*;
pub use organisation::*;
pub use policy::*;
pub use statement::*;
pub use technology::*;
