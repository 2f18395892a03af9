//! JSON exports, read as a stream and never as a whole document.
//!
//! A scanner of our own passes over what nobody asks for; what is asked for it hands to visitors of serde, or to an
//! importer that pulls it by itself.

mod decode;
mod outline;
mod scanner;
#[cfg(test)]
mod tests;
mod text;

use std::borrow::Cow;
use std::io::BufRead;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{ImportError, Place};
pub(super) use outline::{Outline, begins_with_empty_list, has_some, outline};
pub(super) use scanner::Json;

/// One text may have this many bytes.
const MAX_TEXT: usize = 16 << 20;
const MAX_DEPTH: u32 = 128;

/// Why the reading of a document stops.
#[derive(Debug)]
pub(super) enum Stop {
    /// The scanner said what is wrong and where.
    Told(ImportError),
    /// What is wrong with a value, once it is known where that stands.
    Value(String, Option<Place>),
}

impl Stop {
    /// Places what has no place yet.
    fn at(self, place: impl FnOnce() -> Place) -> Self {
        match self {
            Self::Value(message, None) => Self::Value(message, Some(place())),
            placed @ (Self::Told(_) | Self::Value(_, Some(_))) => placed,
        }
    }
}

impl From<ImportError> for Stop {
    fn from(error: ImportError) -> Self {
        Self::Told(error)
    }
}

impl std::fmt::Display for Stop {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Told(error) => error.fmt(formatter),
            Self::Value(message, _) => formatter.write_str(message),
        }
    }
}

impl std::error::Error for Stop {}

impl serde::de::Error for Stop {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::Value(message.to_string(), None)
    }
}

/// Takes errors that a visitor cannot say in words of its own, until the place is known.
#[derive(Default)]
pub(super) struct Flaw {
    error: Option<ImportError>,
}

impl Flaw {
    /// Keeps an error about a value, and returns the one that stops the visitor.
    pub(super) fn unknown<E: serde::de::Error>(&mut self, message: String) -> E {
        self.error = Some(ImportError::UnknownValue {
            place: Place::Whole,
            message,
        });
        E::custom("refused")
    }

    /// Keeps an error about the structure, and returns the one that stops the visitor.
    pub(super) fn malformed<E: serde::de::Error>(&mut self, message: String) -> E {
        self.error = Some(ImportError::Malformed {
            place: Place::Whole,
            message,
        });
        E::custom("refused")
    }

    /// Keeps an error about a limit, and returns the one that stops the visitor.
    pub(super) fn over_limit<E: serde::de::Error>(&mut self, message: String) -> E {
        self.error = Some(ImportError::OverLimit {
            place: Place::Whole,
            message,
        });
        E::custom("refused")
    }
}

/// What reads a document and can hold a flaw.
pub(super) trait Document {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop>;
    fn flaw(&mut self) -> &mut Flaw;

    /// Tells whether another document may follow, as with one a line.
    fn takes_more(&self) -> bool {
        false
    }
}

/// Reads one document, or as many as it takes, to the end of the input.
pub(super) fn read(input: &mut dyn BufRead, document: &mut impl Document) -> Result<(), ImportError> {
    let mut json = Json::new(input);
    read_all(&mut json, document).map_err(|stop| located(stop, document.flaw()))
}

fn read_all(json: &mut Json<'_>, document: &mut impl Document) -> Result<(), Stop> {
    loop {
        document.read(json)?;
        match json.peek()? {
            None => return Ok(()),
            Some(_) if document.takes_more() => {}
            Some(_) => return Err(json.malformed("trailing characters")),
        }
    }
}

/// Says what a visitor could not, at the place that is known now.
fn located(stop: Stop, flaw: &mut Flaw) -> ImportError {
    match (stop, flaw.error.take()) {
        // What is wrong with a document as a whole has no line of its own.
        (Stop::Value(_, place), Some(error)) => error.moved(|_| place.unwrap_or(Place::Whole)),
        (Stop::Value(message, place), None) => ImportError::Malformed {
            place: place.unwrap_or(Place::Whole),
            message,
        },
        (Stop::Told(error), _) => error,
    }
}

/// Takes the entries of an object one by one; each call takes the value of its entry.
pub(super) trait Entries {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error>;
}

/// Takes the members of an array one by one; `false` at its end.
pub(super) trait Members {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error>;
}

/// An object whose entries are taken as they come; `null` has none.
pub(super) struct Object<'a, E>(pub(super) &'a mut E);

/// An array whose members are taken as they come; `null` has none.
pub(super) struct Array<'a, M>(pub(super) &'a mut M);

impl<'de, E: Entries> DeserializeSeed<'de> for Object<'_, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, E: Entries> Visitor<'de> for Object<'_, E> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_unit<X>(self) -> Result<(), X> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(name) = entries.next_key::<Text<'de>>()? {
            self.0.entry(&name.0, &mut entries)?;
        }
        Ok(())
    }
}

impl<'de, M: Members> DeserializeSeed<'de> for Array<'_, M> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, M: Members> Visitor<'de> for Array<'_, M> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_unit<X>(self) -> Result<(), X> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while self.0.member(&mut members)? {}
        Ok(())
    }
}

/// A report whose rows stand in one list at its root; each is a member.
pub(super) trait Report: Members {
    /// The name of the list.
    const LIST: &'static str;

    fn flaw(&mut self) -> &mut Flaw;

    /// Notes that the list begins, be it `null`.
    fn begin(&mut self) {}

    /// Takes another entry of the root.
    fn other<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error>;

    /// Says what is wrong with a report that has no list; `None` where it need not have one.
    fn missing(&self) -> Option<String> {
        Some(format!("no `{}` at the root", Self::LIST))
    }

    /// Takes the end of the report, which has its list where it must.
    fn end(&mut self) -> Result<(), Stop> {
        Ok(())
    }
}

/// The frame of such a report: the list is there, and once.
pub(super) struct Listed<R> {
    pub(super) report: R,
    has_list: bool,
}

impl<R> Listed<R> {
    pub(super) fn new(report: R) -> Self {
        Self {
            report,
            has_list: false,
        }
    }
}

impl<R: Report> Document for Listed<R> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        Object(self).deserialize(json)?;
        match self.report.missing().filter(|_| !self.has_list) {
            Some(message) => Err(self.report.flaw().malformed(message)),
            None => self.report.end(),
        }
    }

    fn flaw(&mut self) -> &mut Flaw {
        self.report.flaw()
    }
}

impl<R: Report> Entries for Listed<R> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        if name != R::LIST {
            return self.report.other(name, values);
        }
        if std::mem::replace(&mut self.has_list, true) {
            let message = format!("`{name}` comes twice");
            return Err(self.report.flaw().malformed(message));
        }
        self.report.begin();
        values.next_value_seed(Array(&mut self.report))
    }
}

/// A text that is borrowed from the export where it can be.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Reads a value from an object only: derived readers would take an array of its fields, too.
pub(super) struct Strict<T>(pub(super) T);

impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(StrictVisitor(std::marker::PhantomData))
            .map(Self)
    }
}

struct StrictVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: serde::Deserialize<'de>> Visitor<'de> for StrictVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<T, A::Error> {
        T::deserialize(serde::de::value::MapAccessDeserializer::new(entries))
    }
}
