//! The command line as clap reads it; `cli.md` of the project is its contract.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(super) use super::args_export::Export;
pub(super) use super::args_ledger::{Import, LedgerCommand, Rebuild, Trace};
pub(super) use super::args_plan::{Plan, PlanFormat, Sample, Whatif};
pub(super) use super::args_proof::{Audit, Bundle, Proof, Verify};
pub(super) use super::args_serve::Serve;
use crate::output::Form;

/// Governance of patches and vulnerabilities as signed records in git.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    disable_help_subcommand = true,
    arg_required_else_help = true,
    after_help = "Example:\n  countersign demo --out demo\n\nExit codes: 0 clean, 1 errors found, 2 usage or configuration, 3 unreadable input, 4 signature or trust"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub(super) struct Global {
    /// The governed folder [default: the git work tree around the current folder, else the folder itself]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) repo: Option<PathBuf>,
    /// The day (to its end, in the organisation's zone) or RFC 3339 instant to judge at [default: now]
    #[arg(long, global = true, value_name = "DATE|INSTANT")]
    pub(super) as_of: Option<String>,
    /// When to colour the output
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
    /// No progress, no summaries, no hints
    #[arg(long, global = true)]
    pub(super) quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Validate, cross-reference and judge the records and their dates
    #[command(
        after_help = "Example:\n  countersign check --as-of 2026-09-30 --format sarif --output check.sarif"
    )]
    Check(Check),
    /// Say what a change means: what it tightens, weakens and covers, and who must approve
    #[command(after_help = "Example:\n  countersign diff --base origin/main --summary pr.md")]
    Diff(Diff),
    /// Lay findings against records: the register
    #[command(after_help = "Example:\n  countersign reconcile --scan weekly.nessus=src-nessus --format json")]
    Reconcile(Reconcile),
    /// Make documents, such as the Statement of Applicability (D01) or the monthly compliance report (D06)
    #[command(
        after_help = "Example:\n  countersign render --document D06 --period 2026-09 --format html,csv --out documents\n  countersign render --document posture-diff --from 2026-06-30 --to 2026-09-30 --out documents"
    )]
    Render(Render),
    /// Show the auditor portal in a browser on this machine, live while records change
    #[command(after_help = "Example:\n  countersign serve --port 8000")]
    Serve(Serve),
    /// Write files for other systems: OSCAL, VEX in three formats, a calendar
    #[command(after_help = "Example:\n  countersign export oscal --as-of 2026-09-30 --out oscal")]
    Export(Export),
    /// Make the audit bundle: documents, records, digests, and a signature
    #[command(after_help = "Example:\n  countersign bundle --out audit.tar --key ~/.ssh/id_ed25519")]
    Bundle(Bundle),
    /// The main job in one go: check, reconcile, render, bundle
    #[command(after_help = "Example:\n  countersign audit --out audit --key ~/.ssh/id_ed25519")]
    Audit(Audit),
    /// Verify a bundle: its digests, its signatures, and with `--rebuild` every byte of it
    #[command(
        after_help = "Example:\n  countersign verify audit --allowed-signers allowed_signers\n  countersign verify audit.tar --rebuild governance"
    )]
    Verify(Verify),
    /// Write the example organisation as a real git repository and run the main job over it
    #[command(after_help = "Example:\n  countersign demo --out demo")]
    Demo(Demo),
    /// Make a governed repository that passes `check`
    #[command(after_help = "Example:\n  countersign init governance --organisation 'Nordhafen Logistik'")]
    Init(Init),
    /// Write a record with everything filled in that can be computed
    #[command(
        after_help = "Example:\n  countersign new exception --vuln CVE-2026-1444 --system sys-erp-prod --set spec.severity=high"
    )]
    New(New),
    /// Write the exception or acceptance that renews another
    #[command(after_help = "Example:\n  countersign renew exc-0014 --until 2026-12-31")]
    Renew(Renew),
    /// Approve a record as it is, and sign that
    #[command(
        after_help = "Example:\n  countersign approve exc-0014 --role role-ciso --key ~/.ssh/id_ed25519"
    )]
    Approve(Approve),
    /// Reject a record as it is, and sign that
    #[command(
        after_help = "Example:\n  countersign reject exc-0014 --reason 'no compensating control' --key ~/.ssh/id_ed25519"
    )]
    Reject(Reject),
    /// Revoke what was approved, and sign that
    #[command(
        after_help = "Example:\n  countersign revoke exc-0014 --reason 'now exploited' --key ~/.ssh/id_ed25519"
    )]
    Revoke(Reject),
    /// Show what a record allows and who may decide; with `--keep` or `--end` sign that it was reviewed
    #[command(after_help = "Example:\n  countersign review exc-0014 --keep --key ~/.ssh/id_ed25519")]
    Review(Review),
    /// Show what a record waits for; without an id, what waits for the person whose key is at hand
    #[command(after_help = "Example:\n  countersign status exc-0014")]
    Status(Status),
    /// Sign where history stands
    #[command(after_help = "Example:\n  countersign anchor --key ~/.ssh/anchor_ed25519")]
    Anchor(Anchor),
    /// Add the exports of a Source to the history of findings
    #[command(after_help = "Example:\n  countersign import --source src-qualys q1.csv")]
    Import(Import),
    /// Check the history of findings, or make it again from the exports
    #[command(subcommand, after_help = "Example:\n  countersign ledger verify")]
    Ledger(LedgerCommand),
    /// Tell a finding from its beginning: every run, every step of its clock, every record about it
    #[command(after_help = "Example:\n  countersign trace host-web02 CVE-2026-1111")]
    Trace(Trace),
    /// List the missing patches by system, in the order in which to patch
    #[command(after_help = "Example:\n  countersign plan --as-of 2026-09-30 --format csv --output plan.csv")]
    Plan(Plan),
    /// Draw an auditor's sample that nobody could prepare and anybody can draw again
    #[command(after_help = "Example:\n  countersign sample --seed AUD-0916 --stratum tier0 --n 25")]
    Sample(Sample),
    /// Say what would have been late with other times in the agreements
    #[command(after_help = "Example:\n  countersign whatif --sla critical/tier1=5 --period 2026-Q3")]
    Whatif(Whatif),
    /// Tell the life of a record from history
    #[command(after_help = "Example:\n  countersign log exc-0014")]
    Log(Log),
    /// Print what a rule checks, why, and its parameters
    #[command(after_help = "Example:\n  countersign explain EXC001")]
    Explain(Explain),
    /// Print a JSON Schema: of a kind of record, of the configuration, or of an output
    #[command(after_help = "Example:\n  countersign schema exception")]
    Schema(Schema),
    /// Print completions for a shell
    #[command(after_help = "Example:\n  countersign completions bash > countersign.bash")]
    Completions(Completions),
    /// Print the manual page
    #[command(after_help = "Example:\n  countersign man | man -l -")]
    Man,
}

/// Which exports to read.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Scans {
    /// Read this export, or a folder or .zip of files of one run, in place of those in `imports/`; name its Source if
    /// several read the format
    #[arg(long = "scan", value_name = "FILE[=SOURCE]")]
    pub(super) scans: Vec<String>,
    /// The host of an export whose format names none
    #[arg(long, value_name = "NAME")]
    pub(super) host: Option<String>,
}

/// Which state of the repository to read.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct At {
    /// Read a commit from git without a checkout; a DATE is the last commit of that day
    #[arg(long, value_name = "REV|DATE")]
    pub(super) at: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct Check {
    /// Show only what lies under these paths, relative to the governed folder
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<String>,
    /// Judge a pull request: trust and configuration come from the tip of REV, the change is what left it
    #[arg(long, value_name = "REV")]
    pub(super) base: Option<String>,
    #[command(flatten)]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) scans: Scans,
    /// Show only what belongs to records of this owner
    #[arg(long, value_name = "ROLE")]
    pub(super) owner: Option<String>,
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: CheckFormat,
    /// Write to a file instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Warnings block too
    #[arg(long)]
    pub(super) strict: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum CheckFormat {
    Human,
    Json,
    Sarif,
    Junit,
    Github,
    Gitlab,
}

#[derive(Args, Debug)]
pub(super) struct Diff {
    /// Compare with what left REV; trust and configuration come from its tip
    #[arg(long, value_name = "REV")]
    pub(super) base: String,
    #[command(flatten)]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) scans: Scans,
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: DiffFormat,
    /// Write Markdown for a comment on a pull request
    #[arg(long, value_name = "FILE")]
    pub(super) summary: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum DiffFormat {
    Human,
    Json,
    Md,
}

#[derive(Args, Debug)]
pub(super) struct Reconcile {
    #[command(flatten)]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) scans: Scans,
    /// The period of the figures: 2026, 2026-Q3, 2026-09 or FROM..TO; as-of is its end unless given [default: the
    /// twelve months before as-of]
    #[arg(long, value_name = "P")]
    pub(super) period: Option<String>,
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: RegisterFormat,
    /// Write to a file instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum RegisterFormat {
    Human,
    Json,
    Jsonl,
    Csv,
}

#[derive(Args, Debug)]
pub(super) struct Render {
    /// The id or the word of a document, such as `D05` or `vulnerabilities` [default: all but the portal]
    #[arg(long = "document", value_name = "ID", value_delimiter = ',')]
    pub(super) documents: Vec<String>,
    #[arg(
        long = "format",
        value_name = "FORMAT",
        value_delimiter = ',',
        default_value = "html"
    )]
    pub(super) formats: Vec<DocumentFormat>,
    /// The period of the figures: 2026, 2026-Q3, 2026-09 or FROM..TO; as-of is its end unless given [default: the
    /// twelve months before as-of]
    #[arg(long, value_name = "P")]
    pub(super) period: Option<String>,
    /// For posture-diff: the earlier moment, a day to its end or a revision
    #[arg(long, value_name = "REV|DATE")]
    pub(super) from: Option<String>,
    /// For posture-diff: the later moment, a day to its end or a revision
    #[arg(long, value_name = "REV|DATE")]
    pub(super) to: Option<String>,
    #[command(flatten)]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) scans: Scans,
    /// The folder to write into
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub(super) enum DocumentFormat {
    Html,
    Md,
    Csv,
    Json,
    Xlsx,
    /// In builds with the feature `pdf`, and in releases
    Pdf,
}

#[derive(Args, Debug)]
pub(super) struct Demo {
    /// The folder to make
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
}

#[derive(Args, Debug)]
pub(super) struct Init {
    /// The folder to make
    #[arg(value_name = "DIR")]
    pub(super) dir: PathBuf,
    /// The name of the organisation
    #[arg(long, value_name = "NAME", default_value = "Example organisation")]
    pub(super) organisation: String,
    /// The organisation's zone by its IANA name
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(super) timezone: String,
}

#[derive(Args, Debug)]
pub(super) struct New {
    /// The kind of record, such as `exception` or `risk-acceptance`
    #[arg(value_name = "KIND")]
    pub(super) kind: String,
    /// Set a field, such as `spec.severity=high`
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(super) sets: Vec<String>,
    /// For exceptions, acceptances, triages, changes and incidents: the vulnerability
    #[arg(long = "vuln", value_name = "ID")]
    pub(super) vulns: Vec<String>,
    /// For exceptions, acceptances and triages: the system, whose hosts are frozen into the record
    #[arg(long = "system", value_name = "ID")]
    pub(super) systems: Vec<String>,
}

#[derive(Args, Debug)]
pub(super) struct Renew {
    /// The record to renew
    #[arg(value_name = "ID")]
    pub(super) id: String,
    /// The last day of the new record
    #[arg(long, value_name = "DATE")]
    pub(super) until: String,
}

/// Whose decision it is.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Decider {
    /// The role to decide in [default: the only one of yours that is asked for]
    #[arg(long, value_name = "ROLE")]
    pub(super) role: Option<String>,
    /// A private key, or a public key or certificate whose private half is in the agent [default: the only
    /// key of the agent that the keyring lists for approvals]
    #[arg(long, value_name = "KEY")]
    pub(super) key: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct Approve {
    /// The record, `compliance` for the configuration
    #[arg(value_name = "ID[#FRAGMENT]")]
    pub(super) id: String,
    #[command(flatten)]
    pub(super) decider: Decider,
}

#[derive(Args, Debug)]
pub(super) struct Reject {
    /// The record, `compliance` for the configuration
    #[arg(value_name = "ID[#FRAGMENT]")]
    pub(super) id: String,
    /// Why, in a sentence
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
    #[command(flatten)]
    pub(super) decider: Decider,
}

#[derive(Args, Debug)]
pub(super) struct Review {
    /// The record, `compliance` for the configuration
    #[arg(value_name = "ID[#FRAGMENT]")]
    pub(super) id: String,
    /// Sign that it was reviewed and stays, and write the dates of the review into it
    #[arg(long, conflicts_with = "end")]
    pub(super) keep: bool,
    /// Sign that it was reviewed and ends
    #[arg(long, requires = "reason")]
    pub(super) end: bool,
    /// Why it ends, in a sentence
    #[arg(long, value_name = "TEXT", requires = "end")]
    pub(super) reason: Option<String>,
    #[command(flatten)]
    pub(super) decider: Decider,
}

#[derive(Args, Debug)]
pub(super) struct Status {
    /// The record, `compliance` for the configuration [default: your inbox]
    #[arg(value_name = "ID")]
    pub(super) id: Option<String>,
    /// The key that says whose inbox it is [default: the only key of the agent that the keyring lists for
    /// approvals]
    #[arg(long, value_name = "KEY")]
    pub(super) key: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct Anchor {
    /// The key to sign with, or a public key whose private half is in the agent [default: the agent's key that the
    /// keyring lists for anchors]
    #[arg(long, value_name = "KEY")]
    pub(super) key: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct Log {
    /// The record, or `compliance` for the configuration and the files that guard the repository
    #[arg(value_name = "ID")]
    pub(super) id: String,
    #[command(flatten)]
    pub(super) at: At,
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: TextFormat,
}

/// For people, or for machines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum TextFormat {
    Human,
    Json,
}

impl From<TextFormat> for Form {
    fn from(format: TextFormat) -> Self {
        match format {
            TextFormat::Human => Self::Human,
            TextFormat::Json => Self::Json,
        }
    }
}

#[derive(Args, Debug)]
pub(super) struct Explain {
    /// The rule's code or name
    #[arg(value_name = "CODE")]
    pub(super) code: String,
}

#[derive(Args, Debug)]
pub(super) struct Schema {
    /// A kind of record, `configuration`, or an output such as `register-v1` [default: the list]
    #[arg(value_name = "KIND")]
    pub(super) kind: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct Completions {
    #[arg(value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}
