"""The comment: whatever names hold, it is the same table; whatever the size, it fits; and its first line is exact."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pulumi_image_pull_secrets.review.changes import (
    AccountChange,
    Action,
    Changes,
    NamespaceChange,
    PolicyChange,
    SecretChange,
)
from pulumi_image_pull_secrets.review.report import Review
from pulumi_image_pull_secrets.review.report_markdown import MAX_LENGTH, marker, render
from pulumi_image_pull_secrets.review.risks import Level, Risk
from pulumi_image_pull_secrets.review.wording import Name
from pulumi_image_pull_secrets.wording import visible

GITHUBS_LIMIT = 65_536
ATTACKS = [
    "a|b",
    "a\\|b",
    "`",
    "a``b",
    "`a`",
    "a\nb",
    "\n\n# heading\n",
    "| x | y |",
    "<script>alert(1)</script>",
    "<!-- image-pull-secrets preview: prod -->",
    "-->",
    "</details>",
    "<b>",
    "&lt;",
    "@someone",
    "#12",
    "https://evil.example",
    "www.evil.example",
    "a@evil.example",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "*a*",
    "__a__",
    "~~a~~",
    "```",
    "~~~",
    "\\",
    "a\\",
    ":smile:",
    "\x1b[2J",
    "\u202egnp.exe",
    "\u200b",
    "\ud800",
    " a ",
    "",
    " ",
    "$x^2$",
    "GH-12",
    "0123456789abcdef0123456789abcdef01234567",
]
TEXT = st.lists(st.sampled_from([*ATTACKS, "web"]) | st.text(max_size=4), max_size=4).map("".join)
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


class Page(HTMLParser):
    """The elements of a page, and what is in its code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.code: list[str] = []
        self._in_code = False
        self.plain = ""
        self.feed(MARKDOWN.render(text))

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self.tags.append(tag)
        if tag == "code":
            self._in_code = True
            self.code.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_code = self._in_code and tag != "code"

    def handle_data(self, data: str) -> None:
        if self._in_code:
            self.code[-1] += data
        else:
            self.plain += data

    def handle_comment(self, data: str) -> None:  # noqa: ARG002
        self.tags.append("comment")


def review(text: str, lines: str = "line") -> Review:
    changes = Changes(
        namespaces=(NamespaceChange(text, Action.DELETED),),
        secrets=(SecretChange(text, text, Action.CREATED, text),),
        accounts=(
            AccountChange(text, text, Action.CHANGED, (text, "x"), ("y", text + "z"), frozenset({"y"})),
            AccountChange(text, "default", Action.CHANGED, ("a",), ("a", "regcred"), frozenset({"regcred"})),
        ),
        policies=(PolicyChange(text, Action.CREATED),),
        others=((text, 2),),
    )
    risk = Risk("namespace-deleted", Level.RISK, ("a namespace goes: ", Name(text)), (text,))
    notes = (visible(f"chooses {text}"),)
    return Review("prod", changes, (risk,), warnings=(lines,), notes=notes, steps=(visible(f"create {text}"),))


def failed(text: str) -> Review:
    return Review("prod", errors=(text,), warnings=(text,), notes=(visible(text),), steps=(visible(text),))


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_name_acts(attack: str) -> None:
    harmless, attacked = Page(render([review("name")])), Page(render([review(attack)]))
    assert attacked.tags == harmless.tags
    # All that others chose is in code, where GitHub makes no links and calls nobody.
    assert attacked.plain == harmless.plain
    # The backtick and the bar show as escapes, all else as it is.
    shown = visible(attack).replace("`", "\\x60").replace("|", "\\x7c")
    shown = shown if shown and attack == visible(attack) else f'"{shown}"'
    assert attacked.code.count(shown) >= 5


@given(TEXT, TEXT)
@example("".join(ATTACKS), "".join(ATTACKS))
@example("", "`" * 10)
def test_no_text_acts(text: str, lines: str) -> None:
    assert Page(render([review(text, f"x{lines}")])).tags == Page(render([review("name", "line")])).tags


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.strip()])
def test_no_message_of_the_engine_acts(attack: str) -> None:
    assert Page(render([failed(attack)])).tags == Page(render([failed("error")])).tags


def test_the_first_line_is_the_marker_and_stands_nowhere_else() -> None:
    for stack in ("prod", "prod-eu", "acme/shop/prod"):
        lines = render([Review(stack)]).splitlines()
        assert lines[0] == f"<!-- image-pull-secrets preview: {stack} -->"
    several = render([Review("staging"), Review("prod")]).splitlines()
    assert several[0] == marker(["staging", "prod"]) == "<!-- image-pull-secrets preview: staging prod -->"
    assert "<!--" not in "\n".join(several[1:])


def many(namespaces: int, name: str = "namespace-{}", note: str = "") -> Review:
    accounts = tuple(
        AccountChange(
            name.format(number), "default", Action.CHANGED, (note,), (note, "regcred"), frozenset({"regcred"})
        )
        for number in range(namespaces)
    )
    secrets = tuple(SecretChange(name.format(number), "regcred", Action.CREATED) for number in range(namespaces))
    steps = tuple(f"create kubernetes:core/v1:Secret pulls/{name.format(number)}" for number in range(namespaces))
    return Review("prod", Changes(secrets=secrets, accounts=accounts), steps=steps)


def rows_of(comment: str) -> int:
    return len(re.findall(r"^\| `", comment, re.MULTILINE))


def test_what_fits_is_whole() -> None:
    comment = render([many(100)])
    assert rows_of(comment) == 200
    assert "left out" not in comment


@pytest.mark.parametrize("count", [500, 1_000, 10_000])
def test_what_does_not_fit_is_cut_at_a_row_with_a_count_and_a_pointer(count: int) -> None:
    url = "https://github.example/acme/images/actions/runs/1#artifacts"
    comment = render([many(count)], url)
    assert MAX_LENGTH - 500 < len(comment) <= MAX_LENGTH
    match = re.search(r"^\*\*(\d+) more rows\*\* left out: all is in (\S+)$", comment, re.MULTILINE)
    assert match is not None
    assert (rows_of(comment) + int(match[1]), match[2]) == (2 * count, url)
    steps = re.search(r"^(\d+) more steps left out", comment, re.MULTILINE)
    assert steps is not None
    assert comment.count("create kubernetes:") + int(steps[1]) == count
    page = Page(comment)
    assert page.tags.count("tr") == 1 + rows_of(comment)
    assert "details" in page.tags
    assert comment.rstrip().endswith("</details>")


def test_without_an_artifact_it_says_what_to_type() -> None:
    assert "left out: `pull-secrets preview --stack prod` shows all" in render([many(1_000)])


@pytest.mark.parametrize("artifact", ["the artifact <b>", "javascript:alert(1)", "https://x) [y](z", "`"])
def test_an_artifact_that_is_no_address_is_code(artifact: str) -> None:
    page = Page(render([many(1_000)], artifact))
    assert artifact.replace("`", "\\x60") in page.code
    assert "a" not in page.tags


def test_several_stacks_share_the_room() -> None:
    comment = render([many(1_000), Review("staging", many(1_000).changes), Review("dev")])
    assert len(comment) <= MAX_LENGTH
    assert comment.count("more rows** left out") == 2
    assert "### Preview of `dev`\n\n**No changes.**\n" in comment


LONG = st.sampled_from(["a", "😀", "|", "`", "\n", "&"]).flatmap(
    lambda character: st.sampled_from([0, 10, 3_000, 200_000]).map(lambda count: character * count)
)


@settings(max_examples=20)
@given(LONG, LONG, st.integers(1, 4))
@example("😀" * 200_000, "`" * 200_000, 3)
def test_whatever_is_in_it_it_fits(name: str, message: str, stacks: int) -> None:
    reviews = [
        many(50, name=name + "{}", note=name),
        Review(
            "failed",
            errors=(message, f"{message}\n" * 3),
            warnings=(message,) * 3,
            notes=(visible(f"x{message}"),) * 50,
            steps=(visible(message),) * 9,
        ),
        review(name, message),
        Review("risky", risks=tuple(Risk("a-b", Level.RISK, (Name(name),)) for _ in range(50))),
    ][:stacks]
    comment = render(reviews)
    assert len(comment.encode("utf-16-le", "surrogatepass")) // 2 <= MAX_LENGTH < GITHUBS_LIMIT


def test_a_preview_that_failed_has_no_table() -> None:
    comment = render([failed('error: namespace "nowhere" does not exist\n  correct the name')])
    assert "### Preview of `prod`\n\n**The preview failed.**\n" in comment
    assert '```text\nerror: namespace "nowhere" does not exist\n  correct the name\n```' in comment
    assert "| Namespace" not in comment


def test_notes_stand_after_the_risks_and_before_what_changes() -> None:
    notes = ("namespaces[0] (team-*) chooses 1 namespace: a", "exclude[0] (`*`) excludes nothing")
    changes = Changes(namespaces=(NamespaceChange("a", Action.CREATED),))
    risk = Risk("a-b", Level.NOTE, ("careful",))
    comment = render([Review("prod", changes, (risk,), notes=notes)])
    assert comment.partition("\n\n")[2] == (
        "**1 namespace created.**\n\n"
        "- \u2139\ufe0f Careful.\n\n"
        "Notes:\n\n"
        "```text\nnamespaces[0] (team-*) chooses 1 namespace: a\nexclude[0] (`*`) excludes nothing\n```\n\n"
        "| Namespace | Object | Change | Others on the account |\n| --- | --- | --- | --- |\n"
        "| `a` | Namespace `a` | created |  |\n"
    )


def test_a_policy_is_the_whole_clusters() -> None:
    comment = render([Review("prod", Changes(policies=(PolicyChange("pulls-of-prod", Action.CREATED),)))])
    assert "**1 admission policy created.**\n" in comment
    assert "\n| the whole cluster | MutatingAdmissionPolicy `pulls-of-prod` | created |  |\n" in comment
