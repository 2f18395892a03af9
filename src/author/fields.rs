//! Values laid into a record by its schema: what must be there, what may be set, and in which order.

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

use crate::model::parse_date;
use crate::source::{FileId, Limits, Node, NodeValue, parse};

/// Returns what the schema requires, with nothing said: empty texts and lists, so that `check` asks for them.
pub(super) fn blank(schema: &Value) -> Value {
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    match types(schema).first() {
        Some(&"object") => {
            let required = schema
                .get("required")
                .and_then(Value::as_array)
                .map_or(&[][..], Vec::as_slice);
            let fields = required.iter().filter_map(Value::as_str).filter_map(|name| {
                let field = schema.pointer(&format!("/properties/{name}"))?;
                Some((name.to_owned(), blank(field)))
            });
            Value::Object(fields.collect())
        }
        // A list that must not be empty begins with a blank, at which `check` points.
        Some(&"array") => match (schema.get("minItems"), schema.get("items")) {
            (Some(_), Some(items)) if !types(schema).contains(&"object") => Value::Array(vec![blank(items)]),
            (_, _) => Value::Array(Vec::new()),
        },
        Some(&"boolean") => Value::Bool(false),
        Some(_) | None => Value::from(""),
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(_) | None => Vec::new(),
    }
}

/// Sets the field at a dotted path; a path that the schema does not know is refused with those that it does.
pub(super) fn set(record: &mut Value, schema: &Value, path: &str, text: &str) -> Result<()> {
    let mut place = record;
    let mut schema = schema;
    let mut walked = String::new();
    for part in path.split('.') {
        let is_list = types(schema).contains(&"array") && part.parse::<usize>().is_ok();
        (place, schema) = if is_list {
            item(place, schema, part)?
        } else {
            field(place, schema, part, &walked)?
        };
        walked = if walked.is_empty() {
            part.to_owned()
        } else {
            format!("{walked}.{part}")
        };
    }
    *place = typed(schema, text).with_context(|| format!("`{path}` cannot be `{text}`"))?;
    Ok(())
}

/// Puts a value at a dotted path of fields, whatever is there; the path is ours and known.
pub(super) fn put(record: &mut Value, path: &str, value: Value) {
    let mut place = record;
    for part in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(members) = place else { return };
        place = members.entry(part).or_insert(Value::Null);
    }
    *place = value;
}

fn item<'a, 'b>(place: &'a mut Value, schema: &'b Value, part: &str) -> Result<(&'a mut Value, &'b Value)> {
    let index: usize = part
        .parse()
        .with_context(|| format!("`{part}` is no number of a list"))?;
    if !place.is_array() {
        *place = Value::Array(Vec::new());
    }
    let schema = schema
        .get("items")
        .context("the list has no items in the schema")?;
    let items = place.as_array_mut().context("no list")?;
    let length = items.len();
    if index > length {
        bail!("the list has {length} entries; the next one is {length}");
    }
    if index == length {
        items.push(blank(schema));
    }
    Ok((items.get_mut(index).context("no such entry")?, schema))
}

fn field<'a, 'b>(
    place: &'a mut Value,
    schema: &'b Value,
    part: &str,
    walked: &str,
) -> Result<(&'a mut Value, &'b Value)> {
    let named = schema.pointer(&format!(
        "/properties/{}",
        part.replace('~', "~0").replace('/', "~1")
    ));
    let free = schema
        .get("additionalProperties")
        .filter(|schema| schema.is_object());
    let Some(field) = named.or(free) else {
        let whole = if walked.is_empty() {
            part.to_owned()
        } else {
            format!("{walked}.{part}")
        };
        bail!("`{whole}` is no field; {}", allowed(schema, walked));
    };
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    let members = place.as_object_mut().context("no mapping")?;
    Ok((members.entry(part).or_insert_with(|| blank(field)), field))
}

fn allowed(schema: &Value, walked: &str) -> String {
    let names: Vec<String> = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::keys)
        .map(|name| {
            if walked.is_empty() {
                format!("`{name}`")
            } else {
                format!("`{walked}.{name}`")
            }
        })
        .collect();
    if names.is_empty() {
        format!("`{walked}` has no fields of its own")
    } else {
        format!("allowed are {}", names.join(", "))
    }
}

/// Reads a text as the schema has it: a plain value, or a list or mapping as YAML writes them in one line.
fn typed(schema: &Value, text: &str) -> Result<Value> {
    let kinds = types(schema);
    let is_flow = (kinds.contains(&"array") && text.starts_with('['))
        || (kinds.contains(&"object") && text.starts_with('{'));
    if is_flow {
        let node = parse(FileId(0), text, Limits::default())
            .map_err(|fault| anyhow::anyhow!("{}", fault.message))?;
        return from_node(schema, &node);
    }
    if kinds.contains(&"array") {
        let items = schema
            .get("items")
            .context("the list has no items in the schema")?;
        return text
            .split(',')
            .map(|part| typed(items, part.trim()))
            .collect::<Result<_>>()
            .map(Value::Array);
    }
    if kinds.first() == Some(&"object") {
        bail!("a mapping is expected, such as `{{name: value}}`");
    }
    scalar(schema, text)
}

fn scalar(schema: &Value, text: &str) -> Result<Value> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array)
        && !words.iter().any(|word| word.as_str() == Some(text))
    {
        let words: Vec<String> = words
            .iter()
            .map(|word| format!("`{}`", word.as_str().unwrap_or_default()))
            .collect();
        bail!("allowed are {}", words.join(", "));
    }
    if let Some(constant) = schema
        .get("const")
        .filter(|constant| constant.as_str() != Some(text))
    {
        bail!("only {constant} is allowed");
    }
    if schema.get("format").and_then(Value::as_str) == Some("date") && parse_date(text).is_none() {
        bail!("a day is written `YYYY-MM-DD`");
    }
    match types(schema).first() {
        Some(&"integer") => text
            .parse::<i64>()
            .map(Value::from)
            .context("a whole number is expected"),
        Some(&"number") => text
            .parse::<f64>()
            .map(Value::from)
            .context("a number is expected"),
        Some(&"boolean") => text
            .parse::<bool>()
            .map(Value::from)
            .context("`true` or `false` is expected"),
        Some(_) | None => Ok(Value::from(text)),
    }
}

fn from_node(schema: &Value, node: &Node) -> Result<Value> {
    match &node.value {
        NodeValue::Sequence(items) => {
            let schema = schema.get("items").context("a list stands where none fits")?;
            items
                .iter()
                .map(|item| from_node(schema, item))
                .collect::<Result<_>>()
                .map(Value::Array)
        }
        NodeValue::Mapping(entries) => {
            let mut members = Map::new();
            for (key, node) in entries {
                let mut place = Value::Null;
                let (_, field) = field(&mut place, schema, &key.name, "")?;
                members.insert(key.name.to_string(), from_node(field, node)?);
            }
            Ok(Value::Object(members))
        }
        NodeValue::Plain(text) | NodeValue::String(text) => scalar(schema, text),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Integer(_) | NodeValue::Float(_) => {
            Ok(node.to_json())
        }
    }
}

/// Puts the fields into the order of the schema.
pub(super) fn ordered(value: Value, schema: &Value) -> Value {
    match value {
        Value::Object(mut members) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let mut sorted = Map::new();
            for (name, schema) in properties.into_iter().flatten() {
                if let Some(value) = members.shift_remove(name) {
                    sorted.insert(name.clone(), ordered(value, schema));
                }
            }
            sorted.extend(members);
            Value::Object(sorted)
        }
        Value::Array(items) => {
            let schema = schema.get("items").unwrap_or(&Value::Null);
            Value::Array(items.into_iter().map(|item| ordered(item, schema)).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::set;
    use crate::model::{Kind, schema_text};

    #[test]
    fn texts_are_typed_by_the_schema() {
        let schema: Value = serde_json::from_str(schema_text(Kind::Exception)).unwrap();
        let rows = [
            ("title", "12", json!({"title": "12"})),
            (
                "spec.covers_exploited",
                "true",
                json!({"spec": {"covers_exploited": true}}),
            ),
            (
                "spec.scope.vulns",
                "CVE-2026-1, CVE-2026-2",
                json!({"spec": {"scope": {"vulns": ["CVE-2026-1", "CVE-2026-2"]}}}),
            ),
            (
                "spec.scope.vulns",
                "[8.10]",
                json!({"spec": {"scope": {"vulns": ["8.10"]}}}),
            ),
            (
                "spec.plan",
                "{target_date: 2026-10-01}",
                json!({"spec": {"plan": {"target_date": "2026-10-01"}}}),
            ),
            ("review.cycle_days", "90", json!({"review": {"cycle_days": 90}})),
        ];
        for (path, text, expected) in rows {
            let mut record = json!({});
            set(&mut record, &schema, path, text).unwrap();
            // A mapping that is made on the way brings what it requires.
            if let (Some(spec), false) = (
                record.get_mut("spec").and_then(Value::as_object_mut),
                path == "title",
            ) {
                spec.retain(|_, value| *value != json!(""));
                spec.retain(|name, value| name != "scope" || path.contains("scope") || *value != json!({}));
            }
            assert_eq!(record, expected, "{path}={text}");
        }
    }

    #[test]
    fn what_the_schema_does_not_know_is_refused_with_what_it_does() {
        let schema: Value = serde_json::from_str(schema_text(Kind::Exception)).unwrap();
        let rows = [
            ("spec.severty", "high", "`spec.severity`"),
            ("spec.severity", "grave", "`critical`"),
            ("spec.expires", "soon", "YYYY-MM-DD"),
            ("spec.covers_exploited", "yes", "`true` or `false`"),
            ("review.cycle_days", "many", "whole number"),
            ("spec.plan", "{when: now}", "`target_date`"),
            ("spec.reviews.1.at", "2026-01-01", "the next one is 0"),
        ];
        for (path, text, words) in rows {
            let error = format!("{:#}", set(&mut json!({}), &schema, path, text).unwrap_err());
            assert!(error.contains(words), "{path}={text}: {error}");
        }
    }
}
