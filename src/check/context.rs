//! What a rule may see: the register and its own parameters.

use std::sync::Arc;

use super::{Beside, Setting, Settings};
use crate::diagnostic::Diagnostic;
use crate::ledger::Ledger;
use crate::load::{Generated, Repository};
use crate::model::{AsOf, RecordId, Severity};
use crate::reconcile::Register;
use crate::source::History;
use crate::trust::{Anchor, ApprovalRules, Change, Edit, Past, Since, Testimony};

/// What a rule may see.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub register: &'a Register<'a>,
    setting: &'a Setting,
    settings: &'a Settings,
    beside: Beside<'a>,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        register: &'a Register<'a>,
        setting: &'a Setting,
        settings: &'a Settings,
        beside: Beside<'a>,
    ) -> Self {
        Self {
            register,
            setting,
            settings,
            beside,
        }
    }

    /// Returns the pull request that is judged; `None` where the repository is judged by itself.
    pub fn change(&self) -> Option<&'a Change> {
        self.beside.change
    }

    /// Returns what changed since somebody last vouched for history; `None` with a base, or where nothing did.
    pub fn since(&self) -> Option<&'a Since<'a>> {
        self.beside.since
    }

    /// Returns what led to the judged commit; `None` outside git.
    pub fn history(&self) -> Option<&'a History> {
        self.beside.history
    }

    /// Returns the signed statements of where history stood, judged; none where they were not read.
    pub fn anchors(&self) -> &'a [Anchor] {
        self.beside.anchors
    }

    /// Returns what re-reading history found; `None` where it was not re-read.
    pub fn past(&self) -> Option<&'a Past> {
        self.beside.past
    }

    /// Returns what history tells of approvals; nothing where it was not read.
    pub fn testimony(&self) -> Arc<Testimony> {
        self.beside.testimony.map(Arc::clone).unwrap_or_default()
    }

    /// Returns what lies in the folders of generated documents; `None` where it was not read.
    pub fn generated(&self) -> Option<&'a Generated> {
        self.beside.generated
    }

    /// Returns what was imported, run by run; `None` where the ledger was not read.
    pub fn ledger(&self) -> Option<&'a Ledger> {
        self.beside.ledger
    }

    /// Returns what differs between the content of a record that was last approved and the one it has now.
    pub fn edits(&self, id: &RecordId) -> &'a [Edit] {
        let testimony = self.beside.testimony;
        testimony
            .and_then(|testimony| testimony.edits.get(id))
            .map_or(&[], Vec::as_slice)
    }

    /// Returns what is set about approvals: which roles stand for a word of the matrix.
    pub fn approval_rules(&self) -> ApprovalRules {
        self.settings.approval_rules()
    }

    /// Returns the records.
    pub fn repository(&self) -> &'a Repository {
        self.register.repository
    }

    /// Returns the moment for which everything is judged.
    pub fn as_of(&self) -> AsOf {
        self.register.as_of
    }

    /// Returns a parameter that is a number; one that the rule does not declare is 0.
    pub fn number(&self, name: &str) -> i64 {
        self.setting.number(name)
    }

    /// Returns a number by severity.
    pub fn by_severity(&self, name: &str, severity: Severity) -> Option<i64> {
        self.by_name(name, severity.word())
    }

    /// Returns a number by name.
    pub fn by_name(&self, name: &str, entry: &str) -> Option<i64> {
        self.setting.table(name).get(entry).copied()
    }

    /// Returns a list of words.
    pub fn words(&self, name: &str) -> &'a [String] {
        self.setting.words(name)
    }

    /// Hands on what loading found wrong under a code.
    pub fn faults(&self, code: &str, out: &mut Vec<Diagnostic>) {
        out.extend(
            self.repository()
                .faults
                .iter()
                .filter(|fault| fault.code == code)
                .cloned(),
        );
    }
}
