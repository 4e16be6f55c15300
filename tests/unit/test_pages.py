"""Every page: each block of shell commands is typed by a test or says why not, and no link leads nowhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.engine import CHECKOUT
from tests import pages

PAGES = pages.pages()
_LINK = re.compile(r"\[(?:[^\]]|\]\()*?\]\(([^)\s]+)\)")


def names(page: Path) -> str:
    return str(page.relative_to(CHECKOUT))


def without_code(text: str) -> str:
    """The page without what isn't read as links or headings."""
    text = re.sub(r"^( *)(```+).*?^ *\2", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^ {4}.*$", "", text, flags=re.MULTILINE)
    return re.sub(r"`[^`\n]+`", lambda found: found[0].replace("[", "(").replace("]", ")"), text)


def anchors(text: str) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    found: dict[str, int] = {}
    made = set()
    for heading in re.findall(r"^#+ (.*)$", without_code(text), re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")
        count = found[anchor] = found.get(anchor, -1) + 1
        made.add(f"{anchor}-{count}" if count else anchor)
    return made


def links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """Each link into the checkout as it is written, the file or folder that it means, and the anchor there."""
    for link in _LINK.findall(without_code(page.read_text(encoding="utf-8"))):
        if not re.match(r"[a-z]+:", link):
            path, _, anchor = link.partition("#")
            yield link, (page.parent / path).resolve() if path else page, anchor


def test_each_page_of_the_docs_is_found_from_the_readme() -> None:
    linked = {target for _, target, _ in links(CHECKOUT / "README.md")}
    docs = {page for page in PAGES if page.is_relative_to(CHECKOUT / "docs")}
    assert sorted(map(names, docs - linked)) == []


def test_all_pages_are_looked_at() -> None:
    found = {names(page) for page in PAGES}
    assert {"README.md", "docs/ci.md", "docs/howto/leave.md", "policies/README.md"} <= found


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_each_shell_block_is_typed_by_a_test_or_says_why_not(page: Path) -> None:
    open_blocks = [
        f"{names(page)}:{block.line}: {block.lines[0]}"
        for block in pages.blocks(page.read_text(encoding="utf-8"))
        if block.is_shell and not block.is_typed and not block.is_left_alone
    ]
    assert open_blocks == [], "put <!-- run --> or <!-- not run: why --> before it (tests/pages.py)"


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_no_link_leads_nowhere(page: Path) -> None:
    broken = []
    for link, target, anchor in links(page):
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


SAMPLE = """\
# One page

<!-- not run: it takes a day -->

    make everything

Text, and what it prints:

    $ pulumi up
    …
    $ kubectl get \\
        pods

```yaml
kubectl: no command
```

<!-- run -->
```sh
cd docs
```

    kubectl get nodes
"""


def test_the_blocks_of_a_page_are_told_apart() -> None:
    told = [(block.line, block.is_shell, block.is_typed, block.is_left_alone) for block in pages.blocks(SAMPLE)]
    assert told == [
        (5, True, False, True),
        (9, True, True, False),
        (15, False, False, False),
        (20, True, True, False),
        (23, True, False, False),
    ]


def test_the_steps_of_a_page_are_those_that_are_typed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(SAMPLE)
    assert pages.steps(page) == [
        pages.Step("pulumi up", ["…"]),
        pages.Step("kubectl get pods"),
        pages.Step("cd docs"),
    ]


def test_a_mark_on_the_first_line_counts_for_the_page() -> None:
    first, last = pages.blocks("<!-- not run: made -->\n\n    make x\n\ntext\n\n    make y\n")
    assert first.is_left_alone
    assert last.is_left_alone


@pytest.mark.parametrize("mark", ["not run:", "not run: ", "runs", "samples"])
def test_a_mark_without_a_reason_is_none(mark: str) -> None:
    (block,) = pages.blocks(f"<!-- {mark} -->\n\n    make x\n")
    assert (block.is_typed, block.is_left_alone) == (False, False)


def test_the_anchors_are_those_of_github() -> None:
    text = "# What `up` can't do\n## P1\n## P1\n## A, b & [c](d.md)\n```\n# no heading\n```\n"
    assert anchors(text) == {"what-up-cant-do", "p1", "p1-1", "a-b--c"}
