"""P10: what the program has the SDK wait for grows in proportion to the namespaces, not with their square."""

import asyncio
import secrets
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.unit.test_main import Preflight, kubeconfig, preflight, run  # noqa: F401


@pytest.mark.skipif(not hasattr(pulumi, "run"), reason="the program can't wait for it, before Pulumi 3.254")
async def test_outputs_are_awaited_in_proportion(
    preflight: Preflight,  # noqa: F811
    kubeconfig: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REGISTRY_PASSWORD", secrets.token_urlsafe(16))
    registry = {"server": "ghcr.io", "username": "bot", "passwordEnv": "REGISTRY_PASSWORD"}
    awaited: list[int] = []
    wait = asyncio.wait

    def counting(tasks: Any, **options: Any) -> Any:
        awaited.append(len(tasks))
        return wait(tasks, **options)

    async def awaited_for(number: int) -> int:
        awaited.clear()
        namespaces = [{"name": f"n-{index}", "serviceAccounts": ["default"]} for index in range(number)]
        config = {"context": "acme-staging", "registries": [registry], "namespaces": namespaces, "secretName": "s"}
        deployment = await run("staging", config)
        assert len(deployment.exports["secrets"]) == number
        return sum(awaited)

    monkeypatch.setattr(asyncio, "wait", counting)
    few, many = await awaited_for(10), await awaited_for(40)

    # Four times as many, and some that come and go.
    assert many <= 4 * few + 40
