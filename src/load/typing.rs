//! Gives each scalar the type that the schema has at its place, and collects what a record refers to.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::model::{Reference, ReferenceSort, Shape, ShapeText, parse_date, parse_instant};
use crate::source::{Node, NodeValue, Span};

use super::LoadLimits;

pub(super) struct Typing {
    pub(super) references: Vec<Reference>,
    pub(super) faults: Vec<Diagnostic>,
    limits: LoadLimits,
    /// The dotted path of the field that is looked at.
    field: String,
}

impl Typing {
    pub(super) fn new(limits: LoadLimits) -> Self {
        Self {
            references: Vec::new(),
            faults: Vec::new(),
            limits,
            field: String::new(),
        }
    }

    /// Walks a tree along its shape.
    pub(super) fn walk(&mut self, node: &mut Node, shape: &Shape) {
        match shape {
            Shape::Text(text) => self.text(node, text),
            Shape::Mapping { fields, others } => {
                self.mapping(node, &|name| fields.get(name).or(others.as_deref()))
            }
            Shape::Sequence(items) => self.sequence(node, items),
            Shape::Either {
                sequence,
                mapping,
                text,
            } => match (&node.value, sequence, mapping) {
                (NodeValue::Sequence(_), Some(shape), _) | (NodeValue::Mapping(_), _, Some(shape)) => {
                    self.walk(node, shape);
                }
                _ if *text => self.text(node, &ShapeText::Plain),
                _ => self.core(node),
            },
            Shape::Core => self.core(node),
        }
    }

    fn text(&mut self, node: &mut Node, text: &ShapeText) {
        if let NodeValue::Plain(plain) = &node.value {
            // An empty plain scalar is an absent value, not an empty text.
            node.value = if matches!(&**plain, "" | "~" | "null") {
                NodeValue::Null
            } else {
                NodeValue::String(plain.clone())
            };
        }
        let NodeValue::String(value) = &node.value else {
            return self.core(node);
        };
        let reference = |kinds: Arc<[Box<str>]>, sort| Reference {
            field: self.field.as_str().into(),
            kinds,
            text: value.clone(),
            span: node.span,
            sort,
        };
        match text {
            ShapeText::Plain => {}
            ShapeText::Reference(kinds) => {
                let reference = reference(Arc::clone(kinds), ReferenceSort::Record);
                self.references.push(reference);
            }
            ShapeText::File => self
                .references
                .push(reference(Arc::from([]), ReferenceSort::File)),
            ShapeText::Control => self
                .references
                .push(reference(Arc::from([]), ReferenceSort::Control)),
            ShapeText::Date => self.date(value, node.span),
            ShapeText::Instant => self.instant(value, node.span),
        }
    }

    fn date(&mut self, value: &str, span: Span) {
        if value.is_empty() {
            let fault = Diagnostic::error("SCH005", span, "the date is empty")
                .help("write a day as `YYYY-MM-DD`, or remove the line if the field is not required");
            return self.faults.push(fault);
        }
        let Some(date) = parse_date(value) else {
            let fault = Diagnostic::error("SCH005", span, format!("`{}` is not a date", excerpt(value)))
                .help("write a day of the calendar as `YYYY-MM-DD`, such as `2026-09-30`");
            return self.faults.push(fault);
        };
        self.year(date.year(), span);
    }

    fn instant(&mut self, value: &str, span: Span) {
        let Some(instant) = parse_instant(value) else {
            let fault = Diagnostic::error("SCH005", span, format!("`{}` is not an instant", excerpt(value)))
                .help("write it as RFC 3339 with its offset, such as `2026-09-30T12:00:00Z`");
            return self.faults.push(fault);
        };
        use chrono::Datelike as _;
        self.year(instant.0.year(), span);
    }

    fn year(&mut self, year: i32, span: Span) {
        let (min, max) = (self.limits.min_year, self.limits.max_year);
        if !(min..=max).contains(&year) {
            let fault = Diagnostic::error(
                "SCH005",
                span,
                format!("the year {year} lies outside {min} to {max}"),
            )
            .help("mend the year, or set `min_year` and `max_year` of SCH005 in `compliance.yaml`");
            self.faults.push(fault);
        }
    }

    fn core(&mut self, node: &mut Node) {
        match &mut node.value {
            NodeValue::Plain(text) => {
                let text = text.clone();
                if !node.resolve() {
                    let message = format!("`{}` is a number that cannot be kept exactly", excerpt(&text));
                    self.faults.push(
                        Diagnostic::error("SCH001", node.span, message)
                            .help("write a finite number of at most 18 digits, or put text into quotes"),
                    );
                }
            }
            NodeValue::Sequence(items) => items.iter_mut().for_each(|item| self.core(item)),
            NodeValue::Mapping(entries) => entries.iter_mut().for_each(|(_, node)| self.core(node)),
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Integer(_)
            | NodeValue::Float(_)
            | NodeValue::String(_) => {}
        }
    }

    fn sequence(&mut self, node: &mut Node, items: &Shape) {
        if let NodeValue::Sequence(nodes) = &mut node.value {
            nodes.iter_mut().for_each(|node| self.walk(node, items));
        } else {
            self.core(node);
        }
    }

    fn mapping<'a>(&mut self, node: &mut Node, shape: &dyn Fn(&str) -> Option<&'a Shape>) {
        if let NodeValue::Mapping(entries) = &mut node.value {
            for (key, node) in entries {
                let length = self.field.len();
                if length > 0 {
                    self.field.push('.');
                }
                self.field.push_str(&key.name);
                self.walk(node, shape(&key.name).unwrap_or(&Shape::Core));
                self.field.truncate(length);
            }
        } else {
            self.core(node);
        }
    }
}

/// Cuts a text for a message.
pub(super) fn excerpt(text: &str) -> String {
    if text.chars().count() <= 60 {
        text.to_owned()
    } else {
        text.chars().take(57).chain("...".chars()).collect()
    }
}
