//! Validates a typed tree against the schema of its kind, and says what is wrong in words.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::typing::{Typing, excerpt};
use super::{LoadLimits, yaml_fault};
use crate::diagnostic::Diagnostic;
use crate::model::{ID_PATTERN, Kind, Reference, configuration_schema, schema_text, shape};
use crate::source::{DecodeError, FileId, Node, NodeValue, PathPart, Span, YamlFault, YamlJson, parse};

/// A tree that fits its schema, with what it refers to.
#[derive(Debug)]
pub struct TypedRecord {
    pub node: Node,
    pub references: Vec<Reference>,
}

static VALIDATORS: LazyLock<BTreeMap<Option<Kind>, Validator<YamlJson>>> = LazyLock::new(|| {
    let texts = Kind::ALL.iter().map(|kind| (Some(*kind), schema_text(*kind)));
    texts
        .chain([(None, configuration_schema())])
        .filter_map(|(kind, text)| {
            let schema: Value = serde_json::from_str(text).ok()?;
            let options = jsonschema::options_for::<YamlJson>()
                .with_draft(jsonschema::Draft::Draft202012)
                .should_validate_formats(false);
            Some((kind, options.build(&schema).ok()?))
        })
        .collect()
});

/// Parses, types and validates one record; `None` stands for `compliance.yaml`.
pub fn parse_record(
    file: FileId,
    text: &str,
    kind: Option<Kind>,
    limits: LoadLimits,
) -> Result<TypedRecord, Vec<Diagnostic>> {
    let node = parse_as_written(file, text, limits).map_err(|fault| vec![yaml_fault(*fault)])?;
    type_and_validate(node, kind, limits)
}

pub(super) fn parse_as_written(file: FileId, text: &str, limits: LoadLimits) -> Result<Node, Box<YamlFault>> {
    parse(file, text, limits.yaml)
}

pub(super) fn type_and_validate(
    mut node: Node,
    kind: Option<Kind>,
    limits: LoadLimits,
) -> Result<TypedRecord, Vec<Diagnostic>> {
    let mut typing = Typing::new(limits);
    typing.walk(&mut node, shape(kind));
    let mut faults = typing.faults;
    let Some(validator) = VALIDATORS.get(&kind) else {
        faults.push(Diagnostic::error(
            "SCH002",
            node.span,
            "the embedded schema cannot be used",
        ));
        return Err(faults);
    };
    if !validator.is_valid(&node) {
        for error in validator.iter_errors(&node) {
            explain(&node, &error, &mut faults);
        }
    }
    if faults.is_empty() {
        Ok(TypedRecord {
            node,
            references: typing.references,
        })
    } else {
        Err(faults)
    }
}

/// Says why a tree that fits its schema does not fit its type: what a pattern cannot say.
pub(super) fn decode_fault(error: &DecodeError, whole: Span) -> Diagnostic {
    Diagnostic::error("SCH002", error.span.unwrap_or(whole), error.message.clone())
        .help("see `countersign schema` for the fields of each kind")
}

fn explain(root: &Node, error: &ValidationError<'_>, faults: &mut Vec<Diagnostic>) {
    let path: Vec<PathPart> = error
        .instance_path()
        .as_str()
        .split('/')
        .skip(1)
        .map(|part| {
            let part = part.replace("~1", "/").replace("~0", "~");
            part.parse().map_or(PathPart::Key(part), PathPart::Index)
        })
        .collect();
    let (node, path) = descend(root, &path);
    let name = dotted(&path);
    if node.text() == Some("") && !matches!(error.kind(), ValidationErrorKind::Type { .. }) {
        return faults.push(empty(node, &name, error));
    }
    let fault = |span: Span, message: String| Diagnostic::error("SCH002", span, message);
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "keywords that our schemas do not use share one wording"
    )]
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            for unknown in unexpected {
                let span = node.entry(unknown).map_or(node.span, |(key, _)| key.span);
                faults.push(unknown_field(root, error, unknown, span));
            }
        }
        ValidationErrorKind::Required { property } => {
            let missing = property.as_str().unwrap_or_default();
            let parent = if name.is_empty() {
                String::new()
            } else {
                format!(" in `{name}`")
            };
            faults.push(
                fault(
                    head_of(root, node, &path),
                    format!("the field `{missing}` is missing{parent}"),
                )
                .help(format!("add `{missing}:`; it is required")),
            );
        }
        ValidationErrorKind::Enum { options } => faults.push(not_one_of(node, &name, options)),
        ValidationErrorKind::Constant { expected_value } => faults.push(
            fault(node.span, format!("`{name}` must be `{}`", plain(expected_value)))
                .help(format!("write `{}`", plain(expected_value))),
        ),
        ValidationErrorKind::Type { kind } => faults.push(
            fault(
                node.span,
                format!(
                    "`{name}` must be {}, not {}",
                    type_words(kind),
                    word_for(node.type_name())
                ),
            )
            .help(format!("write {} here", type_words(kind))),
        ),
        ValidationErrorKind::Pattern { pattern } => {
            let help = if pattern == ID_PATTERN {
                "an id is 3 to 63 lower-case letters, digits and hyphens, a letter first".to_owned()
            } else {
                format!("write it so that it matches `{pattern}`")
            };
            faults.push(fault(node.span, format!("`{name}` has another form: `{}`", shown(node))).help(help));
        }
        _ => faults.push(
            fault(node.span, format!("`{name}`: {error}"))
                .help("see `countersign schema` for what is allowed"),
        ),
    }
}

fn unknown_field(root: &Node, error: &ValidationError<'_>, unknown: &str, span: Span) -> Diagnostic {
    let schema_path = error.schema_path().as_str().to_owned();
    let allowed = allowed_fields(root, &schema_path);
    let nearest = allowed
        .iter()
        .filter(|name| distance(name, unknown) <= 2)
        .min_by_key(|name| distance(name, unknown));
    let help = match nearest {
        Some(name) => format!("did you mean `{name}`? allowed are {}", listed(&allowed)),
        None if allowed.is_empty() => "remove it".into(),
        None => format!("remove it; allowed are {}", listed(&allowed)),
    };
    Diagnostic::error("SCH002", span, format!("unknown field `{unknown}`")).help(help)
}

/// An empty text is a field that is still to be filled in.
fn empty(node: &Node, name: &str, error: &ValidationError<'_>) -> Diagnostic {
    let help = if let ValidationErrorKind::Enum { options } = error.kind() {
        let words: Vec<String> = options.as_array().into_iter().flatten().map(plain).collect();
        format!("fill it in; allowed are {}", listed(&words))
    } else {
        "fill it in, or remove the line if the field is not required".into()
    };
    Diagnostic::error("SCH002", node.span, format!("`{name}` is empty")).help(help)
}

fn not_one_of(node: &Node, name: &str, options: &Value) -> Diagnostic {
    let words: Vec<String> = options.as_array().into_iter().flatten().map(plain).collect();
    let given = shown(node);
    let nearest = words
        .iter()
        .filter(|word| distance(word, &given) <= 2)
        .min_by_key(|word| distance(word, &given));
    let mut help = format!("allowed are {}", listed(&words));
    if let Some(word) = nearest {
        help = format!("did you mean `{word}`? {help}");
    }
    Diagnostic::error("SCH002", node.span, format!("`{given}` is no value of `{name}`")).help(help)
}

/// Finds the field names that the schema allows where `additionalProperties` failed.
fn allowed_fields(root: &Node, schema_path: &str) -> Vec<String> {
    let kind = root.get("kind").and_then(Node::text).and_then(Kind::from_name);
    let text = kind.map_or(configuration_schema(), schema_text);
    let Ok(schema) = serde_json::from_str::<Value>(text) else {
        return Vec::new();
    };
    let parent = schema_path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let properties = schema
        .pointer(&format!("{parent}/properties"))
        .and_then(Value::as_object);
    properties
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default()
}

/// Follows a path as far as it leads; a number may also be the name of a field.
fn descend<'a>(root: &'a Node, path: &[PathPart]) -> (&'a Node, Vec<PathPart>) {
    let mut node = root;
    let mut walked = Vec::new();
    for part in path {
        let next = match (part, &node.value) {
            (PathPart::Index(index), NodeValue::Mapping(_)) => node.get(&index.to_string()),
            _ => node.at(std::slice::from_ref(part)),
        };
        let Some(next) = next else { break };
        node = next;
        walked.push(part.clone());
    }
    (node, walked)
}

/// A missing field is shown at the name of what lacks it, not at all of its text.
fn head_of(root: &Node, node: &Node, path: &[PathPart]) -> Span {
    if let Some((PathPart::Key(name), parents)) = path.split_last()
        && let Some((key, _)) = root.at(parents).and_then(|parent| parent.entry(name))
    {
        return key.span;
    }
    match &node.value {
        NodeValue::Mapping(entries) => entries.first().map_or(node.span, |(key, _)| key.span),
        NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Integer(_)
        | NodeValue::Float(_)
        | NodeValue::String(_)
        | NodeValue::Plain(_)
        | NodeValue::Sequence(_) => node.span,
    }
}

fn dotted(path: &[PathPart]) -> String {
    let mut text = String::new();
    for part in path {
        match part {
            PathPart::Key(name) if text.is_empty() => text.push_str(name),
            PathPart::Key(name) => {
                text.push('.');
                text.push_str(name);
            }
            PathPart::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

fn shown(node: &Node) -> String {
    let text = node.text().map_or_else(|| plain(&node.to_json()), str::to_owned);
    excerpt(&text)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn listed(words: &[String]) -> String {
    words
        .iter()
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn type_words(kind: &TypeKind) -> String {
    let words: Vec<&str> = match kind {
        TypeKind::Single(single) => vec![word_for(&single.to_string())],
        TypeKind::Multiple(set) => {
            let mut words = Vec::new();
            for single in set.iter() {
                words.push(word_for(&single.to_string()));
            }
            words
        }
    };
    words.join(" or ")
}

fn word_for(name: &str) -> &'static str {
    match name {
        "null" => "nothing",
        "boolean" => "`true` or `false`",
        "integer" => "a whole number",
        "number" => "a number",
        "array" => "a list",
        "object" => "a mapping",
        _ => "text",
    }
}

/// Levenshtein distance, for hints.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, left) in one.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, right) in other.iter().enumerate() {
            let cost = diagonal + usize::from(left != *right);
            diagonal = row[column + 1];
            row[column + 1] = cost.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}
