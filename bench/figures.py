"""Every figure there is. A new one: its measuring function in a module here, and a row below."""

from __future__ import annotations

from functools import partial

from bench.alarm.ages import stale_told_as_fresh
from bench.alarm.dead_path import first_cmgs_gprs_dead_max_s
from bench.alarm.fault_matrix import (
    fault_matrix_cells,
    fault_matrix_lost,
    fault_matrix_worst_s,
    first_cmgs_worst_s,
    first_contact_cmgs_worst_s,
    slow_text_worst_s,
    sms_duplicates_beyond_unknown,
)
from bench.alarm.felt import first_report_worst_s, raised_pulse_worst_ms
from bench.alarm.gestures import gesture_false_alarms, gesture_missed_alarms
from bench.alarm.interleavings import urc_interleavings_lost
from bench.alarm.press import press_to_receipt_warm_p95_s, press_to_uart_p99_ms
from bench.alarm.refusals import (
    after_recovery_first_text_worst_s,
    cmgs_lost_answer_worst_s,
    cmgs_two_lost_worst_s,
    refusal_restart_worst_s,
    refusals_recovered_pct,
)
from bench.alarm.situations import findings_named_first_pct
from bench.alarm.sms_chain import sms_chain_overhead_pct
from bench.alarm.week import week_alarms_lost, week_duplicates, week_promises_broken
from bench.device.armel import armed_cpu_s_armel, armed_rss_mb_armel
from bench.device.debian13 import armed_rss_mb_debian13
from bench.device.idle import air_bytes_per_day, idle_bytes_written_per_day, idle_wakeups_per_s
from bench.device.memory import armed_rss_mb
from bench.device.start import start_to_armed_minstr, whole_start_minstr
from bench.figure import Bound, Figure
from bench.headquarters.barriers import axe_violations
from bench.headquarters.changes import tried_changes, undetected_changes
from bench.headquarters.consoles import console_news_s_50_open
from bench.headquarters.contact_page import contact_page_bytes
from bench.headquarters.desk import (
    alarm_page_ms_100000,
    overview_ms_10000,
    overview_ms_100000,
    overview_ms_100000_postgres,
    search_ms_100000,
)
from bench.headquarters.half_open import half_open_pages_s, half_open_receipt_s
from bench.headquarters.kills import (
    first_contact_told_worst_s,
    kill_double_posts,
    kill_double_tells,
    kill_runs,
    posts_after_veto,
)
from bench.headquarters.news import news_behind_caddy_s, news_behind_nginx_s
from bench.headquarters.public_page import public_page_bytes
from bench.headquarters.receipts import (
    plain_insert_per_s,
    receipts_p99_ms_100conn,
    receipts_per_s_postgres_1,
    receipts_per_s_postgres_2,
    receipts_per_s_sqlite,
)
from bench.headquarters.refusing import requests_to_a_refusing_network_per_min
from bench.headquarters.silence import silence_look_ms, silence_look_ms_postgres
from bench.headquarters.taps import taps_to_confirm
from bench.messages.answers import false_confirmations
from bench.messages.contacts import contact_text_parts_max
from bench.messages.pdus import pdu_disagreements
from bench.messages.sealed import sealed_report_sms_chars_max
from bench.product.house import (
    largest_folder_files,
    lines_product,
    lines_tests,
    lines_wearable,
    longest_function_lines,
    private_names_in_tests,
    test_functions,
)
from bench.product.newcomer import check_s, demo_packages, tmp_mb_of_the_tests
from bench.product.packages import deb_size_kb, unit_score_device, unit_score_responder
from simulation.week import DAY_S
from stage.browser import PHONE

FIGURES = (
    Figure(
        "sealed_report_sms_chars_max",
        "chars",
        Bound("<=", 160),
        sealed_report_sms_chars_max,
        partial(sealed_report_sms_chars_max, 100),
    ),
    Figure(
        "contact_text_parts_max",
        "SMS",
        Bound("<=", 2),
        contact_text_parts_max,
        partial(contact_text_parts_max, 1),
    ),
    Figure(
        "false_confirmations",
        "of 2,500",
        Bound("<=", 0),
        false_confirmations,
        partial(false_confirmations, 20),
    ),
    Figure("contact_page_bytes", "B", Bound("<=", 14_000), contact_page_bytes),
    Figure(
        "axe_violations",
        "places",
        Bound("<=", 0),
        axe_violations,
        partial(axe_violations, [PHONE]),
    ),
    Figure("taps_to_confirm", "taps", Bound("<=", 3), taps_to_confirm),
    Figure("public_page_bytes", "B", Bound("<=", 100_000), public_page_bytes),
    Figure("start_to_armed_minstr", "Minstr", Bound("<=", 450), start_to_armed_minstr),
    Figure("whole_start_minstr", "Minstr", Bound("<=", 700), whole_start_minstr),
    Figure("armed_rss_mb", "MB", Bound("<=", 40), armed_rss_mb),
    Figure("armed_rss_mb_debian13", "MB", Bound("<=", 40), armed_rss_mb_debian13),
    Figure(
        "press_to_uart_p99_ms",
        "ms",
        Bound("<=", 50),
        press_to_uart_p99_ms,
        partial(press_to_uart_p99_ms, 1, 2),
    ),
    Figure(
        "press_to_receipt_warm_p95_s",
        "s",
        Bound("<=", 3),
        press_to_receipt_warm_p95_s,
        partial(press_to_receipt_warm_p95_s, 2),
    ),
    Figure(
        "first_cmgs_gprs_dead_max_s",
        "s",
        Bound("<=", 12),
        first_cmgs_gprs_dead_max_s,
        partial(first_cmgs_gprs_dead_max_s, 1),
    ),
    Figure(
        "fault_matrix_cells",
        "cells",
        Bound(">=", 22_000),
        fault_matrix_cells,
        partial(fault_matrix_cells, 20),
    ),
    Figure(
        "fault_matrix_lost",
        "cells",
        Bound("<=", 0),
        fault_matrix_lost,
        partial(fault_matrix_lost, 20),
    ),
    Figure(
        "fault_matrix_worst_s",
        "s",
        Bound("<=", 60),
        fault_matrix_worst_s,
        partial(fault_matrix_worst_s, 20),
    ),
    Figure(
        "slow_text_worst_s",
        "s",
        Bound("<=", 90),
        slow_text_worst_s,
        partial(slow_text_worst_s, 20),
    ),
    Figure(
        "first_cmgs_worst_s",
        "s",
        Bound("<=", 12),
        first_cmgs_worst_s,
        partial(first_cmgs_worst_s, 20),
    ),
    Figure(
        "first_contact_cmgs_worst_s",
        "s",
        Bound("<=", 30),
        first_contact_cmgs_worst_s,
        partial(first_contact_cmgs_worst_s, 20),
    ),
    Figure(
        "sms_duplicates_beyond_unknown",
        "SMS",
        Bound("<=", 0),
        sms_duplicates_beyond_unknown,
        partial(sms_duplicates_beyond_unknown, 20),
    ),
    Figure(
        "findings_named_first",
        "%",
        Bound(">=", 100),
        findings_named_first_pct,
        partial(findings_named_first_pct, 12),
    ),
    Figure(
        "refusals_recovered",
        "%",
        Bound(">=", 100),
        refusals_recovered_pct,
        partial(refusals_recovered_pct, 2),
    ),
    Figure(
        "refusal_restart_worst_s",
        "s",
        Bound("<=", 90),
        refusal_restart_worst_s,
        partial(refusal_restart_worst_s, 2),
    ),
    Figure(
        "after_recovery_first_text_worst_s",
        "s",
        Bound("<=", 30),
        after_recovery_first_text_worst_s,
        partial(after_recovery_first_text_worst_s, 2),
    ),
    Figure("cmgs_lost_answer_worst_s", "s", Bound("<=", 20), cmgs_lost_answer_worst_s),
    Figure("cmgs_two_lost_worst_s", "s", Bound("<=", 45), cmgs_two_lost_worst_s),
    Figure(
        "sms_chain_overhead_pct",
        "%",
        Bound("<=", 2),
        sms_chain_overhead_pct,
        partial(sms_chain_overhead_pct, ("dead",)),
    ),
    Figure(
        "urc_interleavings_lost",
        "of 10,000",
        Bound("<=", 0),
        urc_interleavings_lost,
        partial(urc_interleavings_lost, 100),
    ),
    Figure(
        "stale_told_as_fresh",
        "positions",
        Bound("<=", 0),
        stale_told_as_fresh,
        partial(stale_told_as_fresh, 20),
    ),
    Figure(
        "pdu_disagreements",
        "of 1,000,000",
        Bound("<=", 0),
        pdu_disagreements,
        partial(pdu_disagreements, 200),
    ),
    Figure(
        "gesture_false_alarms",
        "of 10,000",
        Bound("<=", 0),
        gesture_false_alarms,
        partial(gesture_false_alarms, 100),
    ),
    Figure(
        "gesture_missed_alarms",
        "of 10,000",
        Bound("<=", 0),
        gesture_missed_alarms,
        partial(gesture_missed_alarms, 100),
    ),
    Figure(
        "raised_pulse_worst_ms",
        "ms",
        Bound("<=", 200),
        raised_pulse_worst_ms,
        partial(raised_pulse_worst_ms, 1, 1),
    ),
    Figure(
        "first_report_worst_s",
        "s",
        Bound("<=", 1),
        first_report_worst_s,
        partial(first_report_worst_s, 1, 1),
    ),
    Figure(
        "week_alarms_lost",
        "alarms",
        Bound("<=", 0),
        week_alarms_lost,
        partial(week_alarms_lost, 1, DAY_S),
    ),
    Figure(
        "week_duplicates",
        "messages",
        Bound("<=", 0),
        week_duplicates,
        partial(week_duplicates, 1, DAY_S),
    ),
    Figure(
        "week_promises_broken",
        "promises",
        Bound("<=", 0),
        week_promises_broken,
        partial(week_promises_broken, 1, DAY_S),
    ),
    Figure(
        "idle_wakeups_per_s",
        "a second",
        Bound("<=", 2),
        idle_wakeups_per_s,
        partial(idle_wakeups_per_s, 2.0),
    ),
    Figure(
        "idle_bytes_written_per_day",
        "bytes",
        Bound("<=", 0),
        idle_bytes_written_per_day,
        partial(idle_bytes_written_per_day, 2.0, 1.0),
    ),
    Figure("air_bytes_per_day", "bytes", Bound("<=", 250_000), air_bytes_per_day),
    Figure("unit_score_device", "of 10", Bound("<=", 1.6), unit_score_device),
    Figure("unit_score_responder", "of 10", Bound("<=", 1.2), unit_score_responder),
    Figure(
        "armed_cpu_s_armel",
        "s",
        Bound("<=", 2.5),
        armed_cpu_s_armel,
        partial(armed_cpu_s_armel, 1),
    ),
    Figure("armed_rss_mb_armel", "MB", Bound("<=", 60), armed_rss_mb_armel),
    Figure(
        "receipts_per_s_sqlite",
        "1/s",
        Bound(">=", 2000),
        receipts_per_s_sqlite,
        partial(receipts_per_s_sqlite, 6, 1),
    ),
    Figure(
        "receipts_p99_ms_100conn",
        "ms",
        Bound("<=", 100),
        receipts_p99_ms_100conn,
        partial(receipts_p99_ms_100conn, 6, 1),
    ),
    Figure(
        "receipts_per_s_postgres_1",
        "1/s",
        Bound(">=", 1),
        receipts_per_s_postgres_1,
        partial(receipts_per_s_postgres_1, 6, 1),
    ),
    Figure(
        "receipts_per_s_postgres_2",
        "1/s",
        Bound(">=", 1),
        receipts_per_s_postgres_2,
        partial(receipts_per_s_postgres_2, 6, 1),
    ),
    Figure(
        "plain_insert_per_s",
        "1/s",
        Bound(">=", 1),
        plain_insert_per_s,
        partial(plain_insert_per_s, 6, 1),
    ),
    Figure(
        "silence_look_ms_1000000",
        "ms",
        Bound("<=", 100),
        silence_look_ms,
        partial(silence_look_ms, 2000, 3),
    ),
    Figure(
        "silence_look_ms_1000000_postgres",
        "ms",
        Bound("<=", 100),
        silence_look_ms_postgres,
        partial(silence_look_ms_postgres, 2000, 3),
    ),
    Figure(
        "overview_ms_10000",
        "ms",
        Bound("<=", 300),
        overview_ms_10000,
        partial(overview_ms_10000, 400, 2),
    ),
    Figure(
        "overview_ms_100000",
        "ms",
        Bound("<=", 500),
        overview_ms_100000,
        partial(overview_ms_100000, 400, 2),
    ),
    Figure(
        "overview_ms_100000_postgres",
        "ms",
        Bound("<=", 500),
        overview_ms_100000_postgres,
        partial(overview_ms_100000_postgres, 400, 2),
    ),
    Figure(
        "alarm_page_ms_100000",
        "ms",
        Bound("<=", 200),
        alarm_page_ms_100000,
        partial(alarm_page_ms_100000, 400, 2),
    ),
    Figure(
        "search_ms_100000",
        "ms",
        Bound("<=", 300),
        search_ms_100000,
        partial(search_ms_100000, 400, 2),
    ),
    Figure(
        "console_news_s_50_open",
        "s",
        Bound("<=", 2),
        console_news_s_50_open,
        partial(console_news_s_50_open, 3, 1, 400),
    ),
    Figure(
        "half_open_pages_s",
        "s",
        Bound("<=", 1),
        half_open_pages_s,
        partial(half_open_pages_s, 500),
    ),
    Figure(
        "half_open_receipt_s",
        "s",
        Bound("<=", 3),
        half_open_receipt_s,
        partial(half_open_receipt_s, 500),
    ),
    Figure("first_contact_told_worst_s", "s", Bound("<=", 10), first_contact_told_worst_s),
    Figure("kill_runs", "kills", Bound(">=", 24), kill_runs, partial(kill_runs, 1, 0)),
    Figure(
        "kill_double_tells",
        "people",
        Bound("<=", 0),
        kill_double_tells,
        partial(kill_double_tells, 1, 0),
    ),
    Figure(
        "requests_to_a_refusing_network_per_min",
        "requests",
        Bound("<=", 10),
        requests_to_a_refusing_network_per_min,
        partial(requests_to_a_refusing_network_per_min, ("mastodon",)),
    ),
    Figure(
        "posts_after_veto",
        "posts",
        Bound("<=", 0),
        posts_after_veto,
        partial(posts_after_veto, 1, 0),
    ),
    Figure(
        "kill_double_posts",
        "posts",
        Bound("<=", 0),
        kill_double_posts,
        partial(kill_double_posts, 1, 0),
    ),
    Figure(
        "news_behind_nginx_s",
        "s",
        Bound("<=", 2),
        news_behind_nginx_s,
        partial(news_behind_nginx_s, 1),
    ),
    Figure(
        "news_behind_caddy_s",
        "s",
        Bound("<=", 2),
        news_behind_caddy_s,
        partial(news_behind_caddy_s, 1),
    ),
    Figure(
        "undetected_changes",
        "changes",
        Bound("<=", 0),
        undetected_changes,
        partial(undetected_changes, 1),
    ),
    Figure("tried_changes", "changes", Bound(">=", 150), tried_changes, partial(tried_changes, 1)),
    Figure("deb_size_kb", "kB", Bound("<=", 1000), deb_size_kb),
    Figure("lines_product", "lines", Bound("<=", 39_200), lines_product),
    Figure("lines_wearable", "lines", Bound("<=", 18_800), lines_wearable),
    Figure("lines_tests", "lines", Bound("<=", 52_800), lines_tests),
    Figure("test_functions", "functions", Bound(">=", 2_130), test_functions),
    Figure("largest_folder_files", "files", Bound("<=", 20), largest_folder_files),
    Figure("private_names_in_tests", "places", Bound("<=", 20), private_names_in_tests),
    Figure("longest_function_lines", "lines", Bound("<=", 60), longest_function_lines),
    Figure("check_s", "s", Bound("<=", 60), check_s, partial(check_s, "--co tests/outcry")),
    Figure("tmp_mb_of_the_tests", "MB", Bound("<=", 500), tmp_mb_of_the_tests),
    Figure("demo_packages", "packages", Bound("<=", 20), demo_packages),
)
