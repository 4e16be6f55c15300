"""The policies, asked by the SDK's own means, of resources as the engine describes them."""

import base64
import json
import secrets
from pathlib import Path
from typing import Any

from pull_secret_policies import COMPONENT, POLICIES, SECRET
from pulumi_policy import (
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

OPTIONS = PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])
PARENT = "urn:pulumi:prod::acme::image-pull-secrets:index:ImagePullSecrets"
BY_NAME = {policy.name: policy for policy in POLICIES}


def content(host: str, username: str) -> dict[str, str]:
    auths = {host: {"username": username, "password": secrets.token_urlsafe(16)}}
    return {".dockerconfigjson": base64.b64encode(json.dumps({"auths": auths}).encode()).decode()}


def resource(kind: str, urn: str, props: dict[str, Any]) -> PolicyResource:
    return PolicyResource(kind, props, urn, urn.rpartition("::")[2], OPTIONS, None, None, [], {})


def component(attached: dict[str, list[str]], kept: list[str]) -> PolicyResource:
    return resource(COMPONENT, f"{PARENT}::pulls", {"attached": attached, "secrets": kept})


def secret(namespace: str, data: Any, parent: str = f"{PARENT}$") -> PolicyResource:
    props = {"metadata": {"namespace": namespace, "name": "regcred"}, "data": data}
    return resource(SECRET, f"{parent}{SECRET}::pulls/{namespace}/regcred", props)


def asked(name: str, config: dict[str, Any], *resources: PolicyResource) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    args = StackValidationArgs(list(resources), config)
    policy = BY_NAME[name]
    assert isinstance(policy, StackValidationPolicy)
    policy.validate(args, lambda message, urn: found.append((message, urn)))
    return found


def asked_of(one: PolicyResource, config: dict[str, Any]) -> list[str]:
    found: list[str] = []
    args = ResourceValidationArgs(one.resource_type, one.props, one.urn, one.name, OPTIONS, None, config)
    policy = BY_NAME["allowed-registries"]
    assert isinstance(policy, ResourceValidationPolicy)
    policy.validate(args, lambda message, _: found.append(message))
    return found


def test_every_policy_says_what_it_is_for_and_what_it_takes() -> None:
    for policy in POLICIES:
        assert policy.description.endswith(".")
        assert policy.config_schema is not None


def test_the_example_configuration_names_each_policy_and_only_what_it_takes() -> None:
    example = json.loads((Path(__file__).parents[3] / "policies" / "config.json").read_text())
    schemas = {policy.name: set(policy.config_schema.properties) for policy in POLICIES if policy.config_schema}
    assert {name: set(properties) for name, properties in example.items()} == schemas


def test_no_plain_password_reads_each_stack_file_of_the_project_and_its_own(tmp_path: Path) -> None:
    password = secrets.token_urlsafe(16)
    (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n  a:password: {password}\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config: [")
    (tmp_path / "Pulumi.staging.yaml").write_bytes(b"\xff")
    (tmp_path / "Pulumi.yaml").write_text("name: a\nconfig:\n  password: x\n")
    told = [message for message, _ in asked("no-plain-password", {"project": str(tmp_path)})]
    assert told[0].startswith("Pulumi.yaml: password is in plain text")
    assert told[1].startswith("Pulumi.dev.yaml: a:password is in plain text")
    assert told[2] == "Pulumi.prod.yaml can't be read: not YAML"
    assert told[3].startswith("Pulumi.staging.yaml can't be read")
    assert len(told) == 4
    assert password not in str(told)


def test_allowed_registries_looks_at_secrets_of_the_component_alone() -> None:
    config = {"registries": ["ghcr.io"]}
    assert asked_of(secret("a", content("ghcr.io", "bot")), config) == []
    assert asked_of(secret("a", content("quay.io", "bot")), config) == [
        "quay.io is not among the allowed registries: ghcr.io"
    ]
    assert "can be read" in asked_of(secret("a", {"tls.crt": ""}), config)[0]
    other = secret("a", content("quay.io", "bot"), parent="urn:pulumi:prod::acme::")
    assert asked_of(other, config) == []


def test_no_detach_names_the_component() -> None:
    config = {"stacks": ["prod"], "exceptions": {}}
    ((message, urn),) = asked("no-detach", config, component({"a/default": []}, []), secret("a", {}))
    assert message.startswith("1 of 1 accounts")
    assert urn == f"{PARENT}::pulls"


def test_no_wide_admin_counts_namespaces_and_tells_what_it_cannot_read() -> None:
    config = {"usernames": ["admin"], "maxNamespaces": 1.0}
    places = [secret(name, content("ghcr.io", "admin")) for name in "ab"]
    foreign = secret("c", content("ghcr.io", "admin"), parent="urn:pulumi:prod::acme::")
    ((message, _),) = asked("no-wide-admin", config, *places, foreign)
    assert "would be in 2 namespaces" in message
    broken = secret("d", {})
    ((message, urn),) = asked("no-wide-admin", config, broken)
    assert "can be read" in message
    assert urn == broken.urn


def test_retired_secrets_end_names_the_component() -> None:
    told = asked("retired-secrets-end", {"endDates": {}}, component({"a/default": ["new"]}, ["a/new", "a/old"]))
    ((message, urn),) = told
    assert message.startswith('the retired Secret "old" has no end date')
    assert urn == f"{PARENT}::pulls"
