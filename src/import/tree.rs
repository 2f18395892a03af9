//! A small document, or one row of a large one, as a tree of plain values.
//!
//! For formats whose shapes vary too much for readers of their own. A name that comes twice is refused, and a tree
//! has a bound: what may be large is taken row by row.

use std::cell::Cell;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// One tree may have this many values; the largest honest host has some ten thousand.
const MAX_VALUES: u32 = 1 << 20;

/// A value of JSON, or of YAML without its tags.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Tree {
    /// Returns the entry of a map.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let mut entries = self.entries().iter();
        entries.find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Returns a text that is not blank, trimmed.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// Returns the text of an entry.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Self::text)
    }

    /// Tells whether an entry is true, as a truth value or as the word.
    pub(super) fn is_true(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Self::Bool(is_true)) => *is_true,
            Some(Self::Text(text)) => text.trim() == "true",
            Some(Self::Null | Self::Number(_) | Self::List(_) | Self::Map(_)) | None => false,
        }
    }

    /// Returns the members of a list; none of anything else.
    pub(super) fn members(&self) -> &[Self] {
        match self {
            Self::List(members) => members,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Map(_) => &[],
        }
    }

    /// Returns the entries of a map; none of anything else.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => &[],
        }
    }
}

/// Grows one tree; of several with one count all together have the bound.
#[derive(Clone, Copy)]
pub(super) struct Grow<'c>(&'c Cell<u32>);

impl<'c> Grow<'c> {
    pub(super) fn new(count: &'c Cell<u32>) -> Self {
        Self(count)
    }

    /// Counts one value.
    pub(super) fn count(self) -> Result<(), String> {
        self.0.set(self.0.get() + 1);
        if self.0.get() > MAX_VALUES {
            return Err(format!("one host or report has more than {MAX_VALUES} values"));
        }
        Ok(())
    }
}

impl<'de> serde::Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Grow(&Cell::new(0)).deserialize(deserializer)
    }
}

impl<'de> DeserializeSeed<'de> for Grow<'_> {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        self.count().map_err(D::Error::custom)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Grow<'_> {
    type Value = Tree;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "counts and codes are all that is asked of numbers"
    )]
    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value as f64))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "counts and codes are all that is asked of numbers"
    )]
    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(member) = members.next_element_seed(self)? {
            list.push(member);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut map: Vec<(String, Tree)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self)?;
            if !names.insert(name.clone()) {
                let shown = super::value::shown(&name);
                return Err(A::Error::custom(format!("{shown} comes twice in one object")));
            }
            map.push((name, value));
        }
        Ok(Tree::Map(map))
    }
}

/// A document that is one tree, or a list of them that are taken one by one.
pub(super) struct OneOrMany<F>(pub(super) F);

impl<'de, F: FnMut(Tree) -> Result<(), String>> DeserializeSeed<'de> for OneOrMany<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Tree) -> Result<(), String>> Visitor<'de> for OneOrMany<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object or a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        loop {
            let count = Cell::new(0);
            match members.next_element_seed(Grow(&count))? {
                Some(tree) => (self.0)(tree).map_err(A::Error::custom)?,
                None => return Ok(()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, entries: A) -> Result<(), A::Error> {
        let count = Cell::new(0);
        let tree = Grow(&count).visit_map(entries)?;
        (self.0)(tree).map_err(A::Error::custom)
    }
}
