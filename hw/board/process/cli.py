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


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when done, 1 when the board refused or is not there; 2 is a wrong command line."""
    wanted = parsed(sys.argv[1:] if arguments is None else arguments)
    act = {"run": _run, "record": _record, "replay": _replay}.get(wanted.do, _ask)
    try:
        act(wanted)
    except (OSError, ValueError) as error:
        print(f"outcry-board: {error}", file=sys.stderr)
        return 1
    return 0


def _run(wanted: argparse.Namespace) -> None:
    from outcry.hw.board.modem.options import Options
    from outcry.hw.board.modem.timing import Timing
    from outcry.hw.board.process.process import BoardProcess
    from outcry.hw.board.sim800.power_wires import WIRES

    process = BoardProcess(
        wanted.dir,
        dict(wanted.modems or [("wearer", "+447700900001")]),
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
        wires={wire: vars(wanted)[wire] for wire in WIRES},
    )
    where = " ".join(process.paths)
    process.run(lambda: print(f"outcry-board ready: {where}", flush=True))


def _record(wanted: argparse.Namespace) -> None:
    from outcry.hw.board.replay.record import record

    nothing = "nothing is masked: numbers and texts go into the file"
    masked = nothing if wanted.raw else "phone numbers and texts are masked"
    print(f"outcry-board: {masked}", file=sys.stderr)
    record(
        wanted.port,
        wanted.baud,
        wanted.file,
        masked=not wanted.raw,
        link=wanted.link,
        when_ready=lambda port: print(f"outcry-board recording: use {port}", flush=True),
    )


def _replay(wanted: argparse.Namespace) -> None:
    from outcry.hw.board.replay.replay_port import serve

    missing = serve(
        wanted.file,
        link=wanted.link,
        when_ready=lambda port: print(f"outcry-board replaying: use {port}", flush=True),
        when_missing=lambda command: print(f"not in the recording: {command}", file=sys.stderr),
    )
    if missing:
        print(f"asked, and not in the recording: {', '.join(missing)}", file=sys.stderr)


def _ask(wanted: argparse.Namespace) -> None:
    held_s = wanted.seconds if wanted.do == "press" else 0.0
    answer = _answer(wanted.dir, _request(wanted), ANSWER_S + held_s)
    print(json.dumps(_found(wanted.do, answer)) if wanted.json else _shown(wanted.do, answer))


def _request(wanted: argparse.Namespace) -> dict[str, Any]:
    """What goes over the socket: the arguments, with those it names differently."""
    request = {key: value for key, value in vars(wanted).items() if key not in ("dir", "json")}
    if wanted.do == "gprs" and wanted.on:
        request["how"] = "on"
    if wanted.do == "move":
        request["latitude"], request["longitude"] = request.pop("position")
    return request


def _answer(directory: Path, request: dict[str, Any], patience: float) -> dict[str, Any]:
    """Raises OSError when no board answers, ValueError with what a board says that refuses."""
    try:
        with meeting.connected(directory, patience) as connection:
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as lines:
                line = lines.readline()
    except OSError as error:
        start_one = f"start one with: outcry-board run --dir {directory}"
        raise OSError(f"no board answers in {directory}; {start_one}") from error
    if not line:
        raise OSError("the board went away before it answered")
    answer: dict[str, Any] = json.loads(line)
    if not answer.pop("ok", False):
        raise ValueError(answer.get("error", "the board refused without a reason"))
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
