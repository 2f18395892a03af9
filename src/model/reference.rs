//! References from one record to another: plain ids whose field says the kind.
//!
//! The schema carries the kinds as `x-ref`; the loader collects every reference by it, so that a new
//! field needs no second list anywhere.

use serde::{Deserialize, Serialize};

use super::id::{ID_PATTERN, RecordId};

macro_rules! reference {
    ($($(#[$doc:meta])* $name:ident => [$($kind:literal),+];)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub RecordId);

        impl std::ops::Deref for $name {
            type Target = RecordId;

            fn deref(&self) -> &RecordId {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": ID_PATTERN, "x-ref": [$($kind),+] })
            }
        }
    )+};
}

reference! {
    /// The owner of a record: a role, or a person.
    OwnerRef => ["Role", "Person"];
    /// A person.
    PersonRef => ["Person"];
    /// A role.
    RoleRef => ["Role"];
    /// A policy.
    PolicyRef => ["Policy"];
    /// A risk.
    RiskRef => ["Risk"];
    /// A system.
    SystemRef => ["System"];
    /// A source.
    SourceRef => ["Source"];
    /// A risk acceptance.
    AcceptanceRef => ["RiskAcceptance"];
    /// An exception or a risk acceptance.
    ExceptionOrAcceptanceRef => ["Exception", "RiskAcceptance"];
    /// Evidence.
    EvidenceRef => ["Evidence"];
    /// A change.
    ChangeRef => ["Change"];
    /// A patch; the kind is not built yet, so that only the form is checked.
    PatchRef => ["Patch"];
    /// A review; the kind is not built yet, so that only the form is checked.
    ReviewRef => ["Review"];
    /// A supplier; the kind is not built yet, so that only the form is checked.
    SupplierRef => ["Supplier"];
}

/// A path within the governed repository; its bytes are part of the record's digest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FilePath(pub String);

impl schemars::JsonSchema for FilePath {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FilePath".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1, "x-file": true })
    }
}

/// A control of a framework, such as `iso27001:2022/8.8`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ControlText(pub String);

impl schemars::JsonSchema for ControlText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ControlText".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[a-z][a-z0-9]*:[A-Za-z0-9.-]+/[A-Za-z0-9.()-]+$",
            "x-control": true
        })
    }
}
