"""Writes the kubeconfig that CI keeps as a secret to the usual place, where the program looks for it.

Always to the same place: the stack's state holds the path, and another path would be a change in each preview.
"""

import os
import sys
from pathlib import Path


def main() -> None:
    """Writes ``KUBECONFIG_TEXT`` to ``~/.kube/config``, which mustn't be there yet."""
    text = os.environ.get("KUBECONFIG_TEXT", "")
    if not text.strip():
        sys.exit("error: KUBECONFIG_TEXT is empty; give it the text of a kubeconfig, as docs/ci.md says")
    path = Path.home() / ".kube" / "config"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600)
    except FileExistsError:
        sys.exit(f"error: {path} exists and stays as it is; this is for a machine of CI, which has none")
    with os.fdopen(file, "w", encoding="utf-8") as stream:
        stream.write(text)


if __name__ == "__main__":
    main()
