"""Whatever the component's arguments are, one error comes out of its constructor, and nothing is registered before."""

import asyncio
from collections.abc import Callable
from typing import Any

import pulumi
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets import ImagePullSecrets, ImagePullSecretsArgs, InvalidArgumentsError
from pulumi_image_pull_secrets.args import NamespaceArgs, RegistryArgs, find_shape_problems, without_none
from pulumi_image_pull_secrets.errors import format_path

from tests.unit.mocks import PROJECT, STACK, Deployment, Mocks, Monitor

NAMES = {key for of in (ImagePullSecretsArgs, NamespaceArgs, RegistryArgs) for key in of.__annotations__}
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(["a", "ghcr.io"])
)
KEYS = st.sampled_from(sorted(NAMES)) | st.text(max_size=9)
JSON = st.recursive(
    LEAVES,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(KEYS, children, max_size=4),
    max_leaves=8,
)


def nearly(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return value | JSON


ARGS = (
    JSON
    | st.dictionaries(KEYS, JSON, max_size=6)
    | st.fixed_dictionaries(
        {},
        optional={
            "secret_name": nearly(st.just("regcred")),
            "namespaces": nearly(
                st.lists(
                    st.fixed_dictionaries(
                        {"name": nearly(st.just("team-a"))},
                        optional={
                            "service_accounts": nearly(st.lists(nearly(st.just("builder")), max_size=3)),
                            "create": nearly(st.booleans()),
                        },
                    ),
                    max_size=3,
                )
            ),
            "registries": nearly(
                st.lists(st.dictionaries(st.sampled_from(sorted(RegistryArgs.__annotations__)), JSON))
            ),
            "docker_config_json": nearly(st.just('{"auths": {}}')),
            "retired_secret_names": nearly(st.lists(nearly(st.just("old")), max_size=3)),
            "labels": JSON | st.dictionaries(LEAVES, LEAVES, max_size=3),
            "annotations": JSON | st.dictionaries(LEAVES, LEAVES, max_size=3),
            "adopt": JSON,
            "detach": JSON,
        },
    )
)


def construct(args: Any) -> tuple[Deployment, Exception | None]:
    """What comes out of the constructor where no provider is given, and what was registered until then."""
    deployment = Deployment()
    monitor = Monitor(Mocks({}, preview=False), deployment)
    pulumi.runtime.set_mocks(monitor.mocks, project=PROJECT, stack=STACK, monitor=monitor)
    try:
        ImagePullSecrets("pulls", args)
    except Exception as error:
        return deployment, error
    return deployment, None


@given(ARGS)
def test_whatever_the_arguments_are_only_one_error_comes_out(args: Any) -> None:
    deployment, error = in_a_loop(lambda: construct(args))
    # The provider is missing as well, so nothing may pass.
    assert type(error) is InvalidArgumentsError
    assert "opts.provider" in [format_path(problem.path) for problem in error.problems]
    assert deployment.resources == []
    paths = [problem.path for problem in error.problems]
    shape = [problem.path for problem in find_shape_problems(without_none(args))]
    assert {path for path in shape if path not in paths} == set()


@given(ARGS, st.dictionaries(st.text(max_size=3), st.dictionaries(st.text(max_size=3), st.none(), max_size=2)))
def test_live_accounts_of_another_stack_are_one_error(args: Any, live_accounts: Any) -> None:
    def with_live_accounts() -> Exception | None:
        try:
            ImagePullSecrets("pulls", args, live_accounts=live_accounts)
        except Exception as error:
            return error
        return None

    assert type(in_a_loop(with_live_accounts)) is InvalidArgumentsError


def in_a_loop(run: Callable[[], Any]) -> Any:
    """The SDK makes Outputs only where a loop runs."""

    async def running() -> Any:
        return run()

    return asyncio.run(running())
