"""``korus sandbox``: a stand-in KorusTicket API on this machine, until it is interrupted.

A thin shell over `korus.sandbox.Sandbox`. Standard output has the environment variables for its use, as lines for a
shell; everything else goes to standard error.
"""

from __future__ import annotations

import ipaddress
import shlex
import sys
from datetime import timedelta
from pathlib import Path  # noqa: TC003 - typer reads the annotation
from typing import TYPE_CHECKING, Annotated

import typer

from korus._core.durations import LONGEST
from korus._core.private_files import write_private
from korus.sandbox import DEFAULT_OFFERS, Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["app"]

CANNOT_START = 1

app = typer.Typer()


@app.command()
def sandbox(  # noqa: PLR0917 - typer makes an option of each
    host: Annotated[
        str, typer.Option(help="Address to bind. Anything but loopback lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the API; 0 takes a free one.", min=0, max=65535)] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the catalogue's ids, stock and prices.")] = 0,
    offers: Annotated[
        int, typer.Option(help="The number of offers in the first catalogue.", min=1)
    ] = DEFAULT_OFFERS,
    latency: Annotated[
        float, typer.Option(help="Seconds to wait before each answer.", min=0, max=LONGEST)
    ] = 0.0,
    document_delay: Annotated[
        float,
        typer.Option(
            help="Seconds until the documents of a complete order are available.", min=0, max=LONGEST
        ),
    ] = 1.0,
    living: Annotated[
        float, typer.Option(help="Changes of the catalogue per second, drawn from the seed.", min=0, max=1000)
    ] = 0.0,
    environment_file: Annotated[
        Path | None, typer.Option(help="Write the export lines to this file too, once it answers.")
    ] = None,
) -> None:
    """Start a stand-in KorusTicket API on this machine; stop it with Ctrl+C.

    It is not the API: its offers are invented, and its bookings exist
    nowhere else.

    The lines on standard output set the variables with which the other
    commands and Korus.from_env() use it.

    The exit status is 0 when it is stopped and 1 if the port is taken or
    the file cannot be written.
    """
    if not _is_loopback(host):
        _say(f"Warning: bound to {host}; every machine that reaches this one can use the sandbox.")
    try:
        running = Sandbox(
            host=host,
            port=port,
            seed=seed,
            offers=offers,
            latency=latency,
            document_delay=timedelta(seconds=document_delay),
            living=living,
        ).start()
    except OSError as error:
        _say(f"korus: cannot listen on {host} port {port}: {error.strerror or error}")
        raise typer.Exit(CANNOT_START) from None

    def tell() -> None:
        lines = export_lines(running.environment())
        if environment_file is not None:
            try:
                write_private(environment_file, lines)
            except OSError as error:
                _say(f"korus: cannot write {environment_file}: {error.strerror}")
                raise typer.Exit(CANNOT_START) from None
        print(lines, end="", flush=True)  # noqa: T201 - the answer
        _say(f"A stand-in KorusTicket API, not the real one: {running.base_url}/ (Ctrl+C stops it)")

    running.serve(tell)
    _say("stopped")


def export_lines(environment: Mapping[str, str]) -> str:
    """Write variables as lines for a shell: ``export NAME=value``."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the command's own voice
