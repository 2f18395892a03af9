//! References to a control, as records write them.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Edition, EditionError, compare_ids, control, shown, successors};

/// The id under which a reference names ISO/IEC 27001.
pub const ISO27001: &str = "iso27001";

/// Longest reference in bytes; the longest one in use is far below.
const REFERENCE_MAX_BYTES: usize = 100;

/// A control of some framework in some edition, written `iso27001:2022/8.8` or `nist80053:5/SI-2`.
///
/// One to ISO/IEC 27001 names a control that its catalogue has; other frameworks are taken as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend(
    "pattern" = r"^[a-z][a-z0-9-]*:[A-Za-z0-9._-]+/[A-Za-z0-9._()-]+$",
    "maxLength" = REFERENCE_MAX_BYTES
))]
pub struct ControlRef {
    framework: String,
    edition: String,
    control: String,
}

/// Says why a text is no reference to a control, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlRefError {
    /// Not `framework:edition/control`, or too long.
    #[error(
        "`{}` is not a control reference; allowed is `framework:edition/control` in at most \
         {REFERENCE_MAX_BYTES} characters, such as `iso27001:2022/8.8`, `iso27001:2013/A.12.6.1`, `pci:4.0.1/6.3.3` or `nist80053:5/SI-2`",
        shown(.given)
    )]
    Shape {
        /// The text as written.
        given: String,
    },
    /// ISO/IEC 27001 has no such edition.
    #[error(transparent)]
    Edition(#[from] EditionError),
    /// The edition of ISO/IEC 27001 has no such control.
    #[error("ISO/IEC 27001:{edition} has no control `{control}`; allowed are {}", .edition.allowed_ids())]
    Control {
        /// The edition that was looked into.
        edition: Edition,
        /// The id as written.
        control: String,
    },
}

impl ControlRef {
    /// Returns the framework's id, such as `iso27001`.
    pub fn framework(&self) -> &str {
        &self.framework
    }

    /// Returns the edition as written, such as `2022` or `4.0.1`.
    pub fn edition(&self) -> &str {
        &self.edition
    }

    /// Returns the control's id as its framework writes it.
    pub fn control(&self) -> &str {
        &self.control
    }

    /// Returns the 2022 ids meant by a reference to ISO/IEC 27001; empty for any other framework.
    ///
    /// An id of 2013 goes through the crosswalk and may give more than one.
    pub fn resolve_2022(&self) -> Vec<&'static str> {
        match self.iso_edition() {
            None => Vec::new(),
            Some(Edition::Iso2013) => successors(&self.control),
            Some(Edition::Iso2022) => control(Edition::Iso2022, &self.control)
                .iter()
                .map(|found| found.id)
                .collect(),
        }
    }

    fn iso_edition(&self) -> Option<Edition> {
        if self.framework != ISO27001 {
            return None;
        }
        self.edition.parse().ok()
    }
}

impl FromStr for ControlRef {
    type Err = ControlRefError;

    fn from_str(text: &str) -> Result<Self, ControlRefError> {
        let (framework, edition, id) = reference_parts(text).ok_or_else(|| ControlRefError::Shape {
            given: text.to_owned(),
        })?;
        if framework == ISO27001 {
            let edition: Edition = edition.parse()?;
            control(edition, id).ok_or_else(|| ControlRefError::Control {
                edition,
                control: id.to_owned(),
            })?;
        }
        Ok(Self {
            framework: framework.to_owned(),
            edition: edition.to_owned(),
            control: id.to_owned(),
        })
    }
}

impl TryFrom<String> for ControlRef {
    type Error = ControlRefError;

    fn try_from(text: String) -> Result<Self, ControlRefError> {
        text.parse()
    }
}

impl From<ControlRef> for String {
    fn from(reference: ControlRef) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for ControlRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}/{}", self.framework, self.edition, self.control)
    }
}

impl Ord for ControlRef {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_framework = self.framework.cmp(&other.framework);
        let by_edition = || compare_ids(&self.edition, &other.edition);
        by_framework
            .then_with(by_edition)
            .then_with(|| compare_ids(&self.control, &other.control))
    }
}

impl PartialOrd for ControlRef {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Splits `framework:edition/control`, where every part has its own alphabet and at least one character.
fn reference_parts(text: &str) -> Option<(&str, &str, &str)> {
    if text.len() > REFERENCE_MAX_BYTES {
        return None;
    }
    let (framework, rest) = text.split_once(':')?;
    let (edition, id) = rest.split_once('/')?;
    let made_of = |part: &str, marks: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || marks.contains(letter))
    };
    let framework_is_id = framework.starts_with(|first: char| first.is_ascii_lowercase())
        && made_of(framework, "-")
        && !framework.contains(|letter: char| letter.is_ascii_uppercase());
    (framework_is_id && made_of(edition, "._-") && made_of(id, "._()-")).then_some((framework, edition, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(text: &str) -> ControlRef {
        text.parse().unwrap()
    }

    fn complaint(text: &str) -> String {
        text.parse::<ControlRef>().unwrap_err().to_string()
    }

    #[test]
    fn references_are_read_and_written_alike() {
        for text in [
            "iso27001:2022/8.8",
            "iso27001:2013/A.12.6.1",
            "pci:4.0.1/6.3.3",
            "nist80053:5/SI-2",
            "nist80053:5/SI-2(3)",
        ] {
            assert_eq!(reference(text).to_string(), text);
            let json = serde_json::to_string(&reference(text)).unwrap();
            assert_eq!(
                serde_json::from_str::<ControlRef>(&json).unwrap(),
                reference(text)
            );
        }
        let pci = reference("pci:4.0.1/6.3.3");
        assert_eq!(
            (pci.framework(), pci.edition(), pci.control()),
            ("pci", "4.0.1", "6.3.3")
        );
        assert!(reference("iso27001:2022/8.9") < reference("iso27001:2022/8.10"));
    }

    #[test]
    fn references_resolve_to_the_2022_edition() {
        assert_eq!(reference("iso27001:2022/8.8").resolve_2022(), ["8.8"]);
        assert_eq!(reference("iso27001:2013/A.12.6.1").resolve_2022(), ["8.8"]);
        assert_eq!(
            reference("iso27001:2013/A.18.2.3").resolve_2022(),
            ["5.36", "8.8"]
        );
        assert!(reference("pci:4.0.1/6.3.3").resolve_2022().is_empty());
    }

    #[test]
    fn wrong_references_say_what_is_allowed() {
        for text in [
            "",
            "8.8",
            "iso27001/8.8",
            "iso27001:2022",
            "iso27001:2022/",
            ":2022/8.8",
            "ISO27001:2022/8.8",
            " iso27001:2022/8.8",
            "iso27001:2022/8.8/1",
            "iso27001:2022/8.8\u{202e}",
            "pci:4.0.1/６.3",
        ] {
            assert!(
                complaint(text).contains("allowed is `framework:edition/control`"),
                "{text:?}"
            );
        }
        assert_eq!(
            complaint("iso27001:2005/A.12.6.1"),
            "`2005` is not an edition of ISO/IEC 27001; allowed are `2013` and `2022`"
        );
        assert_eq!(
            complaint("iso27001:2013/12.6.1"),
            "ISO/IEC 27001:2013 has no control `12.6.1`; allowed are `A.5.1.1` to `A.18.2.3`, with `A.`"
        );
        assert!(complaint("iso27001:2022/A.8.8").contains("without `A.`"));
        assert!(complaint("iso27001:2022/8.35").contains("`8.1` to `8.34`"));
    }

    #[test]
    fn hostile_text_does_not_reach_a_message_whole() {
        assert!(complaint(&format!("pci:4/{}", "9".repeat(100_000))).len() < 500);
        assert!(!complaint("pci:4/\u{202e}\n\u{1b}[31m").contains(['\u{202e}', '\n', '\u{1b}']));
    }
}
