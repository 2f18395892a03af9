//! The id of a record.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The form of every id, as the schema states it.
pub const ID_PATTERN: &str = "^[a-z][a-z0-9-]{2,62}$";

/// The id of a record: lower-case letters, digits and hyphens, 3 to 63 characters, a letter first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct RecordId(Arc<str>);

impl RecordId {
    /// Checks the form; `None` when it is another.
    pub fn new(text: &str) -> Option<Self> {
        let mut bytes = text.bytes();
        let first_is_letter = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase());
        let rest_fits = bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        (first_is_letter && rest_fits && (3..=63).contains(&text.len())).then(|| Self(text.into()))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for RecordId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for RecordId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for RecordId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("`{text}` is not an id; an id matches `{ID_PATTERN}`"))
        })
    }
}

impl schemars::JsonSchema for RecordId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RecordId".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": ID_PATTERN })
    }
}

/// Folds look-alike characters into one form, so that two ids that read the same compare equal.
///
/// Source: the confusable skeleton of Unicode Technical Standard 39.
pub fn skeleton(text: &str) -> String {
    let skeleton: String = unicode_security::confusable_detection::skeleton(&text.to_lowercase()).collect();
    // A nought becomes the capital letter that it reads like, and case makes no difference here.
    skeleton.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::RecordId;

    #[test]
    fn ids_have_one_form() {
        for good in ["abc", "exc-0014", "p-2026-09-kb5043050", &"a".repeat(63)] {
            assert!(RecordId::new(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "ab",
            "1ab",
            "-ab",
            "Abc",
            "a_b",
            "a b",
            "äbc",
            &"a".repeat(64),
        ] {
            assert!(RecordId::new(bad).is_none(), "{bad}");
        }
    }
}
