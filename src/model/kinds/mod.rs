//! The fields of each kind of record, under `spec`. The doc comments become the schemas' descriptions.

mod decisions;
mod organisation;
mod technology;

pub use decisions::{
    Approval, ApprovalSubject, Compensating, CompensatingKind, Conflict, Decision, Exception, ExceptionPlan, ExceptionReason,
    ExceptionReview, ExceptionScope, ExploitEvidence, FixAvailable, Justification, RiskAcceptance,
    RiskAcceptanceSubject, RiskAcceptanceType, RiskRating, Triage, TriageStatus, TriageSubject,
};
pub use organisation::{
    ActivePeriod, Applicability, Certification, Framework, Holder, Implementation, Isms, Key, KeyPurpose, KeyType, MayApprove, Person,
    PersonFunction, Policy, Regulation, RegulationCap, Risk, RiskMatrix, Role, RoleType, Scanning, Soa, SoaEntry, Tier,
};
pub use technology::{
    Accelerator, CapStart, ClockPause, ClockStart, ClockStop, DateOrder, Environment, Exposure, Kev, KevMode, Lifecycle,
    MappingProfile, MatrixCell, Members, Scope, Sla, SlaClock, Source, SourceQuality, SourceRole, SourceState, System,
    SystemState, SystemType, TimeUnit,
};
