//! The fields of each kind of record, under `spec`. The doc comments become the schemas' descriptions.

mod agreement;
mod calendar;
mod change;
mod decisions;
mod evidence;
mod incident;
mod organisation;
mod policy;
mod statement;
mod technology;

pub use agreement::*;
pub use calendar::*;
pub use change::*;
pub use decisions::*;
pub use evidence::*;
pub use incident::*;
pub use organisation::*;
pub use policy::*;
pub use statement::*;
pub use technology::*;
