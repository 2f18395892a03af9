//! Control catalogues: the Annex A of ISO/IEC 27001 in both editions, the crosswalk between them, and
//! (in `reference`) references to a control of any framework.
//!
//! Ids and short titles only; the text of a control is ISO's and is not here. Titles are those of Annex A,
//! but for 5.21, whose long form gives way to the heading in ISO/IEC 27002:2022. The crosswalk is the one of
//! ISO/IEC 27002:2022 Annex B. Which controls apply to an organisation is the Soa's to say, not this module's.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use reference::{ControlRef, ControlRefError, ISO27001};

mod reference;

/// Longest foreign text that a message quotes, in characters.
const SHOWN_MAX_CHARS: usize = 100;

/// An edition of ISO/IEC 27001. Certificates to the 2013 edition were withdrawn on 2025-10-31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Edition {
    /// 114 controls, `A.5.1.1` to `A.18.2.3`.
    #[serde(rename = "2013")]
    Iso2013,
    /// 93 controls in four themes, `5.1` to `8.34`.
    #[serde(rename = "2022")]
    Iso2022,
}

/// Says that a text names no edition of ISO/IEC 27001.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not an edition of ISO/IEC 27001; allowed are `2013` and `2022`", shown(.given))]
pub struct EditionError {
    given: String,
}

impl Edition {
    /// Returns how ids of this edition are written, for messages.
    fn allowed_ids(self) -> &'static str {
        match self {
            Self::Iso2013 => "`A.5.1.1` to `A.18.2.3`, with `A.`",
            Self::Iso2022 => {
                "`5.1` to `5.37`, `6.1` to `6.8`, `7.1` to `7.14` and `8.1` to `8.34`, without `A.`"
            }
        }
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Iso2013 => "2013",
            Self::Iso2022 => "2022",
        })
    }
}

impl FromStr for Edition {
    type Err = EditionError;

    fn from_str(text: &str) -> Result<Self, EditionError> {
        match text {
            "2013" => Ok(Self::Iso2013),
            "2022" => Ok(Self::Iso2022),
            _ => Err(EditionError {
                given: text.to_owned(),
            }),
        }
    }
}

/// A theme of the 2022 edition: the first number of a control's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Clause 5, 37 controls.
    Organizational,
    /// Clause 6, 8 controls.
    People,
    /// Clause 7, 14 controls.
    Physical,
    /// Clause 8, 34 controls.
    Technological,
}

impl Theme {
    /// Returns the heading of the theme in Annex A.
    pub fn title(self) -> &'static str {
        match self {
            Self::Organizational => "Organizational controls",
            Self::People => "People controls",
            Self::Physical => "Physical controls",
            Self::Technological => "Technological controls",
        }
    }
}

/// One control of a catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Control {
    /// As the edition writes it: `8.8` in 2022, `A.12.6.1` in 2013.
    pub id: &'static str,
    /// The short title as published.
    pub title: &'static str,
}

static ANNEX_A_2013: LazyLock<Vec<Control>> = LazyLock::new(|| controls(include_str!("annex_a_2013.tsv")));
static ANNEX_A_2022: LazyLock<Vec<Control>> = LazyLock::new(|| controls(include_str!("annex_a_2022.tsv")));

/// 2013 ids by 2022 id; a new control has none.
static CROSSWALK: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    rows(include_str!("crosswalk.tsv"))
        .map(|(id, old)| (id, old_ids(old)))
        .collect()
});

/// Returns every control of an edition in the order of its Annex A.
pub fn catalogue(edition: Edition) -> &'static [Control] {
    match edition {
        Edition::Iso2013 => &ANNEX_A_2013,
        Edition::Iso2022 => &ANNEX_A_2022,
    }
}

/// Returns the control with exactly this id; ids of 2013 carry `A.`, those of 2022 do not.
pub fn control(edition: Edition, id: &str) -> Option<&'static Control> {
    catalogue(edition).iter().find(|control| control.id == id)
}

/// Returns the theme of a control of the 2022 edition, none where the catalogue lacks it.
pub fn theme(id_2022: &str) -> Option<Theme> {
    let (clause, _) = control(Edition::Iso2022, id_2022)?.id.split_once('.')?;
    match clause {
        "5" => Some(Theme::Organizational),
        "6" => Some(Theme::People),
        "7" => Some(Theme::Physical),
        "8" => Some(Theme::Technological),
        _ => None,
    }
}

/// Returns the 2013 ids that went into a 2022 control; empty for a new control, and for an id that is none.
pub fn predecessors(id_2022: &str) -> &'static [&'static str] {
    CROSSWALK.get(id_2022).map_or(&[], Vec::as_slice)
}

/// Returns the 2022 ids that a 2013 control went into, in catalogue order; empty for an id that is none.
pub fn successors(id_2013: &str) -> Vec<&'static str> {
    let went_into = |control: &&Control| predecessors(control.id).contains(&id_2013);
    catalogue(Edition::Iso2022)
        .iter()
        .filter(went_into)
        .map(|control| control.id)
        .collect()
}

/// Orders ids part by part, numbers as numbers, so that `5.9` comes before `5.10` and `SI-2` before `SI-10`.
///
/// Ids that differ only in writing (`5.1` and `5.01`) still differ, so that the order agrees with equality.
pub fn compare_ids(left: &str, right: &str) -> Ordering {
    id_parts(left).cmp(id_parts(right)).then_with(|| left.cmp(right))
}

/// A part of an id; a number comes before a word.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum IdPart<'a> {
    Number(u64),
    Word(&'a str),
}

fn id_parts(id: &str) -> impl Iterator<Item = IdPart<'_>> {
    let parts = id
        .split(|character: char| !character.is_alphanumeric())
        .filter(|part| !part.is_empty());
    parts.map(|part| part.parse().map_or(IdPart::Word(part), IdPart::Number))
}

/// Splits an embedded table into its two columns. A line without a tab would be left out, and the counts
/// in the tests would say so.
fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    table.lines().filter_map(|line| line.split_once('\t'))
}

fn controls(table: &'static str) -> Vec<Control> {
    rows(table).map(|(id, title)| Control { id, title }).collect()
}

fn old_ids(column: &'static str) -> Vec<&'static str> {
    if column == "new" {
        Vec::new()
    } else {
        column.split(',').collect()
    }
}

/// Makes hostile text fit for a message: cut, and with invisible characters and line ends escaped.
fn shown(text: &str) -> String {
    let mut cut: String = text
        .chars()
        .take(SHOWN_MAX_CHARS)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(SHOWN_MAX_CHARS).is_some() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const NEW_IN_2022: [&str; 11] = [
        "5.7", "5.23", "5.30", "7.4", "8.9", "8.10", "8.11", "8.12", "8.16", "8.23", "8.28",
    ];

    /// Patch-relevant rows of the crosswalk, written out a second time so that a slip in the table shows.
    const PATCH_RELEVANT: [(&str, &[&str]); 33] = [
        ("5.1", &["A.5.1.1", "A.5.1.2"]),
        ("5.2", &["A.6.1.1"]),
        ("5.3", &["A.6.1.2"]),
        ("5.7", &[]),
        ("5.9", &["A.8.1.1", "A.8.1.2"]),
        ("5.12", &["A.8.2.1"]),
        ("5.19", &["A.15.1.1"]),
        ("5.20", &["A.15.1.2"]),
        ("5.21", &["A.15.1.3"]),
        ("5.22", &["A.15.2.1", "A.15.2.2"]),
        ("5.24", &["A.16.1.1"]),
        ("5.25", &["A.16.1.4"]),
        ("5.26", &["A.16.1.5"]),
        ("5.27", &["A.16.1.6"]),
        ("5.28", &["A.16.1.7"]),
        ("5.31", &["A.18.1.1", "A.18.1.5"]),
        ("5.33", &["A.18.1.3"]),
        ("5.35", &["A.18.2.1"]),
        ("5.36", &["A.18.2.2", "A.18.2.3"]),
        ("5.37", &["A.12.1.1"]),
        ("6.3", &["A.7.2.2"]),
        ("6.8", &["A.16.1.2", "A.16.1.3"]),
        ("8.8", &["A.12.6.1", "A.18.2.3"]),
        ("8.9", &[]),
        ("8.13", &["A.12.3.1"]),
        ("8.15", &["A.12.4.1", "A.12.4.2", "A.12.4.3"]),
        ("8.16", &[]),
        ("8.19", &["A.12.5.1", "A.12.6.2"]),
        ("8.22", &["A.13.1.3"]),
        ("8.27", &["A.14.2.5"]),
        ("8.29", &["A.14.2.8", "A.14.2.9"]),
        ("8.31", &["A.12.1.4", "A.14.2.6"]),
        ("8.32", &["A.12.1.2", "A.14.2.2", "A.14.2.3", "A.14.2.4"]),
    ];

    #[test]
    fn catalogues_are_whole_ordered_and_titled() {
        for (edition, count) in [(Edition::Iso2013, 114), (Edition::Iso2022, 93)] {
            let controls = catalogue(edition);
            assert_eq!(controls.len(), count, "controls of {edition}");
            for pair in controls.windows(2) {
                assert_eq!(
                    compare_ids(pair[0].id, pair[1].id),
                    Ordering::Less,
                    "{} twice or late",
                    pair[1].id
                );
            }
            for Control { id, title } in controls {
                assert!(
                    !title.is_empty() && title.len() < 90 && title.trim() == *title,
                    "title of {id}: `{title}`"
                );
            }
        }
    }

    #[test]
    fn no_line_of_a_table_is_lost() {
        for table in [
            include_str!("annex_a_2013.tsv"),
            include_str!("annex_a_2022.tsv"),
            include_str!("crosswalk.tsv"),
        ] {
            assert_eq!(rows(table).count(), table.lines().count());
            assert!(
                table
                    .lines()
                    .all(|line| line.matches('\t').count() == 1 && !line.contains('\r'))
            );
        }
    }

    #[test]
    fn ids_are_found_only_as_their_edition_writes_them() {
        let found = control(Edition::Iso2022, "8.8").unwrap();
        assert_eq!(found.title, "Management of technical vulnerabilities");
        assert_eq!(control(Edition::Iso2013, "A.12.6.1").unwrap().title, found.title);
        assert_eq!(control(Edition::Iso2013, "12.6.1"), None);
        assert_eq!(control(Edition::Iso2022, "A.8.8"), None);
        assert_eq!(control(Edition::Iso2022, "8.08"), None);
    }

    #[test]
    fn themes_have_the_published_sizes() {
        let themes: Vec<Theme> = catalogue(Edition::Iso2022)
            .iter()
            .filter_map(|control| theme(control.id))
            .collect();
        let sizes = [
            Theme::Organizational,
            Theme::People,
            Theme::Physical,
            Theme::Technological,
        ]
        .map(|wanted| themes.iter().filter(|found| **found == wanted).count());
        assert_eq!(sizes, [37, 8, 14, 34]);
        assert_eq!(theme("8.8").map(Theme::title), Some("Technological controls"));
        assert_eq!(theme("8.35"), None);
        assert_eq!(theme("A.12.6.1"), None);
    }

    #[test]
    fn crosswalk_has_a_row_for_every_control_and_eleven_new_ones() {
        let ids: BTreeSet<&str> = catalogue(Edition::Iso2022)
            .iter()
            .map(|control| control.id)
            .collect();
        assert_eq!(CROSSWALK.keys().copied().collect::<BTreeSet<_>>(), ids);
        let is_new = |control: &&Control| predecessors(control.id).is_empty();
        let new: Vec<&str> = catalogue(Edition::Iso2022)
            .iter()
            .filter(is_new)
            .map(|control| control.id)
            .collect();
        assert_eq!(new, NEW_IN_2022);
    }

    #[test]
    fn crosswalk_reaches_every_old_control_and_no_other() {
        let mut reached: Vec<&str> = CROSSWALK.values().flatten().copied().collect();
        reached.sort_by(|left, right| compare_ids(left, right));
        // A.18.2.3 is the only one in two rows.
        assert_eq!(reached.len(), 115);
        reached.dedup();
        let old: Vec<&str> = catalogue(Edition::Iso2013)
            .iter()
            .map(|control| control.id)
            .collect();
        assert_eq!(reached, old);
        for row in CROSSWALK.values() {
            assert!(
                row.is_sorted_by(|left, right| compare_ids(left, right).is_lt()),
                "{row:?}"
            );
        }
    }

    #[test]
    fn crosswalk_maps_the_patch_relevant_set() {
        for (id, old) in PATCH_RELEVANT {
            assert_eq!(predecessors(id), old, "{id}");
        }
        assert_eq!(successors("A.18.2.3"), ["5.36", "8.8"]);
        assert_eq!(successors("A.11.2.5"), ["7.10"]);
        assert!(successors("18.2.3").is_empty());
        assert!(predecessors("9.1").is_empty());
    }

    #[test]
    fn ids_are_ordered_by_number() {
        let mut ids = [
            "8.10", "SI-10", "5.10", "8.9", "A.10.1.1", "SI-2", "A.9.4.5", "5.9", "SI-2(3)", "5.01",
        ];
        ids.sort_by(|left, right| compare_ids(left, right));
        assert_eq!(
            ids,
            [
                "5.01", "5.9", "5.10", "8.9", "8.10", "A.9.4.5", "A.10.1.1", "SI-2", "SI-2(3)", "SI-10"
            ]
        );
        assert_ne!(compare_ids("5.1", "5.01"), Ordering::Equal);
        assert_eq!(compare_ids("5.1", "5.1"), Ordering::Equal);
    }

    #[test]
    fn editions_are_read_and_written_alike() {
        for edition in [Edition::Iso2013, Edition::Iso2022] {
            assert_eq!(edition.to_string().parse(), Ok(edition));
            assert_eq!(serde_json::to_string(&edition).unwrap(), format!("\"{edition}\""));
        }
        assert!("2020".parse::<Edition>().is_err());
    }
}
