"""Who reviews previews of the real engine with ``pull-secrets preview``, and may keep its documents."""

import base64
import json
import os
import re
from pathlib import Path

import pytest
from pulumi_image_pull_secrets.command_line import make_app
from typer.testing import CliRunner, Result

from sandbox.engine import CHECKOUT, Engine
from tests.integration.plain_engine import plain_engine
from tests.integration.program import ProgramStack

DOCUMENTS = CHECKOUT / "tests" / "unit" / "review" / "documents"
_OF_ONE_RUN = {
    "stackTrace", "sourcePosition", "created", "modified", "managedFields", "uid", "resourceVersion",
    "creationTimestamp", "duration", "propertyDependencies", "__inputs",
}  # fmt: skip
_RANDOM = {
    r"pulumi-kubernetes-\w{8}": "pulumi-kubernetes-00000000",
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "00000000-0000-0000-0000-000000000000",
    r'"/[^"]*kubeconfig"': '"/home/ci/.kube/config"',
}


class Reviewer:
    """Previews stacks with the command, and knows their made-up names by others that are the same at each run."""

    def __init__(self, pulumi: Path, engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pulumi, self._engine, self._folder, self._monkeypatch = pulumi, engine, folder, monkeypatch
        self.names: dict[str, str] = {}
        self.secrets: set[str] = set()
        """What must be in nothing that is written."""

    def run(self, stack: ProgramStack, *options: str, kind: str = "") -> Result:
        """One preview, written in all formats; the result is that of the first, which ran the engine."""
        self.secrets |= {stack.password, base64.b64encode(stack.password.encode()).decode().rstrip("=")}
        self.names[stack.name] = "prod"
        with plain_engine(self._pulumi, self._engine, stack, self._folder, self._monkeypatch) as document:
            result = CliRunner().invoke(make_app(), ["preview", "--stack", stack.name, *options])
            written = [result.output, document.read_text()]
            for form in ("text", "markdown", "json"):
                again = CliRunner().invoke(
                    make_app(), ["preview", "--stack", stack.name, "--from", str(document), "--format", form]
                )
                assert again.exit_code == result.exit_code
                written.append(again.output)
        for text in written:
            assert not [secret for secret in self.secrets if secret in text], kind
        if kind and os.environ.get("SAVE_DOCUMENTS"):
            (DOCUMENTS / f"{kind}.json").write_text(self._same_at_each_run(document.read_text()))
        return result

    def lines(self, stack: ProgramStack, kind: str) -> list[str]:
        """What a preview that comes to its end tells, without the engine's warnings."""
        result = self.run(stack, kind=kind)
        assert result.exit_code == 0, result.output
        return [line for line in self._known(result.output).splitlines() if "warning: " not in line]

    def _known(self, text: str) -> str:
        for name, known in self.names.items():
            text = text.replace(name, known)
        return text

    def _same_at_each_run(self, text: str) -> str:
        """One step a line, without what differs at each run or on each machine."""
        for pattern, known in _RANDOM.items():
            text = re.sub(pattern, known, text)
        document = json.loads(
            self._known(text),
            object_hook=lambda found: {key: value for key, value in found.items() if key not in _OF_ONE_RUN},
        )
        document["diagnostics"] = [one for one in document["diagnostics"] if "from $PATH" not in one["message"]]
        # The engine previews many at once, so that their order is another each time.
        steps = ",\n".join(sorted(json.dumps(step, separators=(",", ":")) for step in document.pop("steps")))
        return f'{json.dumps(document)[:-1]}, "steps": [\n{steps}\n]}}\n'
