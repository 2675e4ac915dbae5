"""The ``korus`` command: a thin shell over the library, in the extra ``korus-sdk[cli]``.

This module only finds the requested sub-command. Each is in a module of its own in this
package, which is imported when it is used and not before, and which has an ``app``, a `typer.Typer`, with
either one command (then that command is the sub-command) or several.

Exit statuses shared by all: 2 for a wrong command line, setting or file; what else they mean is said in each
sub-command's ``--help``.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, NoReturn, cast

from attrs import frozen

from korus._core.distribution import conflict, install_hint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from io import TextIOWrapper

    import typer

__all__ = ["main"]

USAGE_STATUS = 2
INTERRUPTED_STATUS = 130  # as a shell says it


@frozen
class _SubCommand:
    """Module of a sub-command, and the extra with its dependencies."""

    module: str
    extra: str
    summary: str
    needs: str = "typer"


def _look(summary: str) -> _SubCommand:
    return _SubCommand("korus.cli.look", "cli", summary)


_SUB_COMMANDS = {
    "book": _SubCommand(
        "korus.cli.book", "cli", "Book the lines of a JSON or YAML file; write tickets and a receipt."
    ),
    "doctor": _SubCommand(
        "korus.cli.doctor", "cli,testing", "Check that korus and the API fit; write a report."
    ),
    "sandbox": _SubCommand(
        "korus.cli.sandbox", "cli,sandbox", "Start a stand-in KorusTicket API on this machine.", "starlette"
    ),
    "cassettes": _SubCommand(
        "korus.cli.cassettes", "cli,testing", "Check, scan and show recorded traffic.", "vcr"
    ),
    "mirror": _SubCommand(
        "korus.cli.mirror", "cli,mirror", "Keep a copy of the catalogues, and show changes.", "sqlalchemy"
    ),
    "journal": _SubCommand(
        "korus.cli.journal", "cli", "List and settle bookings that an interrupted process left open."
    ),
    "catalogs": _look("List the catalogues that are granted to you."),
    "bases": _look("List the product bases of a catalogue."),
    "products": _look("List products."),
    "offers": _look("List offers: what a product costs per date, and how much is left."),
    "sessions": _look("List the sessions of an offer ticket."),
    "form": _look("Show the fields of a form."),
    "availability": _look("Ask how much is left of an offer."),
    "price": _look("Ask what an offer costs just now."),
    "reservations": _look("List your reservations."),
    "orders": _look("List your orders."),
    "order": _look("Show an order."),
    "tickets": _look("List the tickets of an order."),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status.

    Args:
        arguments: The arguments after ``korus``; by default those of the process.

    Raises:
        SystemExit: Always, with the exit status.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    if warning := conflict():
        print(f"korus: warning: {warning}", file=sys.stderr)  # noqa: T201 - the command line's own voice
    with suppress(AttributeError):  # whatever stands in for standard output
        cast("TextIOWrapper", sys.stdout).reconfigure(errors="backslashreplace")  # no name fails to be shown
    try:
        app = _app(next((word for word in given or _completed() if not word.startswith("-")), None))
    except ModuleNotFoundError as missing:
        _leave(_explain(missing, given))
    except KeyboardInterrupt:  # nothing has begun; once it has, the sub-command says what an interrupt means
        sys.exit(INTERRUPTED_STATUS)
    logging.getLogger("korus").addHandler(logging.NullHandler())  # the commands say themselves what matters
    from korus.errors import (  # noqa: PLC0415 - after the message about missing extras
        AuthenticationFailed,
        ConfigurationError,
        InvalidArgument,
        KorusError,
    )

    try:
        app(args=given, prog_name="korus")
    except (AuthenticationFailed, ConfigurationError, InvalidArgument) as error:
        _leave(str(error))
    except KorusError as error:
        _leave(str(error), status=1)


def _leave(message: str, *, status: int = USAGE_STATUS) -> NoReturn:
    print(f"korus: {message}", file=sys.stderr)  # noqa: T201 - the command line's own voice
    sys.exit(status)


def _explain(missing: ModuleNotFoundError, given: Sequence[str]) -> str:
    """Name the extra to install if a package of it is missing; other import errors are bugs of korus."""
    package = (missing.name or "").partition(".")[0]
    if package in {"", "korus", "korus_api"}:
        raise missing
    extra = next((_SUB_COMMANDS[word].extra for word in given if word in _SUB_COMMANDS), "cli")
    return f"this command needs the package {package!r}, which is not installed: {install_hint(extra)}"


def _app(chosen: str | None) -> typer.Typer:
    """The command line with the chosen sub-command loaded, the others only listed."""
    import typer  # noqa: PLC0415 - an extra: its absence has a message of its own

    app = typer.Typer(
        name="korus",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,  # a traceback with locals would show secrets
    )

    @app.callback()
    def options(  # pyright: ignore[reportUnusedFunction] - typer holds it
        *,
        version: bool = typer.Option(
            False, "--version", help="Print the version and leave.", is_eager=True, callback=_show_version
        ),
    ) -> None:
        """Work with the KorusTicket API from the shell. Credentials are taken from KORUS_* variables."""

    for name, sub_command in _SUB_COMMANDS.items():
        if name != chosen:
            app.command(name, help=_listed(sub_command))(_listed_only)
            continue
        module = import_module(sub_command.module)
        if name in getattr(module, "COMMANDS", ()):
            app.command(name, short_help=sub_command.summary)(module.COMMANDS[name])
            continue
        loaded: typer.Typer = module.app
        alone = (
            loaded.registered_commands if not (loaded.registered_groups or loaded.registered_callback) else []
        )
        if len(alone) == 1 and (callback := alone[0].callback) is not None:
            app.command(name, short_help=sub_command.summary)(callback)
        else:
            app.add_typer(loaded, name=name, short_help=sub_command.summary)
    return app


def _completed() -> list[str]:
    """Return the words of the line that a shell asks to complete, without the command itself."""
    return os.environ.get("_TYPER_COMPLETE_ARGS", "").split()[1:]


def _listed(sub_command: _SubCommand) -> str:
    """Return a sub-command's line in the help, with the extra where what it needs is not installed."""
    if find_spec(sub_command.needs) is not None:
        return sub_command.summary
    # without brackets, which the help would take for markup
    return f"{sub_command.summary} (needs the extras {sub_command.extra} of korus-sdk)"


def _listed_only() -> None:
    """Stand in for a sub-command that was not asked for, so that ``korus --help`` can list it."""


def _show_version(asked: bool) -> None:
    if asked:
        from korus._version import __version__  # noqa: PLC0415 - only when asked

        print(f"korus {__version__}")  # noqa: T201 - the answer
        sys.exit(0)
