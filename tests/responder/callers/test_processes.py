"""Callers: a call that passes its limit is ended, and asks before each step."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import outside_work
import pytest
from local_server import LocalServer, answer_json

from outcry.responder.callers import gate
from outcry.responder.callers.processes import (
    NO_ANSWER,
    Callers,
    Lost,
    NothingLeft,
    Withheld,
)

pytestmark = pytest.mark.slow

LIMIT_S = 120.0  # that nothing reaches, on a busy machine either


class Counting(LocalServer):
    """Keeps what it was sent; refuses what is asked for below ``/no``."""

    def __init__(self):
        self.asked = []
        self.retry_after = None
        super().__init__()

    def serve(self, request, body):
        self.asked.append((request.command, request.path, body))
        if request.path.startswith("/round"):
            request.send_response(302)
            request.send_header("Location", f"{self.url}/round/{len(self.asked)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
        elif request.path.startswith("/no"):
            request.send_response(429 if self.retry_after else 503)
            if self.retry_after:
                request.send_header("Retry-After", self.retry_after)
            request.send_header("Content-Length", "0")
            request.end_headers()
        else:
            answer_json(request, 200, {})


@pytest.fixture
def server():
    made = Counting()
    yield made
    made.stop()


@pytest.fixture
def callers():
    made = Callers()
    yield made
    made.close()


@pytest.fixture
def caller(callers):
    made = callers.new()
    yield made
    made.end()


def made(caller, work, *arguments, limit_s=LIMIT_S, may=lambda: None):
    return caller.call(work, arguments, limit_s, "account", may)


def test_a_call_returns_what_its_work_does(caller, server):
    assert made(caller, outside_work.fetch, server.url).value == 200
    assert made(caller, outside_work.fetch, server.url, "words").value == 200
    assert [each[0] for each in server.asked] == ["GET", "POST"]


def test_calls_are_made_in_another_process_and_one_after_the_other_in_the_same(caller):
    first = made(caller, outside_work.pid).value
    assert first != os.getpid()
    assert made(caller, outside_work.pid).value == first


@pytest.mark.parametrize("steps", range(4))
def test_each_request_asks_first_and_what_is_not_allowed_does_not_leave(caller, server, steps):
    urls = [f"{server.url}/{n}" for n in range(4)]
    left = 2 * steps  # a connection asks too

    def may():
        nonlocal left
        left -= 1
        return None if left >= 0 else "people have decided otherwise"

    with pytest.raises(Withheld, match="otherwise") as withheld:
        made(caller, outside_work.fetch_all, urls, may=may)
    assert withheld.value.wait_s is None
    assert len(server.asked) == steps


@pytest.mark.parametrize("then", [[], ["/session"]], ids=["at once", "after another answer"])
def test_what_was_refused_before_a_no_may_be_there_all_the_same(caller, server, then):
    """Somebody before the server may have put a refusal in place of its answer."""
    server.retry_after = "0"  # as 429
    may = lambda: None if len(server.asked) < 1 + len(then) else "people have decided otherwise"
    urls = [f"{server.url}{path}" for path in ("/no", *then, "/again")]
    with pytest.raises(Lost, match="otherwise"):
        made(caller, outside_work.post_all, urls, may=may)
    assert len(server.asked) == 1 + len(then)


def test_a_server_that_refuses_too_often_in_one_call_has_done_nothing(caller, server):
    server.retry_after = "0"
    with pytest.raises(Withheld) as withheld:
        made(caller, outside_work.post_all, [f"{server.url}/no"] * 30)
    assert withheld.value.wait_s is not None
    assert len(server.asked) == 10


def test_at_its_limit_a_call_is_ended_and_what_the_kernel_holds_is_thrown_away(caller):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        with pytest.raises(Lost, match=NO_ANSWER):
            made(caller, outside_work.post_much, url, 40_000_000, limit_s=5.0)
        taken, _ = listening.accept()
        with taken, pytest.raises(ConnectionResetError):
            _read_to_the_end(taken)
    assert not caller.is_alive()


def _read_to_the_end(taken):
    while taken.recv(1 << 20):
        pass


def test_a_process_that_dies_is_an_unknown_outcome_and_takes_nothing_along(callers):
    caller = callers.new()
    with pytest.raises(Lost, match="died"):
        made(caller, outside_work.die)
    assert not caller.is_alive()
    other = callers.new()
    assert made(other, outside_work.pid).value
    other.end()


def test_a_call_that_is_lost_before_it_asked_for_anything_has_sent_nothing(callers, server):
    with pytest.raises(NothingLeft):
        made(callers.new(), outside_work.die)
    with pytest.raises(NothingLeft, match=NO_ANSWER):
        made(callers.new(), outside_work.stay, os.devnull, limit_s=0.5)
    with pytest.raises(Lost) as lost:
        made(callers.new(), outside_work.fetch_and_die, server.url)
    assert type(lost.value) is Lost


def test_memory_that_a_call_fills_has_an_end_and_the_next_call_is_made(caller):
    with pytest.raises(Lost, match="MemoryError"):
        made(caller, outside_work.hoard, 3 << 30)
    assert made(caller, outside_work.pid).value


def test_what_is_raised_there_is_told_by_its_name_alone(caller):
    with pytest.raises(Lost) as lost:
        made(caller, outside_work.fail)
    assert str(lost.value) == "KeyError"
    assert caller.is_alive()


def test_where_the_nursery_has_died_there_is_another(callers, caller):
    assert made(caller, outside_work.pid).value
    _, _, process = callers._nursery
    process.kill()
    process.wait()
    other = callers.new()
    assert made(other, outside_work.pid).value
    assert made(caller, outside_work.pid).value, "callers outlive it"
    other.end()


HQ = """
import sys
import outside_work
from outcry.responder.callers.processes import Callers
Callers().new().call(outside_work.stay, (sys.argv[1],), 3600.0, "account", lambda: None)
"""


def test_callers_die_with_hq_whatever_they_are_doing(tmp_path, wait_for):
    file = tmp_path / "pid"
    path = os.pathsep.join(sys.path)
    hq = subprocess.Popen([sys.executable, "-c", HQ, str(file)], env={"PYTHONPATH": path})
    wait_for(lambda: file.exists() and file.read_text())
    pid = int(file.read_text())
    hq.kill()
    hq.wait()
    wait_for(lambda: not Path(f"/proc/{pid}").exists())


def test_a_yes_that_has_grown_old_is_asked_for_again(caller, server, tmp_path, wait_for):
    """The caller was stopped when it came, and woken later."""
    file = tmp_path / "pid"
    stopped = []

    def may():
        stopped.append(gate.now())
        if len(stopped) == 2:  # not the connection, but the request
            os.kill(int(file.read_text()), signal.SIGSTOP)
        return None if len(stopped) < 3 else "people have decided otherwise"

    def wake():
        wait_for(lambda: len(stopped) == 2 and gate.now() > stopped[1] + gate.FRESH_S)
        os.kill(int(file.read_text()), signal.SIGCONT)

    waking = threading.Thread(target=wake)
    waking.start()
    with pytest.raises(Withheld, match="otherwise"):
        made(caller, outside_work.fetch_as, server.url, str(file), may=may)
    waking.join()
    assert server.asked == []


def test_a_caller_that_was_stopped_after_the_yes_sends_nothing_when_it_is_woken(
    caller, server, tmp_path, wait_for
):
    """The kernel's own clock goes on, and ends it before it takes a step."""
    file = tmp_path / "pid"

    def wake():
        wait_for(lambda: file.exists() and file.read_text())
        pid = int(file.read_text())
        status = Path(f"/proc/{pid}/status")
        wait_for(lambda: _pending(status.read_text()) >> (signal.SIGALRM - 1) & 1)
        os.kill(pid, signal.SIGCONT)

    waking = threading.Thread(target=wake)
    waking.start()
    with pytest.raises(Lost, match="died"):
        made(caller, outside_work.fetch_stopped, server.url, str(file))
    waking.join()
    assert server.asked == []


def _pending(status: str) -> int:
    return int(status.split("ShdPnd:")[1].split()[0], 16)


def test_a_server_that_refuses_is_asked_ten_times_a_minute_whoever_asks(server):
    clock = [0.0]
    callers = Callers(clock=lambda: clock[0])
    refused, waits = 0, []
    for n in range(30):
        caller = callers.new()
        try:
            caller.call(outside_work.fetch, (f"{server.url}/no",), LIMIT_S, f"{n}", lambda: None)
        except Lost:  # as urllib tells of a 503
            refused += 1
        except Withheld as withheld:
            waits.append(withheld.wait_s)
        finally:
            caller.end()
        clock[0] += 1.9
    assert refused == len(server.asked) == 10
    assert all(0 < wait_s <= 60 for wait_s in waits)
    clock[0] += 60
    caller = callers.new()
    assert made(caller, outside_work.fetch, server.url).value == 200
    caller.end()
    callers.close()


def test_a_server_that_sends_round_in_circles_is_asked_ten_times_too(callers, server):
    for n in range(30):
        caller = callers.new()
        with pytest.raises((Lost, Withheld)):
            caller.call(outside_work.fetch, (f"{server.url}/round",), LIMIT_S, f"{n}", lambda: None)
        caller.end()
    assert len(server.asked) == 10


def test_what_does_something_is_done_where_it_was_sent_or_nowhere(caller, server):
    """The standard library makes a GET of a POST that is sent elsewhere, requests repeats some."""
    with pytest.raises(Lost):
        made(caller, outside_work.fetch, f"{server.url}/round", "words")
    assert [each[:2] for each in server.asked] == [("POST", "/round")]


def test_retry_after_is_kept_to_by_every_call_of_the_account_and_by_no_other(server):
    server.retry_after = "40"
    clock = [0.0]
    callers = Callers(clock=lambda: clock[0])
    caller = callers.new()
    with pytest.raises(Lost):
        made(caller, outside_work.fetch, f"{server.url}/no")
    clock[0] += 30
    with pytest.raises(Withheld) as withheld:
        made(caller, outside_work.fetch, server.url)
    assert withheld.value.wait_s == 10
    assert caller.call(outside_work.fetch, (server.url,), LIMIT_S, "other", lambda: None).value
    clock[0] += 10
    assert made(caller, outside_work.fetch, server.url).value == 200
    caller.end()
    callers.close()
