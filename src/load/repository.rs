//! All records, typed, with their places in the text.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::schema::TypedRecord;
use super::suppressions::ScannerSuppression;
use crate::diagnostic::Diagnostic;
use crate::model::{
    Approval, Calendar, Change, Configuration, DecisionTable, Envelope, Evidence, Exception, Incident, Isms,
    Kind, Meta, Person, Policy, Record, RecordId, Reference, Risk, RiskAcceptance, Role, Sla, Soa, Source,
    System, Table, Triage, Zone, skeleton,
};
use crate::source::{DecodeError, FileId, Limits, Sources, Span, decode};

/// What loading may take, from the parameters of the SCH rules.
#[derive(Clone, Copy, Debug)]
pub struct LoadLimits {
    pub yaml: Limits,
    pub min_year: i32,
    pub max_year: i32,
}

impl Default for LoadLimits {
    fn default() -> Self {
        Self {
            yaml: Limits::default(),
            min_year: 1990,
            max_year: 2100,
        }
    }
}

/// A record whose id could be read, whether or not the rest fits.
#[derive(Clone, Debug)]
pub struct Known {
    pub id: RecordId,
    pub kind: Kind,
    pub span: Span,
    pub path: Arc<str>,
}

/// An approval as it lies in the repository.
#[derive(Clone, Debug)]
pub struct ApprovalFile {
    pub approval: Approval,
    pub file: FileId,
    pub path: Arc<str>,
    pub references: Vec<Reference>,
    /// The bytes of the `.sig` beside it; `None` where there is none.
    pub signature: Option<Arc<[u8]>>,
}

/// What `keyring/` holds, as it lies there.
#[derive(Clone, Debug, Default)]
pub struct KeyringFiles {
    /// `keyring/allowed_signers`; it stands in the sources, too.
    pub allowed_signers: Option<Arc<str>>,
    /// `keyring/revoked`: public keys by line, or a key revocation list.
    pub revoked: Option<Arc<[u8]>>,
}

/// A list of what an evidence store holds: a `data/….sha256` as `sha256sum` writes it.
#[derive(Clone, Debug)]
pub struct StoreManifest {
    pub path: Arc<str>,
    /// By name, without `store://`.
    pub entries: BTreeMap<String, ManifestEntry>,
    /// Lines that cannot be read, and why.
    pub faults: Vec<(Span, String)>,
}

/// One line of a manifest.
#[derive(Clone, Debug)]
pub struct ManifestEntry {
    /// In lower-case hexadecimal.
    pub sha256: String,
    pub span: Span,
}

/// All records of a tree. A record that does not fit its schema is in `known` and in `faults`, nowhere else.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    pub sources: Sources,
    pub configuration: Configuration,
    pub isms: Option<Record<Isms>>,
    pub people: Table<Person>,
    pub roles: Table<Role>,
    pub policies: Table<Policy>,
    pub soas: Table<Soa>,
    pub risks: Table<Risk>,
    pub systems: Table<System>,
    pub tools: Table<Source>,
    pub triages: Table<Triage>,
    pub exceptions: Table<Exception>,
    pub acceptances: Table<RiskAcceptance>,
    pub slas: Table<Sla>,
    pub changes: Table<Change>,
    pub calendars: Table<Calendar>,
    pub incidents: Table<Incident>,
    pub evidence: Table<Evidence>,
    /// Sorted by path.
    pub approvals: Vec<ApprovalFile>,
    pub keyring: KeyringFiles,
    /// By path.
    pub manifests: Vec<StoreManifest>,
    /// Every id that could be read.
    pub known: BTreeMap<RecordId, Known>,
    /// Every file of the tree.
    pub files: BTreeSet<Arc<str>>,
    /// The SHA-256 of each file that a record names.
    pub file_digests: BTreeMap<Arc<str>, String>,
    /// The SHA-256 of each file that says how everything is judged or shown.
    pub guarded: BTreeMap<Arc<str>, String>,
    /// The decision tables that agreements name, by path; one that cannot be read is not here.
    pub decision_tables: BTreeMap<Arc<str>, DecisionTable>,
    /// What the ignore files of scanners hide, by path and then by line.
    pub scanner_suppressions: Vec<ScannerSuppression>,
    /// What loading found wrong.
    pub faults: Vec<Diagnostic>,
}

macro_rules! each_table {
    ($repository:expr, $table:ident => $work:expr) => {{
        {
            let $table = &$repository.people;
            $work
        }
        {
            let $table = &$repository.roles;
            $work
        }
        {
            let $table = &$repository.policies;
            $work
        }
        {
            let $table = &$repository.soas;
            $work
        }
        {
            let $table = &$repository.risks;
            $work
        }
        {
            let $table = &$repository.systems;
            $work
        }
        {
            let $table = &$repository.tools;
            $work
        }
        {
            let $table = &$repository.triages;
            $work
        }
        {
            let $table = &$repository.exceptions;
            $work
        }
        {
            let $table = &$repository.acceptances;
            $work
        }
        {
            let $table = &$repository.slas;
            $work
        }
        {
            let $table = &$repository.changes;
            $work
        }
        {
            let $table = &$repository.calendars;
            $work
        }
        {
            let $table = &$repository.incidents;
            $work
        }
        {
            let $table = &$repository.evidence;
            $work
        }
    }};
}

impl Repository {
    /// Walks the common part of every record, by kind and id.
    pub fn records(&self) -> impl Iterator<Item = &Meta> {
        let mut metas: Vec<&Meta> = self.isms.iter().map(|record| &record.meta).collect();
        each_table!(self, table => metas.extend(table.iter().map(|record| &record.meta)));
        metas.into_iter()
    }

    /// Finds the common part of a record by its id.
    pub fn record(&self, id: &RecordId) -> Option<&Meta> {
        if let Some(isms) = self.isms.as_ref().filter(|isms| isms.id() == id) {
            return Some(&isms.meta);
        }
        let mut found = None;
        each_table!(self, table => found = found.or_else(|| table.get(id).map(|record| &record.meta)));
        found
    }

    /// Returns the organisation's zone; UTC where its record cannot be read, which is an error of its own.
    pub fn zone(&self) -> Zone {
        let named = self
            .isms
            .as_ref()
            .and_then(|isms| Zone::named(&isms.spec.timezone.value));
        named.unwrap_or(Zone(chrono_tz::UTC))
    }

    /// Returns the place for what belongs to no record: `isms.yaml`, or the first file there is.
    pub fn root_span(&self) -> Span {
        match (&self.isms, self.sources.find("isms.yaml")) {
            (Some(isms), _) => Span::start_of(isms.meta.file),
            (None, Some(file)) => Span::start_of(file),
            (None, None) => Span::start_of(FileId(0)),
        }
    }

    /// Returns the approvals that name a record and lie where they must, by path.
    pub fn approvals_of<'a>(
        &'a self,
        kind: Kind,
        id: &'a RecordId,
    ) -> impl Iterator<Item = &'a ApprovalFile> {
        let folder = format!("approvals/{id}/");
        // They are sorted by path, so that those of one folder stand together.
        let first = self
            .approvals
            .partition_point(|file| *file.path < *folder.as_str());
        self.approvals[first..]
            .iter()
            .take_while(move |file| file.path.starts_with(folder.as_str()))
            .filter(move |file| {
                let subject = &file.approval.subject.value;
                subject.kind == kind.name() && subject.id == *id
            })
    }
}

#[derive(Debug)]
pub(super) enum AnyRecord {
    Isms(Box<Record<Isms>>),
    Person(Box<Record<Person>>),
    Role(Box<Record<Role>>),
    Policy(Box<Record<Policy>>),
    Soa(Box<Record<Soa>>),
    Risk(Box<Record<Risk>>),
    System(Box<Record<System>>),
    Source(Box<Record<Source>>),
    Triage(Box<Record<Triage>>),
    Exception(Box<Record<Exception>>),
    RiskAcceptance(Box<Record<RiskAcceptance>>),
    Sla(Box<Record<Sla>>),
    Change(Box<Record<Change>>),
    Calendar(Box<Record<Calendar>>),
    Incident(Box<Record<Incident>>),
    Evidence(Box<Record<Evidence>>),
    Approval(Box<ApprovalFile>),
}

impl AnyRecord {
    pub(super) fn meta(&self) -> Option<&Meta> {
        match self {
            Self::Isms(record) => Some(&record.meta),
            Self::Person(record) => Some(&record.meta),
            Self::Role(record) => Some(&record.meta),
            Self::Policy(record) => Some(&record.meta),
            Self::Soa(record) => Some(&record.meta),
            Self::Risk(record) => Some(&record.meta),
            Self::System(record) => Some(&record.meta),
            Self::Source(record) => Some(&record.meta),
            Self::Triage(record) => Some(&record.meta),
            Self::Exception(record) => Some(&record.meta),
            Self::RiskAcceptance(record) => Some(&record.meta),
            Self::Sla(record) => Some(&record.meta),
            Self::Change(record) => Some(&record.meta),
            Self::Calendar(record) => Some(&record.meta),
            Self::Incident(record) => Some(&record.meta),
            Self::Evidence(record) => Some(&record.meta),
            Self::Approval(_) => None,
        }
    }
}

/// What became of one file.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) file: FileId,
    pub(super) path: Arc<str>,
    pub(super) text: Arc<str>,
    pub(super) faults: Vec<Diagnostic>,
    pub(super) record: Option<AnyRecord>,
    pub(super) known: Option<Known>,
}

pub(super) fn decode_record(
    kind: Kind,
    file: FileId,
    path: &Arc<str>,
    typed: &TypedRecord,
) -> Result<AnyRecord, DecodeError> {
    macro_rules! record {
        ($name:ident) => {{
            let envelope: Envelope<$name> = decode(&typed.node)?;
            let record = Record::new(envelope, kind, file, Arc::clone(path), typed.references.clone());
            Ok(AnyRecord::$name(Box::new(record)))
        }};
    }
    match kind {
        Kind::Isms => record!(Isms),
        Kind::Person => record!(Person),
        Kind::Role => record!(Role),
        Kind::Policy => record!(Policy),
        Kind::Soa => record!(Soa),
        Kind::Risk => record!(Risk),
        Kind::System => record!(System),
        Kind::Source => record!(Source),
        Kind::Triage => record!(Triage),
        Kind::Exception => record!(Exception),
        Kind::RiskAcceptance => record!(RiskAcceptance),
        Kind::Sla => record!(Sla),
        Kind::Change => record!(Change),
        Kind::Calendar => record!(Calendar),
        Kind::Incident => record!(Incident),
        Kind::Evidence => record!(Evidence),
        Kind::Approval => Ok(AnyRecord::Approval(Box::new(ApprovalFile {
            approval: decode(&typed.node)?,
            file,
            path: Arc::clone(path),
            references: typed.references.clone(),
            signature: None,
        }))),
    }
}

#[derive(Default)]
struct Heap {
    isms: Option<Record<Isms>>,
    people: Vec<Record<Person>>,
    roles: Vec<Record<Role>>,
    policies: Vec<Record<Policy>>,
    soas: Vec<Record<Soa>>,
    risks: Vec<Record<Risk>>,
    systems: Vec<Record<System>>,
    tools: Vec<Record<Source>>,
    triages: Vec<Record<Triage>>,
    exceptions: Vec<Record<Exception>>,
    acceptances: Vec<Record<RiskAcceptance>>,
    slas: Vec<Record<Sla>>,
    changes: Vec<Record<Change>>,
    calendars: Vec<Record<Calendar>>,
    incidents: Vec<Record<Incident>>,
    evidence: Vec<Record<Evidence>>,
    approvals: Vec<ApprovalFile>,
}

impl Heap {
    fn put(&mut self, record: AnyRecord) {
        match record {
            AnyRecord::Isms(record) => self.isms = Some(*record),
            AnyRecord::Person(record) => self.people.push(*record),
            AnyRecord::Role(record) => self.roles.push(*record),
            AnyRecord::Policy(record) => self.policies.push(*record),
            AnyRecord::Soa(record) => self.soas.push(*record),
            AnyRecord::Risk(record) => self.risks.push(*record),
            AnyRecord::System(record) => self.systems.push(*record),
            AnyRecord::Source(record) => self.tools.push(*record),
            AnyRecord::Triage(record) => self.triages.push(*record),
            AnyRecord::Exception(record) => self.exceptions.push(*record),
            AnyRecord::RiskAcceptance(record) => self.acceptances.push(*record),
            AnyRecord::Sla(record) => self.slas.push(*record),
            AnyRecord::Change(record) => self.changes.push(*record),
            AnyRecord::Calendar(record) => self.calendars.push(*record),
            AnyRecord::Incident(record) => self.incidents.push(*record),
            AnyRecord::Evidence(record) => self.evidence.push(*record),
            AnyRecord::Approval(approval) => self.approvals.push(*approval),
        }
    }
}

/// Sorts what was loaded into tables; ids that are the same, or read the same, are flagged.
pub(super) fn assemble(
    sources: Sources,
    configuration: Configuration,
    loaded: Vec<Loaded>,
    mut faults: Vec<Diagnostic>,
) -> Repository {
    let mut heap = Heap::default();
    let mut known: BTreeMap<RecordId, Known> = BTreeMap::new();
    let mut skeletons: BTreeMap<String, Known> = BTreeMap::new();
    for file in loaded {
        faults.extend(file.faults);
        if let Some(found) = file.known {
            if let Some(first) = skeletons.get(&skeleton(found.id.as_str())) {
                faults.push(same_id(first, &found));
            } else {
                skeletons.insert(skeleton(found.id.as_str()), found.clone());
                known.insert(found.id.clone(), found);
            }
        }
        if let Some(record) = file.record {
            heap.put(record);
        }
    }
    if heap.isms.is_none()
        && !known.values().any(|known| known.kind == Kind::Isms)
        && sources.find("isms.yaml").is_none()
    {
        faults.push(
            Diagnostic::error("SCH003", Span::start_of(FileId(0)), "there is no `isms.yaml`")
                .help("write the record of the management system; `countersign init` makes one"),
        );
    }
    heap.approvals.sort_by(|one, other| one.path.cmp(&other.path));
    heap.people.sort_by(|one, other| one.id().cmp(other.id()));
    faults.extend(same_addresses(&heap.people));
    Repository {
        sources,
        configuration,
        isms: heap.isms,
        people: Table::new(heap.people),
        roles: Table::new(heap.roles),
        policies: Table::new(heap.policies),
        soas: Table::new(heap.soas),
        risks: Table::new(heap.risks),
        systems: Table::new(heap.systems),
        tools: Table::new(heap.tools),
        triages: Table::new(heap.triages),
        exceptions: Table::new(heap.exceptions),
        acceptances: Table::new(heap.acceptances),
        slas: Table::new(heap.slas),
        changes: Table::new(heap.changes),
        calendars: Table::new(heap.calendars),
        incidents: Table::new(heap.incidents),
        evidence: Table::new(heap.evidence),
        approvals: heap.approvals,
        keyring: KeyringFiles::default(),
        manifests: Vec::new(),
        known,
        files: BTreeSet::new(),
        file_digests: BTreeMap::new(),
        guarded: BTreeMap::new(),
        decision_tables: BTreeMap::new(),
        scanner_suppressions: Vec::new(),
        faults,
    }
}

fn same_id(first: &Known, second: &Known) -> Diagnostic {
    let message = if first.id == second.id {
        format!("the id `{}` is used twice", second.id)
    } else {
        format!("the id `{}` reads like `{}`", second.id, first.id)
    };
    Diagnostic::error("SCH003", second.span, message)
        .related(first.span, "first used here")
        .help("give one of them a new id; an id is never used twice")
        .subject(second.id.to_string())
}

/// One human is one address: two that read the same are one human with two names, or one who poses as another.
fn same_addresses(people: &[Record<Person>]) -> Vec<Diagnostic> {
    let mut first: BTreeMap<String, &Record<Person>> = BTreeMap::new();
    let mut faults = Vec::new();
    for person in people {
        let email = &person.spec.email;
        let Some(other) = first.get(&skeleton(&email.value)) else {
            first.insert(skeleton(&email.value), person);
            continue;
        };
        let message = if other.spec.email.value == email.value {
            format!("`{}` is the address of `{}`, too", email.value, other.id())
        } else {
            format!("`{}` reads like the address of `{}`", email.value, other.id())
        };
        faults.push(
            Diagnostic::error("SCH003", email.span, message)
                .related(other.spec.email.span, "the other address")
                .help("give each person one record, with an address that no other reads like")
                .subject(person.id().to_string()),
        );
    }
    faults
}
