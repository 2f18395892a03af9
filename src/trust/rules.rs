//! What an organisation may set about approvals; the defaults are those of the rules APR001, APR004 and APR007.

use std::collections::BTreeMap;

use crate::model::RecordId;

/// A word of the approval matrix, and the roles that stand for it where nothing else is set.
///
/// An empty list leaves it to the records: the business side is whoever has that function, a committee is any
/// role of that type which may approve the kind.
pub const MATRIX_WORDS: &[(&str, &[&str])] = &[
    ("business_owner", &[]),
    ("cab", &["role-cab"]),
    ("ciso", &["role-ciso"]),
    ("committee", &[]),
    ("compliance", &["role-compliance"]),
    ("emergency_approver", &["role-emergency-approver"]),
    ("freeze_approver", &["role-freeze-approver"]),
    ("legal", &["role-legal"]),
    ("security", &["role-security"]),
    ("security_owner", &["role-security-owner"]),
    ("senior_management", &["role-senior-management"]),
];

/// Days after which an approval of a kind no longer counts, where nothing else is set.
pub const MAX_AGE_DAYS: &[(&str, i64)] = &[
    ("Calendar", 400),
    ("Change", 400),
    ("Evidence", 1100),
    ("Exception", 400),
    ("Incident", 400),
    ("Isms", 400),
    ("Person", 400),
    ("Policy", 400),
    ("Risk", 400),
    ("RiskAcceptance", 400),
    ("Role", 400),
    ("Sla", 400),
    ("Soa", 400),
    ("Source", 400),
    ("System", 400),
    ("Triage", 190),
];

/// Minutes by which the clock of a signer may be ahead, where nothing else is set.
pub const MAX_SKEW_MINUTES: i64 = 10;

/// What an organisation may set about approvals.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApprovalRules {
    /// The roles that stand for each word of the matrix.
    pub words: BTreeMap<String, Vec<RecordId>>,
    /// By the name of the kind.
    pub max_age_days: BTreeMap<String, i64>,
    pub max_skew_minutes: i64,
}

impl Default for ApprovalRules {
    fn default() -> Self {
        let roles = |ids: &[&str]| ids.iter().filter_map(|id| RecordId::new(id)).collect();
        Self {
            words: MATRIX_WORDS
                .iter()
                .map(|(word, ids)| ((*word).to_owned(), roles(ids)))
                .collect(),
            max_age_days: MAX_AGE_DAYS
                .iter()
                .map(|(kind, days)| ((*kind).to_owned(), *days))
                .collect(),
            max_skew_minutes: MAX_SKEW_MINUTES,
        }
    }
}

impl ApprovalRules {
    /// Returns the roles that stand for a word.
    pub fn roles(&self, word: &str) -> &[RecordId] {
        self.words.get(word).map_or(&[], Vec::as_slice)
    }
}
