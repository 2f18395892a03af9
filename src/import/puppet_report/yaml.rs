//! An agent's report in YAML as a tree: tags are dropped, and only a plain value can be repeated by its anchor.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle};

use super::super::tree::{Grow, Tree};
use super::super::{ImportError, Place};

const MAX_DEPTH: usize = 64;

/// Reads one document.
pub(super) fn tree(bytes: &[u8]) -> Result<Tree, ImportError> {
    let text = std::str::from_utf8(bytes).map_err(|_| malformed(1, "not UTF-8 text".into()))?;
    let count = Cell::new(0);
    let mut builder = Builder {
        grow: Grow::new(&count),
        open: Vec::new(),
        anchors: HashMap::new(),
        root: None,
    };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                let line = span.start.line() as u64;
                builder.take(event).map_err(|message| malformed(line, message))?;
            }
            Err(error) => {
                let line = error.marker().line() as u64;
                let is_end = error.marker().index() >= text.trim_end().chars().count();
                let message = error.info().to_string();
                let place = Place::Line(line);
                return Err(if is_end {
                    ImportError::Truncated { place, message }
                } else {
                    ImportError::Malformed { place, message }
                });
            }
        }
    }
    builder
        .root
        .ok_or_else(|| malformed(1, "there is no document".into()))
}

fn malformed(line: u64, message: String) -> ImportError {
    ImportError::Malformed {
        place: Place::Line(line),
        message,
    }
}

enum Open {
    List(Vec<Tree>),
    Map {
        entries: Vec<(String, Tree)>,
        names: HashSet<String>,
        key: Option<String>,
    },
}

struct Builder<'c> {
    grow: Grow<'c>,
    open: Vec<Open>,
    /// Plain values that have an anchor.
    anchors: HashMap<usize, Tree>,
    root: Option<Tree>,
}

impl Builder<'_> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a foreign, non-exhaustive enum; what is unknown is refused"
    )]
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(..) if self.root.is_some() => Err("a second document in one file".into()),
            Event::DocumentStart(..) => Ok(()),
            Event::Scalar(text, style, anchor, _) => {
                let value = scalar(&text, style);
                if anchor != 0 {
                    self.anchors.insert(anchor, value.clone());
                }
                self.push(value)
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned();
                self.push(value.ok_or("an alias that stands for more than a plain value")?)
            }
            Event::SequenceStart(..) => self.enter(Open::List(Vec::new())),
            Event::MappingStart(..) => self.enter(Open::Map {
                entries: Vec::new(),
                names: HashSet::new(),
                key: None,
            }),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(list)) => self.push(Tree::List(list)),
                Some(Open::Map { entries, .. }) => self.push(Tree::Map(entries)),
                None => Err("an end without a begin".into()),
            },
            _ => Err("an unknown YAML construct".into()),
        }
    }

    fn enter(&mut self, open: Open) -> Result<(), String> {
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH}"));
        }
        self.open.push(open);
        Ok(())
    }

    fn push(&mut self, value: Tree) -> Result<(), String> {
        self.grow.count()?;
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List(list)) => list.push(value),
            Some(Open::Map { entries, names, key }) => match (key.take(), value) {
                (Some(key), value) => entries.push((key, value)),
                (None, Tree::Text(name)) => {
                    if !names.insert(name.clone()) {
                        let shown = super::value::shown(&name);
                        return Err(format!("{shown} comes twice in one object"));
                    }
                    *key = Some(name);
                }
                (None, Tree::Null | Tree::Bool(_) | Tree::Number(_)) => *key = Some("-".into()),
                (None, Tree::List(_) | Tree::Map(_)) => return Err("a list or mapping as a key".into()),
            },
        }
        Ok(())
    }
}

/// Reads a plain value; numbers stay texts, so that a version such as `1.10` stays one.
fn scalar(text: &str, style: ScalarStyle) -> Tree {
    match text {
        "" | "~" | "null" if style == ScalarStyle::Plain => Tree::Null,
        "true" if style == ScalarStyle::Plain => Tree::Bool(true),
        "false" if style == ScalarStyle::Plain => Tree::Bool(false),
        text => Tree::Text(text.to_owned()),
    }
}
