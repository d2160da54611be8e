//! One suite of laws for every store.
//!
//! A store is done when it keeps them all, and when the [`model`] finds no difference between it and the
//! [`MemoryStore`](crate::memory::MemoryStore). In a test of the store's crate, with the feature `conformance`:
//!
//! ```ignore
//! boltjobs_core::store_conformance!(MyFixture::new());
//! ```
//!
//! Each law is one function, named as the sentence that it proves. It is given a [`Fixture`] with nothing stored yet,
//! names every instant itself, and asks the clock for none.

#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a law that is broken panics")]

pub mod backfill;
pub mod batches;
pub mod changing;
pub mod claim;
pub mod commands;
pub mod continuations;
pub mod counting;
pub mod declared;
pub mod documents;
pub mod enqueue;
pub mod expiry;
pub mod explaining;
pub mod fencing;
mod fixture;
pub mod handler_limits;
mod lab;
pub mod limits;
pub mod model;
pub mod noting;
pub mod occurrences;
mod operation;
pub mod queues;
pub mod reading;
pub mod recurring;
pub mod runs;
mod samples;
pub mod search;
pub mod settle;
pub mod steering;
pub mod time;
pub mod together;
pub mod unique;
pub mod watching;

pub use fixture::{Fixture, InMemory};

/// Makes one test per law. The expression gives a new [`Fixture`](crate::conformance::Fixture), with nothing stored.
#[macro_export]
macro_rules! store_conformance {
    ($fixture:expr) => {
        $crate::store_laws! { $fixture;
            enqueue {
                a_new_job_is_enqueued_with_its_first_row
                a_job_with_a_time_to_come_is_scheduled_for_it
                a_job_whose_time_has_come_is_enqueued_at_once
                a_job_enqueued_again_under_its_id_is_the_same_job
                a_job_twice_in_one_batch_is_one_job
                a_batch_answers_in_its_order
                a_job_keeps_its_spec_through_retries_and_requeues
                an_acknowledged_job_is_there_after_a_reopen
                a_closed_store_refuses_everything_and_stores_nothing
            }
            claim {
                a_job_is_handed_out_once
                a_claim_tells_and_records_what_runs
                a_claim_takes_no_more_than_its_slots
                a_request_that_nobody_handles_stays_where_it_is
                a_version_newer_than_the_handler_stays_where_it_is
                a_job_that_cannot_run_holds_up_none_behind_it
                a_handler_with_a_limit_is_given_no_more_than_that
                racing_claims_never_share_a_job
                a_deleted_or_rescheduled_job_is_not_handed_out
            }
            limits {
                jobs_of_one_key_are_held_to_its_limit
                a_lease_that_is_over_frees_its_place
                a_key_is_counted_over_every_request_that_shares_it
                jobs_of_one_key_keep_their_order
                a_newer_version_holds_up_no_other_of_its_key
                other_limits_look_at_blocked_keys_anew
                a_queue_with_a_limit_is_given_no_more_than_that
                a_rate_lets_no_more_start_and_wakes_when_there_is_room
                a_rate_of_a_key_holds_up_that_key_alone
                a_clock_that_is_set_back_holds_up_no_rate
                a_rate_is_remembered_over_a_reopen
                what_a_server_still_holds_counts_until_it_lets_go
                a_paused_queue_is_left_alone_until_it_is_resumed
                a_pause_survives_a_reopen
                a_limit_that_was_set_takes_the_place_of_what_servers_say
                a_limit_that_was_set_survives_a_reopen
            }
            handler_limits {
                what_was_set_of_a_handler_takes_the_place_of_what_its_code_says
                a_rate_that_was_set_holds_jobs_back_until_it_is_removed
                keys_are_looked_at_anew_when_a_limit_of_them_was_set
                what_was_set_of_a_handler_counts_its_older_names_too
                what_was_set_of_a_handler_survives_a_reopen
            }
            explaining {
                a_server_is_listed_while_it_is_heard_of
                a_server_that_was_lost_is_remembered_for_a_day
                a_clock_that_is_behind_and_late_heartbeats_are_told
                queues_are_listed_with_what_is_known_of_them
                an_explanation_names_what_holds_a_ready_job
                an_explanation_tells_of_every_other_state
            }
            counting {
                each_end_is_counted_in_its_minute
                what_was_counted_outlives_its_jobs
                old_minutes_are_let_go
                failures_that_are_alike_are_found_together
            }
            documents {
                a_document_is_kept_as_it_was_written_last
                documents_are_listed_by_what_they_begin_with
            }
            queues {
                jobs_of_one_queue_come_first_in_first_out
                requests_of_one_queue_share_one_line
                a_higher_priority_goes_first
                a_queue_that_is_not_offered_is_left_alone
                strict_queues_are_worked_in_their_order
                weighted_queues_are_worked_in_proportion
                all_queues_are_worked_in_turn
                a_queue_that_others_cannot_work_takes_no_turn
                no_queue_waits_longer_than_a_round
                no_queue_waits_longer_than_a_round_over_several_servers
                the_order_of_jobs_survives_a_reopen
            }
            settle {
                a_success_records_its_result_and_times
                a_retry_is_scheduled_with_its_reason_and_error
                a_retry_without_delay_is_enqueued_behind_the_others
                a_failure_for_good_is_recorded_with_its_server
                an_exhausted_job_can_end_in_deleted
                an_attempt_that_was_stopped_ends_in_deleted_with_its_reason
                attempts_are_counted_from_one
                a_snooze_gives_the_attempt_back
                a_release_gives_the_attempt_and_the_place_back
                a_cancellation_that_was_asked_for_ends_in_deleted
                a_cancellation_that_nobody_asked_for_is_a_failure
                a_batch_of_settlements_answers_in_its_order
                an_outcome_is_there_after_a_reopen
                an_error_that_is_long_is_cut_between_two_characters
                history_is_bounded_and_keeps_its_first_row
            }
            fencing {
                each_claim_raises_the_epoch
                the_epoch_rises_over_a_reopen
                a_stale_lease_cannot_settle
                a_stale_lease_cannot_heartbeat
                a_lease_settles_once
                a_lease_of_an_unknown_job_is_lost
                a_lease_of_an_earlier_life_of_the_store_is_lost
                a_lease_of_a_job_that_was_removed_is_lost_when_its_id_comes_again
            }
            noting {
                a_running_job_notes_steps_progress_bars_and_lines
                a_stale_lease_cannot_note
                notes_of_many_jobs_are_answered_in_their_order
                notes_stay_until_a_job_has_succeeded
                a_requeue_of_a_success_begins_without_notes
                notes_go_with_their_job
                notes_are_there_after_a_reopen
                a_log_is_bounded_and_keeps_how_it_began
            }
            commands {
                each_action_moves_a_job_as_the_table_says_and_changes_nothing_otherwise
                a_command_in_another_state_than_expected_changes_nothing
                a_command_to_an_unknown_job_answers_false
                a_command_records_its_reason
                a_requeue_counts_attempts_anew
                a_requeue_of_a_waiting_job_keeps_its_attempts
                a_delete_keeps_what_is_known_of_the_job
                a_requeued_job_goes_behind_the_others
                a_reschedule_to_a_time_that_has_passed_enqueues
                a_deleted_running_job_stays_processing_until_it_ends
                a_deleted_running_job_ends_as_its_outcome_says
                a_cancellation_survives_a_reopen
            }
            changing {
                what_waits_or_has_failed_is_changed_and_nothing_else
                a_change_of_what_is_another_by_now_is_refused
                a_job_goes_to_another_queue_in_the_order_of_its_age
                a_job_that_comes_to_a_queue_wakes
                another_payload_begins_anew_and_another_queue_does_not
                a_change_counts_nothing_twice
            }
            continuations {
                a_continuation_runs_when_its_parent_has_ended_as_it_shall
                a_failure_that_is_retried_is_no_end_of_a_parent
                a_deleted_continuation_takes_those_behind_it_along
                a_long_chain_of_continuations_is_deleted_in_one_write
                a_continuation_of_a_job_that_has_ended_is_decided_at_once
                an_unknown_parent_refuses_the_whole_write
                nothing_can_wait_for_itself
                a_job_with_several_parents_waits_for_all
                a_parent_that_runs_again_does_not_run_its_children_again
                a_continuation_with_a_time_waits_for_both
                every_end_of_a_parent_is_followed
                a_job_that_waits_can_be_started_or_deleted_by_hand
                a_parent_is_kept_until_its_children_have_ended
            }
            together {
                a_batch_does_not_end_before_all_of_it_is_there
                a_job_that_waits_for_parents_replaces_none_that_does_not
                a_job_that_was_replaced_begins_anew
                a_job_that_is_too_late_holds_no_key
                whoever_waits_for_a_merged_job_waits_for_the_one_that_stands_for_it
                a_batch_leaves_out_no_job_for_one_outside_with_its_key
                a_job_that_was_requeued_in_a_cancelled_batch_can_be_cancelled_with_it
                a_job_that_expires_is_followed_like_any_other_end
            }
            batches {
                a_batch_ends_with_the_last_of_its_jobs
                a_batch_ends_as_the_worst_of_its_jobs
                a_batch_is_created_whole_or_not_at_all
                an_empty_batch_ends_at_once
                jobs_can_be_added_from_inside_of_a_batch_until_it_has_ended
                batches_nest
                cancelling_a_batch_deletes_what_waits_and_stops_what_runs
                the_counts_of_a_batch_are_exact_though_its_jobs_are_removed
                a_batch_is_removed_after_its_retention_with_those_in_it
                batches_are_listed_newest_first
                a_batch_and_its_jobs_submitted_again_are_the_same
            }
            time {
                no_job_is_handed_out_before_its_time
                what_is_due_becomes_ready_in_the_order_of_its_time
                a_step_tells_when_the_next_job_is_due
                much_that_is_due_becomes_ready_in_bounded_steps
                a_clock_that_is_set_back_starts_nothing_early_and_loses_nothing
                a_lease_that_is_over_gives_the_job_back_with_its_attempt
                a_lease_is_over_at_the_instant_that_reap_tells
                a_heartbeat_keeps_a_lease_alive
                whatever_ran_when_the_store_closed_is_given_back_at_once
                a_job_that_crashes_too_often_is_quarantined
                a_success_ends_the_row_of_crashes
                ended_jobs_are_removed_after_their_retention
                much_that_has_expired_is_removed_in_bounded_steps
                a_job_that_has_not_ended_never_expires
                an_expired_job_stays_removed_after_a_reopen
                ended_jobs_are_removed_when_there_are_too_many
                the_first_job_too_many_wakes
            }
            recurring {
                a_definition_is_added_with_its_next_time
                a_definition_added_again_unchanged_changes_nothing
                a_new_cron_or_zone_computes_from_now
                a_new_payload_keeps_the_schedule
                an_occurrence_makes_one_job_at_its_time
                racing_servers_fire_an_occurrence_once
                what_was_missed_fires_once_by_default
                what_was_missed_can_fire_for_each_of_its_instants
                what_was_missed_can_be_skipped
                what_is_exactly_due_fires_whatever_the_policy
                an_interval_does_not_drift
                an_occurrence_fires_once_over_a_reopen
                a_clock_that_is_set_back_fires_no_instant_twice
                a_definition_that_nobody_handles_stops_no_other
                many_definitions_of_one_instant_all_fire
                a_job_of_a_definition_keeps_its_occurrence
            }
            occurrences {
                an_occurrence_is_skipped_while_an_earlier_job_has_not_ended
                an_occurrence_can_cancel_the_jobs_before_it
                overlap_is_decided_for_each_missed_occurrence
                a_trigger_takes_no_heed_of_earlier_jobs
                jitter_puts_a_job_off_and_leaves_its_instant
                a_definition_fires_from_its_start_to_its_end
                what_was_missed_before_the_end_fires_after_it
                a_clock_that_was_far_ahead_stops_no_definition
                many_definitions_go_back_with_the_clock_in_bounded_steps
                a_job_that_is_requeued_counts_as_not_ended
            }
            runs {
                a_run_is_listed_from_its_start_to_its_end
                a_trigger_and_a_skipped_occurrence_are_runs
                a_job_that_is_requeued_is_the_same_run
                runs_are_kept_although_their_jobs_are_gone
                the_latest_fifty_runs_are_kept
                a_run_whose_server_crashed_is_unfinished_until_it_is_given_up
            }
            declared {
                a_declared_definition_goes_with_its_code
                declaring_again_changes_nothing_but_what_differs
                a_definition_keeps_its_past_when_the_code_takes_it_over
            }
            reading {
                an_unknown_job_is_not_found
                a_page_lists_one_state_newest_first
                pages_go_on_after_the_last_job_and_stay_stable
                counts_tell_states_queues_and_requests_apart
                counts_equal_a_recount_after_a_long_random_run
                each_transition_moves_the_counters_and_adds_one_row
            }
            steering {
                a_trigger_makes_a_job_now_and_leaves_the_schedule
                a_paused_definition_fires_nothing_but_can_be_triggered
                a_resumed_definition_fires_from_now_on
                a_removed_definition_fires_no_more_and_leaves_its_jobs
                a_change_of_what_is_another_by_now_changes_nothing
                a_command_to_an_unknown_definition_answers_none
                a_cron_that_never_fires_is_kept_and_can_be_triggered
                definitions_are_listed_in_the_order_of_their_ids
                an_earlier_occurrence_wakes
                what_a_definition_makes_wakes_workers
            }
            backfill {
                a_backfill_makes_each_run_once
                what_was_backfilled_does_not_fire
                a_backfill_takes_no_heed_of_pauses_overlaps_and_jitter
                a_backfill_of_jobs_with_a_unique_key_makes_one
                a_backfill_has_the_instants_of_the_schedule_as_it_is
                a_backfill_is_bounded_and_past
            }
            search {
                a_search_finds_what_a_look_at_each_job_finds
                a_page_can_begin_with_the_oldest
                jobs_are_found_by_error_attempts_and_wait
                jobs_are_found_by_when_they_were_enqueued
                jobs_are_found_by_the_values_of_their_payloads
                a_text_is_found_wherever_it_stands
                a_secret_is_never_found
                what_can_be_found_survives_a_reopen
                a_command_to_many_jobs_answers_for_each
            }
            unique {
                a_key_is_held_until_its_job_has_ended
                keys_are_compared_among_the_jobs_of_one_request
                a_key_can_be_held_for_a_time
                a_key_can_be_held_in_states_that_are_named
                a_replacement_takes_the_payload_and_the_schedule
                a_replacement_of_a_ready_job_keeps_its_place
                what_runs_or_has_ended_is_not_replaced
                a_conflict_can_move_the_schedule_alone
                a_job_whose_key_is_held_is_not_requeued
                of_racing_enqueues_with_one_key_one_wins
                keys_and_replacements_survive_a_reopen
            }
            expiry {
                a_job_that_has_not_started_in_time_is_deleted
                a_claim_takes_nothing_whose_time_is_over
                a_job_that_has_started_expires_no_more
                a_requeue_after_the_end_counts_the_time_anew
                much_that_has_not_started_is_deleted_in_bounded_steps
                an_earlier_expiry_wakes
                an_expiry_survives_a_reopen
            }
            watching {
                a_ready_job_wakes
                a_job_that_becomes_ready_again_wakes
                an_earlier_due_time_wakes
                an_order_to_a_server_wakes
                the_end_of_a_job_wakes_with_its_id
                a_cancellation_wakes_with_its_id
                each_transition_is_told_in_order
                what_came_before_the_wait_is_not_lost
                many_ends_are_all_told
                a_job_that_wakes_can_be_claimed
            }
        }
    };
}

/// Makes the tests of [`store_conformance!`].
#[doc(hidden)]
#[macro_export]
macro_rules! store_laws {
    ($fixture:expr; $($topic:ident { $($law:ident)* })*) => {
        $(mod $topic {
            #[allow(unused_imports, reason = "the fixture may be named in full")]
            use super::*;

            $(#[test]
            fn $law() {
                $crate::conformance::$topic::$law(&$fixture);
            })*
        })*
    };
}

#[cfg(test)]
mod tests;
