//! The one test binary.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test may panic and print"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "tests read and write files and the environment"
)]

mod advisories;
mod agreements;
mod anchors;
mod approvals;
mod approvals_rules;
mod approvals_time;
mod at;
mod attest;
mod attest_approvals;
mod attest_envelope;
mod attest_keys;
mod attest_lists;
mod attest_proof;
mod attest_redact;
mod attest_verify;
mod author;
mod author_decide;
mod author_demo;
mod author_keys;
mod bench_inputs;
mod calendars;
mod checks;
mod checks_depth;
mod checks_findings;
mod checks_records;
mod cli;
mod clock;
mod clock_properties;
mod containers;
mod cvss;
mod documents;
mod example_repo;
mod exports;
mod forge;
mod governance;
mod governance_past;
mod governance_rules;
mod hostile_repositories;
mod house;
mod import;
mod import_rules;
mod incomplete;
#[cfg(unix)]
mod interrupted;
mod knowledge;
mod kpis;
mod ledger;
mod load;
mod log;
mod output;
mod output_ci;
mod output_hostile;
mod output_people;
mod output_register;
mod peers;
mod periods;
mod plan;
mod properties;
mod pull_request;
mod readme;
mod reconcile;
mod reconcile_rows;
mod reference_model;
mod sample;
mod schemas;
mod signing;
mod source_git;
mod source_history;
mod source_hostile;
mod source_pack;
mod source_write;
mod streaming;
mod suppressions;
mod threats;
mod tidy;
mod tidy_files;
mod trace;
mod trust_keyring;
mod trust_revoked;
mod trust_signer;
mod unread;
mod whatif;
mod work;
mod work_rules;
mod worked_examples;
mod world;
