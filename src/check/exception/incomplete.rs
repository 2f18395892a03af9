//! EXC005: an exception that does not say what its approvers must know.

use crate::check::coverage::Coverage;
use crate::check::words::{excerpt, listed};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Exception, Record, Severity};

const REQUIRED: &[&str] = &[
    "scope",
    "reason",
    "business_impact",
    "risk",
    "requested_by",
    "requested_on",
    "plan.target_date",
];

/// Every field that may be required.
const FIELDS: &[&str] = &[
    "acceptance",
    "business_impact",
    "compensating",
    "consulted",
    "plan.change",
    "plan.steps",
    "plan.target_date",
    "reason",
    "requested_by",
    "requested_on",
    "risk",
    "scope",
];

pub(in crate::check) const CHECK: Check = Check {
    code: "EXC005",
    name: "incomplete-exception",
    family: Family::Exception,
    level: Level::Error,
    parameters: &[
        required(
            "required_critical",
            "fields that an exception of severity critical must have",
        ),
        required(
            "required_high",
            "fields that an exception of severity high must have",
        ),
        required(
            "required_medium",
            "fields that an exception of severity medium must have",
        ),
        required(
            "required_low",
            "fields that an exception of severity low must have",
        ),
    ],
    explanation: include_str!("incomplete.md"),
    run,
};

const fn required(name: &'static str, meaning: &'static str) -> Parameter {
    Parameter {
        name,
        default: Default::Words(REQUIRED),
        meaning,
    }
}

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    unknown_fields(context, out);
    for exception in &context.repository().exceptions {
        if Coverage::of_exception(exception).is_standing() {
            out.extend(judge(context, exception));
        }
    }
}

fn parameter_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "required_critical",
        Severity::High => "required_high",
        Severity::Medium => "required_medium",
        Severity::Low => "required_low",
    }
}

fn judge(context: &Context<'_>, exception: &Record<Exception>) -> Option<Diagnostic> {
    let severity = exception.spec.severity.value;
    let required = context.words(parameter_of(severity));
    let missing: Vec<&str> = required
        .iter()
        .map(String::as_str)
        .filter(|field| !is_given(&exception.spec, field))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let message = format!("exception `{}` lacks {}", exception.id(), listed(&missing));
    let help: Vec<&str> = missing.iter().map(|field| hint(field)).collect();
    Some(
        Diagnostic::error(CHECK.code, exception.meta.id.span, message)
            .label(format!("required for severity {severity}"))
            .help(help.join("; "))
            .subject(exception.id().to_string()),
    )
}

/// Tells whether a field says something; a field that is no field of an exception is flagged apart.
fn is_given(exception: &Exception, field: &str) -> bool {
    let scope = &exception.scope;
    let plan = exception.plan.as_ref();
    match field {
        "acceptance" => exception.acceptance.is_some(),
        "business_impact" => exception
            .business_impact
            .as_ref()
            .is_some_and(|text| !text.trim().is_empty()),
        "compensating" => !exception.compensating.is_empty(),
        "consulted" => !exception.consulted.is_empty(),
        "plan.change" => plan.is_some_and(|plan| plan.change.is_some()),
        "plan.steps" => plan.is_some_and(|plan| plan.steps.iter().any(|step| !step.trim().is_empty())),
        "plan.target_date" => plan.is_some_and(|plan| plan.target_date.is_some()),
        "reason" => exception.reason.is_some(),
        "requested_by" => exception.requested_by.is_some(),
        "requested_on" => exception.requested_on.is_some(),
        "risk" => exception.risk.is_some(),
        "scope" => !scope.resolved.is_empty() && scope.vulns.len() + scope.patches.len() > 0,
        _ => true,
    }
}

fn hint(field: &str) -> &'static str {
    match field {
        "acceptance" => "name the RiskAcceptance that carries it",
        "business_impact" => "say what would stop if the patch were installed now",
        "compensating" => "describe what lowers the risk meanwhile",
        "consulted" => "name the roles that were asked",
        "plan.change" => "name the change that ends it",
        "plan.steps" => "list the steps that end it",
        "plan.target_date" => "say by when it is fixed",
        "reason" => {
            "choose one of `availability_constraint`, `vendor_fix_missing`, `compatibility`, \
                     `business_cycle`, `resource` and `legacy`"
        }
        "requested_by" => "name the person who asks",
        "requested_on" => "write the day on which it was asked for",
        "risk" => "name the Risk that it carries",
        "scope" => {
            "name vulnerabilities or patches, and freeze the hosts under `resolved`: it covers nothing else"
        }
        _ => "",
    }
}

/// A field that no exception has would be required without effect.
fn unknown_fields(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    for severity in Severity::ALL {
        let parameter = parameter_of(severity);
        for field in context
            .words(parameter)
            .iter()
            .filter(|field| !FIELDS.contains(&field.as_str()))
        {
            let message = format!(
                "`{}` in `{parameter}` is no field that can be required",
                excerpt(field)
            );
            out.push(
                Diagnostic::error(CHECK.code, context.repository().root_span(), message)
                    .help(format!("mend `compliance.yaml`; fields are {}", listed(FIELDS))),
            );
        }
    }
}
