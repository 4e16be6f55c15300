"""Running the policy pack on the real engine.

Pulumi's language host for Python starts a policy pack, and there is none here. The engine then looks for an executable
of the analyzer's name, which it did for every language before; this one starts the pack as the language host does, by
the SDK's own module.
"""

import shlex
import sys
from pathlib import Path

from sandbox.engine import CHECKOUT

PACK = CHECKOUT / "policies"
_NAME = "pulumi-analyzer-policy-python"


def install(folder: Path) -> None:
    """An executable of the analyzer's name, for the engine's PATH."""
    launcher = folder / _NAME
    launcher.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -u -m pulumi.policy "$1" "$PWD"\n')
    launcher.chmod(0o755)
