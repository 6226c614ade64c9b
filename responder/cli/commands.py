"""Where each module of this folder adds its commands."""

import argparse
from collections.abc import Callable
from pathlib import Path

from outcry.responder.settings import Settings

DEFAULT_CONFIG = Path("/etc/outcry/responder.toml")

Run = Callable[[Settings, argparse.Namespace], int]
Alone = Callable[[argparse.Namespace], int | None]
"""What a command does on a machine that is not HQ; None: that takes HQ's settings."""


class Commands:
    """The commands of one command line. Each returns its exit code and takes ``--config``."""

    def __init__(self, whole: argparse.ArgumentParser) -> None:
        self._commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
        self._config = argparse.ArgumentParser(add_help=False)
        self._config.add_argument(
            "--config", type=Path, default=DEFAULT_CONFIG, help=f"settings file ({DEFAULT_CONFIG})"
        )

    def add(
        self,
        name: str,
        run: Run,
        help: str,
        description: str | None = None,
        alone: Alone = lambda _options: None,
    ) -> argparse.ArgumentParser:
        parser = self._commands.add_parser(
            name, parents=[self._config], help=help, description=description
        )
        parser.set_defaults(run=run, alone=alone)
        return parser

    def add_group(
        self, name: str, run: Run, help: str, common: argparse.ArgumentParser
    ) -> Callable[[str, str], argparse.ArgumentParser]:
        """Add a command of several kinds, which ``what`` names; the result adds a kind.

        All kinds take what ``common`` does.
        """
        parser = self._commands.add_parser(name, help=help)
        parser.set_defaults(run=run, alone=lambda _options: None)
        kinds = parser.add_subparsers(dest="what", required=True)
        return lambda kind, words: kinds.add_parser(
            kind, parents=[self._config, common], help=words
        )
