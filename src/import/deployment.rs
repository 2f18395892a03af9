//! What a deployment tool says of one patch on one host, as an observation.
//!
//! In exports of deployment tools an observation is no finding. One that is `Fixed` is a patch that the tool calls
//! installed, and when; any other is a patch that the host lacks, whose title says what stands in its way.

use super::value;
use crate::model::{Observation, ObservationState, Stamp};

/// How a patch stands on a host, by the tool.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum PatchState {
    Installed,
    Missing,
    Failed,
    /// Installed, and not in effect before a restart.
    PendingReboot,
}

/// One patch on one host.
pub(super) struct Deployed<'a> {
    /// The key of the patch, such as `KB5043050`; for packages their name with the version.
    pub(super) patch: &'a str,
    pub(super) title: &'a str,
    pub(super) state: PatchState,
    /// The tool's own word for the state, verbatim.
    pub(super) word: &'a str,
    /// Since when, where the tool says.
    pub(super) at: Option<Stamp>,
}

impl Deployed<'_> {
    /// Writes itself into an observation; the error says why the patch has no key.
    pub(super) fn describe(&self, item: &mut Observation) -> Result<(), String> {
        item.clear();
        let key = value::advisory(self.patch).map_or_else(|| self.patch.to_owned(), |(_, key)| key);
        if let Some(flaw) = value::flaw_of_id(&key) {
            return Err(flaw);
        }
        item.id.push_str(&key);
        item.remediation = Some(key);
        item.fix_available = Some(true);
        item.title.push_str(if self.title.is_empty() {
            self.patch
        } else {
            self.title
        });
        item.severity_given.push_str(self.word);
        if let Some(why) = self.state.why_not() {
            item.title.push_str(&format!(" ({why})"));
        }
        if self.state == PatchState::Installed {
            item.state = ObservationState::Fixed;
            item.last_fixed = self.at;
        } else {
            item.last_seen = self.at;
        }
        Ok(())
    }
}

impl PatchState {
    /// Says why a patch is not in effect; `None` where it is.
    fn why_not(self) -> Option<&'static str> {
        match self {
            Self::Installed => None,
            Self::Missing => Some("missing"),
            Self::Failed => Some("failed"),
            Self::PendingReboot => Some("waits for a restart"),
        }
    }
}
