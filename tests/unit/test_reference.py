"""docs/reference.md: what the settings, the schema and the command line say now."""

from sandbox import reference


def test_the_page_is_up_to_date() -> None:
    assert reference.FILE.read_text(encoding="utf-8") == reference.render(), "renew it: make reference"


def test_nothing_in_it_lacks_a_description() -> None:
    rows = [line for line in reference.render().splitlines() if line.startswith("| `")]
    assert len(rows) > 30
    assert [row for row in rows if row.endswith("|  |")] == []
