"""``make schema``: renews components/schema.json from what the real engine is answered by the plugin."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from . import builds, parts
from .engine import CHECKOUT

EXECUTABLE = Path(sys.executable).parent / "pulumi-resource-image-pull-secrets"
FILE = CHECKOUT / "components" / "schema.json"


def answered(pulumi: Path) -> str:
    """The schema, as ``pulumi package get-schema`` prints it; in a home of its own, since it reads plugins there."""
    with tempfile.TemporaryDirectory() as home:
        return subprocess.run(
            [str(pulumi), "package", "get-schema", str(EXECUTABLE)],
            cwd=home,
            env={**os.environ, "PULUMI_HOME": home, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout


if __name__ == "__main__":
    FILE.write_text(answered(builds.provide(parts.ALL, print)["pulumi"]))
