"""The modem's figures can be short: what they measure shows when it is spoilt."""

import pytest

from bench.alarm import fault_matrix, refusals, sms_chain
from outcry.hw.modem import Modem
from outcry.hw.modem.recovery import Recovery
from outcry.hw.modem.texts import Texts
from simulation.fault_matrix import campaign
from simulation.fault_matrix.cells import sample

pytestmark = pytest.mark.slow


def test_a_chain_of_texts_costs_nothing_beyond_the_modem_s_own_time():
    assert sms_chain.sms_chain_overhead_pct() <= 2


def test_a_driver_that_dawdles_between_texts_shows(monkeypatch):
    send = Texts.send

    def dawdling(self, link, job):
        link.settle(0.2)
        return send(self, link, job)

    monkeypatch.setattr(Texts, "send", dawdling)
    assert sms_chain.sms_chain_overhead_pct() > 2


def test_all_figures_of_the_matrix_come_from_one_campaign(monkeypatch):
    lived = []

    def once(_cells):
        lived.append(campaign.run(sample(1, 40)))
        return lived[-1]

    monkeypatch.setattr(fault_matrix, "campaign", type("Few", (), {"run": once}))
    fault_matrix.lived.cache_clear()
    assert fault_matrix.fault_matrix_cells() == 40
    assert fault_matrix.fault_matrix_lost() == 0
    assert 0 < fault_matrix.fault_matrix_worst_s() <= 60
    assert fault_matrix.slow_text_worst_s() <= 90
    assert fault_matrix.first_cmgs_worst_s() <= 12
    assert fault_matrix.first_contact_cmgs_worst_s() <= 30
    assert fault_matrix.sms_duplicates_beyond_unknown() == 0
    assert len(lived) == 1
    fault_matrix.lived.cache_clear()


def test_an_alarm_that_never_leaves_is_lost_and_its_worst_endless(monkeypatch):
    (cell,) = sample(1, 1)  # before: its steps are those of a driver that works
    monkeypatch.setattr(Modem, "send_sms", lambda self, ref, number, text: None)
    monkeypatch.setattr(Modem, "post", lambda self, ref, body: None)
    lived = campaign.Campaign(((cell, campaign.live(cell)),))
    assert lived.lost == 1
    assert lived.worst_s == float("inf")
    assert lived.broken


def test_a_modem_that_refuses_everything_is_restarted_and_then_texts_leave():
    refusals.lived.cache_clear()
    assert refusals.refusals_recovered_pct(3) == 100
    assert 30 < refusals.refusal_restart_worst_s(3) <= 90
    assert 0 < refusals.after_recovery_first_text_worst_s(3) <= 30


def test_a_driver_that_waits_for_silence_shows(monkeypatch):
    monkeypatch.setattr(Recovery, "stalled", lambda self, registered, text_next: None)
    refusals.lived.cache_clear()
    assert refusals.refusals_recovered_pct(3) < 100
    assert refusals.refusal_restart_worst_s(3) == float("inf")
    refusals.lived.cache_clear()


def test_a_lost_answer_holds_up_the_next_text_for_20_s_at_most():
    assert 15 < refusals.cmgs_lost_answer_worst_s() <= 20
    assert 30 < refusals.cmgs_two_lost_worst_s() <= 45
