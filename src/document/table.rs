//! The tables of a document, with typed cells; every back end writes them in its own way.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap as _, SerializeStruct as _, Serializer};

use crate::model::Rate;

/// How a table is laid out where there is room for layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Layout {
    /// Pairs of a name and a value.
    Facts,
    /// A few figures, each large.
    Cards,
    /// Rows that are read from top to bottom.
    Plain,
    /// Rows that a reader may sort.
    Sortable,
    /// Rows that a reader may sort and filter; one a document.
    Filterable,
}

/// Where a column is shown on a page. Machine formats have every column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Own,
    /// In the cell of the column before it, beneath.
    Beneath,
    /// In machine formats only.
    Data,
}

/// How much room a column asks for on a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Room {
    Any,
    /// Short values that must not be broken, such as days and ids.
    Tight,
    /// Sentences and names.
    Wide,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// The name in machine formats.
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    pub(super) place: Place,
    /// What a page writes before a value.
    pub(super) before: &'static str,
    /// What a page writes after a value.
    pub(super) after: &'static str,
    /// Whether a reader may choose among its values.
    pub(super) is_facet: bool,
    pub(super) room: Room,
}

impl Column {
    /// Makes a column of its own.
    pub(super) const fn new(key: &'static str, title: &'static str) -> Self {
        Self {
            key,
            title,
            place: Place::Own,
            before: "",
            after: "",
            is_facet: false,
            room: Room::Any,
        }
    }

    /// Makes a column that stands beneath the one before it.
    pub(super) const fn beneath(key: &'static str, title: &'static str) -> Self {
        Self {
            place: Place::Beneath,
            ..Self::new(key, title)
        }
    }

    /// Makes a column of the machine formats.
    pub(super) const fn data(key: &'static str) -> Self {
        Self {
            place: Place::Data,
            ..Self::new(key, "")
        }
    }

    /// Writes words around each value of a page.
    pub(super) const fn around(mut self, before: &'static str, after: &'static str) -> Self {
        self.before = before;
        self.after = after;
        self
    }

    /// Keeps each value on one line.
    pub(super) const fn tight(mut self) -> Self {
        self.room = Room::Tight;
        self
    }

    /// Gives the values room.
    pub(super) const fn wide(mut self) -> Self {
        self.room = Room::Wide;
        self
    }

    /// Lets a reader choose among the values.
    pub(super) const fn facet(mut self) -> Self {
        self.is_facet = true;
        self
    }
}

/// How a word is meant; each tone has a shape of its own, so that colour is never needed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Tone {
    Bad,
    Warning,
    Busy,
    Decided,
    Good,
    Quiet,
}

impl Tone {
    /// Returns the class of the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Warning => "warning",
            Self::Busy => "busy",
            Self::Decided => "decided",
            Self::Good => "good",
            Self::Quiet => "quiet",
        }
    }
}

/// A word of a closed set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mark {
    /// The word of the machine formats; a page shows blanks for `_`.
    pub(super) word: &'static str,
    /// The place in the order of the set.
    pub(super) rank: u8,
    pub(super) tone: Tone,
}

/// A rate as it is printed: never without what it was computed from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Share {
    pub(super) rate: Rate,
    /// Whether there are too few cases to speak of a rate.
    pub(super) is_small: bool,
}

impl Share {
    /// Tells by the least number of cases whether the rate is called small.
    pub(super) fn new(rate: Rate, small_n: u32) -> Self {
        let is_small = rate.denominator > 0 && rate.denominator < u64::from(small_n);
        Self { rate, is_small }
    }

    /// Returns `93.3 %`, or `n/a` over nothing.
    pub(super) fn percent(self) -> String {
        let percent = self.rate.percent();
        if self.rate.denominator == 0 {
            percent
        } else {
            format!("{percent} %")
        }
    }

    /// Returns `28 of 30`, with `small n` where there are few.
    pub(super) fn basis(self) -> String {
        let Rate {
            numerator,
            denominator,
        } = self.rate;
        let note = if self.is_small { ", small n" } else { "" };
        format!("{numerator} of {denominator}{note}")
    }
}

/// One value.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Cell {
    Empty,
    Text(Arc<str>),
    /// A hash or a path, for machines to compare.
    Code(Arc<str>),
    Number(i64),
    Decimal(f64),
    Mark(Mark),
    List(Vec<Arc<str>>),
    Share(Share),
    /// Files beside this one: words and file name of each.
    Links(Vec<(Arc<str>, Arc<str>)>),
}

impl Cell {
    /// Holds a text; an empty one is no value.
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        if text.is_empty() {
            Self::Empty
        } else {
            Self::Text(text)
        }
    }

    /// Holds a text if there is one.
    pub(super) fn maybe(text: Option<impl Into<Arc<str>>>) -> Self {
        text.map_or(Self::Empty, Self::text)
    }

    /// Holds a day, an id, or whatever else prints itself.
    pub(super) fn shown(value: impl std::fmt::Display) -> Self {
        Self::text(value.to_string())
    }

    /// Holds a day, an id, or whatever else prints itself, if there is one.
    pub(super) fn maybe_shown(value: Option<impl std::fmt::Display>) -> Self {
        value.map_or(Self::Empty, Self::shown)
    }

    /// Holds a count.
    pub(super) fn count(count: impl TryInto<i64>) -> Self {
        Self::Number(count.try_into().unwrap_or(i64::MAX))
    }

    /// Holds texts in their order; none is no value.
    pub(super) fn list<T: Into<Arc<str>>>(texts: impl IntoIterator<Item = T>) -> Self {
        let texts: Vec<Arc<str>> = texts.into_iter().map(Into::into).collect();
        if texts.is_empty() {
            Self::Empty
        } else {
            Self::List(texts)
        }
    }

    /// Holds files under their own names; none is no value.
    pub(super) fn files(names: impl IntoIterator<Item = String>) -> Self {
        let links: Vec<_> = names
            .into_iter()
            .map(Arc::<str>::from)
            .map(|name| (name.clone(), name))
            .collect();
        if links.is_empty() {
            Self::Empty
        } else {
            Self::Links(links)
        }
    }

    /// Holds what prints itself, in its order.
    pub(super) fn list_shown<T: std::fmt::Display>(values: impl IntoIterator<Item = T>) -> Self {
        Self::list(values.into_iter().map(|value| value.to_string()))
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_none(),
            Self::Text(text) | Self::Code(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Decimal(number) => serializer.serialize_f64(*number),
            Self::Mark(mark) => serializer.serialize_str(mark.word),
            Self::List(texts) => texts.serialize(serializer),
            Self::Links(links) => serializer.collect_seq(links.iter().map(|(_, file)| file)),
            Self::Share(share) => {
                let mut object = serializer.serialize_struct("Share", 4)?;
                object.serialize_field("value", &share.rate.percent())?;
                object.serialize_field("numerator", &share.rate.numerator)?;
                object.serialize_field("denominator", &share.rate.denominator)?;
                object.serialize_field("small_n", &share.is_small)?;
                object.end()
            }
        }
    }
}

/// A table: of its rows each has one cell a column.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// The name in placeholders and file names.
    pub(super) name: &'static str,
    pub(super) caption: String,
    pub(super) layout: Layout,
    pub(super) columns: &'static [Column],
    pub(super) rows: Vec<Vec<Cell>>,
    /// What is said when there is no row; absence is said, not shown by silence.
    pub(super) when_empty: &'static str,
}

impl Table {
    /// Returns the columns that pages show, each with those beneath it, by index.
    pub(super) fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            match (column.place, groups.last_mut()) {
                (Place::Data, _) => {}
                (Place::Beneath, Some(group)) => group.push(index),
                (Place::Beneath, None) | (Place::Own, _) => groups.push(vec![index]),
            }
        }
        groups
    }

    /// Returns the title of a group: the titles of its columns, those without one left out.
    pub(super) fn group_title(&self, group: &[usize]) -> String {
        let titles: Vec<&str> = group
            .iter()
            .map(|index| self.columns[*index].title)
            .filter(|title| !title.is_empty())
            .collect();
        titles.join(" / ")
    }

    /// Returns the rows as objects, for templates.
    pub(super) fn rows_for_templates(&self) -> minijinja::Value {
        let rows: Vec<Row<'_>> = self
            .rows
            .iter()
            .map(|cells| Row {
                columns: self.columns,
                cells,
            })
            .collect();
        minijinja::Value::from(minijinja::value::Serde(&rows))
    }
}

/// One row under the keys of its columns.
struct Row<'a> {
    columns: &'static [Column],
    cells: &'a [Cell],
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.columns.len()))?;
        for (column, cell) in self.columns.iter().zip(self.cells) {
            object.serialize_entry(column.key, cell)?;
        }
        object.end()
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows: Vec<Row<'_>> = self
            .rows
            .iter()
            .map(|cells| Row {
                columns: self.columns,
                cells,
            })
            .collect();
        let mut object = serializer.serialize_struct("Table", 2)?;
        object.serialize_field("caption", &self.caption)?;
        object.serialize_field("rows", &rows)?;
        object.end()
    }
}
