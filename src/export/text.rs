//! Foreign text and moments in the form that other systems take, and JSON as bytes.

use chrono::{DateTime, Datelike as _, Utc};
use serde_json::Value;

use super::Request;
use crate::document::{escape_json, escape_markdown, visible};
use crate::model::{AsOf, Date, utc_text};
use crate::reconcile::Register;

/// Returns a text on one line, trimmed; a blank one says so, since no format takes an empty text.
pub(super) fn line(text: &str) -> String {
    let text = visible(text);
    let text = text.trim();
    if text.is_empty() {
        return "not told".to_owned();
    }
    text.to_owned()
}

/// Returns a text that a reader of Markdown shows as it is, on one line.
pub(super) fn markup(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    escape_markdown(&line(text), &mut escaped);
    escaped
}

/// Returns a moment as UTC in whole seconds; as-of where its year is one that formats refuse.
pub(super) fn moment(as_of: AsOf, at: DateTime<Utc>) -> String {
    let is_plain = (1900..=2999).contains(&at.year());
    utc_text(if is_plain { at } else { as_of.instant() })
}

/// Returns the last moment of a local day as UTC.
pub(super) fn end_of(as_of: AsOf, day: Date) -> String {
    moment(as_of, as_of.zone().end_of_day(day).with_timezone(&Utc))
}

/// Returns the name of the organisation.
pub(super) fn organisation(register: &Register<'_>) -> String {
    let isms = register.repository.isms.as_ref();
    isms.map_or_else(|| "not told".to_owned(), |isms| line(&isms.spec.organisation))
}

/// Returns a JSON file. Members without a value, and empty lists and objects, are left out.
pub(super) fn json(value: Value) -> Vec<u8> {
    let kept = without_empty(value).unwrap_or(Value::Null);
    (escape_json(&format!("{kept:#}")) + "\n").into_bytes()
}

fn without_empty(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(items) => {
            let kept: Vec<Value> = items.into_iter().filter_map(without_empty).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        Value::Object(members) => {
            let kept = members
                .into_iter()
                .filter_map(|(name, value)| Some((name, without_empty(value)?)));
            let kept: serde_json::Map<String, Value> = kept.collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        plain @ (Value::Bool(_) | Value::Number(_) | Value::String(_)) => Some(plain),
    }
}

impl Request<'_> {
    /// Says which records the file was made from, and what of them was open.
    pub(super) fn origin(&self) -> Vec<(&'static str, String)> {
        let (register, provenance) = (self.register, self.provenance);
        let period = format!("{} to {}", register.period.from, register.period.to);
        let errors = provenance.count(crate::diagnostic::Level::Error);
        let mut origin = vec![
            ("as-of", register.as_of.to_string()),
            ("period", period),
            ("tree-digest", provenance.tree_digest.clone()),
            ("tool-version", provenance.tool_version.clone()),
            ("open-errors", errors.to_string()),
        ];
        if let Some(commit) = &provenance.commit {
            origin.push(("commit", commit.clone()));
            origin.push(("files-differ-from-commit", provenance.modified.to_string()));
        }
        let digests = register.imports.iter().map(|line| line.sha256.clone());
        origin.extend(digests.map(|digest| ("import-sha256", digest)));
        origin
    }
}

#[cfg(test)]
mod tests {
    use super::{line, markup};

    #[test]
    fn no_text_is_empty_or_hides_anything() {
        for (text, expected) in [
            ("", "not told"),
            (" \u{a0}\n", "not told"),
            (" a\r\nb\u{202e} ", "a b‹U+202E›"),
        ] {
            assert_eq!(line(text), expected);
        }
        assert_eq!(markup("<b>*x*"), "\\<b\\>\\*x\\*");
    }
}
