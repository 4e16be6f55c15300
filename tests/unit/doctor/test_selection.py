"""Which checks a run was asked for."""

import pytest
from pulumi_image_pull_secrets.doctor.checks import CHECKS, POD_DNS, SECRET_MISSING
from pulumi_image_pull_secrets.doctor.selection import CheckCodeError, checks_of


def test_without_codes_all_are_run_that_can_be() -> None:
    assert checks_of([], has_stack=True, verifies=True) == CHECKS
    left_out = set(CHECKS) - set(checks_of([], has_stack=False, verifies=True))
    assert {check.code for check in left_out} == {"coverage-namespace", "coverage-account"}
    left_out = set(CHECKS) - set(checks_of([], has_stack=True))
    assert {check.code for check in left_out} == {"secret-refused", "pod-not-verified"}


@pytest.mark.parametrize("code", ["secret-refused", "pod-not-verified"])
def test_what_only_a_registry_tells_needs_it_asked(code: str) -> None:
    assert [check.code for check in checks_of([code], has_stack=False, verifies=True)] == [code]
    with pytest.raises(CheckCodeError, match=f"^{code} is what a registry says; add --verify$"):
        checks_of([code], has_stack=False)


def test_codes_are_taken_once_in_the_order_of_the_documentation() -> None:
    assert checks_of(["pod-dns", "secret-missing", "pod-dns"], has_stack=False) == (SECRET_MISSING, POD_DNS)


@pytest.mark.parametrize("code", [check.code for check in CHECKS])
def test_one_mistyped_letter_is_enough_to_be_understood(code: str) -> None:
    with pytest.raises(CheckCodeError, match=f"did you mean {code}\\?"):
        checks_of([f"{code[:6]}{code[7:]}"], has_stack=True)


def test_a_code_of_any_text_is_one_short_line() -> None:
    with pytest.raises(CheckCodeError) as caught:
        checks_of(["\x1b[2J" * 1000], has_stack=True)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500
