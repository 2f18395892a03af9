//! Lets the schema validator read our tree in place.

use std::borrow::Cow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, Node as JsonNode, NodeIdentity, Object};
use serde_json::{Number, Value};

use super::node::{Key, Node, NodeValue, core_schema};
use super::span::{FileId, Span};

/// The representation of a YAML tree as JSON.
#[derive(Debug)]
pub struct YamlJson;

/// A node made from a property name, for `propertyNames`.
#[derive(Debug)]
pub struct NameNode(Node);

impl Default for NameNode {
    fn default() -> Self {
        Self(Node {
            span: Span::start_of(FileId(0)),
            value: NodeValue::Null,
        })
    }
}

impl Json for YamlJson {
    type Node<'a> = &'a Node;
    type PreparedKey = String;
    type StringBuffer = NameNode;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(buffer: &mut NameNode, string: &str, f: impl FnOnce(&Node) -> T) -> T {
        buffer.0.value = NodeValue::String(string.into());
        f(&buffer.0)
    }
}

/// A number of the tree.
#[derive(Clone, Copy, Debug)]
pub enum YamlNumber {
    Integer(i64),
    Float(f64),
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "checked to be whole and in range"
)]
impl JsonNumber for YamlNumber {
    fn as_u64(&self) -> Option<u64> {
        self.as_i64().and_then(|number| u64::try_from(number).ok())
    }

    fn as_i64(&self) -> Option<i64> {
        match *self {
            Self::Integer(number) => Some(number),
            Self::Float(number) => (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64),
        }
    }

    fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::Integer(number) => Some(number as f64),
            Self::Float(number) => Some(number),
        }
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_number().to_string())
    }

    fn to_number(&self) -> Cow<'_, Number> {
        Cow::Owned(match *self {
            Self::Integer(number) => Number::from(number),
            Self::Float(number) => Number::from_f64(number).unwrap_or_else(|| Number::from(0)),
        })
    }
}

impl Node {
    /// Turns the tree into a JSON value; mapping order is kept.
    pub fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::Bool(*value),
            NodeValue::Integer(value) => Value::from(*value),
            NodeValue::Float(value) => Number::from_f64(*value).map_or(Value::Null, Value::Number),
            NodeValue::String(text) => Value::String(text.to_string()),
            NodeValue::Plain(text) => match core_schema(text) {
                Some(value) => Node {
                    span: self.span,
                    value,
                }
                .to_json(),
                None => Value::String(text.to_string()),
            },
            NodeValue::Sequence(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            NodeValue::Mapping(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, node)| (key.name.to_string(), node.to_json()))
                    .collect(),
            ),
        }
    }

    /// Types a plain scalar by the core schema; `false` for a number that JSON cannot hold.
    pub fn resolve(&mut self) -> bool {
        let NodeValue::Plain(text) = &self.value else {
            return true;
        };
        match core_schema(text) {
            Some(value) => {
                self.value = value;
                true
            }
            None => {
                self.value = NodeValue::String(text.clone());
                false
            }
        }
    }
}

impl<'a> JsonNode<'a, YamlJson> for &'a Node {
    type Object = &'a [(Key, Node)];
    type Array = &'a [Node];
    type Number = YamlNumber;

    fn as_object(&self) -> Option<&'a [(Key, Node)]> {
        if let NodeValue::Mapping(entries) = &self.value {
            Some(entries)
        } else {
            None
        }
    }

    fn as_array(&self) -> Option<&'a [Node]> {
        if let NodeValue::Sequence(items) = &self.value {
            Some(items)
        } else {
            None
        }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.text().map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<YamlNumber> {
        if let NodeValue::Integer(number) = self.value {
            return Some(YamlNumber::Integer(number));
        }
        if let NodeValue::Float(number) = self.value {
            Some(YamlNumber::Float(number))
        } else {
            None
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        if let NodeValue::Bool(value) = self.value {
            Some(value)
        } else {
            None
        }
    }

    fn is_null(&self) -> bool {
        matches!(self.value, NodeValue::Null)
    }

    fn json_type(&self) -> JsonType {
        match &self.value {
            NodeValue::Null => JsonType::Null,
            NodeValue::Bool(_) => JsonType::Boolean,
            NodeValue::Integer(_) | NodeValue::Float(_) => JsonType::Number,
            NodeValue::String(_) | NodeValue::Plain(_) => JsonType::String,
            NodeValue::Sequence(_) => JsonType::Array,
            NodeValue::Mapping(_) => JsonType::Object,
        }
    }

    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(self.to_json())
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref::<Node>(self) as usize))
    }
}

impl<'a> Object<'a, YamlJson> for &'a [(Key, Node)] {
    type Node = &'a Node;
    type MemberName = &'a str;
    type MembersIter = Members<'a>;

    fn len(&self) -> usize {
        <[(Key, Node)]>::len(self)
    }

    fn get(&self, key: &String) -> Option<&'a Node> {
        self.iter()
            .find(|(name, _)| *name.name == **key)
            .map(|(_, node)| node)
    }

    fn members(&self) -> Members<'a> {
        Members(self.iter())
    }
}

/// Walks the entries of a mapping.
#[derive(Debug)]
pub struct Members<'a>(std::slice::Iter<'a, (Key, Node)>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a Node);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, node)| (&*key.name, node))
    }
}

impl<'a> Array<'a, YamlJson> for &'a [Node] {
    type Node = &'a Node;
    type ElementsIter = std::slice::Iter<'a, Node>;

    fn len(&self) -> usize {
        <[Node]>::len(self)
    }

    fn elements(&self) -> std::slice::Iter<'a, Node> {
        self.iter()
    }
}
