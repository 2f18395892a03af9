//! A row whose fields are known by their names in any case; the API and the exports name some differently.

use std::collections::BTreeMap;

use serde::de::{IgnoredAny, MapAccess};

use super::super::json::Entries;
use super::super::rows::Scalar;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Vulnerability,
    Machine,
    Name,
    Remedy,
    Product,
    Vendor,
    Version,
    Severity,
    Exploit,
    FirstSeen,
    LastSeen,
    /// When the row came to be what it is.
    Changed,
    Status,
    System,
    SystemVersion,
    IsOnboarded,
}

/// The names of the fields in lower case.
const NAMES: [(&str, Field); 22] = [
    ("cveid", Field::Vulnerability),
    ("machineid", Field::Machine),
    ("deviceid", Field::Machine),
    ("devicename", Field::Name),
    ("fixingkbid", Field::Remedy),
    ("recommendedsecurityupdateid", Field::Remedy),
    ("productname", Field::Product),
    ("softwarename", Field::Product),
    ("productvendor", Field::Vendor),
    ("softwarevendor", Field::Vendor),
    ("productversion", Field::Version),
    ("softwareversion", Field::Version),
    ("severity", Field::Severity),
    ("vulnerabilityseveritylevel", Field::Severity),
    ("exploitabilitylevel", Field::Exploit),
    ("firstseentimestamp", Field::FirstSeen),
    ("lastseentimestamp", Field::LastSeen),
    ("eventtimestamp", Field::Changed),
    ("status", Field::Status),
    ("osplatform", Field::System),
    ("osversion", Field::SystemVersion),
    ("isonboarded", Field::IsOnboarded),
];

#[derive(Default)]
pub(super) struct Row {
    fields: BTreeMap<Field, String>,
    twice: Option<String>,
}

impl Row {
    /// Returns what a field says; an empty text where it says nothing.
    pub(super) fn get(&self, field: Field) -> &str {
        self.fields.get(&field).map(String::as_str).unwrap_or_default()
    }

    /// Returns the name of a field that came twice, in whatever case.
    pub(super) fn twice(&self) -> Option<&str> {
        self.twice.as_deref()
    }
}

impl Entries for Row {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        let known = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let Some((_, field)) = known else {
            return values.next_value::<IgnoredAny>().map(drop);
        };
        let text: Option<Scalar<'de>> = values.next_value()?;
        let text = text
            .map(|Scalar(text)| text.0.trim().to_owned())
            .unwrap_or_default();
        if self.fields.insert(*field, text).is_some() {
            self.twice = Some(name.to_owned());
        }
        Ok(())
    }
}
