//! The schemas: generated from the record types, committed in `schemas/`, embedded, and compiled into shapes.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::configuration::ConfigurationFile;
use super::kind::Kind;
use super::record::Envelope;
use super::{
    Approval, Calendar, Change, Evidence, Exception, Incident, Isms, Person, Policy, Risk, RiskAcceptance,
    Role, Sla, Soa, Source, System, Triage,
};

const BASE: &str = "https://countersign.dev/schemas/v1";

/// Returns the committed schema of a kind.
pub fn schema_text(kind: Kind) -> &'static str {
    match kind {
        Kind::Isms => include_str!("../../schemas/isms.schema.json"),
        Kind::Person => include_str!("../../schemas/person.schema.json"),
        Kind::Role => include_str!("../../schemas/role.schema.json"),
        Kind::Policy => include_str!("../../schemas/policy.schema.json"),
        Kind::Soa => include_str!("../../schemas/soa.schema.json"),
        Kind::Risk => include_str!("../../schemas/risk.schema.json"),
        Kind::System => include_str!("../../schemas/system.schema.json"),
        Kind::Source => include_str!("../../schemas/source.schema.json"),
        Kind::Triage => include_str!("../../schemas/triage.schema.json"),
        Kind::Exception => include_str!("../../schemas/exception.schema.json"),
        Kind::RiskAcceptance => include_str!("../../schemas/risk-acceptance.schema.json"),
        Kind::Sla => include_str!("../../schemas/sla.schema.json"),
        Kind::Change => include_str!("../../schemas/change.schema.json"),
        Kind::Calendar => include_str!("../../schemas/calendar.schema.json"),
        Kind::Incident => include_str!("../../schemas/incident.schema.json"),
        Kind::Evidence => include_str!("../../schemas/evidence.schema.json"),
        Kind::Approval => include_str!("../../schemas/approval.schema.json"),
    }
}

/// Returns the committed schema of `compliance.yaml`.
pub fn configuration_schema() -> &'static str {
    include_str!("../../schemas/configuration.schema.json")
}

/// Generates the schema of a kind from its type; `None` stands for `compliance.yaml`.
pub fn generated_schema(kind: Option<Kind>) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let generator = settings.into_generator();
    let root = match kind {
        None => generator.into_root_schema_for::<ConfigurationFile>(),
        Some(Kind::Isms) => generator.into_root_schema_for::<Envelope<Isms>>(),
        Some(Kind::Person) => generator.into_root_schema_for::<Envelope<Person>>(),
        Some(Kind::Role) => generator.into_root_schema_for::<Envelope<Role>>(),
        Some(Kind::Policy) => generator.into_root_schema_for::<Envelope<Policy>>(),
        Some(Kind::Soa) => generator.into_root_schema_for::<Envelope<Soa>>(),
        Some(Kind::Risk) => generator.into_root_schema_for::<Envelope<Risk>>(),
        Some(Kind::System) => generator.into_root_schema_for::<Envelope<System>>(),
        Some(Kind::Source) => generator.into_root_schema_for::<Envelope<Source>>(),
        Some(Kind::Triage) => generator.into_root_schema_for::<Envelope<Triage>>(),
        Some(Kind::Exception) => generator.into_root_schema_for::<Envelope<Exception>>(),
        Some(Kind::RiskAcceptance) => generator.into_root_schema_for::<Envelope<RiskAcceptance>>(),
        Some(Kind::Sla) => generator.into_root_schema_for::<Envelope<Sla>>(),
        Some(Kind::Change) => generator.into_root_schema_for::<Envelope<Change>>(),
        Some(Kind::Calendar) => generator.into_root_schema_for::<Envelope<Calendar>>(),
        Some(Kind::Incident) => generator.into_root_schema_for::<Envelope<Incident>>(),
        Some(Kind::Evidence) => generator.into_root_schema_for::<Envelope<Evidence>>(),
        Some(Kind::Approval) => generator.into_root_schema_for::<Approval>(),
    };
    finish(root.to_value(), kind)
}

/// Adds what belongs to the kind rather than to its type: names, constants, the undigested fields.
fn finish(mut schema: Value, kind: Option<Kind>) -> Value {
    let name = kind.map_or("Configuration", Kind::name);
    let file = file_name(kind);
    plain_options(&mut schema);
    if let Some(root) = schema.as_object_mut() {
        root.insert("$id".into(), json!(format!("{BASE}/{file}")));
        root.insert("title".into(), json!(name));
        if let Some(kind) = kind {
            root.insert("x-undigested".into(), json!(kind.undigested()));
            if kind.needs_version()
                && let Some(required) = root.get_mut("required").and_then(Value::as_array_mut)
            {
                required.push(json!("version"));
            }
        }
    }
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert(
            "kind".into(),
            json!({ "description": "The kind of the record.", "const": name }),
        );
        properties.insert(
            "apiVersion".into(),
            json!({ "description": "The version of the record format.", "const": "countersign/v1" }),
        );
        for field in ["supersedes", "renews"] {
            if let Some(Value::Object(reference)) = properties.get_mut(field) {
                reference.insert("x-ref".into(), json!([name]));
            }
        }
    }
    schema
}

/// Returns the file of a schema under `schemas/`.
pub fn file_name(kind: Option<Kind>) -> String {
    let name = kind.map_or("Configuration", Kind::name);
    let mut file = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_uppercase() && index > 0 {
            file.push('-');
        }
        file.extend(letter.to_lowercase());
    }
    file + ".schema.json"
}

/// A missing field is absent, never `null`: `null` is taken out of every optional type.
fn plain_options(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|name| name != "null");
                if let [single] = types.as_slice() {
                    let single = single.clone();
                    members.insert("type".into(), single);
                }
            }
            if let Some(Value::Array(values)) = members.get_mut("enum") {
                values.retain(|value| !value.is_null());
            }
            collapse_any_of(members);
            members.shift_remove("default");
            // A field may be named `format` too; the keyword is a string.
            if members
                .get("format")
                .and_then(Value::as_str)
                .is_some_and(|format| !matches!(format, "date" | "date-time"))
            {
                members.shift_remove("format");
            }
            members.values_mut().for_each(plain_options);
        }
        Value::Array(items) => items.iter_mut().for_each(plain_options),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `anyOf: [X, null]` becomes `X`; a `oneOf` of described constants becomes one `enum`.
fn collapse_any_of(members: &mut serde_json::Map<String, Value>) {
    if let Some(Value::Array(branches)) = members.get_mut("anyOf") {
        branches.retain(|branch| branch.get("type") != Some(&json!("null")));
        if let [Value::Object(single)] = branches.as_slice() {
            let single = single.clone();
            members.shift_remove("anyOf");
            for (name, value) in single {
                members.entry(name).or_insert(value);
            }
        }
    }
    let constants: Option<Vec<Value>> = members
        .get("oneOf")
        .and_then(Value::as_array)
        .and_then(|branches| {
            branches
                .iter()
                .map(|branch| branch.get("const").cloned())
                .collect()
        });
    if let Some(constants) = constants {
        members.shift_remove("oneOf");
        members.insert("type".into(), json!("string"));
        members.insert("enum".into(), Value::Array(constants));
    }
}

/// What the loader needs of a schema at each place: how to type plain scalars and what a value refers to.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A string; a plain scalar stays as it is written.
    Text(Text),
    Mapping {
        fields: BTreeMap<String, Shape>,
        /// Of fields that the schema does not name.
        others: Option<Box<Shape>>,
    },
    Sequence(Box<Shape>),
    /// A sequence or a mapping, whichever is there; and text if neither.
    Either {
        sequence: Option<Box<Shape>>,
        mapping: Option<Box<Shape>>,
        text: bool,
    },
    /// Numbers, booleans and what is free: typed by the core schema of YAML.
    Core,
}

/// What a text at a place is.
#[derive(Clone, Debug)]
pub enum Text {
    Plain,
    Date,
    Instant,
    Reference(Arc<[Box<str>]>),
    File,
    Control,
}

static SHAPES: LazyLock<BTreeMap<Option<Kind>, Shape>> = LazyLock::new(|| {
    let texts = Kind::ALL.iter().map(|kind| (Some(*kind), schema_text(*kind)));
    texts
        .chain([(None, configuration_schema())])
        .map(|(kind, text)| (kind, compile(&serde_json::from_str(text).unwrap_or(Value::Null))))
        .collect()
});

/// Returns the shape of a kind; `None` stands for `compliance.yaml`.
pub fn shape(kind: Option<Kind>) -> &'static Shape {
    static CORE: Shape = Shape::Core;
    SHAPES.get(&kind).unwrap_or(&CORE)
}

fn compile(schema: &Value) -> Shape {
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ if schema.get("const").is_some_and(Value::is_string) => vec!["string"],
        _ => Vec::new(),
    };
    match types.as_slice() {
        ["string"] => Shape::Text(compile_text(schema)),
        ["object"] => compile_mapping(schema),
        ["array"] => Shape::Sequence(Box::new(schema.get("items").map_or(Shape::Core, compile))),
        [] | [_] => Shape::Core,
        several => Shape::Either {
            sequence: several.contains(&"array").then(|| {
                Box::new(Shape::Sequence(Box::new(
                    schema.get("items").map_or(Shape::Core, compile),
                )))
            }),
            mapping: several
                .contains(&"object")
                .then(|| Box::new(compile_mapping(schema))),
            text: several.contains(&"string"),
        },
    }
}

fn compile_mapping(schema: &Value) -> Shape {
    let fields = schema
        .get("properties")
        .and_then(Value::as_object)
        .map(|properties| {
            properties
                .iter()
                .map(|(name, schema)| (name.clone(), compile(schema)))
                .collect()
        })
        .unwrap_or_default();
    let others = schema
        .get("additionalProperties")
        .filter(|schema| schema.is_object());
    Shape::Mapping {
        fields,
        others: others.map(|schema| Box::new(compile(schema))),
    }
}

fn compile_text(schema: &Value) -> Text {
    if let Some(kinds) = schema.get("x-ref").and_then(Value::as_array) {
        return Text::Reference(kinds.iter().filter_map(Value::as_str).map(Into::into).collect());
    }
    let flag = |name: &str| schema.get(name).and_then(Value::as_bool).unwrap_or(false);
    match schema.get("format").and_then(Value::as_str) {
        Some("date") => Text::Date,
        Some("date-time") => Text::Instant,
        _ if flag("x-file") => Text::File,
        _ if flag("x-control") => Text::Control,
        _ => Text::Plain,
    }
}
