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
    Unreadable(std::io::Error),
    #[error("is in no known format: {0}")]
    Foreign(String),
    #[error("is cut off{}: {message}", At(.place))]
    Truncated { place: Place, message: String },
    #[error("is malformed{}: {message}", At(.place))]
    Malformed { place: Place, message: String },
    #[error("holds an unknown value{}: {message}", At(.place))]
    UnknownValue { place: Place, message: String },
    #[error("is over a limit{}: {message}", At(.place))]
    OverLimit { place: Place, message: String },
}

/// Says nothing where the place is nowhere in particular.
struct At<'a>(&'a Place);

impl std::fmt::Display for At<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Place::Whole => Ok(()),
            place @ (Place::Line(_) | Place::Byte(_) | Place::Row(_, _)) => write!(formatter, " at {place}"),
        }
    }
}

/// A compressed export that ends early or unpacks too far is told through an `io::Error` by its reader.
impl From<std::io::Error> for ImportError {
    fn from(error: std::io::Error) -> Self {
        let kind = error.kind();
        if kind == std::io::ErrorKind::UnexpectedEof {
            Self::Truncated {
                place: Place::Whole,
                message: error.to_string(),
            }
        } else if kind == std::io::ErrorKind::FileTooLarge {
            Self::OverLimit {
                place: Place::Whole,
                message: error.to_string(),
            }
        } else {
            Self::Unreadable(error)
        }
    }
}
