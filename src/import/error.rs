//! Why an export was refused.

/// Where in an export something is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// Counted from 1.
    Line(u64),
    /// Counted from 0.
    Byte(u64),
    /// A record of a delimited file, counted from 1 with the header as 1, and the column's name.
    Row(u64, String),
    /// Nowhere in particular.
    Whole,
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(line) => write!(formatter, "line {line}"),
            Self::Byte(byte) => write!(formatter, "byte {byte}"),
            Self::Row(row, column) if column.is_empty() => write!(formatter, "row {row}"),
            Self::Row(row, column) => write!(formatter, "row {row}, column `{column}`"),
            Self::Whole => formatter.write_str("the whole file"),
        }
    }
}

/// Why an export was refused; nothing of it is used.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("is in no known format: {0}")]
    Foreign(String),
    #[error("is cut off at {place}: {message}")]
    Truncated { place: Place, message: String },
    #[error("is malformed at {place}: {message}")]
    Malformed { place: Place, message: String },
    #[error("holds an unknown value at {place}: {message}")]
    UnknownValue { place: Place, message: String },
    #[error("is over a limit at {place}: {message}")]
    OverLimit { place: Place, message: String },
}
