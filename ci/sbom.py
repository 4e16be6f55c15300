"""Lists what the wheel brings along, as CycloneDX, from an environment with the wheel and what it asks for alone.

The versions are those of requirements-dev.txt, with which the wheel was tested.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

from packaging.utils import parse_wheel_filename

DIST = Path("dist")
SBOM = Path("reports") / "sbom.cdx.json"


def main() -> None:
    """Writes the list for the one wheel in dist/."""
    wheels = list(DIST.glob("*.whl"))
    if len(wheels) != 1:
        sys.exit(f"error: there are {len(wheels)} wheels in {DIST}/; make sbom builds the one")
    SBOM.parent.mkdir(exist_ok=True)
    SBOM.write_text(text(listing(wheels[0])), "utf-8")


def listing(wheel: Path) -> dict[str, Any]:
    """The document, the same for the same wheel: https://cyclonedx.org/docs/1.6/json/"""
    tools = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as folder:
        python = str(Path(folder) / "bin" / "python")
        uv = str(tools / "uv")
        into = ["--quiet", "--system-certs", "--python", python]
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
        subprocess.run([uv, "pip", "install", *into, "--constraint", "requirements-dev.txt", str(wheel)], check=True)
        describe = [
            str(tools / "cyclonedx-py"), "environment", python, "--pyproject", "components/pyproject.toml",
            "--mc-type", "library", "--output-reproducible", "--output-format", "JSON",
        ]  # fmt: skip
        document = json.loads(subprocess.run(describe, check=True, capture_output=True, text=True).stdout)
    name, version, _, _ = parse_wheel_filename(wheel.name)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    purl = f"pkg:pypi/{name}@{version}"
    # The project's file doesn't state its version, which hatchling reads from the code.
    document["metadata"]["component"].update(
        version=str(version), purl=purl, hashes=[{"alg": "SHA-256", "content": digest}]
    )
    # Without one, GitHub's attestation doesn't take the document for CycloneDX.
    document["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, f"{purl}#{digest}").urn
    return dict(document)


def text(document: dict[str, Any]) -> str:
    """The document as it is published."""
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    main()
