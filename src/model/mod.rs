//! The nouns: record kinds, ids, dates, severities, control catalogues, observations, findings.
//!
//! No file is read in here, no clock is asked, nothing is rendered.

mod advisory;
mod configuration;
pub mod controls;
mod cvss;
mod decision_table;
mod expression;
mod finding;
mod id;
mod kind;
mod kinds;
mod observation;
mod percent;
mod record;
mod recurrence;
mod reference;
mod schema;
mod segment;
mod severity;
mod target;
mod time;
mod timetable;
mod vocabulary;

pub use advisory::{Advice, AdvisoryDocument, AdvisoryProduct, Claim, ClaimStatus, ProductIdentity, Remedy};
pub use configuration::{Configuration, ConfigurationFile, RuleSetting, Suppression};
pub use cvss::{CvssVector, best_vector};
pub use decision_table::{DecisionRow, DecisionTable, TableTime};
pub use expression::{Expression, ExpressionError, Selector, Value as ExpressionValue};
pub use finding::{
    Alias, AliasBy, CoverageRef, Discrepancy, DiscrepancyKind, Disposition, DueReason, FREEZE_REASON,
    Finding, Installed, Said,
};
pub use id::{ID_PATTERN, RecordId, skeleton};
pub use kind::Kind;
pub use kinds::*;
pub use observation::{
    Exploit, Fingerprint, Host, HostStatus, Observation, ObservationState, Quality, ScanSummary, Skipped,
    Stamp, VulnId,
};
pub use percent::Rate;
pub use record::{Classification, Envelope, Meta, Record, Reference, ReferenceSort, Review, Status, Table};
pub use recurrence::{Duration, Recurrence, TimeOfDay};
pub use reference::{
    AcceptanceRef, ChangeRef, ControlText, EvidenceRef, ExceptionOrAcceptanceRef, FilePath, OwnerRef,
    PatchRef, PersonRef, PolicyRef, ReviewRef, RiskRef, RoleRef, SourceRef, SupplierRef, SystemRef,
};
pub use schema::{
    Shape, Text as ShapeText, configuration_schema, file_name as schema_file_name, generated_schema,
    schema_text, shape,
};
pub use segment::{CitedContent, Governor, Segment, SegmentCause, Segments};
pub use severity::Severity;
pub use target::Target;
pub use time::{AsOf, Date, Instant, Zone, parse_date, parse_instant, utc_text};
pub use timetable::{InForce, MOST_DAYS as MOST_TIMETABLE_DAYS, Opening, Timetable};
pub use vocabulary::{HOST_NAMES, SSVC_NAMES, SYSTEM_NAMES, host_value, system_value};
