//! The steps of the example organisation's year, as data.

/// One commit of the year.
pub(super) struct Step {
    /// UTC.
    pub(super) at: &'static str,
    /// The id of the person who writes it.
    pub(super) author: &'static str,
    pub(super) subject: &'static str,
    /// Files that come with the step; a `*` at the end stands for all that no other step names.
    pub(super) adds: &'static [&'static str],
    pub(super) changes: &'static [Change],
}

/// One change of a text.
pub(super) struct Change {
    /// A file, or with a `*` at the end every file that begins so.
    pub(super) path: &'static str,
    pub(super) edit: Edit,
}

/// How a text became another.
pub(super) enum Edit {
    /// The text before and after; `after` stands once in the file.
    Replace {
        before: &'static str,
        after: &'static str,
    },
    /// A line that came with the step, by a part of it.
    NewLine(&'static str),
}

const fn step(
    at: &'static str,
    author: &'static str,
    subject: &'static str,
    adds: &'static [&'static str],
    changes: &'static [Change],
) -> Step {
    Step {
        at,
        author,
        subject,
        adds,
        changes,
    }
}

const fn edit(path: &'static str, edit: Edit) -> Change {
    Change { path, edit }
}

const fn replace(path: &'static str, before: &'static str, after: &'static str) -> Change {
    edit(path, Edit::Replace { before, after })
}

/// The day on which the example is clean; the last commit is made in its first second.
pub(super) const LAST_DAY: &str = "2026-09-30";

const FIRST_REVIEW: &str =
    "    - {at: 2026-05-06, by: p-osei, outcome: \"keep, the stop in May was used for the drives\"}\n";
const SECOND_REVIEW: &str =
    "    - {at: 2026-08-05, by: p-osei, outcome: \"keep, the vendor is ordered for 7 November\"}\n";
const KIOSK_REVIEWS: &str =
    "  reviews:\n    - {at: 2026-09-15, by: p-osei, outcome: \"keep, the printers are ordered\"}\n";
const HALF_YEAR: Edit = Edit::Replace {
    before: "{cycle_days: 180}",
    after: "{cycle_days: 180, last: 2026-06-10, next: 2026-12-07}",
};

const MANAGEMENT_REVIEW: Edit = Edit::Replace {
    before: "{cycle_days: 180}",
    after: "{cycle_days: 180, last: 2026-06-16, next: 2026-12-13}",
};

/// Every step, by time.
pub(super) const STEPS: &[Step] = &[
    step(
        "2025-09-30T07:30:00Z",
        "p-noor",
        "Begin the register: scope, people, roles and keys",
        &[
            "isms.yaml",
            "compliance.yaml",
            ".gitattributes",
            ".gitlab-ci.yml",
            ".github/*",
            "README.md",
            "people/*",
            "roles/*",
            "keyring/*",
        ],
        &[],
    ),
    step(
        "2025-10-14T08:10:00Z",
        "p-osei",
        "Connect scanners, inventory and feeds",
        &["sources/*"],
        &[],
    ),
    step(
        "2025-11-05T09:00:00Z",
        "p-osei",
        "Systems with owner, tier and scope",
        &["systems/*"],
        &[],
    ),
    step(
        "2025-11-10T10:00:00Z",
        "p-osei",
        "Two policies, text and numbers",
        &["policies/*"],
        &[],
    ),
    step(
        "2025-11-12T09:30:00Z",
        "p-noor",
        "Risk assessment of 2025",
        &["risks/*"],
        &[],
    ),
    step(
        "2025-11-17T13:00:00Z",
        "p-noor",
        "Statement of applicability in the edition of 2022",
        &["soa/*"],
        &[],
    ),
    step(
        "2025-12-01T10:00:00Z",
        "p-noor",
        "Agree on times to remediate",
        &["slas/*"],
        &[],
    ),
    step(
        "2025-12-10T09:00:00Z",
        "p-hansen",
        "Windows, freezes and holidays of 2026",
        &["calendar/*"],
        &[],
    ),
    step(
        "2026-01-29T08:00:00Z",
        "p-osei",
        "Take the test lab out of scope",
        &["systems/sys-test-lab.yaml", "acceptances/rac-0002.yaml"],
        &[],
    ),
    step(
        "2026-02-03T10:00:00Z",
        "p-hansen",
        "Ask to hold back an update of the sorting line",
        &["exceptions/exc-0009.yaml"],
        &[],
    ),
    step(
        "2026-02-26T09:00:00Z",
        "p-hansen",
        "Ask to hold back the kiosk browser",
        &["exceptions/exc-0010.yaml"],
        &[],
    ),
    step(
        "2026-03-02T08:00:00Z",
        "p-noor",
        "Ayla Wolf joins web operations",
        &["people/p-wolf.yaml"],
        &[edit("keyring/allowed_signers", Edit::NewLine("ayla.wolf@"))],
    ),
    step(
        "2026-03-30T12:00:00Z",
        "p-noor",
        "Hand web operations over to Ayla Wolf",
        &[],
        &[
            replace(
                "roles/role-web-ops.yaml",
                "",
                "    - {person: p-wolf, from: 2026-04-01}\n",
            ),
            replace("roles/role-infra.yaml", "", "  deputy: p-wolf\n"),
        ],
    ),
    step(
        "2026-04-02T09:00:00Z",
        "p-osei",
        "Accept the certificate of the database listener",
        &["acceptances/rac-0004.yaml"],
        &[],
    ),
    step(
        "2026-04-08T09:00:00Z",
        "p-noor",
        "File the minutes of the first quarter",
        &["data/evidence/minutes-2026-q1.txt", "evidence/ev-0003.yaml"],
        &[],
    ),
    step(
        "2026-04-20T10:00:00Z",
        "p-osei",
        "Govern the images of the booking portal",
        &["systems/sys-shop-containers.yaml"],
        &[],
    ),
    step(
        "2026-05-06T07:50:00Z",
        "p-hansen",
        "Review exc-0009",
        &[],
        &[
            replace(
                "exceptions/exc-0009.yaml",
                "next: 2026-05-06}",
                "last: 2026-05-06, next: 2026-08-05}",
            ),
            replace("exceptions/exc-0009.yaml", "", "  reviews:\n"),
            replace("exceptions/exc-0009.yaml", "", FIRST_REVIEW),
        ],
    ),
    step(
        "2026-05-29T09:00:00Z",
        "p-wolf",
        "Ask to hold back the web server module",
        &["exceptions/exc-0011.yaml"],
        &[],
    ),
    step(
        "2026-06-10T09:30:00Z",
        "p-noor",
        "Half-yearly review of people, roles and sources",
        &[],
        &[
            edit("roles/*", HALF_YEAR),
            edit("people/*", HALF_YEAR),
            edit("sources/*", HALF_YEAR),
        ],
    ),
    step(
        "2026-06-16T12:20:00Z",
        "p-brandt",
        "Management review of 2026",
        &[],
        &[
            replace(
                "isms.yaml",
                "next: 2026-09-30}",
                "last: 2026-06-16, next: 2027-06-15}",
            ),
            edit("risks/r-00*", MANAGEMENT_REVIEW),
            edit("risks/r-011*", MANAGEMENT_REVIEW),
        ],
    ),
    step(
        "2026-06-25T11:00:00Z",
        "p-hansen",
        "Renew exc-0010 as exc-0012",
        &["exceptions/exc-0012.yaml"],
        &[replace(
            "exceptions/exc-0010.yaml",
            "status: submitted",
            "status: superseded",
        )],
    ),
    step(
        "2026-07-03T08:00:00Z",
        "p-wolf",
        "Close exc-0011: the module is rebuilt",
        &[],
        &[replace(
            "exceptions/exc-0011.yaml",
            "status: submitted",
            "status: closed",
        )],
    ),
    step(
        "2026-07-08T09:00:00Z",
        "p-noor",
        "File minutes and figures of the second quarter",
        &[
            "data/evidence/minutes-2026-q2.txt",
            "data/evidence/figures-2026-q2.txt",
            "evidence/ev-0004.yaml",
            "evidence/ev-0005.yaml",
        ],
        &[],
    ),
    step(
        "2026-08-05T07:45:00Z",
        "p-hansen",
        "Review exc-0009",
        &[],
        &[
            replace(
                "exceptions/exc-0009.yaml",
                "last: 2026-05-06, next: 2026-08-05}",
                "last: 2026-08-05, next: 2026-11-04}",
            ),
            replace("exceptions/exc-0009.yaml", "", SECOND_REVIEW),
        ],
    ),
    step(
        "2026-08-12T12:00:00Z",
        "p-wolf",
        "Declare an incident: the booking framework is attacked",
        &["incidents/*", "changes/chg-0040.yaml"],
        &[],
    ),
    step(
        "2026-08-17T09:00:00Z",
        "p-wolf",
        "Close inc-0003 and chg-0040: both nodes are patched and scanned",
        &[],
        &[
            replace("incidents/inc-0003.yaml", "status: submitted", "status: closed"),
            replace("changes/chg-0040.yaml", "status: submitted", "status: closed"),
        ],
    ),
    step(
        "2026-08-19T13:00:00Z",
        "p-hansen",
        "Ask to patch the second gateway in October",
        &[
            "data/evidence/edge02-portal-2026-08-19.txt",
            "evidence/ev-0001.yaml",
            "exceptions/exc-0013.yaml",
        ],
        &[],
    ),
    step(
        "2026-08-25T14:00:00Z",
        "p-osei",
        "Ask to go on with the HR archive until June 2027",
        &["acceptances/rac-0003.yaml"],
        &[],
    ),
    step(
        "2026-08-28T07:00:00Z",
        "p-noor",
        "File the restore test and the window of the ERP in August",
        &[
            "data/evidence/restore-2026-08.txt",
            "data/evidence/erp-window-2026-08.txt",
            "evidence/ev-0006.yaml",
            "evidence/ev-0008.yaml",
        ],
        &[],
    ),
    step(
        "2026-09-01T08:00:00Z",
        "p-noor",
        "File the scan runs of August",
        &["data/evidence/scan-runs-2026-08.txt", "evidence/ev-0007.yaml"],
        &[],
    ),
    step(
        "2026-09-02T12:00:00Z",
        "p-lee",
        "Ask to defer KB5991444 until the month is closed",
        &[
            "data/evidence/erp01-firewall-2026-09-02.txt",
            "evidence/ev-0002.yaml",
            "exceptions/exc-0014.yaml",
        ],
        &[],
    ),
    step(
        "2026-09-11T09:00:00Z",
        "p-hansen",
        "Ask to accept the weakness of the line panels until the stop",
        &["acceptances/rac-0005.yaml"],
        &[],
    ),
    step(
        "2026-09-13T04:30:00Z",
        "p-osei",
        "Import the Nessus run of 13 September",
        &["imports/src-nessus/weekly-2026-09-13.nessus"],
        &[],
    ),
    step(
        "2026-09-14T11:00:00Z",
        "p-osei",
        "Triage the logging library in the archive",
        &["triage/tri-0009.yaml"],
        &[],
    ),
    step(
        "2026-09-15T07:30:00Z",
        "p-hansen",
        "Review exc-0012",
        &[],
        &[
            replace(
                "exceptions/exc-0012.yaml",
                "next: 2026-09-29}",
                "last: 2026-09-15, next: 2026-12-14}",
            ),
            replace("exceptions/exc-0012.yaml", "", KIOSK_REVIEWS),
        ],
    ),
    step(
        "2026-09-15T10:00:00Z",
        "p-osei",
        "Triage a weakness without a fix",
        &["triage/tri-0010.yaml"],
        &[],
    ),
    step(
        "2026-09-22T04:00:00Z",
        "p-osei",
        "Import the image scans of 22 September",
        &[
            "imports/src-trivy/catalogue-2026-09-22.json",
            "imports/src-trivy/checkout-2026-09-22.json",
        ],
        &[],
    ),
    step(
        "2026-09-22T14:00:00Z",
        "p-lee",
        "Plan the update of the second gateway",
        &["changes/chg-0041.yaml"],
        &[],
    ),
    step(
        "2026-09-27T04:30:00Z",
        "p-osei",
        "Import the Nessus run of 27 September",
        &["imports/src-nessus/*"],
        &[],
    ),
    step(
        "2026-09-28T06:00:00Z",
        "p-osei",
        "Import the Qualys report of 28 September",
        &["imports/src-qualys/*"],
        &[],
    ),
    step(
        "2026-09-28T13:00:00Z",
        "p-osei",
        "Settle a severity on which two scanners disagree",
        &["triage/tri-0011.yaml"],
        &[],
    ),
    step(
        "2026-09-29T05:00:00Z",
        "p-osei",
        "Import inventory and image scans of 29 September",
        &["imports/src-cmdb/*", "imports/src-trivy/*"],
        &[],
    ),
    step(
        "2026-09-29T08:00:00Z",
        "p-osei",
        "Triage the database, for which a fix is to come",
        &["triage/tri-0012.yaml"],
        &[],
    ),
    step(
        "2026-09-29T13:00:00Z",
        "p-wolf",
        "Draft an exception for the image library",
        &["exceptions/exc-0015.yaml"],
        &[],
    ),
    step(
        "2026-09-30T00:00:00Z",
        "p-osei",
        "Nightly feeds: exploited vulnerabilities and scores",
        &["imports/src-kev/*", "imports/src-epss/*"],
        &[],
    ),
];
