//! The canonical form of a record and its digest.
//!
//! The form is the RFC 8785 JSON of the record as written: each scalar typed by the schema at its
//! place, nothing filled in, the kind's undigested fields left out, and each file that the record
//! names replaced by its path and SHA-256.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use crate::load::{CONFIGURATION, LoadLimits, Repository, parse_record};
use crate::model::{Kind, Meta, ReferenceSort};
use crate::source::{FileId, Node, NodeValue, sha256_hex};

/// Returns `sha256:` and the digest of a record's canonical form.
pub fn digest(repository: &Repository, record: &Meta) -> Result<String> {
    let text = canonical_json(repository, record)?;
    Ok(format!("sha256:{}", sha256_hex(text.as_bytes())))
}

/// Returns the canonical form of a record.
pub fn canonical_json(repository: &Repository, record: &Meta) -> Result<String> {
    let file = repository
        .sources
        .get(record.file)
        .context("the record's file is not loaded")?;
    canonical_text(record.kind, &file.text, &repository.file_digests)
        .with_context(|| format!("`{}` has no digest", record.path))
}

/// Returns the digest of a text of some kind, such as one from history; named files count as given.
pub fn digest_of_text(kind: Kind, text: &str, file_digests: &BTreeMap<Arc<str>, String>) -> Result<String> {
    let text = canonical_text(kind, text, file_digests)?;
    Ok(format!("sha256:{}", sha256_hex(text.as_bytes())))
}

fn canonical_text(kind: Kind, text: &str, file_digests: &BTreeMap<Arc<str>, String>) -> Result<String> {
    let typed = parse_record(FileId(0), text, Some(kind), LoadLimits::default())
        .map_err(|_| anyhow::anyhow!("it does not fit the schema of {kind}"))?;
    let files: Vec<_> = typed
        .references
        .iter()
        .filter(|reference| reference.sort == ReferenceSort::File)
        .collect();
    let mut value = to_json(&typed.node, &|node| {
        let found = files.iter().find(|reference| reference.span == node.span)?;
        let sha256 = file_digests.get(&*found.text)?;
        Some(serde_json::json!({ "path": &*found.text, "sha256": sha256 }))
    });
    for pointer in kind.undigested() {
        remove(&mut value, pointer);
    }
    Ok(to_rfc8785(&value))
}

/// Returns the digest of `compliance.yaml` as written, with the files that guard the repository by their SHA-256.
pub fn configuration_digest(repository: &Repository) -> Result<String> {
    let written = match repository
        .sources
        .find(CONFIGURATION)
        .and_then(|file| repository.sources.get(file))
    {
        Some(file) => {
            let typed = parse_record(FileId(0), &file.text, None, LoadLimits::default())
                .map_err(|_| anyhow::anyhow!("`{CONFIGURATION}` does not fit its schema"))?;
            to_json(&typed.node, &|_| None)
        }
        None => Value::Null,
    };
    let files: Map<String, Value> = repository
        .guarded
        .iter()
        .map(|(path, sha256)| (path.to_string(), Value::from(sha256.as_str())))
        .collect();
    let whole = serde_json::json!({ "configuration": written, "files": files });
    Ok(format!("sha256:{}", sha256_hex(to_rfc8785(&whole).as_bytes())))
}

fn to_json(node: &Node, replaced: &dyn Fn(&Node) -> Option<Value>) -> Value {
    if let Some(value) = replaced(node) {
        return value;
    }
    match &node.value {
        NodeValue::Sequence(items) => {
            Value::Array(items.iter().map(|item| to_json(item, replaced)).collect())
        }
        NodeValue::Mapping(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, node)| (key.name.to_string(), to_json(node, replaced)))
                .collect(),
        ),
        NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Integer(_)
        | NodeValue::Float(_)
        | NodeValue::String(_)
        | NodeValue::Plain(_) => node.to_json(),
    }
}

/// Removes the value at a pointer; an emptied parent stays as it is written.
fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, field)) = pointer.rsplit_once('/') else {
        return;
    };
    if let Some(Value::Object(members)) = value.pointer_mut(parent) {
        members.shift_remove(field);
    }
}

/// Writes a value as RFC 8785 does: members sorted by UTF-16 code units, the shortest numbers, no blanks.
pub fn to_rfc8785(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => write_number(number, text),
        Value::String(string) => write_string(string, text),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(members) => write_object(members, text),
    }
}

fn write_object(members: &Map<String, Value>, text: &mut String) {
    let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
    sorted.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
    text.push('{');
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_string(name, text);
        text.push(':');
        write(value, text);
    }
    text.push('}');
}

fn write_string(string: &str, text: &mut String) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            control if control < ' ' => text.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => text.push(other),
        }
    }
    text.push('"');
}

/// Writes a number as ECMAScript does: JSON knows doubles only.
fn write_number(number: &serde_json::Number, text: &mut String) {
    if let Some(whole) = number.as_i64().filter(|whole| whole.unsigned_abs() <= 1 << 53) {
        return text.push_str(&whole.to_string());
    }
    let double = number.as_f64().unwrap_or(0.0);
    if double == 0.0 {
        return text.push('0');
    }
    // serde_json prints the shortest digits that read back, ties to even; only their arrangement differs.
    let (digits, exponent) = scientific(&serde_json::json!(double.abs()).to_string());
    if double < 0.0 {
        text.push('-');
    }
    arrange(&digits, exponent, text);
}

/// Takes a decimal text apart into its significant digits and the exponent of scientific notation.
fn scientific(text: &str) -> (String, i32) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let leading = all.len() - all.trim_start_matches('0').len();
    let digits = all.trim_matches('0').to_owned();
    let places = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    (digits, exponent + places(whole.len()) - 1 - places(leading))
}

/// Source: ECMA-262, Number::toString; `exponent` is that of scientific notation.
fn arrange(digits: &str, exponent: i32, text: &mut String) {
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let point = exponent + 1;
    if (count..=21).contains(&point) {
        text.push_str(digits);
        text.extend(std::iter::repeat_n(
            '0',
            usize::try_from(point - count).unwrap_or(0),
        ));
    } else if point > 0 && point <= 21 {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        text.push_str(&format!("{whole}.{fraction}"));
    } else if point > -6 && point <= 0 {
        let zeros: String = std::iter::repeat_n('0', usize::try_from(-point).unwrap_or(0)).collect();
        text.push_str(&format!("0.{zeros}{digits}"));
    } else {
        let (first, rest) = digits.split_at(1);
        let fraction = if rest.is_empty() {
            String::new()
        } else {
            format!(".{rest}")
        };
        text.push_str(&format!("{first}{fraction}e{exponent:+}"));
    }
}

#[cfg(test)]
mod tests {
    use super::to_rfc8785;

    #[test]
    fn numbers_are_written_as_rfc_8785_appendix_b_lists_them() {
        let rows: [(u64, &str); 22] = [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ];
        for (bits, expected) in rows {
            let number = serde_json::json!(f64::from_bits(bits));
            assert_eq!(to_rfc8785(&number), expected, "{bits:016x}");
        }
    }

    #[test]
    fn members_are_sorted_by_utf_16_and_strings_escaped_sparingly() {
        let value = serde_json::json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji", "\u{80}": "Control", "\u{f6}": "o with diaeresis",
        });
        let text = to_rfc8785(&value);
        let order: Vec<usize> = [
            "Carriage",
            "One",
            "Control",
            "diaeresis",
            "Euro",
            "Emoji",
            "Hebrew",
        ]
        .iter()
        .map(|word| text.find(word).unwrap())
        .collect();
        assert!(order.is_sorted(), "{text}");
        let value = serde_json::json!({"string": "\u{20ac}$\u{000F}\u{000a}A'\u{0042}\u{0022}\u{005c}\\\"/"});
        assert_eq!(
            to_rfc8785(&value),
            "{\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
    }
}
