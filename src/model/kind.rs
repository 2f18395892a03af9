//! The kinds of record that are built.

use serde::Serialize;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident, $folder:literal, $prefix:literal;)+) => {
        /// A kind of record.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
        pub enum Kind {
            $($(#[$doc])* $name,)+
        }

        impl Kind {
            /// Every kind, in the order of the domain model.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),+];

            /// Returns the name as a record writes it in `kind`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Kind::$name => stringify!($name),)+
                }
            }

            /// Returns the folder that holds the kind; empty for a file of the root.
            pub fn folder(self) -> &'static str {
                match self {
                    $(Kind::$name => $folder,)+
                }
            }

            /// Returns how new ids of the kind begin.
            pub fn id_prefix(self) -> &'static str {
                match self {
                    $(Kind::$name => $prefix,)+
                }
            }
        }
    };
}

kinds! {
    /// The management system itself; one record.
    Isms, "", "isms";
    /// A human being with keys.
    Person, "people", "p-";
    /// A function, committee or party with holders.
    Role, "roles", "role-";
    /// A text with machine-readable parameters.
    Policy, "policies", "pol-";
    /// The Statement of Applicability.
    Soa, "soa", "soa-";
    /// A risk and its treatment.
    Risk, "risks", "r-";
    /// A governed unit of hosts.
    System, "systems", "sys-";
    /// A connected tool, feed or repository.
    Source, "sources", "src-";
    /// A decision about one vulnerability.
    Triage, "triage", "tri-";
    /// An approved, time-limited departure.
    Exception, "exceptions", "exc-";
    /// A risk owner bears a residual risk until a date.
    RiskAcceptance, "acceptances", "rac-";
    /// The agreed times to remediate.
    Sla, "slas", "sla-";
    /// A change of Systems, or the template of one.
    Change, "changes", "chg-";
    /// Windows, freezes, cycles and holidays.
    Calendar, "calendar", "cal-";
    /// An exploited vulnerability, or an outage by a patch.
    Incident, "incidents", "inc-";
    /// A file that proves something.
    Evidence, "evidence", "ev-";
    /// The attestation of one person's decision.
    Approval, "approvals", "";
}

impl Kind {
    /// Finds a kind by the name in `kind`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Finds a kind by a word of the command line: the name in any case, or its kebab form.
    pub fn from_word(word: &str) -> Option<Self> {
        let plain = word.replace('-', "").to_lowercase();
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.name().to_lowercase() == plain)
    }

    /// Returns the fields that are not part of the digest, as JSON pointers.
    ///
    /// They are fixed for all time: a field moved in or out would change the digest of old records.
    pub fn undigested(self) -> &'static [&'static str] {
        match self {
            Self::Approval => &[],
            Self::Isms
            | Self::Person
            | Self::Role
            | Self::Policy
            | Self::Soa
            | Self::Risk
            | Self::System
            | Self::Source
            | Self::Triage
            | Self::RiskAcceptance
            | Self::Sla
            | Self::Calendar
            | Self::Incident
            | Self::Evidence => &["/status", "/review/last", "/review/next"],
            Self::Exception => &["/status", "/review/last", "/review/next", "/spec/reviews"],
            Self::Change => &[
                "/status",
                "/review/last",
                "/review/next",
                "/spec/itsm_ref",
                "/spec/execution",
            ],
        }
    }

    /// Tells whether the envelope's `version` is required.
    pub fn needs_version(self) -> bool {
        matches!(self, Self::Isms | Self::Policy | Self::Soa | Self::Sla)
    }

    /// Returns the longest allowed review cycle in days, by the table of kinds; `None` where none is set.
    pub fn max_review_days(self) -> Option<i64> {
        match self {
            Self::Isms
            | Self::Policy
            | Self::Soa
            | Self::Risk
            | Self::System
            | Self::RiskAcceptance
            | Self::Sla
            | Self::Calendar => Some(365),
            Self::Person | Self::Role | Self::Source | Self::Triage => Some(180),
            Self::Exception => Some(92),
            // A template of changes has a cycle, a change has not; an incident is open until its review.
            Self::Change | Self::Incident | Self::Evidence | Self::Approval => None,
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}
