"""The ports of the stage's servers: nobody else is given one before its server has started."""

import multiprocessing
import socket
import subprocess
import sys

import pytest

from stage.ports import BLOCK, free_port

CHOICES = 100  # of 22,768 ports, taken blindly, 100 hold one twice in every fifth try


def test_no_connection_of_anybody_is_given_a_port_that_was_chosen():
    chosen = {free_port() for _ in range(CHOICES)}
    with socket.create_server(("127.0.0.1", 0)) as server:
        given = []
        for _ in range(CHOICES):
            with socket.create_connection(server.getsockname()) as connection:
                given.append(connection.getsockname()[1])
    assert max(chosen) < min(given), "the kernel gives out ports from a range above these"


def test_a_port_is_not_chosen_again_while_its_server_may_still_be_starting():
    chosen = [free_port() for _ in range(CHOICES)]
    assert len(set(chosen)) == CHOICES


def test_processes_that_choose_at_once_never_choose_alike():
    program = (
        "from stage.ports import free_port\n"
        f"print(*[free_port() for _ in range({CHOICES})], flush=True)\n"
        "input()\n"
    )
    others = [
        subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    chosen = [free_port() for _ in range(CHOICES)]
    for other in others:
        assert other.stdout is not None
        chosen += other.stdout.readline().split()
    for other in others:
        other.communicate(b"\n", timeout=60)
    assert len({int(port) for port in chosen}) == 5 * CHOICES


def test_a_forked_process_does_not_go_round_its_parents_block():
    free_port()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        of_child = {pool.apply(free_port) for _ in range(CHOICES)}
    assert not of_child & {free_port() for _ in range(CHOICES)}


def test_a_port_in_use_is_passed_over():
    taken = free_port()
    with socket.create_server(("127.0.0.1", taken)):
        assert taken not in {free_port() for _ in range(BLOCK)}


def test_a_block_that_is_used_up_is_said(monkeypatch):
    free_port()
    monkeypatch.setattr("stage.ports.BLOCK", 0)
    with pytest.raises(RuntimeError, match="block"):
        free_port()
