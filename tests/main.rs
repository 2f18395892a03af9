//! The one test binary.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test may panic and print"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "tests read and write files and the environment"
)]

mod import;
mod output;
mod peers;
mod signing;
mod world;
