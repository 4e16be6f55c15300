"""The model's world on a real cluster: what is done there for a rule, and what is looked at after each."""

import base64
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException
from pulumi_image_pull_secrets.attachment import OWNER_ANNOTATION, annotation_key, parse_annotation

from sandbox.engine import Engine
from tests.integration.live import LiveCluster
from tests.integration.model import Account, Names, Owner, Place, Secret, World
from tests.integration.program import Outcome, ProgramStack

_DOCKER_CONFIG = ".dockerconfigjson"
_OBSTACLES = {
    "no namespace": r'namespace "(\S+)" does not exist',
    "no account": r'ServiceAccount "(\S+)" does not exist in namespace "(\S+)"',
    "namespace in the way": r'namespace "(\S+)" has create: true but exists',
    "secret in the way": r'Secret "(\S+)/(\S+)" exists and was made by',
}


class WorldOnACluster:
    """Two stacks on one cluster, with the model of both; namespaces go by the model's short names."""

    def __init__(self, cluster: LiveCluster, engine: Engine) -> None:
        self.cluster = cluster
        self.real = {name: cluster.new_namespace("builder") for name in ("a", "b")}
        self.real["made"] = f"{self.real['a']}-made"
        one = Owner("one", "one-a", {}, frozenset({"made"}))
        two = Owner("two", "two-a", {})
        self.world = World({"one": one, "two": two})
        self.world.namespaces = {name: {"default": Account(), "builder": Account()} for name in ("a", "b")}
        self.stacks = {
            name: ProgramStack(engine, cluster, f"{name}-{secrets.token_hex(4)}") for name in self.world.owners
        }
        for owner in (one, two):
            owner.password = self.stacks[owner.name].password
        self.keys = {
            name: annotation_key(f"image-pull-secrets.{stack.name}.pulls") for name, stack in self.stacks.items()
        }
        self.born: dict[Place, dict[str, Any]] = {}
        self.steps_since_engine = 0

    def remove(self) -> None:
        for name in self.real.values():
            with suppress(ApiException):
                self.cluster.api.delete_namespace(name)

    def places(self) -> set[Place]:
        return {place for place, _ in self.world.accounts()}

    def account(self, place: Place) -> Account:
        return self.world.namespaces[place[0]][place[1]]

    def real_place(self, place: Place) -> tuple[str, str]:
        return self.real[place[0]], place[1]

    def wait_for_default(self, namespace: str) -> None:
        self.cluster.wait_for(lambda: self.cluster.account(self.real[namespace], "default"))

    def missing(self) -> set[tuple[str, ...]]:
        """What is listed and not there."""
        obstacles = set().union(*(self.world.obstacles(owner) for owner in self.world.owners.values()))
        return {obstacle for obstacle in obstacles if obstacle[0] in ("no namespace", "no account")}

    def write(self, place: Place, names: Names, applied: bool) -> None:
        namespace, name = self.real_place(place)
        # An apply without a list would only let go of what this manager holds.
        if applied and names:
            self.cluster.apply({"namespace": namespace, "name": name}, list(names), "somebody")
        else:
            self.cluster.set_pull_secrets(namespace, name, *names)
        self.account(place).write(names, applied=applied and bool(names))

    def run(self, owner: Owner, operation: str) -> Outcome:
        self.steps_since_engine = -1
        stack = self.stacks[owner.name]
        stack.password = owner.password
        stack.config |= {
            "secretName": owner.secret_name,
            "retiredSecretNames": owner.retired,
            "detach": owner.detach,
            "adopt": owner.adopt,
            "namespaces": [
                {
                    "name": self.real[namespace],
                    "serviceAccounts": accounts,
                    **({"create": True} if namespace in owner.created else {}),
                }
                for namespace, accounts in owner.listed.items()
            ],
        }
        return stack.run(operation)

    def obstacles_are_told(self, owner: Owner, operation: str) -> bool:
        """Runs it where it has to fail; says whether it had to."""
        expected = {
            (kind, *(self.real.get(part, part) for part in parts)) for kind, *parts in self.world.obstacles(owner)
        }
        if not expected:
            return False
        outcome = self.run(owner, operation)
        assert outcome.failed, f"it should have failed for {expected}:\n{outcome.output}"
        told = set()
        for kind, pattern in _OBSTACLES.items():
            for match in re.finditer(pattern, outcome.output):
                told.add((kind, *(reversed(match.groups()) if kind == "no account" else match.groups())))
        assert told == expected, outcome.output
        return True

    def bring_up(self, owner: Owner, preview: Outcome | None = None) -> bool:
        outcome = self.run(owner, "up")
        assert not outcome.failed, outcome.output
        if preview:
            assert preview.changed == outcome.changed, f"{preview.output}\n{outcome.output}"
        needs_more = self.world.up(owner)
        self.see()
        return needs_more

    def bring_to_rest(self, owner: Owner) -> None:
        preview, needs_more = None, False
        for attempt in range(3):
            needs_more = self.bring_up(owner, preview)
            preview = self.run(owner, "preview")
            assert not preview.failed, preview.output
            if preview.changed == {}:
                return
            assert needs_more or attempt, f"a second preview isn't empty:\n{preview.output}"
        pytest.fail(f"no rest within three ups:\n{preview.output if preview else ''}")

    def take_down(self, owner: Owner) -> None:
        outcome = self.run(owner, "destroy")
        assert not outcome.failed, outcome.output
        self.world.destroy(owner)
        self.see()

    def see(self) -> None:
        self.born = {place: born for place, born in self.born.items() if place in self.places()}
        for namespace, accounts in self.world.namespaces.items():
            self.wait_for_default(namespace)
            live = self.list_of("service_account", namespace)
            assert set(live) == set(accounts), f"accounts in {namespace}"
            for name, account in accounts.items():
                with _told_where(namespace, name):
                    self.see_account((namespace, name), account, live[name])
            found = {
                (namespace, name): Secret(self.maker_of(body), _password(body))
                for name, body in self.list_of("secret", namespace).items()
            }
            assert found == {key: secret for key, secret in self.world.secrets.items() if key[0] == namespace}

    def see_account(self, place: Place, account: Account, live: dict[str, Any]) -> None:
        entries = live.pop("imagePullSecrets", [])
        names = tuple(entry["name"] for entry in entries if entry.get("name"))
        annotations = live["metadata"].get("annotations", {})
        notes = {
            owner: parse_annotation(annotations.pop(key)) if key in annotations else None
            for owner, key in self.keys.items()
        }
        account.see(names, notes, blank=len(names) < len(entries))
        if account.notes and not annotations:
            live["metadata"].pop("annotations", None)
        assert live == self.born.setdefault(place, live)

    def list_of(self, kind: str, namespace: str) -> dict[str, dict[str, Any]]:
        answer = getattr(self.cluster.api, f"list_namespaced_{kind}")(self.real[namespace], _preload_content=False)
        items = json.loads(answer.data)["items"]
        for item in items:
            for key in ("managedFields", "resourceVersion"):
                item["metadata"].pop(key, None)
        return {item["metadata"]["name"]: item for item in items}

    def maker_of(self, body: dict[str, Any]) -> str | None:
        maker = body["metadata"].get("annotations", {}).get(OWNER_ANNOTATION)
        return {key.partition("/")[2]: owner for owner, key in self.keys.items()}.get(maker)


def _password(secret: dict[str, Any]) -> str:
    return str(json.loads(base64.b64decode(secret["data"][_DOCKER_CONFIG]))["auths"]["ghcr.io"]["password"])


@contextmanager
def _told_where(namespace: str, account: str) -> Iterator[None]:
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{namespace}/{account}: {error}") from error
