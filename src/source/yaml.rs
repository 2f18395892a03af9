//! Strict YAML 1.2: one document, no anchors, no tags, no merge keys, no duplicate keys, bounded.

use granit_parser::{Event, Options, Parser, ScalarStyle};

use super::node::{Key, Node, NodeValue};
use super::span::{FileId, Span};
use super::text::unsafe_character;

/// What a document may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub max_bytes: u64,
    pub max_depth: usize,
    pub max_nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 1 << 20,
            max_depth: 32,
            max_nodes: 50_000,
        }
    }
}

/// Why a text is not a strict YAML document.
#[derive(Clone, Debug)]
pub struct YamlFault {
    pub span: Span,
    pub message: String,
    pub help: String,
    /// A second place that the message speaks of, such as the first of two equal keys.
    pub related: Option<(Span, String)>,
    /// Whether the text hides something (a bidirectional control made by an escape) rather than breaks YAML.
    pub unsafe_text: bool,
}

/// Parses one strict YAML document into a tree.
pub fn parse(file: FileId, text: &str, limits: Limits) -> Result<Node, Box<YamlFault>> {
    let mut options = Options::default();
    options.disallow_directives = true;
    options.emit_unresolved_aliases = true;
    options.set_emit_comments(false);
    let mut builder = Builder {
        file,
        text,
        limits,
        stack: Vec::new(),
        root: None,
        nodes: 0,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => builder.take(event, span)?,
            Err(error) => {
                let marker = *error.marker();
                return Err(Box::new(builder.scan_fault(marker, &error.info())));
            }
        }
    }
    builder.root.ok_or_else(|| {
        Box::new(YamlFault {
            span: Span::start_of(file),
            message: "the file holds no document".into(),
            help: "write one record into it, or delete the file".into(),
            related: None,
            unsafe_text: false,
        })
    })
}

enum Open {
    Sequence {
        span: Span,
        items: Vec<Node>,
    },
    Mapping {
        span: Span,
        entries: Vec<(Key, Node)>,
        key: Option<Key>,
    },
}

struct Builder<'a> {
    file: FileId,
    text: &'a str,
    limits: Limits,
    stack: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
}

impl<'a> Builder<'a> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a foreign, non-exhaustive enum; what is unknown is refused"
    )]
    fn take(&mut self, event: Event<'a>, span: granit_parser::Span) -> Result<(), Box<YamlFault>> {
        let place = self.place(span);
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(..) if self.root.is_some() => Err(self.fault(
                place,
                "a second document in one file",
                "put each record into a file of its own, named after its id",
            )),
            Event::DocumentStart(..) => Ok(()),
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_properties(place, anchor, tag.is_some())?;
                self.scalar(place, &text, style)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_properties(place, anchor, tag.is_some())?;
                self.refuse_collection_key(place)?;
                self.open(
                    place,
                    Open::Sequence {
                        span: place,
                        items: Vec::new(),
                    },
                )
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_properties(place, anchor, tag.is_some())?;
                self.refuse_collection_key(place)?;
                self.open(
                    place,
                    Open::Mapping {
                        span: place,
                        entries: Vec::new(),
                        key: None,
                    },
                )
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(place),
            Event::Alias(_) | Event::UnresolvedAlias(_) | Event::Anchor(..) => Err(self.anchor_fault(place)),
            _ => Err(self.fault(
                place,
                "an unknown YAML construct",
                "write plain mappings, lists and scalars",
            )),
        }
    }

    fn anchor_fault(&self, place: Span) -> Box<YamlFault> {
        self.fault(
            place,
            "an anchor or alias",
            "write the value out at each place; a record must read the same to everybody",
        )
    }

    fn refuse_properties(&self, place: Span, anchor: usize, tagged: bool) -> Result<(), Box<YamlFault>> {
        if anchor != 0 {
            return Err(self.anchor_fault(place));
        }
        if tagged {
            return Err(self.fault(place, "a tag", "remove it; the schema gives each value its type"));
        }
        Ok(())
    }

    fn refuse_collection_key(&self, place: Span) -> Result<(), Box<YamlFault>> {
        match self.stack.last() {
            Some(Open::Mapping { key: None, .. }) => {
                Err(self.fault(place, "a list or mapping as a key", "use a plain word as the key"))
            }
            Some(Open::Mapping { key: Some(_), .. } | Open::Sequence { .. }) | None => Ok(()),
        }
    }

    fn scalar(&mut self, place: Span, text: &str, style: ScalarStyle) -> Result<(), Box<YamlFault>> {
        if style == ScalarStyle::DoubleQuoted
            && let Some(name) = text.chars().find_map(unsafe_character)
        {
            let mut fault = self.fault(
                place,
                &format!("{name}, written as an escape"),
                "remove it; text must read as it is stored",
            );
            fault.unsafe_text = true;
            return Err(fault);
        }
        let is_key = matches!(self.stack.last(), Some(Open::Mapping { key: None, .. }));
        if is_key {
            return self.key(place, text, style);
        }
        let value = if style == ScalarStyle::Plain {
            NodeValue::Plain(text.into())
        } else {
            NodeValue::String(text.into())
        };
        self.push(Node { span: place, value })
    }

    fn key(&mut self, place: Span, text: &str, style: ScalarStyle) -> Result<(), Box<YamlFault>> {
        if text == "<<" && style == ScalarStyle::Plain {
            return Err(self.fault(place, "a merge key", "write the merged fields out"));
        }
        if text.is_empty() {
            return Err(self.fault(place, "an empty key", "give the field its name"));
        }
        self.count(place)?;
        let mut first = None;
        if let Some(Open::Mapping { entries, key, .. }) = self.stack.last_mut() {
            first = entries
                .iter()
                .find(|(other, _)| &*other.name == text)
                .map(|(other, _)| other.span);
            *key = Some(Key {
                name: text.into(),
                span: place,
            });
        }
        let Some(first) = first else { return Ok(()) };
        let mut fault = self.fault(
            place,
            &format!("the key `{text}` stands twice in one mapping"),
            "keep one of them; which one counts would be a guess",
        );
        fault.related = Some((first, "first written here".into()));
        Err(fault)
    }

    fn open(&mut self, place: Span, open: Open) -> Result<(), Box<YamlFault>> {
        self.count(place)?;
        if self.stack.len() >= self.limits.max_depth {
            let message = format!("nested deeper than {} levels", self.limits.max_depth);
            return Err(self.fault(place, &message, "a record needs far fewer; flatten it"));
        }
        self.stack.push(open);
        Ok(())
    }

    fn close(&mut self, place: Span) -> Result<(), Box<YamlFault>> {
        let node = match self.stack.pop() {
            Some(Open::Sequence { span, items }) => Node {
                span: self.stretch(span, place),
                value: NodeValue::Sequence(items),
            },
            Some(Open::Mapping { span, entries, .. }) => Node {
                span: self.stretch(span, place),
                value: NodeValue::Mapping(entries),
            },
            None => return Ok(()),
        };
        self.nodes -= 1;
        self.push(node)
    }

    fn push(&mut self, node: Node) -> Result<(), Box<YamlFault>> {
        self.count(node.span)?;
        match self.stack.last_mut() {
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { entries, key, .. }) => {
                if let Some(key) = key.take() {
                    entries.push((key, node));
                }
            }
            None => self.root = Some(node),
        }
        Ok(())
    }

    fn count(&mut self, place: Span) -> Result<(), Box<YamlFault>> {
        self.nodes += 1;
        if self.nodes > self.limits.max_nodes {
            let message = format!("more than {} values in one file", self.limits.max_nodes);
            return Err(self.fault(place, &message, "split the record"));
        }
        Ok(())
    }

    fn fault(&self, span: Span, message: &str, help: &str) -> Box<YamlFault> {
        Box::new(YamlFault {
            span,
            message: message.into(),
            help: help.into(),
            related: None,
            unsafe_text: false,
        })
    }

    fn scan_fault(&self, marker: granit_parser::Marker, info: &str) -> YamlFault {
        let span = self.place(granit_parser::Span::empty(marker));
        YamlFault {
            span,
            message: format!("not valid YAML: {info}"),
            help: "mend the syntax at this place; nothing of the file was read".into(),
            related: None,
            unsafe_text: false,
        }
    }

    /// A collection ends where its last child ends: the parser's own end lies behind the blank lines that follow.
    fn stretch(&self, start: Span, end: Span) -> Span {
        let raw = self
            .text
            .get(start.start as usize..end.end as usize)
            .unwrap_or("");
        let trimmed = raw.trim_end();
        let length = u32::try_from(trimmed.len()).unwrap_or(0);
        if trimmed.is_empty() || trimmed.len() == raw.len() {
            return Span {
                end: end.end,
                end_line: end.end_line,
                end_column: end.end_column,
                ..start
            };
        }
        let behind = raw.get(trimmed.len()..).unwrap_or("");
        let lines_behind = u32::try_from(behind.matches('\n').count()).unwrap_or(0);
        let begin_of_last = trimmed.rfind('\n').map(|at| at + 1);
        let last = trimmed.get(begin_of_last.unwrap_or(0)..).unwrap_or("");
        let width = u32::try_from(last.chars().count()).unwrap_or(0);
        let end_column = match begin_of_last {
            None => start.column + width,
            Some(_) => width + 1,
        };
        Span {
            end: start.start + length,
            end_line: end.end_line.saturating_sub(lines_behind).max(start.line),
            end_column,
            ..start
        }
    }

    fn place(&self, span: granit_parser::Span) -> Span {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let offset = |marker: &granit_parser::Marker| number(marker.byte_offset().unwrap_or(self.text.len()));
        Span {
            file: self.file,
            start: offset(&span.start),
            end: offset(&span.end).max(offset(&span.start)),
            line: number(span.start.line()).max(1),
            column: number(span.start.col()) + 1,
            end_line: number(span.end.line()).max(1),
            end_column: number(span.end.col()) + 1,
        }
    }
}
