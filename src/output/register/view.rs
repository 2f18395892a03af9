//! The members of the register as machines read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::json::PeriodView;
use crate::import::Product;
use crate::model::{
    Alias, AliasBy, Date, Discrepancy, DiscrepancyKind, Finding, HostStatus, Rate, Record, RecordId,
    Severity, Skipped, System, Zone,
};
use crate::reconcile::{HiddenBy, HostRow, ImportLine, Kpi, Suppressed, SystemRow};

/// Returns a moment in UTC.
pub(super) fn utc(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[derive(Serialize)]
pub(super) struct ImportView<'a> {
    source: Option<&'a RecordId>,
    file: &'a str,
    sha256: &'a str,
    run_at: Option<String>,
    hosts: u64,
    observations: u64,
    informational: u64,
    skipped: u64,
    state: &'static str,
    reason: Option<&'a str>,
    format: &'static str,
    product: &'static str,
    skipped_reasons: Vec<SkippedView<'a>>,
}

#[derive(Serialize)]
struct SkippedView<'a> {
    reason: &'a str,
    rows: u64,
}

impl<'a> ImportView<'a> {
    pub(super) fn new(line: &'a ImportLine) -> Self {
        let product = match line.product {
            Product::Scan => "scan",
            Product::Inventory => "inventory",
            Product::Hosts => "hosts",
            Product::Deployment => "deployment",
            Product::Alerts => "alerts",
            Product::Kev => "kev",
            Product::Epss => "epss",
            Product::Advisories => "advisories",
            Product::Knowledge => "knowledge",
        };
        Self {
            source: line.source.as_ref(),
            file: &line.file,
            sha256: &line.sha256,
            run_at: line.run_at.map(utc),
            hosts: line.hosts,
            observations: line.observations,
            informational: line.informational,
            skipped: line.skipped_rows(),
            state: line.state.word(),
            reason: line.reason.as_deref(),
            format: line.format,
            product,
            skipped_reasons: line
                .skipped
                .iter()
                .map(|Skipped { reason, rows }| SkippedView { reason, rows: *rows })
                .collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct RateView {
    value: String,
    numerator: u64,
    denominator: u64,
}

impl RateView {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            value: rate.percent(),
            numerator: rate.numerator,
            denominator: rate.denominator,
        }
    }
}

/// A figure of a segment.
#[derive(Serialize)]
pub(super) struct SegmentView {
    value: String,
    numerator: u64,
    denominator: u64,
    small_n: bool,
}

impl SegmentView {
    pub(super) fn new(kpi: &Kpi, small_n: u64) -> Self {
        let Rate {
            numerator,
            denominator,
        } = kpi.rate;
        Self {
            value: kpi.value(),
            numerator,
            denominator,
            small_n: denominator > 0 && denominator < small_n,
        }
    }
}

/// A figure of the whole.
#[derive(Serialize)]
pub(super) struct KpiView {
    #[serde(flatten)]
    counted: SegmentView,
    unit: &'static str,
    period: PeriodView,
    title: &'static str,
}

impl KpiView {
    pub(super) fn new(kpi: &Kpi, period: PeriodView, small_n: u64) -> Self {
        Self {
            counted: SegmentView::new(kpi, small_n),
            unit: kpi.unit.word(),
            period,
            title: kpi.title,
        }
    }
}

#[derive(Serialize)]
pub(super) struct FindingView<'a> {
    pub(super) host: &'a str,
    pub(super) system: Option<&'a str>,
    pub(super) vuln: &'a str,
    pub(super) aliases: &'a [Arc<str>],
    pub(super) joined: Vec<AliasView<'a>>,
    pub(super) remediation: Option<&'a str>,
    pub(super) severity: Severity,
    pub(super) severity_given: &'a str,
    pub(super) cvss: Option<&'a str>,
    pub(super) kev: bool,
    pub(super) epss: Option<f64>,
    pub(super) first_seen: String,
    pub(super) due: String,
    pub(super) due_reason: &'a str,
    pub(super) disposition: &'static str,
    pub(super) coverage: Option<CoverageView<'a>>,
    pub(super) opened: String,
    pub(super) closed: Option<String>,
    pub(super) recurrence: u32,
    pub(super) observers: &'a [Arc<str>],
    pub(super) title: &'a str,
    pub(super) tier: Option<&'a str>,
    pub(super) score: Option<f64>,
    pub(super) score_base: Option<f64>,
    pub(super) kev_listed: Option<Date>,
    pub(super) exploit: &'static str,
    pub(super) exploited_since: Option<Date>,
    pub(super) alerted: Option<String>,
    pub(super) patch_published: Option<Date>,
    pub(super) last_seen: String,
    pub(super) base_due: String,
    pub(super) suspended: &'a [RecordId],
    pub(super) lapsed: &'a [RecordId],
    pub(super) breached: Option<String>,
    pub(super) decided_at_base_due: bool,
    pub(super) stale: bool,
    pub(super) discrepancy: Option<DiscrepancyView<'a>>,
    pub(super) instances: u32,
    pub(super) notes: &'a [Arc<str>],
}

/// How a scanner's id came to mean the vulnerability.
#[derive(Serialize)]
pub(in crate::output) struct AliasView<'a> {
    id: &'a str,
    through: Option<&'a str>,
    by: &'static str,
    source: &'a str,
}

impl<'a> AliasView<'a> {
    pub(in crate::output) fn new(alias: &'a Alias) -> Self {
        let (by, source) = match &alias.by {
            AliasBy::Export(observer) => ("export", &**observer),
            AliasBy::Record(source) => ("record", source.as_str()),
        };
        Self {
            id: &alias.id,
            through: alias.through.as_deref(),
            by,
            source,
        }
    }
}

/// Sources that disagree.
#[derive(Serialize)]
pub(super) struct DiscrepancyView<'a> {
    kind: DiscrepancyKind,
    gone_by: &'a str,
    gone_at: String,
    seen_by: &'a str,
    seen_at: String,
}

impl<'a> DiscrepancyView<'a> {
    fn new(one: &'a Discrepancy) -> Self {
        Self {
            kind: one.kind,
            gone_by: &one.gone_by,
            gone_at: utc(one.gone_at),
            seen_by: &one.seen_by,
            seen_at: utc(one.seen_at),
        }
    }
}

#[derive(Serialize)]
pub(super) struct CoverageView<'a> {
    pub(super) id: &'a str,
    pub(super) until: String,
    pub(super) approval: &'static str,
}

impl<'a> FindingView<'a> {
    pub(super) fn new(finding: &'a Finding, zone: Zone) -> Self {
        Self {
            host: &finding.host,
            system: finding.system.as_ref().map(RecordId::as_str),
            vuln: &finding.vuln,
            aliases: &finding.said.aliases,
            joined: finding.said.joined.iter().map(AliasView::new).collect(),
            remediation: finding.said.remediation.as_deref(),
            severity: finding.severity,
            severity_given: &finding.said.severity_given,
            cvss: finding.cvss().map(|vector| &**vector),
            kev: finding.kev.is_some(),
            epss: finding.epss,
            first_seen: utc(finding.first_seen),
            due: zone.text(finding.due),
            due_reason: &finding.due_reason,
            disposition: finding.disposition.word(),
            coverage: finding.coverage.as_ref().map(|coverage| CoverageView {
                id: coverage.id.as_str(),
                until: zone.text(coverage.until),
                approval: if coverage.is_emergency {
                    "emergency"
                } else {
                    "approved"
                },
            }),
            // An episode that opens anew has a first sighting of its own.
            opened: utc(finding.first_seen),
            closed: finding.closed.map(utc),
            recurrence: finding.recurrence,
            observers: &finding.said.observers,
            title: &finding.said.title,
            tier: finding.tier.as_deref(),
            score: finding.score(),
            score_base: finding.score_base(),
            kev_listed: finding.kev,
            exploit: finding.exploit.word(),
            exploited_since: finding.exploited_since,
            alerted: finding.alerted.map(utc),
            patch_published: finding.patch_published,
            last_seen: utc(finding.last_seen),
            base_due: zone.text(finding.base_due),
            suspended: &finding.suspended,
            lapsed: &finding.lapsed,
            breached: finding.breached.map(|breached| zone.text(breached)),
            decided_at_base_due: finding.decided_at_base_due,
            stale: finding.stale,
            discrepancy: finding.discrepancy.as_deref().map(DiscrepancyView::new),
            instances: finding.instances,
            notes: &finding.notes,
        }
    }
}

#[derive(Serialize)]
pub(super) struct SystemView<'a> {
    id: &'a RecordId,
    #[serde(rename = "type")]
    system_type: Option<&'static str>,
    department: Option<&'a str>,
    location: Option<&'a str>,
    tier: Option<&'a str>,
    state: &'static str,
    hosts: &'a [Arc<str>],
    slas: &'a [RecordId],
    counts: bool,
    unsupported: bool,
    closed_rate: RateView,
    by_disposition: BTreeMap<&'static str, u64>,
}

impl<'a> SystemView<'a> {
    pub(super) fn new(row: &'a SystemRow, record: Option<&'a Record<System>>) -> Self {
        let spec = record.map(|record| &record.spec);
        Self {
            id: &row.id,
            system_type: spec.map(|spec| spec.system_type.word()),
            department: spec.and_then(|spec| spec.department.as_deref()),
            location: spec.and_then(|spec| spec.location.as_deref()),
            tier: spec
                .and_then(|spec| spec.tier.as_ref())
                .map(|tier| tier.value.as_str()),
            state: row.state.word(),
            hosts: &row.hosts,
            slas: &row.slas,
            counts: row.counts,
            unsupported: row.is_unsupported,
            closed_rate: RateView::new(row.closed_rate),
            by_disposition: row
                .by_disposition
                .iter()
                .map(|(one, number)| (one.word(), *number))
                .collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct HostView<'a> {
    id: &'a str,
    system: Option<&'a RecordId>,
    claims: &'a [RecordId],
    candidates: &'a [Arc<str>],
    replaced_by: Option<&'a str>,
    location: Option<&'a str>,
    state: &'static str,
    status: &'static str,
    known: bool,
    scanned: bool,
    counts: bool,
    first_known: Option<String>,
    last_scan: Option<String>,
    last_authenticated_scan: Option<String>,
    last_qualifying_scan: Option<String>,
}

impl<'a> HostView<'a> {
    pub(super) fn new(row: &'a HostRow) -> Self {
        let status = match row.status {
            HostStatus::Active => "active",
            HostStatus::Retired => "retired",
            HostStatus::Unknown => "unknown",
        };
        Self {
            id: &row.id,
            system: row.system.as_ref(),
            claims: &row.claims,
            candidates: &row.candidates,
            location: row.location.as_deref(),
            replaced_by: row.replaced.as_ref().map(|(id, _)| &**id),
            state: row.state.word(),
            status,
            known: row.is_known,
            scanned: row.is_scanned,
            counts: row.counts,
            first_known: row.first_known.map(utc),
            last_scan: row.last_scan.map(utc),
            last_authenticated_scan: row.last_authenticated_scan.map(utc),
            last_qualifying_scan: row.last_qualifying_scan.map(utc),
        }
    }
}

#[derive(Serialize)]
pub(super) struct SuppressionView<'a> {
    tool: &'a str,
    file: &'a str,
    line: Option<u32>,
    host: Option<&'a str>,
    id: Option<&'a str>,
    until: Option<String>,
    state: &'static str,
    records: Vec<&'a RecordId>,
    seen_as: &'a [Arc<str>],
    open: usize,
    reason: Option<&'a str>,
    narrowed_to: &'a [String],
}

impl<'a> SuppressionView<'a> {
    pub(super) fn new(one: &'a Suppressed) -> Self {
        let (tool, line, host, why) = match &one.by {
            HiddenBy::IgnoreFile { tool, span } => (tool.word(), Some(span.line), None, None),
            HiddenBy::Scanner {
                observer, host, why, ..
            } => (&**observer, None, Some(&**host), Some(&**why)),
        };
        Self {
            tool,
            file: &one.file,
            line,
            host,
            id: one.id.as_deref(),
            until: one.until.map(utc),
            state: one.state.word(),
            records: one.standing().map(|record| &record.id).collect(),
            seen_as: &one.seen_as,
            open: one.open,
            reason: one.reason.as_deref().or(why),
            narrowed_to: &one.narrowed_to,
        }
    }
}
