"""What a mistyped label selector is told; what they mean is compared with Kubernetes's own code elsewhere."""

import pytest
from pulumi_image_pull_secrets.errors import LabelSelectorError
from pulumi_image_pull_secrets.label_selector import parse


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("team=", "", 0),
        ("team in (a, b),env!=dev,!old,tier", "", 0),
        ("team=a b", "'b' found, where ',' is expected", 8),
        ("team in a", "'a' found, where '(' is expected", 9),
        ("team in (a", "it ends, where ',' or ')' is expected", 11),
        ("team in (a b)", "'b' found, where ',' or ')' is expected", 12),
        ("team,", "it ends, where a label's key is expected", 6),
        ("=a", "'=' found, where a label's key is expected", 1),
        ("team ~ a", "'~' found, where one of =, ==, !=, in, notin, >, < is expected", 6),
        ("-team=a", "'-team' is not a qualified name", 1),
        ("team=a/b", "'a/b' is not a label value", 6),
        ("team>many", "'many' is not an integer, as > needs it", 6),
        ("team==!=a", "'!=' found, where a value is expected", 7),
    ],
)
def test_a_mistake_is_told_with_its_position(text: str, message: str, position: int) -> None:
    if not message:
        parse(text)
        return
    with pytest.raises(LabelSelectorError) as caught:
        parse(text)
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith(f", at character {position}")
    assert caught.value.position == position


def test_a_huge_selector_is_answered_at_once() -> None:
    with pytest.raises(LabelSelectorError):
        parse("(" * 1_000_000)
    assert len(parse(",".join(f"k{n}=v" for n in range(10_000))).requirements) == 10_000
