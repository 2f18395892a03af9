//! The parts of a report that are read as a whole.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::super::json::{Strict, Text};
use crate::model::Host;

const MAX_ALIASES: usize = 64;
/// Of a reason so many characters are kept.
const MAX_WORDS: usize = 200;

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Metadata {
    #[serde(rename = "OS")]
    os: Option<System>,
    #[serde(rename = "ImageID")]
    image: Option<String>,
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct System {
    family: String,
    name: String,
}

impl Metadata {
    pub(super) fn describe(self, host: &mut Host) {
        host.os = self
            .os
            .map(|os| format!("{} {}", os.family, os.name).trim().to_owned())
            .filter(|os| !os.is_empty());
        let lists = [self.repo_tags, self.repo_digests]
            .into_iter()
            .flatten()
            .flatten();
        host.aliases = lists.chain(self.image).take(MAX_ALIASES).collect();
    }
}

/// Something that was found and is hidden; of another sort it has none of a vulnerability's fields.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Hidden<'a> {
    #[serde(rename = "Type", borrow)]
    pub(super) sort: Cow<'a, str>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow)]
    statement: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) finding: Option<Strict<Vulnerability<'a>>>,
}

impl Hidden<'_> {
    /// Says why it is hidden; an error names a status that is not known.
    pub(super) fn why(&self) -> Result<String, String> {
        let short = |text: &str| text.trim().chars().take(MAX_WORDS).collect::<String>();
        let mut why = match &*self.status {
            "ignored" => "ignored",
            "not_affected" => "not affected",
            "affected" => "affected",
            "fixed" => "fixed",
            "under_investigation" => "under investigation",
            "unknown" | "" => "hidden",
            other => {
                return Err(format!(
                    "`Status` of a hidden finding is {other:?}; `ignored`, `not_affected`, `affected`, `fixed`, \
                     `under_investigation` and `unknown` are known"
                ));
            }
        }
        .to_owned();
        if !self.source.trim().is_empty() {
            why += &format!(" by {}", short(&self.source));
        }
        if !self.statement.trim().is_empty() {
            why += &format!(": {}", short(&self.statement));
        }
        Ok(why)
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Vulnerability<'a> {
    #[serde(rename = "VulnerabilityID", borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(rename = "VendorIDs", borrow)]
    pub(super) vendor_ids: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub(super) pkg_name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) pkg_path: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) installed_version: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) fixed_version: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) status: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) severity: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) severity_source: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) title: Cow<'a, str>,
    #[serde(rename = "CVSS", borrow)]
    pub(super) cvss: Scores<'a>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Score<'a> {
    #[serde(rename = "V2Vector", borrow)]
    pub(super) v2: Cow<'a, str>,
    #[serde(rename = "V3Vector", borrow)]
    pub(super) v3: Cow<'a, str>,
    #[serde(rename = "V40Vector", borrow)]
    pub(super) v4: Cow<'a, str>,
}

/// The scores by their source, in the order of the report.
#[derive(Default)]
pub(super) struct Scores<'a>(pub(super) Vec<(Text<'a>, Score<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Scores<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScoresVisitor)
    }
}

struct ScoresVisitor;

impl<'de> Visitor<'de> for ScoresVisitor {
    type Value = Scores<'de>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("scores by source")
    }

    fn visit_unit<E>(self) -> Result<Scores<'de>, E> {
        Ok(Scores::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Scores<'de>, A::Error> {
        let mut scores = Vec::new();
        while let Some(score) = entries.next_entry()? {
            scores.push(score);
        }
        Ok(Scores(scores))
    }
}
