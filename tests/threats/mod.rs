//! The threat model carried out: each cheat as a real attempt on a real git repository, refused with its code,
//! and beside it the honest way to the same end, which passes.

mod approvals;
mod lab;
mod records;
mod surfaces;
mod trust;

use crate::{anchors, forge, sample};

/// What this test tree does about a threat.
#[derive(Clone, Copy)]
enum Row {
    /// It is tried; each case holds the attempts and their honest twins.
    Cases(&'static [(&'static str, fn())]),
    /// Only what stands outside the tool stops it.
    #[allow(
        dead_code,
        reason = "no threat is left to the outside alone as long as each has a tool's control"
    )]
    OutsideOnly(&'static str),
    /// It is tried with the part of the tool that brings its control.
    Joins(&'static str),
}

/// Makes the table, and a test of each case in it, save of those that are tests `elsewhere` already.
macro_rules! threats {
    (@row tried [$($room:ident::$case:ident),+]) => { Row::Cases(&[$((stringify!($case), $room::$case as fn())),+]) };
    (@row elsewhere [$($room:ident::$case:ident),+]) => { threats!(@row tried [$($room::$case),+]) };
    (@row both [[$($own:ident::$mine:ident),+] [$($room:ident::$case:ident),+]]) => {
        threats!(@row tried [$($own::$mine),+, $($room::$case),+])
    };
    (@row outside [$words:literal]) => { Row::OutsideOnly($words) };
    (@row joins [$words:literal]) => { Row::Joins($words) };
    (@tests tried $id:ident [$($room:ident::$case:ident),+]) => {
        mod $id { $(#[test] fn $case() { super::$room::$case(); })+ }
    };
    (@tests both $id:ident [$own:tt $also:tt]) => { threats!(@tests tried $id $own); };
    (@tests $how:ident $id:ident $row:tt) => {};
    ($($id:ident: $how:ident $row:tt;)+) => {
        const TABLE: &[(&str, Row)] = &[$((stringify!($id), threats!(@row $how $row))),+];
        $(threats!(@tests $how $id $row);)+
    };
}

threats! {
    t01: tried [
        approvals::a_requester_approves_their_own_request,
        approvals::a_requester_approves_under_another_name,
        approvals::a_requester_has_a_delegate_approve,
        approvals::a_requester_votes_in_a_committee
    ];
    t02: tried [approvals::one_human_counts_for_two, approvals::a_second_identity_reads_like_the_first];
    t03: tried [approvals::an_approved_record_is_edited];
    t04: tried [
        approvals::the_file_is_swapped_after_the_approval,
        approvals::an_approval_of_the_configuration_is_for_its_bytes
    ];
    t05: tried [
        approvals::an_approval_is_replayed_for_another_record,
        approvals::an_approval_is_replayed_for_an_older_version,
        approvals::a_signature_for_another_purpose_is_replayed
    ];
    t06: both [
        [approvals::an_approval_is_older_than_the_request]
        [anchors::dates_are_compared_with_the_commit_that_brings_the_record, anchors::a_forged_clock_is_found_out_by_an_anchor]
    ];
    t07: both [
        [approvals::a_key_signs_after_its_end, approvals::an_approval_is_younger_than_its_commit]
        [anchors::an_approval_that_an_anchor_does_not_know_is_not_older_than_it]
    ];
    t08: tried [trust::a_key_is_brought_and_used_at_once, trust::a_role_is_taken_and_used_at_once];
    t09: tried [trust::a_key_counts_before_anybody_can_object];
    t10: elsewhere [
        anchors::an_anchor_is_signed_and_holds_history_fast,
        anchors::an_anchor_that_was_touched_or_forged_counts_for_nothing
    ];
    t11: tried [records::an_expired_exception_is_deleted, records::an_id_is_used_again];
    t12: tried [records::a_new_id_hides_the_age, records::a_new_id_sets_the_count_of_renewals_back];
    t13: tried [records::an_expiry_is_extended_in_place];
    t14: tried [
        trust::a_rule_is_lowered_for_what_breaks_it,
        trust::a_path_is_excluded,
        trust::caps_and_headline_are_loosened
    ];
    t15: tried [
        trust::the_workflow_and_its_guards_are_changed,
        trust::schemas_and_templates_are_edited,
        trust::an_older_tool_is_let_in
    ];
    t16: tried [
        records::a_record_moves_out_of_sight,
        records::a_second_configuration_hides_below,
        records::attributes_and_ignores_hide_nothing
    ];
    t17: tried [records::an_exception_covers_everything, records::a_host_that_joins_later_is_not_covered];
    t18: elsewhere [records::a_new_id_sets_the_count_of_renewals_back];
    t19: tried [
        approvals::nobody_approves_a_severity_that_the_findings_exceed,
        approvals::the_severity_is_split_over_a_renewal
    ];
    t20: tried [trust::a_tier_is_lowered_before_the_report, trust::a_system_leaves_the_scope];
    t21: tried [records::look_alikes_and_hidden_characters];
    t22: tried [surfaces::a_title_carries_a_script];
    t23: tried [surfaces::a_title_carries_a_formula];
    t24: tried [surfaces::output_is_forged];
    t25: tried [surfaces::yaml_says_two_things];
    t26: tried [surfaces::an_export_carries_entities];
    t27: tried [surfaces::paths_lead_out];
    t28: joins ["imports"];
    t29: joins ["imports"];
    t30: joins ["imports"];
    t31: tried [approvals::a_false_positive_needs_its_approval];
    t32: joins ["ledger"];
    t33: tried [surfaces::the_clock_is_set];
    t34: tried [surfaces::a_document_is_edited_in_its_bundle];
    t35: elsewhere [trust::caps_and_headline_are_loosened, trust::schemas_and_templates_are_edited];
    t36: elsewhere [sample::an_auditor_draws_it_again_with_coreutils, sample::the_population_is_whole];
    t37: tried [approvals::what_the_approver_was_shown_is_changed];
    t38: both [
        [approvals::a_key_that_main_revoked_meanwhile_is_used, approvals::a_leaver_signs]
        [anchors::a_lost_key_leaves_good_only_what_was_anchored_before]
    ];
    t39: joins ["documents"];
    t40: elsewhere [forge::a_pull_request_gets_no_rights_and_brings_no_tool];
    t41: both [
        [trust::a_push_goes_past_the_pull_request]
        [anchors::what_no_pull_request_may_do_is_found_in_the_night]
    ];
    t42: tried [trust::two_changes_are_fine_alone_and_not_together];
    t43: tried [trust::a_comment_suppresses_nothing];
    t44: joins ["changes"];
}

#[test]
fn every_threat_has_one_row() {
    let ids: Vec<String> = TABLE.iter().map(|(id, _)| id.to_uppercase()).collect();
    let expected: Vec<String> = (1..=44).map(|number| format!("T{number:02}")).collect();
    assert_eq!(ids, expected);
    for (id, row) in TABLE {
        match row {
            Row::Cases(cases) => {
                let mut names: Vec<&str> = cases.iter().map(|(name, _)| *name).collect();
                names.sort_unstable();
                assert!(names.is_sorted_by(|one, other| one < other), "{id}: {names:?}");
            }
            Row::OutsideOnly(words) | Row::Joins(words) => assert!(!words.is_empty(), "{id}"),
        }
    }
}
