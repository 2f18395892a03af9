//! The tree that one YAML document becomes.

use super::span::Span;

/// A node with its place.
#[derive(Clone, Debug)]
pub struct Node {
    pub span: Span,
    pub value: NodeValue,
}

/// What a node holds.
///
/// A plain scalar stays `Plain` until the schema at its place has typed it, so that `NO` and `012`
/// are strings where a string is meant.
#[derive(Clone, Debug)]
pub enum NodeValue {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    String(Box<str>),
    Plain(Box<str>),
    Sequence(Vec<Node>),
    Mapping(Vec<(Key, Node)>),
}

/// The key of a mapping entry, with its place.
#[derive(Clone, Debug)]
pub struct Key {
    pub name: Box<str>,
    pub span: Span,
}

/// One step from a node to one below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathPart {
    Key(String),
    Index(usize),
}

/// The way from the root of a document to a node.
pub type Path = Vec<PathPart>;

impl Node {
    /// Returns the entry of a mapping by its name.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entry(name).map(|(_, node)| node)
    }

    /// Returns the key and the value of a mapping entry.
    pub fn entry(&self, name: &str) -> Option<&(Key, Node)> {
        match &self.value {
            NodeValue::Mapping(entries) => entries.iter().find(|(key, _)| &*key.name == name),
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Integer(_)
            | NodeValue::Float(_)
            | NodeValue::String(_)
            | NodeValue::Plain(_)
            | NodeValue::Sequence(_) => None,
        }
    }

    /// Follows a path down; `None` where it leads nowhere.
    pub fn at(&self, path: &[PathPart]) -> Option<&Node> {
        path.iter()
            .try_fold(self, |node, part| match (part, &node.value) {
                (PathPart::Key(name), _) => node.get(name),
                (PathPart::Index(index), NodeValue::Sequence(items)) => items.get(*index),
                (PathPart::Index(_), _) => None,
            })
    }

    /// Returns the text of a scalar that is written as text, typed or not.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::String(text) | NodeValue::Plain(text) => Some(text),
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Integer(_)
            | NodeValue::Float(_)
            | NodeValue::Sequence(_)
            | NodeValue::Mapping(_) => None,
        }
    }

    /// Names the kind of value in the words of the schema.
    pub fn type_name(&self) -> &'static str {
        match &self.value {
            NodeValue::Null => "null",
            NodeValue::Bool(_) => "boolean",
            NodeValue::Integer(_) => "integer",
            NodeValue::Float(_) => "number",
            NodeValue::String(_) | NodeValue::Plain(_) => "string",
            NodeValue::Sequence(_) => "array",
            NodeValue::Mapping(_) => "object",
        }
    }
}

/// Types a plain scalar by the core schema of YAML 1.2; `None` for a number that JSON cannot hold.
pub(super) fn core_schema(text: &str) -> Option<NodeValue> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(NodeValue::Null),
        "true" | "True" | "TRUE" => return Some(NodeValue::Bool(true)),
        "false" | "False" | "FALSE" => return Some(NodeValue::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => return None,
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return None;
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(text, digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(text, digits, 8);
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(NodeValue::Integer);
    }
    if is_float(unsigned) {
        return text
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
            .map(NodeValue::Float);
    }
    Some(NodeValue::String(text.into()))
}

fn radix(text: &str, digits: &str, base: u32) -> Option<NodeValue> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(base)) {
        return Some(NodeValue::String(text.into()));
    }
    i64::from_str_radix(digits, base).ok().map(NodeValue::Integer)
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, without the sign.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_is_number = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let exponent_is_number = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !unsigned.is_empty() && digits(unsigned)
    });
    mantissa_is_number && exponent_is_number
}

#[cfg(test)]
mod tests {
    use super::{NodeValue, core_schema};

    #[test]
    fn plain_scalars_follow_the_core_schema_of_yaml_1_2() {
        let rows = [
            ("NO", "String(\"NO\")"),
            ("on", "String(\"on\")"),
            ("1_000", "String(\"1_000\")"),
            ("2026-09-30", "String(\"2026-09-30\")"),
            ("0b11", "String(\"0b11\")"),
            ("012", "Integer(12)"),
            ("0o14", "Integer(12)"),
            ("0xC", "Integer(12)"),
            ("-7", "Integer(-7)"),
            ("1.5", "Float(1.5)"),
            ("1e3", "Float(1000.0)"),
            (".", "String(\".\")"),
            ("e3", "String(\"e3\")"),
            ("", "Null"),
            ("~", "Null"),
            ("True", "Bool(true)"),
        ];
        for (text, expected) in rows {
            assert_eq!(format!("{:?}", core_schema(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn numbers_that_json_cannot_hold_are_refused() {
        for text in [".nan", ".inf", "-.INF", "1e999", "99999999999999999999"] {
            assert!(core_schema(text).is_none(), "{text}");
        }
        assert!(matches!(
            core_schema("9223372036854775807"),
            Some(NodeValue::Integer(i64::MAX))
        ));
    }
}
