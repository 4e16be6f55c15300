"""What the component's Secrets hold, from arguments of which some are known later."""

import base64
from typing import Any

import pulumi

from . import docker_config
from .args import ImagePullSecretsArgs
from .attachment import OWNER_ANNOTATION
from .docker_config import Registry
from .errors import InvalidArgumentsError, Problem
from .token_expiry import EXPIRES_ANNOTATION, EXPIRING_ANNOTATION
from .validation import find_time_problems


def annotations(component: str, args: ImagePullSecretsArgs, *, owner: str) -> dict[str, pulumi.Input[str]]:
    """The Secrets' annotations: those of ``args``, whose they are, and when their passwords end."""
    made: dict[str, pulumi.Input[str]] = {**args.get("annotations", {}), OWNER_ANNOTATION: owner}
    if "expires" in args:
        expires: Any = args["expires"]
        if not isinstance(expires, str):
            expires = pulumi.Output.from_input(expires).apply(lambda known: _checked_time(component, known))
        made[EXPIRES_ANNOTATION] = expires
    if "expiring" in args:
        made[EXPIRING_ANNOTATION] = ",".join(sorted(map(docker_config.registry_key, args["expiring"])))
    return made


def data(component: str, args: ImagePullSecretsArgs) -> pulumi.Output[dict[str, str]]:
    """The Secrets' data, in base64 and marked secret: one Output for all namespaces."""
    whole_text = args.get("docker_config_json")
    if whole_text is not None:
        text = pulumi.Output.secret(whole_text).apply(lambda known: _checked(component, known))
    else:
        registries = pulumi.Output.all(*[pulumi.Output.all(**registry) for registry in args["registries"]])
        text = pulumi.Output.secret(registries.apply(lambda known: _rendered(component, known)))
    return text.apply(lambda config: {docker_config.SECRET_KEY: base64.b64encode(config.encode()).decode()})


def _checked(component: str, text: Any) -> str:
    if not isinstance(text, str):
        raise InvalidArgumentsError(component, [Problem(("docker_config_json",), "must be text")])
    docker_config.check(text)
    return text


def _rendered(component: str, registries: list[dict[str, Any]]) -> str:
    problems = [
        Problem(("registries", index, key), "must be text")
        for index, registry in enumerate(registries)
        for key, value in registry.items()
        if not isinstance(value, str) and not (key == "email" and value is None)
    ]
    if problems:
        raise InvalidArgumentsError(component, problems)
    return docker_config.render(Registry(**registry) for registry in registries)


def _checked_time(component: str, expires: str) -> str:
    if problems := list(find_time_problems(expires)):
        raise InvalidArgumentsError(component, problems)
    return expires
