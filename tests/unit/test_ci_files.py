"""The commands of CI that read and write files: the kubeconfig, reviews and the notes of a release."""

import stat
from pathlib import Path

import pytest
from pulumi_image_pull_secrets import __version__
from pulumi_image_pull_secrets.review.report_markdown import marker

from ci import kubeconfig, release, unreviewed

CHANGELOG = """# Changelog

## [Unreleased]

## [1.10.0] - 2026-12-24

### Added

- Ten.

## [1.1.0] - 2026-11-25

### Fixed

- One.

## [1-2-0] - 2026-11-20

- Of another kind.

## [1.0.0] - 2026-11-01

[1.10.0]: https://example.com/1.10.0
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_the_kubeconfig_is_written_for_its_user_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG_TEXT", "apiVersion: v1\nkind: Config\n")
    kubeconfig.main()
    path = home / ".kube" / "config"
    assert path.read_text() == "apiVersion: v1\nkind: Config\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_kubeconfig_that_is_there_stays(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG_TEXT", "another")
    (home / ".kube").mkdir()
    (home / ".kube" / "config").write_text("the user's")
    with pytest.raises(SystemExit, match="stays as it is"):
        kubeconfig.main()
    assert (home / ".kube" / "config").read_text() == "the user's"


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_a_secret_that_is_missing_is_named(text: str | None, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG_TEXT", raising=False)
    if text is not None:
        monkeypatch.setenv("KUBECONFIG_TEXT", text)
    with pytest.raises(SystemExit, match="KUBECONFIG_TEXT is empty"):
        kubeconfig.main()
    assert not (home / ".kube" / "config").exists()


def test_a_stack_whose_job_left_no_review_has_one_that_takes_the_place_of_its_comment(tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "review"
    unreviewed.main("staging prod", folder)
    for stack in ("staging", "prod"):
        first, _, rest = (folder / f"{stack}.md").read_text().partition("\n")
        assert first == marker([stack])
        assert "The preview failed" in rest
        assert "the job ended before it had previewed the stack" in rest
    assert len(list(folder.iterdir())) == 2


def test_a_review_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "prod.md").write_text("a review")
    unreviewed.main("prod", tmp_path)
    assert (tmp_path / "prod.md").read_text() == "a review"


def test_where_no_stack_is_named_no_review_is_made_up(tmp_path: Path) -> None:
    unreviewed.main("", tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("version", "notes"),
    [
        ("1.10.0", "### Added\n\n- Ten.\n"),
        ("1.1.0", "### Fixed\n\n- One.\n"),
        ("1.0.0", None),
        ("1.1", None),
        ("0.9.0", None),
        ("1.2.0", None),
    ],
)
def test_notes_are_what_the_changelog_says_of_the_version(version: str, notes: str | None) -> None:
    assert release.notes(CHANGELOG, version) == notes


@pytest.mark.parametrize("tag", ["", __version__, "v0.0.0", f"v{__version__}rc1", f"v{__version__}\n"])
def test_another_tag_than_the_version_is_refused(tag: str) -> None:
    with pytest.raises(SystemExit, match="the version of the library is"):
        release.main(tag)


def test_a_release_has_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("CHANGELOG.md").write_text("## [Unreleased]\n")
    with pytest.raises(SystemExit, match=r"CHANGELOG\.md has nothing under"):
        release.main(f"v{__version__}")
    Path("CHANGELOG.md").write_text(f"## [{__version__}] - 2026-12-24\n\n- All of it.\n")
    release.main(f"v{__version__}")
    assert Path("reports/release-notes.md").read_text() == "- All of it.\n"
