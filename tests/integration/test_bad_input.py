"""What is wrong is said in one message, in preview as in up, and nothing is changed."""

import secrets
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.pki import Authority
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.program import PASSWORD_ENV, Outcome, ProgramStack


def assert_refused(outcome: Outcome, *messages: str) -> None:
    assert outcome.failed
    assert "Traceback" not in outcome.output
    for message in messages:
        assert message in outcome.output


def refused_by_preview_and_up(stack: ProgramStack, *messages: str) -> None:
    for outcome in (stack.preview(), stack.up()):
        assert_refused(outcome, *messages)


def test_an_empty_configuration_names_every_required_key(stack: ProgramStack) -> None:
    stack.config = {}

    assert_refused(
        stack.preview(),
        "image-pull-secrets:context: missing",
        "image-pull-secrets:namespaces: missing",
        "image-pull-secrets:registries: missing",
        "image-pull-secrets:secretName: missing",
    )


def test_all_mistakes_of_a_configuration_are_told_at_once(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    stack.password = "p%w:\"'\n" + secrets.token_urlsafe(8)
    stack.config |= {
        "secretNam": "x",
        "adopt": "yes",
        "secretName": "s" * 254,
        "registries": [
            {"server": "https://ghcr.io/", "username": "a:b", "passwordEnv": PASSWORD_ENV},
            {"server": "ghcr.io", "username": "bot", "passwordEnv": "NOT_SET_ANYWHERE"},
        ],
        "namespaces": [
            {"name": namespace, "serviceAccounts": ["default", "Default", "default"]},
            {"name": namespace, "acounts": []},
            *({"name": f"No.{number}"} for number in range(300)),
        ],
    }

    outcome = stack.preview()

    assert_refused(
        outcome,
        " mistakes in its configuration",
        'image-pull-secrets:secretNam: unknown key; did you mean "secretName"?',
        "image-pull-secrets:adopt: must be true or false",
        "image-pull-secrets:registries[0].username:",
        "image-pull-secrets:registries[1].passwordEnv: the environment variable 'NOT_SET_ANYWHERE' is not set",
        "'https://ghcr.io/' and 'ghcr.io' are the same registry",
        "image-pull-secrets:namespaces[0].serviceAccounts[1]:",
        "image-pull-secrets:namespaces[0].serviceAccounts[2]: 'default' is given twice",
        "image-pull-secrets:namespaces[1].acounts: unknown key; did you mean",
        "image-pull-secrets:namespaces[301].name: 'No.299' is not a DNS-1123 label",
    )
    assert stack.password not in outcome.output


def test_everything_missing_in_the_cluster_is_told_at_once(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace("builder")
    before = cluster.account(namespace, "default")
    cluster.kubectl("create", "secret", "generic", "regcred", "-n", namespace, "--from-literal=a=b")
    ours = cluster.new_namespace()
    stack.config["namespaces"] = [
        {"name": namespace, "serviceAccounts": ["default", "bulider"]},
        {"name": f"{namespace}x"},
        {"name": ours, "create": True},
    ]

    refused_by_preview_and_up(
        stack,
        f'ServiceAccount "bulider" does not exist in namespace "{namespace}"; did you mean "builder"?',
        f'namespace "{namespace}x" does not exist; did you mean "{namespace}"?',
        f'Secret "{namespace}/regcred" exists with a type other than kubernetes.io/dockerconfigjson',
        f'namespace "{ours}" has create: true but exists',
    )

    assert cluster.account(namespace, "default") == before
    assert cluster.secret(ours, "regcred") is None


def test_a_namespace_that_is_being_deleted_is_told(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    held = {"metadata": {"name": "held", "finalizers": ["example.com/held"]}}
    cluster.api.create_namespaced_config_map(namespace, held)
    cluster.api.delete_namespace(namespace)
    stack.config["namespaces"] = [{"name": namespace}]

    assert_refused(stack.preview(), f'namespace "{namespace}" is being deleted')

    cluster.kubectl("patch", "configmap", "held", "-n", namespace, "-p", '{"metadata":{"finalizers":null}}')


def _folder(path: Path) -> str:
    path.mkdir()
    return "is a folder"


def _empty(path: Path) -> str:
    path.touch()
    return "is empty"


def _no_yaml(path: Path) -> str:
    path.write_text("a: [b\nc: {")
    return "is not YAML"


def _other_context(path: Path) -> str:
    path.write_text(yaml.safe_dump({"contexts": [{"name": f"{CONTEXT}-eu", "context": {}}], "current-context": "x"}))
    return f'context "{CONTEXT}" is not in the kubeconfig {path}; did you mean "{CONTEXT}-eu"?'


def _nothing(path: Path) -> str:
    return f"there is no kubeconfig at {path}"


@pytest.mark.parametrize("write", [_folder, _empty, _no_yaml, _other_context, _nothing])
def test_a_kubeconfig_that_cannot_be_used(write: Callable[[Path], str], stack: ProgramStack, tmp_path: Path) -> None:
    stack.config["namespaces"] = [{"name": "default"}]
    stack.config["kubeconfig"] = str(tmp_path / "kubeconfig")

    message = write(tmp_path / "kubeconfig")

    assert_refused(stack.preview(), message)


@contextmanager
def listening(answer: Callable[[socket.socket], Any]) -> Iterator[int]:
    """A server on loopback that does this with every connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        connections: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connections.append(connection)
                try:
                    answer(connection)
                except OSError:
                    connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in connections:
            connection.close()


def point_at(stack: ProgramStack, cluster: LiveCluster, path: Path, port: int, authority: Path | None = None) -> None:
    """A kubeconfig like the cluster's, but with another server."""
    content = yaml.safe_load(cluster.kubeconfig.read_text())
    content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    if authority:
        content["clusters"][0]["cluster"]["certificate-authority"] = str(authority)
    path.write_text(yaml.safe_dump(content))
    stack.config["kubeconfig"] = str(path)
    stack.config["namespaces"] = [{"name": "default"}]


def test_a_refused_connection(cluster: LiveCluster, stack: ProgramStack, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    point_at(stack, cluster, tmp_path / "kubeconfig", port)

    refused_by_preview_and_up(stack, f'the cluster of context "{CONTEXT}" (https://127.0.0.1:{port}) can\'t be reached')


def test_a_server_that_accepts_and_never_answers(cluster: LiveCluster, stack: ProgramStack, tmp_path: Path) -> None:
    with listening(lambda _: None) as port:
        point_at(stack, cluster, tmp_path / "kubeconfig", port)

        assert_refused(stack.preview(), "can't be reached: it doesn't answer in time")


def test_an_expired_certificate(cluster: LiveCluster, stack: ProgramStack, tmp_path: Path) -> None:
    authority = Authority.create()
    (tmp_path / "ca.crt").write_bytes(authority.pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.write_server(tmp_path, expired=True))
    with listening(lambda connection: context.wrap_socket(connection, server_side=True)) as port:
        point_at(stack, cluster, tmp_path / "kubeconfig", port, tmp_path / "ca.crt")

        assert_refused(stack.preview(), "its TLS certificate is not accepted (certificate has expired)")


def test_credentials_that_the_server_refuses(cluster: LiveCluster, stack: ProgramStack, tmp_path: Path) -> None:
    content = yaml.safe_load(cluster.kubeconfig.read_text())
    content["users"][0]["user"]["token"] = secrets.token_urlsafe(16)
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(content))
    stack.config |= {"kubeconfig": str(tmp_path / "kubeconfig"), "namespaces": [{"name": "default"}]}

    assert_refused(stack.preview(), "doesn't accept the kubeconfig's credentials; log in again")
