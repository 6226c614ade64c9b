"""HQ killed, or stopped past its leases, in the midst of answering alarms: nothing twice, nothing forgotten."""

from __future__ import annotations

import os

import pytest

from bench.headquarters import kills, postgresql

FULL = os.environ.get("OUTCRY_CAMPAIGNS") == "full"
KILLS = 200 if FULL else 4
STOPS = 40 if FULL else 1

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200 if FULL else 1800)]


@pytest.fixture(scope="module")
def server():
    bin_ = postgresql.programs()
    if bin_ is None:
        pytest.skip("postgresql is not installed")
    with postgresql.cluster(bin_, durable=False) as running:
        yield running


@pytest.fixture
def show(capsys):
    """Prints what a campaign found past pytest's capture: the figures are what it is for."""

    def say(what, harm):
        with capsys.disabled():
            print(
                f"\n{what}: {harm.kills} times, {harm.unknown} tells unknown, told twice beyond "
                f"that {len(harm.double_tells)}, posted twice {len(harm.double_posts)}, "
                f"posted after {harm.vetoes} vetoes {len(harm.posts_after_veto)}, "
                f"forgotten {len(harm.forgotten)}"
            )
        assert harm.double_tells == []
        assert harm.double_posts == []
        assert harm.posts_after_veto == []
        assert harm.forgotten == []

    return say


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_at_random_moments_it_does_everything_once(database, tmp_path, request, show):
    server = request.getfixturevalue("server") if database == "postgresql" else None
    harm = kills.Harm()
    for seed in range(KILLS // kills.KILLS_A_RUN):
        url = server.database() if server else ""
        harm += kills.kill(tmp_path / str(seed), url, seed)
    show(f"killed on {database}", harm)
    assert harm.kills == KILLS


def test_stopped_past_its_leases_and_woken_it_does_nothing_again(tmp_path, server, show):
    harm = kills.Harm()
    for seed in range(STOPS):
        harm += kills.stop(tmp_path / str(seed), server.database(), 1000 + seed)
    show("stopped and woken on postgresql", harm)
