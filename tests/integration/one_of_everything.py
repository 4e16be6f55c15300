"""A cluster in which every check finds something: pods with statuses and events as a kubelet writes them."""

import base64
import json
import secrets
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from kubernetes import client
from pulumi_image_pull_secrets.attachment import OWNER_ANNOTATION

from tests.integration.live import LiveCluster
from tests.integration.secret_forms import new_password

JSON_TYPE = "kubernetes.io/dockerconfigjson"
WEB = "ghcr.io/acme/web:1"
REFUSED = (
    'failed to pull and unpack image "{image}": failed to resolve reference "{image}": pull access denied, '
    "repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"
)
EXPIRED = datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc)

Auths = Mapping[str, Mapping[str, Any]]


class Everything:
    """Four namespaces, by what is wrong in them; ``passwords`` is what no output may hold."""

    def __init__(self, cluster: LiveCluster) -> None:
        self._cluster = cluster
        self._apps: Any = client.AppsV1Api(cluster.api.api_client)
        self.passwords: list[str] = []
        roles = ("secrets", "accounts", "pods", "covered", "uncovered")
        self.namespaces = {role: cluster.new_namespace() for role in roles}
        self._of_secrets()
        self._of_accounts()
        self._of_pods()
        self._of_coverage()

    def stack_file(self, folder: Path) -> Path:
        """The stack that covers one namespace, and one account in it."""
        path = folder / "Pulumi.prod.yaml"
        path.write_text(
            "config:\n"
            "  image-pull-secrets:context: sandbox\n"
            "  image-pull-secrets:secretName: regcred\n"
            "  image-pull-secrets:registries: [{server: stack.example, username: bot, password: {secure: v1:x}}]\n"
            f"  image-pull-secrets:namespaces: [{{name: {self.namespaces['covered']}}}]\n"
        )
        return path

    def in_roles(self, text: str) -> str:
        """The text with what each namespace is for instead of its name."""
        for role, name in self.namespaces.items():
            text = text.replace(name, f"{role}-namespace")
        return text

    def _of_secrets(self) -> None:
        """Each Secret with an account that names it, and a pod that fails because of it."""
        where = self.namespaces["secrets"]
        self._account(where, "missing", "gone")
        self._refused(where, "missing")
        self._secret(where, "of-another-type", content=b"x", type_="Opaque")
        self._secret(where, "unreadable", content=b'{"auths": []}')
        self.passwords.append(secrets.token_hex(20))
        self._secret(where, "undecodable", {"ghcr.io": {"auth": f"%{self.passwords[-1]}"}})
        self._secret(where, "disagrees", {"ghcr.io": {**self._login(), "auth": self._login()["auth"]}})
        # A user name that is a token, and a key with a login in it, are as secret as a password.
        token = f"ghp_{secrets.token_hex(18)}"
        self.passwords.append(token)
        in_key = secrets.token_hex(20)
        self.passwords.append(in_key)
        in_key = f"https://bot:{in_key}@quay.io"
        self._secret(where, "never-matches", {"ghcr.io/acme:1": self._login(token), in_key: self._login()})
        self._secret(where, "expired", {"ghcr.io": self._token(EXPIRED, timedelta(days=30))})
        self._secret(where, "empty", content=b"{}")
        self._secret(where, "shadowed", {"ghcr.io": self._login("one"), "https://ghcr.io": self._login("other")})
        for name in ("of-another-type", "disagrees", "never-matches", "expired", "empty", "shadowed"):
            self._account(where, name, name)
            self._refused(where, name)
        # What the kubelet itself can't parse it tells as it stands; newer ones as the reason, without a message.
        self._account(where, "unreadable", "unreadable")
        self._pod(where, "unreadable", account="unreadable")
        said = "json: cannot unmarshal array into Go struct field DockerConfigJSON.auths"
        self._waits(where, "unreadable", "ErrImagePull", said)
        self._account(where, "undecodable", "undecodable")
        self._pod(where, "undecodable", account="undecodable")
        self._waits(where, "undecodable", "illegal base64 data at input byte 0", "")
        self._secret(where, "expiring", {"ghcr.io": self._token(datetime.now(timezone.utc) + timedelta(hours=1))})
        self._account(where, "expiring", "expiring")
        # Runs, since its image is on the node.
        self._pod(where, "expired-runs", account="expired")
        self._runs(where, "expired-runs")

    def _of_accounts(self) -> None:
        where = self.namespaces["accounts"]
        self._secret(where, "quay", {"quay.io": self._login()})
        self._account(where, "poor")
        self._refused(where, "poor")
        self._account(where, "dangling", "never-made")
        self._secret(where, "retired", {"ghcr.io": self._login()}, annotations={OWNER_ANNOTATION: "acme/prod/pulls"})
        self._account(where, "retired", "retired")
        self._account(where, "twice", "quay", "quay")
        self._secret(where, "regcred", {"ghcr.io": self._login()})
        for name in ("overridden", "own-list", "template"):
            self._account(where, name, "regcred")
        self._next_second()
        # Its pods bring a list of their own, that has a login as well.
        self._secret(where, "own", {"ghcr.io": self._login()})
        self._pod(where, "overrides", account="overridden", own=["own"])
        self._runs(where, "overrides")
        # Their own list hides the one that has a login; another pod of the account gets it.
        for account in ("own-list", "template"):
            self._pod(where, f"{account}-copies", account=account)
            self._runs(where, f"{account}-copies")
        self._pod(where, "brings", account="own-list", own=["quay"])
        self._waits(where, "brings", "ImagePullBackOff", REFUSED.format(image=WEB))
        template = {
            "serviceAccountName": "template",
            "imagePullSecrets": [{"name": "quay"}],
            "containers": [{"name": "main", "image": WEB}],
        }
        owner = self._deployment(where, "web", template)
        self._pod(where, "web-5d8f-x1", account="template", own=["quay"], owner=owner)
        self._waits(where, "web-5d8f-x1", "ImagePullBackOff", REFUSED.format(image=WEB))

    def _of_pods(self) -> None:
        where = self.namespaces["pods"]
        self._pod(where, "early")
        self._waits(where, "early", "ImagePullBackOff", REFUSED.format(image=WEB))
        login = self._login()
        self._secret(where, "regcred", {"ghcr.io": login, "docker.io": self._login()})
        self._secret(where, "quay", {"quay.io": self._login()})
        self._cluster.set_pull_secrets(where, "default", "regcred")
        self._account(where, "other-registry", "quay")
        self._refused(where, "other-registry")
        self._pod(where, "dangles", own=["regcred", "never-there"])
        self._runs(where, "dangles")
        sent = f"{login['username']}:{login['password']}"
        # The first waits for the next try, the others have just failed.
        self._pod(where, "unauthorized")
        self._waits(where, "unauthorized", "ImagePullBackOff", REFUSED.format(image=WEB))
        for name, image, said in (
            ("not-found", WEB, f'rpc error: code = NotFound desc = failed to resolve reference "{WEB}": not found'),
            ("limited", "nginx:1", "toomanyrequests: You have reached your pull rate limit"),
            ("dns", "a.example/x:1", "dial tcp: lookup a.example on 10.0.0.2:53: no such host"),
            ("tls", "b.example/x:1", "tls: failed to verify certificate: x509: certificate has expired"),
            ("timeout", "c.example/x:1", "dial tcp 192.0.2.7:443: i/o timeout"),
            ("unreachable", "d.example/x:1", "dial tcp 192.0.2.8:443: connect: connection refused"),
            ("architecture", WEB, "no matching manifest for linux/arm64/v8 in the manifest list entries"),
            ("disk", WEB, "failed to extract layer: write /var/x: no space left on device"),
            ("strange", WEB, "the moon is in the wrong house"),
            # A registry that tells everybody what it was sent.
            ("echo", WEB, f"unauthorized: {sent} may not pull"),
        ):
            self._pod(where, name, image=image)
            self._waits(where, name, "ErrImagePull", said, image=image)
        self._pod(where, "name", image="ghcr.io/Acme/web:1")
        said = "couldn't parse image name: invalid reference format"
        self._waits(where, "name", "InvalidImageName", said, image="ghcr.io/Acme/web:1")
        self._pod(where, "never", image="nginx:2", policy="Never")
        said = 'Container image "nginx:2" is not present with pull policy of Never'
        self._waits(where, "never", "ErrImageNeverPull", said, image="nginx:2")

    def _of_coverage(self) -> None:
        for role, account in (("covered", "builder"), ("uncovered", "default")):
            where = self.namespaces[role]
            if account != "default":
                self._account(where, account)
            self._pod(where, "app", account=account, image="stack.example/app:1")
            image = "stack.example/app:1"
            self._waits(where, "app", "ImagePullBackOff", REFUSED.format(image=image), image=image)

    def _login(self, username: str = "bot", password: str | None = None) -> dict[str, str]:
        password = password or new_password()
        self.passwords.append(password)
        auth = base64.b64encode(f"{username}:{password}".encode()).decode()
        return {"username": username, "password": password, "auth": auth}

    def _token(self, end: datetime, lifetime: timedelta = timedelta(days=2)) -> dict[str, str]:
        """A login whose password is a JSON Web Token."""
        claims = {"exp": int(end.timestamp()), "iat": int((end - lifetime).timestamp())}
        parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
        text = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
        return self._login(password=f"{text}.{new_password()}")

    def _secret(
        self,
        namespace: str,
        name: str,
        auths: Auths | None = None,
        *,
        content: bytes = b"",
        type_: str = JSON_TYPE,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        content = content or json.dumps({"auths": auths}).encode()
        body = {
            "metadata": {"name": name, "annotations": annotations},
            "type": type_,
            "data": {".dockerconfigjson": base64.b64encode(content).decode()},
        }
        self._cluster.api.create_namespaced_secret(namespace, body)

    def _account(self, namespace: str, name: str, *pull_secrets: str) -> None:
        self._cluster.create_account(namespace, name, *pull_secrets)

    def _refused(self, namespace: str, account: str) -> None:
        """A pod of an account, of its name, that a registry refuses."""
        self._pod(namespace, account, account=account)
        self._waits(namespace, account, "ImagePullBackOff", REFUSED.format(image=WEB))

    def _pod(
        self,
        namespace: str,
        name: str,
        *,
        account: str = "default",
        image: str = WEB,
        policy: str = "IfNotPresent",
        own: Iterable[str] = (),
        owner: Mapping[str, Any] | None = None,
    ) -> None:
        spec = {
            "serviceAccountName": account,
            "containers": [{"name": "main", "image": image, "imagePullPolicy": policy}],
            "imagePullSecrets": [{"name": each} for each in own],
        }
        metadata: dict[str, Any] = {"name": name, "ownerReferences": [dict(owner)] if owner else []}
        if owner:
            metadata["labels"] = {"pod-template-hash": owner["name"].rpartition("-")[2]}
        self._cluster.api.create_namespaced_pod(namespace, {"metadata": metadata, "spec": spec})

    def _deployment(self, namespace: str, name: str, template: Mapping[str, Any]) -> dict[str, Any]:
        """A Deployment with its ReplicaSet, as the owner of a pod."""
        labels = {"app": name}
        spec = {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": dict(template)},
        }
        self._apps.create_namespaced_deployment(namespace, {"metadata": {"name": name}, "spec": spec})
        made = self._apps.create_namespaced_replica_set(namespace, {"metadata": {"name": f"{name}-5d8f"}, "spec": spec})
        return {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": made.metadata.name,
            "uid": made.metadata.uid,
            "controller": True,
        }

    def _runs(self, namespace: str, name: str, image: str = WEB) -> None:
        self._status(namespace, name, image, {"running": {"startedAt": "2026-01-01T00:00:00Z"}}, phase="Running")

    def _waits(self, namespace: str, name: str, reason: str, said: str, image: str = WEB) -> None:
        """The status and the events of a pod whose image isn't pulled: the reason is in an event, then it backs off."""
        is_pull = reason in ("ErrImagePull", "ImagePullBackOff")
        message = said
        if reason == "ImagePullBackOff":
            message = f'Back-off pulling image "{image}"'
        self._status(namespace, name, image, {"waiting": {"reason": reason, "message": message}})
        if is_pull:
            self._event(namespace, name, f'Failed to pull image "{image}": {said}', 1)
            # As many generic ones as there are tries, and newer than that which says why.
            for number in range(2, 9):
                self._event(namespace, name, "Error: ErrImagePull" if number % 2 else "Error: ImagePullBackOff", number)

    def _status(
        self, namespace: str, name: str, image: str, state: Mapping[str, Any], *, phase: str = "Pending"
    ) -> None:
        container = {
            "name": "main",
            "image": image,
            "imageID": "",
            "ready": phase == "Running",
            "restartCount": 0,
            "state": dict(state),
        }
        status = {"phase": phase, "containerStatuses": [container]}
        self._cluster.api.patch_namespaced_pod_status(name, namespace, {"status": status})

    def _event(self, namespace: str, name: str, message: str, number: int) -> None:
        event = {
            "metadata": {"name": f"{name}.{number}"},
            "involvedObject": {"kind": "Pod", "name": name, "namespace": namespace},
            "reason": "Failed",
            "type": "Warning",
            "message": message,
            "lastTimestamp": f"2026-01-01T00:00:{number:02}Z",
        }
        self._cluster.api.create_namespaced_event(namespace, event)

    def _next_second(self) -> None:
        """Waits until the API server's times, which are whole seconds, are later than those of what there is."""
        now = int(time.time())
        self._cluster.wait_for(lambda: int(time.time()) > now + 1)
