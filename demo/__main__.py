"""``make demo``: one alarm over GPRS, and one by SMS with GPRS dead, seen from outside."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
from pathlib import Path

from demo.story import Story
from stage.networks.accounts import Accounts
from stage.stage import NotSeen, PartMissing, Stage

SCENARIOS = ("data", "no-data")
_LAST_LINES = 20


def main() -> int:
    """Returns 0 only if every step was observed."""
    parser = argparse.ArgumentParser(prog="make demo ARGS=...", description=__doc__)
    parser.add_argument("--scenario", choices=SCENARIOS, action="append", help="only this one")
    parser.add_argument(
        "--keep", action="store_true", help="leave the last one up and print the addresses"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    stories: list[Story] = []
    try:
        with tempfile.TemporaryDirectory(prefix="outcry-demo-") as folder:
            names = options.scenario or SCENARIOS
            for name in names:
                here = Path(folder) / name
                with Stage(here, networks=Accounts(here / "networks")) as stage:
                    story = Story(stage, name)
                    stories.append(story)
                    try:
                        story.tell()
                    except NotSeen:
                        _last_words(stage)
                        raise
                    if name == names[-1]:
                        _table(stories)
                        if options.keep:
                            _keep(stage)
    except (NotSeen, PartMissing) as error:
        print(f"\nNOT SEEN: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; every process is gone", file=sys.stderr)
        return 130
    return 0


def _last_words(stage: Stage) -> None:
    """What the processes said last: whoever reads of a failure elsewhere has nothing else."""
    for name in ("daemon", "responder"):
        for line in stage.log(name).splitlines()[-_LAST_LINES:]:
            print(f"{name}: {line}", file=sys.stderr)


def _keep(stage: Stage) -> None:
    print(f"\nAll is up. People's pages: {stage.people_url}/  Feed: {stage.people_url}/feed.atom")
    print(f"Device port: 127.0.0.1:{stage.device_port}  gpsd: 127.0.0.1:{stage.gpsd_port}")
    print(f"Logs and settings: {stage.folder}")
    print(f"The board: export OUTCRY_BOARD={stage.board_folder}; outcry-board --help")
    for name, pin in stage.pins.items():
        print(f"PIN of contact {name}: {pin}")
    print("Ctrl-C ends everything.", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


def _table(stories: list[Story]) -> None:
    for story in stories:
        print(f"\n{story.name}: seconds since the button had been held long enough")
        for seconds, words in sorted(story.hops):
            print(f"  {seconds:8.2f}  {words}")
    print("\nEvery step was observed from outside: pins, phones, files, pages.")


if __name__ == "__main__":
    sys.exit(main())
