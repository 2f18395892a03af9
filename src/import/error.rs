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
    /// A place in a file of a folder or an archive.
    Within(String, Box<Place>),
    /// Nowhere in particular.
    Whole,
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(line) => write!(formatter, "line {line}"),
            Self::Byte(byte) => write!(formatter, "byte {byte}"),
            Self::Row(row, column) if column.is_empty() => write!(formatter, "row {row}"),
            Self::Row(row, column) => write!(formatter, "row {row}, column `{}`", Short(column)),
            Self::Within(member, place) if **place == Self::Whole => write!(formatter, "`{}`", Short(member)),
            Self::Within(member, place) => write!(formatter, "{place} of `{}`", Short(member)),
            Self::Whole => formatter.write_str("the whole file"),
        }
    }
}

/// Why an export was refused; nothing of it is used.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
    #[error("is in no known format: {}", Short(.0))]
    Foreign(String),
    #[error("is cut off{}: {}", At(.place), Short(.message))]
    Truncated { place: Place, message: String },
    #[error("is malformed{}: {}", At(.place), Short(.message))]
    Malformed { place: Place, message: String },
    #[error("holds an unknown value{}: {}", At(.place), Short(.message))]
    UnknownValue { place: Place, message: String },
    #[error("is over a limit{}: {}", At(.place), Short(.message))]
    OverLimit { place: Place, message: String },
}

/// Shows so many characters of what an export may have made as long as it likes, control characters written out.
const SHOWN: usize = 1000;

struct Short<'a>(&'a str);

impl std::fmt::Display for Short<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use std::fmt::Write as _;
        for (index, character) in self.0.chars().enumerate() {
            match character {
                _ if index == SHOWN => return formatter.write_char('…'),
                control if control.is_control() => write!(formatter, "{}", control.escape_default())?,
                plain => formatter.write_char(plain)?,
            }
        }
        Ok(())
    }
}

/// Says nothing where the place is nowhere in particular.
struct At<'a>(&'a Place);

impl std::fmt::Display for At<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Place::Whole => Ok(()),
            Place::Within(member, place) if **place == Place::Whole => {
                write!(formatter, " in `{}`", Short(member))
            }
            place @ (Place::Line(_) | Place::Byte(_) | Place::Row(_, _) | Place::Within(_, _)) => {
                write!(formatter, " at {place}")
            }
        }
    }
}

impl ImportError {
    /// Says in which file of a folder or an archive it is.
    pub(super) fn within(self, member: &str) -> Self {
        match self {
            Self::Unreadable(error) => {
                Self::Unreadable(std::io::Error::new(error.kind(), format!("`{member}`: {error}")))
            }
            Self::Foreign(message) => Self::Foreign(format!("`{member}`: {message}")),
            error @ (Self::Truncated { .. }
            | Self::Malformed { .. }
            | Self::UnknownValue { .. }
            | Self::OverLimit { .. }) => {
                error.moved(|place| Place::Within(member.to_owned(), Box::new(place)))
            }
        }
    }

    /// Moves its place.
    pub(super) fn moved(self, to: impl FnOnce(Place) -> Place) -> Self {
        match self {
            Self::Truncated { place, message } => Self::Truncated {
                place: to(place),
                message,
            },
            Self::Malformed { place, message } => Self::Malformed {
                place: to(place),
                message,
            },
            Self::UnknownValue { place, message } => Self::UnknownValue {
                place: to(place),
                message,
            },
            Self::OverLimit { place, message } => Self::OverLimit {
                place: to(place),
                message,
            },
            error @ (Self::Unreadable(_) | Self::Foreign(_)) => error,
        }
    }
}

/// What is wrong with bytes before they are text, and at which byte; it travels through readers as an `io::Error`.
#[derive(Debug, thiserror::Error)]
#[error("{message} (byte {byte})")]
pub(super) struct Damage {
    byte: u64,
    message: String,
}

impl Damage {
    pub(super) fn at(byte: u64, message: impl Into<String>) -> std::io::Error {
        let message = message.into();
        std::io::Error::new(std::io::ErrorKind::InvalidData, Self { byte, message })
    }

    pub(super) fn cut(byte: u64, message: impl Into<String>) -> std::io::Error {
        let message = message.into();
        std::io::Error::new(std::io::ErrorKind::UnexpectedEof, Self { byte, message })
    }
}

/// An export that ends early, unpacks too far or is damaged below its text is told through an `io::Error` by its reader.
impl From<std::io::Error> for ImportError {
    fn from(error: std::io::Error) -> Self {
        let (place, message) = match error.get_ref().and_then(|inner| inner.downcast_ref::<Damage>()) {
            Some(damage) => (Place::Byte(damage.byte), damage.message.clone()),
            None => (Place::Whole, error.to_string()),
        };
        let kind = error.kind();
        if kind == std::io::ErrorKind::UnexpectedEof {
            Self::Truncated { place, message }
        } else if kind == std::io::ErrorKind::FileTooLarge {
            Self::OverLimit { place, message }
        } else if kind == std::io::ErrorKind::InvalidData {
            Self::Malformed { place, message }
        } else {
            Self::Unreadable(error)
        }
    }
}
