"""``pull-secrets doctor --verify`` of a registry with a token server, and certificates of an authority of its own."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi_image_pull_secrets.keyring import Credential

from sandbox.registry import USERNAME
from tests.integration.command_line import Run, run
from tests.integration.live import LiveCluster
from tests.integration.registry.conftest import Certificates
from tests.integration.registry.servers import Server
from tests.integration.registry.test_asking import Far, TokenServer
from tests.integration.secret_forms import new_password
from tests.integration.test_doctor_verify import Place

__all__ = ["run"]


class Company:
    """A registry, ``registry.example``, and ``auth.example``, which gives its tokens."""

    def __init__(self, far: Far) -> None:
        self.right = Credential("any", USERNAME, new_password())
        tokens = TokenServer(self.right)
        self.giver: Server = far("auth.example", tokens.give)
        self.registry: Server = far("registry.example", tokens.registry)
        tokens.realm = f"https://auth.example:{self.giver.port}/token"
        self.address = f"registry.example:{self.registry.port}"


@pytest.fixture
def company(far: Far) -> Company:
    return Company(far)


@pytest.fixture
def place(cluster: LiveCluster, run: Run, company: Company) -> Place:
    registry: Any = SimpleNamespace(address=company.address)
    return Place(cluster, run, registry, cluster.new_namespace())


def test_a_token_server_that_is_trusted_by_option(place: Place, company: Company, certificates: Certificates) -> None:
    place.secret("right", company.right.password)
    place.secret("wrong", new_password())
    place.pod("web", "right")
    place.pod("api", "wrong", image=f"{company.address}/acme/api:1")

    findings, pulls = place.told("--ca-file", certificates.ca_file, code=1)

    assert findings == [("secret-refused", "error", "Secret", "wrong")]
    assert pulls == [("acme/api:1", "denied", 1), ("acme/web:1", "pulls", 1)]
    assert company.giver.requests


def test_without_the_option_nothing_is_sent_to_it(place: Place, company: Company) -> None:
    place.secret("right", company.right.password)
    place.pod("web", "right")

    ran = place("doctor", "--verify", "-o", "json")

    assert ran.code == 0
    (finding,) = json.loads(ran.out)["findings"]
    assert (finding["code"], finding["name"]) == ("pod-not-verified", company.address)
    assert "certificate" in finding["message"]
    assert company.giver.requests == company.registry.requests == []
