"""Every report of a preview of each kind of change: documents of the real engine, kept by the integration test.

SAVE_SNAPSHOTS=1 writes them anew; read the difference.
"""

import base64
import io
import json
import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pulumi_image_pull_secrets.review import report_json, report_markdown, report_text
from pulumi_image_pull_secrets.review.engine_json import read
from pulumi_image_pull_secrets.review.report import Review, review_of

HERE = Path(__file__).parent
DOCUMENTS = sorted((HERE / "documents").glob("*.json"))
RENDERERS: dict[str, Callable[[Sequence[Review]], str]] = {
    "md": report_markdown.render,
    "txt": lambda reviews: report_text.render(reviews, io.StringIO()),
    "json": report_json.render,
}


def test_there_is_a_document_of_each_kind() -> None:
    assert len(DOCUMENTS) == 18


@pytest.mark.parametrize("suffix", RENDERERS)
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_the_report_is_as_it_was(document: Path, suffix: str) -> None:
    told = RENDERERS[suffix]([review_of(read(document.read_bytes(), document.name), "prod")])
    snapshot = HERE / "snapshots" / f"{document.stem}.{suffix}"
    if os.environ.get("SAVE_SNAPSHOTS"):
        snapshot.write_text(told, encoding="utf-8")
    assert told == snapshot.read_text(encoding="utf-8")


def test_no_document_holds_more_of_a_secret_than_that_it_is_one() -> None:
    def data(value: object) -> list[object]:
        if isinstance(value, dict):
            found = [entry for key in ("data", "stringData") for entry in [value.get(key)] if entry is not None]
            return found + [entry for child in value.values() for entry in data(child)]
        return [entry for child in value for entry in data(child)] if isinstance(value, list) else []

    for document in DOCUMENTS:
        for entry in data(json.loads(document.read_text())):
            assert entry in ("[secret]", {".dockerconfigjson": "[secret]"}), document.name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_no_report_shows_a_value_also_where_the_engine_does(document: Path) -> None:
    password = secrets.token_urlsafe(16)
    encoded = base64.b64encode(password.encode()).decode().rstrip("=")
    content = json.loads(document.read_text().replace("[secret]", f"{password} {encoded}"))
    # A password that stands in the stack file as plain text is plain text in the document.
    content["config"] |= {"image-pull-secrets:registries": f'[{{"password":"{password}"}}]', "other:token": encoded}
    told = review_of(read(json.dumps(content).encode(), document.name), "prod")
    for render in RENDERERS.values():
        assert password not in render([told])
        assert encoded not in render([told])
