"""``outcry-board``: run a simulated board, and be its fingers, its phones and its bad luck."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from outcry.hw.board import meeting
from outcry.hw.board.process.arguments import parsed

ANSWER_S = 10.0  # how long a board may take to answer, beside the press itself


class NotDone(Exception):
    """No board answers in this directory, or it says why it will not."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when done, 1 when the board refused or is not there; 2 is a wrong command line."""
    wanted = parsed(sys.argv[1:] if arguments is None else arguments)
    try:
        match wanted.do:
            case "run":
                return _run(wanted)
            case "record":
                return _record(wanted)
            case "replay":
                return _replay(wanted)
        request = _request(wanted)
        held_s = wanted.seconds if wanted.do == "press" else 0.0
        answer = _asked(wanted.dir, request, ANSWER_S + held_s)
    except (NotDone, OSError, ValueError) as error:
        print(f"outcry-board: {error}", file=sys.stderr)
        return 1
    print(json.dumps(_found(wanted.do, answer)) if wanted.json else _shown(wanted.do, answer))
    return 0


def _run(wanted: argparse.Namespace) -> int:
    from outcry.hw.board.modem.options import Options
    from outcry.hw.board.modem.timing import Timing
    from outcry.hw.board.process.process import BoardProcess, Plan

    plan = Plan(
        directory=wanted.dir,
        modems=dict(wanted.modems or [("wearer", "+447700900001")]),
        timing=Timing.instant() if wanted.instant else Timing(),
        options=Options(
            autobaud=wanted.autobaud,
            pin=wanted.pin,
            me_storage=wanted.me_storage,
            serves_while_connecting=not wanted.busy_while_connecting,
        ),
        warm=wanted.warm,
        seed=wanted.seed,
        receiver=wanted.receiver,
        position=wanted.position,
        speed=wanted.speed,
        reset_pin=wanted.reset_pin,
        power_key_pin=wanted.power_key_pin,
    )
    process = BoardProcess(plan)
    where = " ".join(process.paths)
    process.run(lambda: print(f"outcry-board ready: {where}", flush=True))
    return 0


def _record(wanted: argparse.Namespace) -> int:
    from outcry.hw.board.replay.record import record

    if wanted.raw:
        print(
            "outcry-board: nothing is masked: numbers and texts go into the file", file=sys.stderr
        )
    else:
        print("outcry-board: phone numbers and texts are masked", file=sys.stderr)
    record(
        wanted.port,
        wanted.baud,
        wanted.file,
        masked=not wanted.raw,
        link=wanted.link,
        when_ready=lambda port: print(f"outcry-board recording: use {port}", flush=True),
    )
    return 0


def _replay(wanted: argparse.Namespace) -> int:
    from outcry.hw.board.replay.replay_port import serve

    missing = serve(
        wanted.file,
        link=wanted.link,
        when_ready=lambda port: print(f"outcry-board replaying: use {port}", flush=True),
        when_missing=lambda command: print(f"not in the recording: {command}", file=sys.stderr),
    )
    if missing:
        print(f"asked, and not in the recording: {', '.join(missing)}", file=sys.stderr)
    return 0


def _request(wanted: argparse.Namespace) -> dict[str, Any]:
    """What goes over the socket: the arguments, with those it names differently."""
    request = {key: value for key, value in vars(wanted).items() if key not in ("dir", "json")}
    match wanted.do:
        case "gprs":
            request["how"] = "on" if wanted.on else wanted.how
        case "move":
            request["latitude"], request["longitude"] = request.pop("position")
    return request


def _asked(directory: Path, request: dict[str, Any], patience: float) -> dict[str, Any]:
    try:
        with meeting.connected(directory, patience) as connection:
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as lines:
                line = lines.readline()
    except OSError as error:
        raise NotDone(
            f"no board answers in {directory}; start one with: outcry-board run --dir {directory}"
        ) from error
    if not line:
        raise NotDone("the board went away before it answered")
    answer: dict[str, Any] = json.loads(line)
    if not answer.pop("ok", False):
        raise NotDone(answer.get("error", "the board refused without a reason"))
    return answer


def _found(command: str, answer: dict[str, Any]) -> object:
    """The list that was asked for, without its wrapping."""
    return answer.get({"sms": "texts", "phones": "phones"}.get(command, ""), answer)


def _shown(command: str, answer: dict[str, Any]) -> str:
    match command:
        case "sms":
            return "\n".join(f"from {text['sender']}: {text['text']}" for text in answer["texts"])
        case "phones":
            return "\n".join(
                f"{phone['number']}\t{phone['texts']} texts"
                + (f", {phone['incomplete']} with parts missing" if phone["incomplete"] else "")
                for phone in answer["phones"]
            )
        case "pins" | "status":
            return json.dumps(answer, indent=2)
        case "press":
            return f"pressed for {answer['released'] - answer['pressed']:.3f} s"
        case _:
            return "done"
