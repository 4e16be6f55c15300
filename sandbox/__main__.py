"""``python -m sandbox``: see ``make help``."""

from .cli import app

app(prog_name="sandbox")
