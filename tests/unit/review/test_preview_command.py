"""``pull-secrets preview``: its arguments, exit codes and files. The real engine is in ``tests/integration``."""

import json
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from pulumi_image_pull_secrets.command_line import make_app
from pulumi_image_pull_secrets.review import engine_json, pods
from typer.testing import CliRunner, Result

DOCUMENTS = Path(__file__).parent / "documents"
RENAMED = DOCUMENTS / "renamed.json"
ROTATED = DOCUMENTS / "rotated.json"
FAILED = DOCUMENTS / "failed.json"
COMMAND = [sys.executable, "-c", "from pulumi_image_pull_secrets.command_line import main; main()", "preview"]


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)


def run(*arguments: object, text: str | bytes | None = None) -> Result:
    result = CliRunner().invoke(make_app(), ["preview", *map(str, arguments)], input=text)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def of_stack(document: Path, stack: str) -> Path:
    """The same preview of another stack."""
    path = Path(f"{document.stem}-{stack}.json")
    path.write_text(document.read_text().replace(":prod::", f":{stack}::"))
    return path.resolve()


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pulumi that prints the file ``out``, says what is in ``err``, and ends with what is in ``code``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "pulumi"
    command.write_text(
        f'#!/bin/sh\ncd "{folder}"\necho "$@" >> calls\n'
        'echo "streaming=$PULUMI_ENABLE_STREAMING_JSON_PREVIEW" >> calls\n'
        "cat out\ncat err >&2\nexit $(cat code)\n"
    )
    command.chmod(0o700)
    answer(folder)
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), os.environ["PATH"]]))
    return folder


def answer(pulumi: Path, out: str | bytes = "", err: str = "", code: int = 0) -> None:
    (pulumi / "out").write_bytes(out if isinstance(out, bytes) else out.encode())
    (pulumi / "err").write_text(err)
    (pulumi / "code").write_text(str(code))


class TestFromFiles:
    def test_the_stack_is_the_documents_own(self) -> None:
        result = run("--from", RENAMED)
        assert (result.exit_code, result.output.splitlines()[0].partition(":")[0]) == (0, "prod")

    def test_from_the_standard_input(self) -> None:
        assert run("--from", "-", text=RENAMED.read_bytes()).output == run("--from", RENAMED).output

    def test_a_stack_with_its_organisation_keeps_the_name_that_was_given(self) -> None:
        result = run("--from", RENAMED, "--stack", "acme/shop/prod", "--format", "markdown")
        assert result.output.startswith("<!-- image-pull-secrets preview: acme/shop/prod -->\n")

    def test_the_document_of_another_stack_is_not_told_as_this_ones(self) -> None:
        result = run("--from", RENAMED, "--stack", "prod-eu")
        assert result.exit_code == 3
        assert "is the preview of another stack, prod" in result.output
        assert "regcred" not in result.output

    def test_one_that_failed_early_is_told_under_the_stack_that_was_asked_for(self, tmp_path: Path) -> None:
        early = tmp_path / "early.json"
        early.write_text('{"diagnostics": [{"message": "error: no such plugin", "severity": "error"}]}')
        result = run("--from", early, "--stack", "prod", "--format", "markdown")
        assert result.exit_code == 3
        assert result.stdout.startswith("<!-- image-pull-secrets preview: prod -->\n")
        assert "no such plugin" in result.stdout

    @pytest.mark.parametrize(
        ("document", "message"),
        [
            ('{"diagnostics": [{"message": "error: no such plugin", "severity": "error"}]}', "no such plugin"),
            ('{"diagnostics": []}', "early.json names no stack, since its preview failed early; name it with --stack"),
        ],
    )
    def test_one_that_failed_early_and_names_no_stack_is_told_by_its_file_beside_the_others(
        self, tmp_path: Path, document: str, message: str
    ) -> None:
        (tmp_path / "early.json").write_text(document)
        result = run("--from", "early.json", "--from", RENAMED)
        assert result.exit_code == 3
        assert "early.json: the preview failed" in result.output
        assert message in result.output
        assert "Secret renamed: created, in place of regcred" in result.output

    def test_one_without_a_summary_has_not_come_to_its_end(self, tmp_path: Path) -> None:
        cut = json.loads(RENAMED.read_text())
        del cut["changeSummary"]
        (tmp_path / "cut.json").write_text(json.dumps(cut))
        result = run("--from", "cut.json")
        assert result.exit_code == 3
        assert "didn't come to its end" in result.output

    def test_what_cannot_be_read_ends_with_3_and_a_report_that_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "cut.json").write_bytes(RENAMED.read_bytes()[:1000])
        result = run("--from", "cut.json", "--stack", "prod", "--format", "json", "--output", "report.json")
        assert result.exit_code == 3
        assert "cut.json is cut off" in result.output
        (stack,) = json.loads((tmp_path / "report.json").read_text())["stacks"]
        assert stack["failed"]
        assert "is cut off" in stack["errors"][0]

    def test_what_is_too_large_is_not_read_whole(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(engine_json, "MAX_BYTES", 1_000_000)
        with (tmp_path / "large.json").open("wb") as file:
            file.truncate(10**12)  # It takes no room on the disk, and would take all memory.
        result = run("--from", "large.json", "--stack", "prod")
        assert result.exit_code == 3
        assert "large.json holds more than 1 MB" in result.output

    @pytest.mark.parametrize("document", sorted(DOCUMENTS.glob("*.json")), ids=lambda path: path.stem)
    def test_the_exit_code_says_whether_the_preview_came_to_its_end(self, document: Path) -> None:
        assert run("--from", document).exit_code == (3 if document == FAILED else 0)


class TestPods:
    @pytest.fixture
    def cluster(self, monkeypatch: pytest.MonkeyPatch) -> MagicMock:
        """Whatever cluster is asked, it has no pod."""
        api = MagicMock()
        api.return_value.__enter__.return_value.list.return_value = []
        monkeypatch.setattr(pods, "Api", api)
        return api

    def test_where_no_pod_names_a_secret_it_is_no_risk(self, cluster: MagicMock) -> None:
        assert "risk: " not in run("--from", RENAMED, "--pods").output
        cluster.assert_called_once_with(context="sandbox", kubeconfig="/home/ci/.kube/config")

    def test_where_the_cluster_cannot_be_asked_the_risk_stays_and_is_explained(self, tmp_path: Path) -> None:
        text = RENAMED.read_text().replace("/home/ci/.kube/config", str(tmp_path / "nowhere"))
        (tmp_path / "prod.json").write_text(text)
        result = run("--from", "prod.json", "--pods")
        assert result.exit_code == 0
        assert "warning: no pods were looked at: " in result.output
        assert "risk: Secrets are deleted: shop/regcred, web/regcred" in result.output

    @pytest.mark.parametrize(("contexts", "message"), [([], "names no contexts"), (["a", "b"], "names 2 contexts")])
    def test_where_the_preview_does_not_say_which_cluster(
        self, tmp_path: Path, contexts: list[str], message: str
    ) -> None:
        document = json.loads(RENAMED.read_text())
        del document["config"]["image-pull-secrets:context"]
        document["steps"] = [one for one in document["steps"] if "pulumi:providers:" not in one["urn"]]
        for context in contexts:
            urn = "urn:pulumi:prod::p::pulumi:providers:kubernetes::cluster"
            document["steps"].append({"op": "same", "urn": urn, "newState": {"inputs": {"context": context}}})
        (tmp_path / "prod.json").write_text(json.dumps(document))
        assert f"warning: no pods were looked at: the preview {message}" in run("--from", "prod.json", "--pods").output

    @pytest.mark.parametrize(
        ("op", "new"),
        [
            ("replace", {}),
            ("update", {"context": "elsewhere"}),
            ("update", {"kubeconfig": "/home/ci/another"}),
        ],
    )
    @pytest.mark.parametrize("has_settings", [True, False])
    def test_where_the_stack_may_move_to_another_cluster_its_new_one_is_not_asked(
        self, tmp_path: Path, cluster: MagicMock, op: str, new: dict[str, str], has_settings: bool
    ) -> None:
        document = json.loads(RENAMED.read_text())
        if not has_settings:
            del document["config"]["image-pull-secrets:context"]
        (provider,) = [one for one in document["steps"] if "pulumi:providers:" in one["urn"]]
        inputs = provider["newState"]["inputs"]
        moved = {**provider, "op": op, "newState": {"inputs": {**inputs, **new}}, "diffReasons": list(new)}
        document["steps"].append(moved)
        (tmp_path / "prod.json").write_text(json.dumps(document))
        output = run("--from", "prod.json", "--pods").output
        assert "warning: no pods were looked at: the stack may move to another cluster" in output
        assert "risk: Secrets are deleted: shop/regcred, web/regcred" in output
        cluster.assert_not_called()

    @pytest.mark.parametrize("has_settings", [True, False])
    def test_where_the_kubeconfig_is_a_secret_the_default_one_is_not_taken_instead(
        self, tmp_path: Path, cluster: MagicMock, has_settings: bool
    ) -> None:
        document = json.loads(RENAMED.read_text().replace("/home/ci/.kube/config", "[secret]"))
        document["config"]["image-pull-secrets:kubeconfig"] = "[secret]"
        if not has_settings:
            del document["config"]["image-pull-secrets:context"]
        (tmp_path / "prod.json").write_text(json.dumps(document))
        output = run("--from", "prod.json", "--pods").output
        assert "warning: no pods were looked at: the kubeconfig is a secret, which the preview doesn't hold" in output
        assert "risk: Secrets are deleted: shop/regcred, web/regcred" in output
        cluster.assert_not_called()

    def test_nobody_is_asked_where_no_secret_goes(self) -> None:
        assert run("--from", ROTATED, "--pods").output == run("--from", ROTATED).output


class TestOutput:
    def test_into_a_file(self, tmp_path: Path) -> None:
        assert run("--from", RENAMED, "--format", "markdown", "--output", "preview.md").output == ""
        assert (tmp_path / "preview.md").read_text() == run("--from", RENAMED, "--format", "markdown").output

    def test_a_file_for_each_stack(self, tmp_path: Path) -> None:
        staging = of_stack(ROTATED, "staging")
        result = run("--from", RENAMED, "--from", staging, "--format", "markdown", "--output", "{stack}.md")
        assert (result.exit_code, result.output) == (0, "")
        for stack in ("prod", "staging"):
            text = (tmp_path / f"{stack}.md").read_text()
            assert text.splitlines()[0] == f"<!-- image-pull-secrets preview: {stack} -->"
            assert "Production and others change together, `prod` with `staging`." in text

    def test_a_file_for_each_stack_stays_in_its_folder(self, tmp_path: Path) -> None:
        run("--from", RENAMED, "--stack", "acme/prod", "--output", "{stack}.txt")
        assert (tmp_path / "acme-prod.txt").exists()

    def test_several_in_one(self) -> None:
        result = run("--from", RENAMED, "--from", of_stack(ROTATED, "staging"), "--format", "json")
        assert [stack["stack"] for stack in json.loads(result.output)["stacks"]] == ["prod", "staging"]

    def test_one_that_failed_does_not_hide_the_others(self) -> None:
        result = run("--from", of_stack(FAILED, "staging"), "--from", RENAMED)
        assert result.exit_code == 3
        assert "staging: the preview failed" in result.output
        assert "Secret renamed: created, in place of regcred" in result.output

    def test_a_terminal_that_knows_ascii_only(self) -> None:
        environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
        for form in ("text", "markdown", "json"):
            done = subprocess.run(
                [*COMMAND, "--from", str(RENAMED), "--format", form], env=environment, capture_output=True, check=True
            )
            assert done.stdout.isascii()
            assert b"renamed" in done.stdout

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
    def test_a_full_disk_is_told(self) -> None:
        with Path("/dev/full").open("w") as full:
            done = subprocess.run([*COMMAND, "--from", str(RENAMED)], stdout=full, stderr=subprocess.PIPE, text=True)
        assert (done.returncode, done.stderr) == (3, "error: the output can't be written: No space left on device\n")

    def test_whoever_stops_reading_causes_no_traceback_and_no_other_code(self) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        try:
            done = subprocess.run([*COMMAND, "--from", str(RENAMED)], stdout=writer, stderr=subprocess.PIPE, text=True)
        finally:
            os.close(writer)
        assert (done.returncode, done.stderr) == (0, "")


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--stack", ""], "is not the name of a stack"),
            (["--stack", "prod -->"], "is not the name of a stack"),
            (["--stack", "prod\n"], "is not the name of a stack"),
            (["--stack", "-x"], "is not the name of a stack"),
            (["--stack", "prod", "--stack", "prod"], "the same stack twice"),
            (["--from", str(RENAMED), "--stack", "a", "--stack", "b"], "as often as --from"),
            (["--from", "-", "--from", "-"], "one document only"),
            (["--from", "nowhere.json"], "nowhere.json can't be read: No such file or directory"),
            (["--from", "."], "can't be read: Is a directory"),
            (["--from", str(RENAMED), "--output", "nowhere/preview.md"], "can't be written"),
            (["--from", str(RENAMED), "--output", ""], "the name of a file is empty"),
            (["--from", str(RENAMED), "--format", "html"], "'html' is not one of"),
            (["prod"], "unexpected extra argument"),
        ],
    )
    def test_wrong_arguments_end_with_2(self, arguments: list[str], message: str) -> None:
        result = run(*arguments)
        assert result.exit_code == 2
        assert message in " ".join(result.output.replace("│", " ").split())

    def test_the_help_names_what_workflows_rely_on(self) -> None:
        text = run("--help").output
        for option in ("--stack", "--from", "--format", "--output", "--artifact", "--pods"):
            assert option in text


class TestEngine:
    def test_it_is_run_once_for_each_stack(self, pulumi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PULUMI_ENABLE_STREAMING_JSON_PREVIEW", "true")
        answer(pulumi, RENAMED.read_bytes())
        assert run("--stack", "prod", "--stack", "acme/prod").exit_code == 0
        assert (pulumi / "calls").read_text().splitlines() == [
            "--non-interactive preview --json --stack prod",
            "streaming=false",
            "--non-interactive preview --json --stack acme/prod",
            "streaming=false",
        ]

    def test_its_own_message_is_told_where_it_fails_before_it_previews(self, pulumi: Path) -> None:
        answer(pulumi, "{}\n", "error: no stack named 'prod' found\n", 255)
        result = run("--stack", "prod", "--format", "markdown", "--output", "preview.md")
        assert (result.exit_code, result.output) == (3, "error: prod: no stack named 'prod' found\n")
        assert "no stack named 'prod' found" in Path("preview.md").read_text()

    def test_what_it_printed_before_it_failed_says_why(self, pulumi: Path) -> None:
        answer(pulumi, FAILED.read_bytes(), "", 1)
        result = run("--stack", "prod")
        assert result.exit_code == 3
        assert 'namespace "nowhere" does not exist' in result.output

    def test_a_failure_that_its_document_says_nothing_of_is_one(self, pulumi: Path) -> None:
        answer(pulumi, RENAMED.read_bytes(), "error: policies were violated", 1)
        result = run("--stack", "prod")
        assert result.exit_code == 3
        assert "policies were violated" in result.output

    def test_one_that_says_nothing(self, pulumi: Path) -> None:
        answer(pulumi, "", "", 137)
        result = run("--stack", "prod")
        assert result.exit_code == 3
        assert "pulumi preview ended with exit code 137" in result.output

    def test_without_one_it_says_what_to_do(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        for arguments in ([], ["--stack", "prod"], ["--stack", "prod", "--format", "json"]):
            result = run(*arguments)
            assert result.exit_code == 3
            assert "there is no pulumi command on PATH" in result.output
            assert "--from FILE" in result.output

    def test_one_that_cannot_be_started(self, pulumi: Path) -> None:
        (pulumi / "pulumi").write_text("#!/nowhere/sh\n")
        for arguments in ([], ["--stack", "prod"]):
            result = run(*arguments)
            assert result.exit_code == 3
            assert "can't be started" in result.output

    def test_the_selected_stack_is_taken_where_none_is_named(self, pulumi: Path) -> None:
        answer(pulumi, "staging\n")
        result = run()
        calls = (pulumi / "calls").read_text().splitlines()
        assert calls[::2] == [
            "--non-interactive stack --show-name",
            "--non-interactive preview --json --stack staging",
        ]
        # What this pulumi printed the second time is no document.
        assert (result.exit_code, result.output.partition(":")[0]) == (3, "staging")

    def test_where_none_is_selected_either(self, pulumi: Path) -> None:
        answer(pulumi, "", "error: no stack selected", 255)
        result = run()
        assert (result.exit_code, result.output) == (3, "error: no stack selected; say which one with --stack\n")
