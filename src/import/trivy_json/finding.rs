//! The parts of a report that are read as a whole.

use super::super::json::{Json, Stop};
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
#[derive(Default)]
pub(super) struct Hidden {
    pub(super) sort: String,
    status: String,
    statement: String,
    source: String,
    pub(super) finding: Option<Vulnerability>,
}

#[derive(Clone, Copy)]
enum OfHidden {
    Type,
    Status,
    Statement,
    Source,
    Finding,
    Other,
}

impl OfHidden {
    fn of(name: &str) -> Self {
        match name {
            "Type" => Self::Type,
            "Status" => Self::Status,
            "Statement" => Self::Statement,
            "Source" => Self::Source,
            "Finding" => Self::Finding,
            _ => Self::Other,
        }
    }

    const NAMES: [&'static str; 5] = ["Type", "Status", "Statement", "Source", "Finding"];
}

impl Hidden {
    pub(super) fn read(json: &mut Json<'_>) -> Result<Self, Stop> {
        let (mut hidden, mut seen) = (Self::default(), Seen::default());
        json.must_be("an object")?;
        while let Some(field) = json.entry(OfHidden::of)? {
            seen.once(json, field as usize, &OfHidden::NAMES)?;
            match field {
                OfHidden::Type => json.text_into(&mut hidden.sort)?,
                OfHidden::Status => json.text_into(&mut hidden.status)?,
                OfHidden::Statement => json.text_into(&mut hidden.statement)?,
                OfHidden::Source => json.text_into(&mut hidden.source)?,
                OfHidden::Finding => {
                    if !json.may_be_null()? {
                        hidden.finding.get_or_insert_default().read(json)?;
                    }
                }
                OfHidden::Other => json.skip()?,
            }
        }
        Ok(hidden)
    }

    /// Says why it is hidden; an error names a status that is not known.
    pub(super) fn why(&self) -> Result<String, String> {
        let short = |text: &str| text.trim().chars().take(MAX_WORDS).collect::<String>();
        let mut why = match self.status.as_str() {
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

/// Which fields of an object were read; one that comes twice is refused.
#[derive(Default)]
struct Seen(u32);

impl Seen {
    /// Notes a field by its place among the names; what has none may come as often as it likes.
    fn once(&mut self, json: &Json<'_>, field: usize, names: &[&str]) -> Result<(), Stop> {
        let Some(name) = names.get(field) else {
            return Ok(());
        };
        let bit = 1 << field;
        if self.0 & bit != 0 {
            return Err(json.malformed(&format!("duplicate field `{name}`")));
        }
        self.0 |= bit;
        Ok(())
    }
}

/// One finding, in memory that is used again for the next one.
#[derive(Default)]
pub(super) struct Vulnerability {
    pub(super) id: String,
    pub(super) vendor_ids: Vec<String>,
    pub(super) pkg_name: String,
    pub(super) pkg_path: String,
    pub(super) installed_version: String,
    pub(super) fixed_version: String,
    pub(super) status: String,
    pub(super) severity: String,
    pub(super) severity_source: String,
    pub(super) title: String,
    pub(super) cvss: Scores,
}

#[derive(Clone, Copy)]
enum Field {
    Id,
    VendorIds,
    PkgName,
    PkgPath,
    InstalledVersion,
    FixedVersion,
    Status,
    Severity,
    SeveritySource,
    Title,
    Cvss,
    Other,
}

impl Field {
    const NAMES: [&'static str; 11] = [
        "VulnerabilityID",
        "VendorIDs",
        "PkgName",
        "PkgPath",
        "InstalledVersion",
        "FixedVersion",
        "Status",
        "Severity",
        "SeveritySource",
        "Title",
        "CVSS",
    ];

    fn of(name: &str) -> Self {
        match name {
            "VulnerabilityID" => Self::Id,
            "VendorIDs" => Self::VendorIds,
            "PkgName" => Self::PkgName,
            "PkgPath" => Self::PkgPath,
            "InstalledVersion" => Self::InstalledVersion,
            "FixedVersion" => Self::FixedVersion,
            "Status" => Self::Status,
            "Severity" => Self::Severity,
            "SeveritySource" => Self::SeveritySource,
            "Title" => Self::Title,
            "CVSS" => Self::Cvss,
            _ => Self::Other,
        }
    }
}

impl Vulnerability {
    /// Reads the next one; what it does not say is empty.
    pub(super) fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        self.clear();
        let mut seen = Seen::default();
        json.must_be("an object")?;
        while let Some(field) = json.entry(Field::of)? {
            seen.once(json, field as usize, &Field::NAMES)?;
            let text = match field {
                Field::Id => &mut self.id,
                Field::PkgName => &mut self.pkg_name,
                Field::PkgPath => &mut self.pkg_path,
                Field::InstalledVersion => &mut self.installed_version,
                Field::FixedVersion => &mut self.fixed_version,
                Field::Status => &mut self.status,
                Field::Severity => &mut self.severity,
                Field::SeveritySource => &mut self.severity_source,
                Field::Title => &mut self.title,
                Field::VendorIds => {
                    if json.may_be_list()? {
                        while json.member()? {
                            let mut id = String::new();
                            json.text_into(&mut id)?;
                            self.vendor_ids.push(id);
                        }
                    }
                    continue;
                }
                Field::Cvss => {
                    self.cvss.read(json)?;
                    continue;
                }
                Field::Other => {
                    json.skip()?;
                    continue;
                }
            };
            json.text_into(text)?;
        }
        Ok(())
    }

    fn clear(&mut self) {
        let texts = [
            &mut self.id,
            &mut self.pkg_name,
            &mut self.pkg_path,
            &mut self.installed_version,
            &mut self.fixed_version,
            &mut self.status,
            &mut self.severity,
            &mut self.severity_source,
            &mut self.title,
        ];
        texts.into_iter().for_each(String::clear);
        self.vendor_ids.clear();
        self.cvss.count = 0;
    }
}

/// What one source rates.
#[derive(Default)]
pub(super) struct Score {
    pub(super) source: String,
    pub(super) v2: String,
    pub(super) v3: String,
    pub(super) v4: String,
}

#[derive(Clone, Copy)]
enum OfScore {
    V2,
    V3,
    V4,
    Other,
}

impl OfScore {
    const NAMES: [&'static str; 3] = ["V2Vector", "V3Vector", "V40Vector"];

    fn of(name: &str) -> Self {
        match name {
            "V2Vector" => Self::V2,
            "V3Vector" => Self::V3,
            "V40Vector" => Self::V4,
            _ => Self::Other,
        }
    }
}

/// The scores by their source, in the order of the report.
#[derive(Default)]
pub(super) struct Scores {
    /// Those of the finding, and behind them memory of others.
    scores: Vec<Score>,
    count: usize,
}

impl Scores {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Score> + Clone {
        self.scores.iter().take(self.count)
    }

    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        if !json.may_be("scores by source")? {
            return Ok(());
        }
        loop {
            if self.scores.len() == self.count {
                self.scores.push(Score::default());
            }
            let score = &mut self.scores[self.count];
            let name = json.entry(|source| {
                score.source.clear();
                score.source.push_str(source);
            })?;
            if name.is_none() {
                return Ok(());
            }
            score.read(json)?;
            self.count += 1;
        }
    }
}

impl Score {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        [&mut self.v2, &mut self.v3, &mut self.v4]
            .into_iter()
            .for_each(String::clear);
        let mut seen = Seen::default();
        json.must_be("an object")?;
        while let Some(field) = json.entry(OfScore::of)? {
            seen.once(json, field as usize, &OfScore::NAMES)?;
            match field {
                OfScore::V2 => json.text_into(&mut self.v2)?,
                OfScore::V3 => json.text_into(&mut self.v3)?,
                OfScore::V4 => json.text_into(&mut self.v4)?,
                OfScore::Other => json.skip()?,
            }
        }
        Ok(())
    }
}
