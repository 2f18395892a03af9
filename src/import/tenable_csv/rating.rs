//! What a row is rated, and what somebody changed of it in Tenable.

use super::super::ImportError;
use super::super::value::remark;
use super::Reader;
use super::columns::{Dialect, Field};
use crate::model::Severity;

/// The scale of Tenable, by the number that it writes for each word.
///
/// Source: the severities 0 to 4 of the Nessus report format.
const WORDS: [&str; 5] = ["info", "low", "medium", "high", "critical"];

/// The rating of one row.
pub(super) struct Rating {
    /// `None` is informational.
    pub(super) severity: Option<Severity>,
    /// The scanner's word; that of the plugin where somebody lowered it.
    pub(super) given: String,
    pub(super) suppressed: Option<String>,
}

/// What somebody did to a rating in Tenable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Recast,
    Accepted,
}

impl Reader<'_, '_> {
    /// Rates a row. A severity that somebody lowered in Tenable is not taken for the scanner's: the higher counts.
    pub(super) fn rating(&self) -> Result<Rating, ImportError> {
        let (risk, severity) = (self.level(Field::Risk)?, self.level(Field::Severity)?);
        let Some(shown) = severity.max(risk) else {
            let field = if self.header.has(Field::Risk as usize) {
                Field::Risk
            } else {
                Field::Severity
            };
            return Err(self.unknown(field, KNOWN));
        };
        let field = if severity == Some(shown) {
            Field::Severity
        } else {
            Field::Risk
        };
        let change = self.change()?;
        let original = self.level(Field::OriginalSeverity)?;
        let own = match change {
            Change::None => original,
            Change::Recast | Change::Accepted => original.max(self.level(Field::PluginSeverity)?),
        };
        // Security Center says that a row was recast, but not from what; the plugin's factor is the next best.
        let is_told = change != Change::None && self.dialect == Dialect::SecurityCenter;
        let factor = if is_told {
            self.level(Field::RiskFactor)?
        } else {
            None
        };
        let counted = Some(shown).max(own).max(factor).unwrap_or(shown);
        let is_raised = own.is_some_and(|own| own <= shown);
        let suppressed = match change {
            Change::Accepted => Some(self.said("accepted in Tenable", Field::AcceptComment)),
            Change::Recast if is_raised => None,
            Change::Recast if own.is_none() => {
                let text = format!("recast to {} in Tenable", WORDS[shown]);
                Some(self.said(&text, Field::RecastComment))
            }
            Change::Recast => {
                let text = format!("recast from {} to {} in Tenable", WORDS[counted], WORDS[shown]);
                Some(self.said(&text, Field::RecastComment))
            }
            Change::None if counted > shown => Some(format!(
                "lowered from {} to {} in Tenable",
                WORDS[counted], WORDS[shown]
            )),
            Change::None => None,
        };
        let given = if counted == shown {
            self.cell(field).into_owned()
        } else {
            WORDS[counted].to_owned()
        };
        Ok(Rating {
            severity: Severity::from_word(WORDS[counted]),
            given,
            suppressed,
        })
    }

    /// Reads a severity as a word or a number; `None` where there is none.
    fn level(&self, field: Field) -> Result<Option<usize>, ImportError> {
        let cell = self.cell(field);
        let level = match cell.to_ascii_lowercase().as_str() {
            "" => return Ok(None),
            "none" | "info" | "informational" | "0" => 0,
            "low" | "1" => 1,
            "medium" | "2" => 2,
            "high" | "3" => 3,
            "critical" | "4" => 4,
            _ => return Err(self.unknown(field, KNOWN)),
        };
        Ok(Some(level))
    }

    fn change(&self) -> Result<Change, ImportError> {
        let has_remark = |field: Field| !self.cell(field).is_empty();
        match self.cell(Field::Modification).to_ascii_uppercase().as_str() {
            "ACCEPTED" => Ok(Change::Accepted),
            "RECASTED" | "RECAST" => Ok(Change::Recast),
            "" | "NONE" if has_remark(Field::AcceptComment) => Ok(Change::Accepted),
            "" | "NONE" if has_remark(Field::RecastComment) => Ok(Change::Recast),
            "" | "NONE" => Ok(Change::None),
            _ => Err(self.unknown(Field::Modification, "`NONE`, `RECASTED` and `ACCEPTED` are")),
        }
    }

    /// Adds to what was done the words of who did it.
    fn said(&self, what: &str, remarks: Field) -> String {
        match self.cell(remarks).as_ref() {
            "" => what.to_owned(),
            words => format!("{what}: {}", remark(words)),
        }
    }
}

const KNOWN: &str = "`None`, `Info`, `Low`, `Medium`, `High`, `Critical` and `0` to `4` are";
