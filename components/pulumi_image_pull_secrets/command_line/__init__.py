"""The command ``pull-secrets``."""

import typer

from . import restart

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
app.command("restart")(restart.restart)


@app.callback()
def _commands() -> None:
    """Image pull secrets of a cluster."""


def main() -> None:
    """The console script."""
    app(prog_name="pull-secrets")
