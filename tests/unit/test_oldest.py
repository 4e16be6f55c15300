"""A library beside an older pulumi says what to do, and says the same as the package's metadata."""

from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from pulumi_image_pull_secrets import ImagePullSecretsError, OutdatedPackageError
from pulumi_image_pull_secrets.oldest import OLDEST, check_installed


def test_it_asks_for_what_pip_is_told() -> None:
    requirements = {each.name: each for each in map(Requirement, requires("pulumi-image-pull-secrets") or [])}
    for package, oldest in OLDEST.items():
        assert f">={oldest}" in str(requirements[package].specifier).split(",")


@pytest.mark.parametrize("found", ["3.236.9", "3.99.0", "2.300.0", "3.236.0a1"])
def test_an_older_package_is_named_with_what_to_type(found: str) -> None:
    versions = {"pulumi": found, "pulumi-kubernetes": "4.29.0"}
    with pytest.raises(
        OutdatedPackageError, match=rf"needs pulumi 3\.237 or newer, and {found} is installed; type: pip "
    ):
        check_installed(versions.__getitem__)


@pytest.mark.parametrize("found", ["3.237.0", "3.1000.0", "3.240.0a1", "4.0"])
def test_the_oldest_and_newer_ones_pass(found: str) -> None:
    check_installed({"pulumi": found, "pulumi-kubernetes": "4.29.0"}.__getitem__)


def test_a_package_that_is_not_there_is_told_where_it_is_imported() -> None:
    def missing(package: str) -> str:
        raise PackageNotFoundError(package)

    check_installed(missing)


def test_it_can_be_caught_as_either() -> None:
    error = OutdatedPackageError("pulumi", "3.1", "3.237")
    assert isinstance(error, ImagePullSecretsError)
    assert isinstance(error, ImportError)
