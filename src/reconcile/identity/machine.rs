//! What tells one machine from another that bears the same name: its serial number and its BIOS UUID.

use crate::model::Host;

/// Texts that firmware and inventories give where nobody filled the number in; compared in lower case.
const PLACEHOLDERS: &[&str] = &[
    "03000200-0400-0500-0006-000700080009",
    "0123456789",
    "123456789",
    "chassis serial number",
    "default string",
    "n/a",
    "na",
    "none",
    "not applicable",
    "not available",
    "not settable",
    "not specified",
    "null",
    "oem",
    "serial number",
    "system serial number",
    "to be filled by o.e.m.",
    "unknown",
];

/// How the numbers of two hosts compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Likeness {
    Same,
    Other,
    /// They have no number of the same kind.
    Unknown,
}

/// The numbers of one machine.
#[derive(Clone, Default, Debug)]
pub(super) struct Machine {
    uuids: Vec<String>,
    serials: Vec<String>,
}

impl Machine {
    pub(super) fn of(host: &Host) -> Self {
        let number = |text: &Option<String>| text.iter().filter_map(|text| number(text)).collect();
        Self {
            uuids: number(&host.uuid),
            serials: number(&host.serial),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.uuids.is_empty() && self.serials.is_empty()
    }

    /// Returns the numbers as keys.
    pub(super) fn keys(&self) -> Vec<String> {
        self.uuids.iter().chain(&self.serials).cloned().collect()
    }

    pub(super) fn compare(&self, other: &Self) -> Likeness {
        let kinds = [(&self.uuids, &other.uuids), (&self.serials, &other.serials)];
        let share =
            |(mine, theirs): (&Vec<String>, &Vec<String>)| mine.iter().any(|one| theirs.contains(one));
        let both = |(mine, theirs): (&Vec<String>, &Vec<String>)| !mine.is_empty() && !theirs.is_empty();
        if kinds.into_iter().any(share) {
            Likeness::Same
        } else if kinds.into_iter().any(both) {
            Likeness::Other
        } else {
            Likeness::Unknown
        }
    }

    /// Takes the numbers of another look at the same machine.
    pub(super) fn learn(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.uuids, &other.uuids),
            (&mut self.serials, &other.serials),
        ] {
            for number in theirs {
                if !mine.contains(number) {
                    mine.push(number.clone());
                }
            }
        }
    }
}

/// Returns the number of a machine as a person writes it: its serial, else its UUID.
pub(super) fn written(host: &Host) -> Option<&str> {
    let mut given = host.serial.iter().chain(&host.uuid);
    given.find(|text| number(text).is_some()).map(|text| text.trim())
}

/// Folds a number so that all notations of it are one; `None` for what is no number of a machine.
fn number(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let bare: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut letters = bare.chars();
    let first = letters.next()?;
    if letters.all(|letter| letter == first) || PLACEHOLDERS.contains(&text.as_str()) {
        return None;
    }
    Some(if is_uuid(&bare) { uuid(&bare) } else { text })
}

fn is_uuid(bare: &str) -> bool {
    bare.len() == 32 && bare.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Some tools read the first three groups of a BIOS UUID in the other byte order; both are one number.
fn uuid(bare: &str) -> String {
    let swapped = |group: &str| -> String {
        let bytes = group.as_bytes().chunks(2).rev().flatten();
        bytes.map(|&byte| char::from(byte)).collect()
    };
    let groups: String = [&bare[..8], &bare[8..12], &bare[12..16]].map(swapped).concat();
    bare.to_owned().min(groups + &bare[16..])
}

#[cfg(test)]
mod tests {
    use super::{Likeness, Machine, written};
    use crate::model::Host;

    fn machine(uuid: &str, serial: &str) -> Machine {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Machine::of(&Host {
            uuid: some(uuid),
            serial: some(serial),
            ..Host::default()
        })
    }

    #[test]
    fn machines_are_told_apart_by_numbers_of_one_kind() {
        let one = "4c4c4544-0042-3510-8051-b4c04f4d3232";
        let swapped = "{44454C4C-4200-1035-8051-B4C04F4D3232}";
        let rows = [
            ((one, ""), (one, ""), Likeness::Same),
            ((one, ""), (swapped, ""), Likeness::Same),
            (
                (one, "s1"),
                ("4c4c4544-0042-3510-8051-b4c04f4d3233", "S1"),
                Likeness::Same,
            ),
            (
                (one, ""),
                ("4c4c4544-0042-3510-8051-b4c04f4d3233", ""),
                Likeness::Other,
            ),
            (("", "s1"), ("", "s2"), Likeness::Other),
            (("", "s1"), (one, ""), Likeness::Unknown),
            (("", "s1"), ("", "To be filled by O.E.M."), Likeness::Unknown),
            (
                (one, ""),
                ("00000000-0000-0000-0000-000000000000", ""),
                Likeness::Unknown,
            ),
        ];
        for ((uuid, serial), (other_uuid, other_serial), expected) in rows {
            let found = machine(uuid, serial).compare(&machine(other_uuid, other_serial));
            assert_eq!(found, expected, "{uuid} {serial} and {other_uuid} {other_serial}");
        }
    }

    #[test]
    fn the_serial_is_what_people_write() {
        let host = |serial: &str| Host {
            uuid: Some("4c4c4544-0042-3510-8051-b4c04f4d3232".into()),
            serial: Some(serial.into()),
            ..Host::default()
        };
        assert_eq!(written(&host(" 5B2 ")), Some("5B2"));
        assert_eq!(
            written(&host("None")),
            Some("4c4c4544-0042-3510-8051-b4c04f4d3232")
        );
    }
}
