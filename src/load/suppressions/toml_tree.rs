//! TOML as the spanned tree that YAML becomes, so that one reader serves both.

use toml::de::{DeTable, DeValue};

use crate::source::{FileId, Key, Limits, Node, NodeValue, Span};

/// Parses a document; the error is a place and what is wrong there.
pub(super) fn parse(file: FileId, text: &str, limits: Limits) -> Result<Node, (Span, String)> {
    let mut builder = Builder {
        places: Places::new(file, text),
        limits,
        nodes: 0,
    };
    let root = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        let words = error.message().lines().next().unwrap_or_default().to_owned();
        (builder.places.span(span), format!("not valid TOML: {words}"))
    })?;
    builder.table(root.get_ref(), root.span(), 1)
}

struct Builder<'a> {
    places: Places<'a>,
    limits: Limits,
    nodes: usize,
}

impl Builder<'_> {
    fn table(
        &mut self,
        table: &DeTable<'_>,
        range: std::ops::Range<usize>,
        depth: usize,
    ) -> Result<Node, (Span, String)> {
        let span = self.count(range, depth)?;
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            let name = Key {
                name: key.get_ref().as_ref().into(),
                span: self.places.span(key.span()),
            };
            entries.push((name, self.value(value.get_ref(), value.span(), depth + 1)?));
        }
        // The parser sorts by name; the file's order is what a reader knows.
        entries.sort_by_key(|(key, _)| key.span.start);
        Ok(Node {
            span,
            value: NodeValue::Mapping(entries),
        })
    }

    fn value(
        &mut self,
        value: &DeValue<'_>,
        range: std::ops::Range<usize>,
        depth: usize,
    ) -> Result<Node, (Span, String)> {
        if let DeValue::Table(table) = value {
            return self.table(table, range, depth);
        }
        let span = self.count(range, depth)?;
        let value = match value {
            DeValue::String(text) => NodeValue::String(text.as_ref().into()),
            // What these say is read by nobody, only that they are no text.
            DeValue::Integer(_) => NodeValue::Integer(0),
            DeValue::Float(_) => NodeValue::Float(0.0),
            DeValue::Boolean(value) => NodeValue::Bool(*value),
            DeValue::Datetime(moment) => NodeValue::Plain(moment.to_string().into()),
            DeValue::Array(items) => {
                let items = items.iter();
                let items = items.map(|item| self.value(item.get_ref(), item.span(), depth + 1));
                NodeValue::Sequence(items.collect::<Result<_, _>>()?)
            }
            DeValue::Table(_) => NodeValue::Null,
        };
        Ok(Node { span, value })
    }

    fn count(&mut self, range: std::ops::Range<usize>, depth: usize) -> Result<Span, (Span, String)> {
        let span = self.places.span(range);
        self.nodes += 1;
        if depth > self.limits.max_depth {
            return Err((
                span,
                format!("nested deeper than {} levels", self.limits.max_depth),
            ));
        }
        if self.nodes > self.limits.max_nodes {
            let message = format!("more than {} values in one file", self.limits.max_nodes);
            return Err((span, message));
        }
        Ok(span)
    }
}

/// Finds the line and the column of a byte.
pub(super) struct Places<'a> {
    file: FileId,
    text: &'a str,
    /// The first byte of each line.
    lines: Vec<usize>,
}

impl<'a> Places<'a> {
    pub(super) fn new(file: FileId, text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            file,
            text,
            lines: std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect(),
        }
    }

    pub(super) fn span(&self, range: std::ops::Range<usize>) -> Span {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let (line, column) = self.line_and_column(range.start);
        let (end_line, end_column) = self.line_and_column(range.end.max(range.start));
        Span {
            file: self.file,
            start: number(range.start.min(self.text.len())),
            end: number(range.end.max(range.start).min(self.text.len())),
            line,
            column,
            end_line,
            end_column,
        }
    }

    fn line_and_column(&self, at: usize) -> (u32, u32) {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let at = at.min(self.text.len());
        let line = self.lines.partition_point(|start| *start <= at).max(1);
        let before = self.text.get(self.lines[line - 1]..at).unwrap_or("");
        (number(line), number(before.chars().count()) + 1)
    }
}
