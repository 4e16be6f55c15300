"""verifyRegistries, on the real engine, API server and registry."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.registry import USERNAME, Registry
from tests.integration.live import LiveCluster
from tests.integration.program import PASSWORD_ENV, ProgramStack
from tests.unit.mocks import forms_of


@pytest.fixture
def registry(parts: dict[str, Path], tmp_path: Path, stack: ProgramStack) -> Iterator[Registry]:
    running = Registry(tmp_path / "registry", parts["registry"])
    try:
        running.start(stack.password)
        stack.config["registries"][0] |= {"server": running.address, "username": USERNAME}
        stack.config["verifyRegistries"] = True
        yield running
    finally:
        running.processes.stop()


def test_a_refused_login_fails_the_preview_and_the_right_one_goes_up(
    cluster: LiveCluster, stack: ProgramStack, registry: Registry
) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}, {"name": f"{namespace}-missing"}]
    right, stack.password = stack.password, secrets.token_urlsafe(16)
    line = (
        f"image-pull-secrets:registries[0]: {registry.address} refuses the login (401); correct the username, "
        f"or what the environment variable '{PASSWORD_ENV}' holds"
    )

    both = stack.preview()
    del stack.config["namespaces"][1]
    outcomes = [both, stack.preview(), stack.up()]

    assert f'namespace "{namespace}-missing" does not exist' in both.output
    for outcome in outcomes:
        assert outcome.failed
        assert line in outcome.output
        assert "Traceback" not in outcome.output
        assert not [form for form in forms_of(stack.password, USERNAME) if form in outcome.output]
    assert "a login of this stack doesn't work; nothing was changed:" in outcomes[1].output
    assert cluster.secret(namespace, "regcred") is None
    assert cluster.pull_secrets(namespace) == []

    stack.password = right
    up = stack.up()
    assert not up.failed, up.output
    assert "could not be verified" not in up.output
    assert cluster.pull_secrets(namespace) == ["regcred"]


def test_a_registry_that_is_not_reached_is_a_warning(
    cluster: LiveCluster, stack: ProgramStack, registry: Registry
) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]
    registry.processes.stop()

    up = stack.up()

    assert not up.failed, up.output
    assert "these logins could not be verified; a node may get another answer:" in up.output
    assert f"image-pull-secrets:registries[0]: {registry.address}: the connection was refused" in up.output
    assert cluster.pull_secrets(namespace) == ["regcred"]
