//! Where importers pour what they read.

use super::CheckInfo;
use crate::model::{Advice, Date, Host, Observation};

/// The number that a sink gave to a host of one file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HostIndex(pub u32);

/// Takes a stream of one export; importers call it in the order of the file.
pub trait Sink {
    /// Takes a host that the export names as scanned or known, with or without observations.
    fn host(&mut self, host: &Host) -> HostIndex;

    /// Takes what an export says of a host only after its observations: all that is known of it, the name unchanged.
    fn amend(&mut self, index: HostIndex, host: &Host);

    /// Takes what a later file of the same run says of a host that it has; importers do not call it.
    fn same_host(&mut self, _index: HostIndex, _host: &Host) {}

    /// Takes one observation that the scanner rates above informational, fixed ones included.
    fn observation(&mut self, host: HostIndex, observation: &Observation);

    /// Takes one observation whose check is in all its words that of each other with this number, in this export.
    ///
    /// Importers that compare the bytes of rows know that before they have read them; a sink that compares
    /// checks need not do it again.
    fn repeated(&mut self, host: HostIndex, observation: &Observation, _number: usize) {
        self.observation(host, observation);
    }

    /// Takes an entry of the catalogue of known exploited vulnerabilities; newer entries may lack a due date.
    fn kev(&mut self, cve: &str, added: Date, due: Option<Date>);

    /// Takes the probability, 0.0 to 1.0, that a vulnerability is exploited within 30 days.
    fn epss(&mut self, cve: &str, probability: f64);

    /// Takes what its vendor knows of a check, by family and id, whether or not it was ever seen.
    fn knowledge(&mut self, check: CheckInfo);

    /// Takes what one document says of one vulnerability.
    fn advice(&mut self, advice: Advice);
}
