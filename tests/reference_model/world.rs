//! A small world as plain data: what the model reads, and what a difference is printed as.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use countersign::model::{Quality, Severity};

/// Everything that a judgement depends on.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) zone: Tz,
    pub(super) as_of: DateTime<Utc>,
    pub(super) due_soon_days: i64,
    /// `Policy.reopen_window_days`; there is no Policy where it is missing.
    pub(super) reopen_window: Option<u32>,
    pub(super) systems: Vec<Unit>,
    pub(super) agreements: Vec<Agreement>,
    pub(super) vulns: Vec<Vuln>,
    pub(super) scanners: Vec<Scanner>,
    pub(super) runs: Vec<Run>,
    pub(super) listings: Vec<Listing>,
    pub(super) covers: Vec<Cover>,
    pub(super) triages: Vec<Verdict>,
    pub(super) incidents: Vec<Incident>,
    /// Of one approved Calendar; there is none where there are no holidays.
    pub(super) holidays: Vec<NaiveDate>,
}

/// An Incident that sets a time for a severity on a tier.
#[derive(Clone, Debug)]
pub(super) struct Incident {
    pub(super) id: String,
    /// None of them means all.
    pub(super) vulns: Vec<usize>,
    pub(super) system: String,
    pub(super) severity: Severity,
    pub(super) tier: &'static str,
    pub(super) hours: u32,
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    pub(super) status: &'static str,
    pub(super) approvals: Vec<DateTime<Utc>>,
}

/// A System.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) id: String,
    pub(super) tier: &'static str,
    pub(super) hosts: Vec<String>,
    /// Out of scope, with the acceptance that its scope names, if any.
    pub(super) out_of_scope: Option<Option<String>>,
    pub(super) end_of_life: Option<NaiveDate>,
    pub(super) extended_support: Option<NaiveDate>,
    pub(super) retired_on: Option<NaiveDate>,
    /// Whether it carries the tag of the regulation with caps.
    pub(super) is_regulated: bool,
}

/// A Sla for one tier.
#[derive(Clone, Debug)]
pub(super) struct Agreement {
    pub(super) id: String,
    pub(super) tier: &'static str,
    /// For critical, high, medium and low.
    pub(super) cells: [Span; 4],
    pub(super) start: Start,
    pub(super) kev: Option<Kev>,
    /// Days from the day on which active exploitation became known.
    pub(super) exploited_days: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Span {
    Days(u32),
    Business(u32),
    Hours(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Start {
    FirstDetected,
    PatchReleased,
    Earliest,
    Latest,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kev {
    /// `days_after_added` where there are days, else `catalog_due_date`.
    pub(super) days: Option<u32>,
    pub(super) min_days: Option<u32>,
    pub(super) floor_hours: Option<u32>,
}

/// A vulnerability and the check that finds it; a scanner-native one has no CVE.
#[derive(Clone, Debug)]
pub(super) struct Vuln {
    pub(super) id: String,
    pub(super) check: String,
    pub(super) has_cve: bool,
    pub(super) patch: String,
    pub(super) patch_published: Option<NaiveDate>,
}

/// A Source.
#[derive(Clone, Debug)]
pub(super) struct Scanner {
    pub(super) id: String,
    pub(super) quality: Quality,
    pub(super) absence_means_fixed: bool,
    pub(super) is_retired: bool,
    pub(super) zone: Tz,
}

/// One export.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) scanner: usize,
    pub(super) at: DateTime<Utc>,
    pub(super) is_complete: bool,
    pub(super) targets: Vec<Target>,
    pub(super) rows: Vec<Row>,
}

#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) host: String,
    /// Where the export says how well it saw the host.
    pub(super) quality: Option<Quality>,
}

/// What a run says of one vulnerability on one host.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) host: String,
    pub(super) vuln: usize,
    pub(super) says: Says,
    pub(super) severity: Severity,
    pub(super) first: Option<Claim>,
    pub(super) fingerprint: Option<char>,
    pub(super) fix_available: Option<bool>,
    pub(super) is_exploited: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Says {
    Open,
    Reopened,
    /// With the scanner's own date of the fix.
    Fixed(Option<DateTime<Utc>>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Claim {
    At(DateTime<Utc>),
    Wall(NaiveDateTime),
    Day(NaiveDate),
}

/// A line of the catalogue of known exploited vulnerabilities.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    pub(super) vuln: usize,
    pub(super) added: NaiveDate,
    pub(super) due: Option<NaiveDate>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    Exception,
    Acceptance,
    Unsupported,
    ScopeExclusion,
}

/// An Exception or a RiskAcceptance.
#[derive(Clone, Debug)]
pub(super) struct Cover {
    pub(super) id: String,
    pub(super) sort: Sort,
    pub(super) vulns: Vec<usize>,
    /// Whether its scope names the patches of the vulnerabilities, not themselves.
    pub(super) by_patch: bool,
    pub(super) hosts: Vec<String>,
    pub(super) system: String,
    pub(super) starts: NaiveDate,
    pub(super) expires: NaiveDate,
    pub(super) covers_exploited: bool,
    pub(super) renews: Option<String>,
    pub(super) status: &'static str,
    pub(super) approvals: Vec<DateTime<Utc>>,
    pub(super) revoked: Option<DateTime<Utc>>,
}

/// A Triage.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub(super) id: String,
    pub(super) vuln: usize,
    /// Frozen hosts, else the whole System.
    pub(super) hosts: Vec<String>,
    pub(super) system: String,
    pub(super) finds: Finds,
    pub(super) fingerprint: Option<char>,
    pub(super) expires: NaiveDate,
    pub(super) approvals: Vec<DateTime<Utc>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Finds {
    FalsePositive,
    NotAffected,
    /// Affected, with a vector of this severity.
    Rated(Severity),
    /// Affected and exploited, with evidence of a day.
    Exploited(NaiveDate),
    UnderInvestigation,
}

impl Case {
    /// Returns when an export's first-seen stamp is, by the Source's zone where it carries none (3.5, time rules).
    pub(super) fn claimed(&self, scanner: usize, claim: Claim) -> DateTime<Utc> {
        let zone = self.scanners[scanner].zone;
        // No stamp of a world lies in an hour that a zone leaves out or has twice.
        let local = |wall: NaiveDateTime| zone.from_local_datetime(&wall).single().unwrap();
        match claim {
            Claim::At(at) => at,
            Claim::Wall(wall) => local(wall).with_timezone(&Utc),
            Claim::Day(day) => local(day.and_time(NaiveTime::MIN)).with_timezone(&Utc),
        }
    }

    pub(super) fn unit_of(&self, host: &str) -> Option<&Unit> {
        self.systems
            .iter()
            .find(|unit| unit.hosts.iter().any(|one| one == host))
    }

    /// Prints the world as a table that a person can follow.
    pub(super) fn table(&self) -> String {
        let mut text = format!(
            "as of {} ({}) · zone {} · due soon {} d · reopen window {:?}\n",
            self.as_of,
            self.as_of.with_timezone(&self.zone),
            self.zone,
            self.due_soon_days,
            self.reopen_window
        );
        let mut line = |one: &dyn std::fmt::Debug| writeln!(text, "  {one:?}").unwrap();
        self.systems.iter().for_each(|one| line(one));
        self.agreements.iter().for_each(|one| line(one));
        self.vulns.iter().for_each(|one| line(one));
        self.scanners.iter().for_each(|one| line(one));
        self.listings.iter().for_each(|one| line(one));
        self.covers.iter().for_each(|one| line(one));
        self.triages.iter().for_each(|one| line(one));
        self.incidents.iter().for_each(|one| line(one));
        self.holidays.iter().for_each(|one| line(one));
        let mut runs: Vec<&Run> = self.runs.iter().collect();
        runs.sort_by_key(|run| run.at);
        for run in runs {
            let word = if run.is_complete { "complete" } else { "incomplete" };
            writeln!(
                text,
                "  run {} of {} {word}",
                run.at, self.scanners[run.scanner].id
            )
            .unwrap();
            for target in &run.targets {
                writeln!(text, "    {} {:?}", target.host, target.quality).unwrap();
                for row in run.rows.iter().filter(|row| row.host == target.host) {
                    writeln!(
                        text,
                        "      {} {:?} {} first {:?} print {:?} fix {:?} exploited {}",
                        self.vulns[row.vuln].id,
                        row.says,
                        row.severity,
                        row.first,
                        row.fingerprint,
                        row.fix_available,
                        row.is_exploited
                    )
                    .unwrap();
                }
            }
        }
        text
    }
}
