"""The command line ``pull-secrets``. Each command is a module here, with a function of its name.

What it needs beyond the library comes with an extra: ``pip install 'pulumi-image-pull-secrets[doctor]'``.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

COMMANDS = ("doctor", "explain", "restart", "preview", "comment")
"""All of them, in the order of ``--help``."""

_EXTRA = {"typer", "rich", "httpx"}


def main() -> None:
    """What the console script runs."""
    try:
        app = make_app()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.exit(_fail(f"{error.name} isn't installed; try: pip install 'pulumi-image-pull-secrets[doctor]'", 2))
    except KeyboardInterrupt:
        sys.exit(130)
    app(prog_name="pull-secrets")


def make_app() -> typer.Typer:
    """The commands. Raises ModuleNotFoundError where the extra isn't installed."""
    import typer

    from .outcomes import explained

    app = typer.Typer(
        help="Why images aren't pulled, and which credential a pod uses.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name in COMMANDS:
        module = importlib.import_module(f".{name}", __package__)
        app.command(name)(explained(getattr(module, name)))
    return app


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"error: {message}\n")
    return code
