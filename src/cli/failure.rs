//! Why a command could not do its work, and the exit code for it.

/// The exit codes of the contract.
pub(super) const CLEAN: u8 = 0;
pub(super) const ERRORS: u8 = 1;
pub(super) const USAGE: u8 = 2;
pub(super) const INPUT: u8 = 3;
pub(super) const TRUST: u8 = 4;
/// As shells say of a program that Ctrl-C ended.
pub(super) const INTERRUPTED: i32 = 130;

/// Why a command could not do its work.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: u8,
    pub(super) error: anyhow::Error,
}

impl Failure {
    /// The command line or the configuration is wrong.
    pub(super) fn usage(message: impl std::fmt::Display) -> Self {
        Self {
            code: USAGE,
            error: anyhow::anyhow!("{message}"),
        }
    }

    /// An input could not be read, or was refused.
    pub(super) fn input(error: impl Into<anyhow::Error>) -> Self {
        Self {
            code: INPUT,
            error: error.into(),
        }
    }
}

/// What cannot be read or written is an input failure unless somebody says otherwise.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { code: INPUT, error }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self {
            code: INPUT,
            error: error.into(),
        }
    }
}
