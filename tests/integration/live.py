"""The real cluster, as the tests and the other people on it use it."""

import base64
import json
import secrets
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.config import new_client_from_config

from sandbox.engine import CHECKOUT

CONTEXT = "sandbox"
USER = "image-pull-secrets"


class LiveCluster:
    """One API server, as its administrator; programs run as a user with the ClusterRole of ``deploy/rbac.yaml``."""

    def __init__(self, admin_kubeconfig: Path, kubectl: Path) -> None:
        self.admin_kubeconfig = admin_kubeconfig
        self._kubectl = kubectl
        self.api: Any = new_core_api(admin_kubeconfig, CONTEXT)
        self.kubectl("apply", "-f", str(CHECKOUT / "deploy" / "rbac.yaml"))
        home = self.new_namespace(USER)
        self.user = f"{home}:{USER}"
        """Who programs are, as kubectl's ``--serviceaccount`` takes it."""
        self.kubectl("create", "clusterrolebinding", home, f"--clusterrole={USER}", f"--serviceaccount={self.user}")
        self.kubeconfig = admin_kubeconfig.with_name("user.kubeconfig")
        """What programs are given."""
        self.kubeconfig.write_text(self.kubeconfig_of(home, USER))

    def kubeconfig_of(self, namespace: str, account: str) -> str:
        """The text of a kubeconfig for whoever holds a token of this ServiceAccount."""
        content = yaml.safe_load(self.admin_kubeconfig.read_text())
        token = self.kubectl("create", "token", account, "-n", namespace, "--duration=24h").strip()
        content["users"][0]["user"] = {"token": token}
        return yaml.safe_dump(content)

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        """What a person types; standard output."""
        run = subprocess.run(
            [str(self._kubectl), f"--kubeconfig={self.admin_kubeconfig}", f"--context={CONTEXT}", *arguments],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout

    def new_namespace(self, *accounts: str) -> str:
        """A namespace of a name never used before, with ``default`` and these accounts."""
        name = f"t-{secrets.token_hex(5)}"
        self.api.create_namespace({"metadata": {"name": name}})
        for account in accounts:
            self.create_account(name, account)
        # The controller makes it a moment later, and a program that looks before would rightly miss it.
        self.wait_for(lambda: self.account(name, "default"))
        return name

    def create_account(self, namespace: str, name: str, *pull_secrets: str, **metadata: Any) -> None:
        body = {"metadata": {"name": name, **metadata}, "imagePullSecrets": [{"name": entry} for entry in pull_secrets]}
        self.api.create_namespaced_service_account(namespace, body)

    def account(self, namespace: str, name: str) -> dict[str, Any]:
        """The account as the API server has it, without what every write changes."""
        found = json.loads(self.api.read_namespaced_service_account(name, namespace, _preload_content=False).data)
        for key in ("managedFields", "resourceVersion"):
            found["metadata"].pop(key, None)
        return dict(found)

    def pull_secrets(self, namespace: str, account: str = "default") -> list[str]:
        return [entry["name"] for entry in self.account(namespace, account).get("imagePullSecrets", [])]

    def set_pull_secrets(self, namespace: str, account: str, *names: str) -> None:
        """What ``kubectl patch serviceaccount`` does: the list is this person's from now on."""
        patch = json.dumps({"imagePullSecrets": [{"name": name} for name in names]})
        self.kubectl("patch", "serviceaccount", account, "-n", namespace, "--type=merge", "-p", patch)

    def apply(self, metadata: dict[str, Any], names: list[str], manager: str) -> None:
        """A forced server-side apply of an account; an empty name is an entry without one."""
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
        entries = {"imagePullSecrets": [{"name": name} if name else {} for name in names]} if names else {}
        self.kubectl(
            "apply", "--server-side", "--force-conflicts", f"--field-manager={manager}", "-f", "-",
            text=json.dumps({**account, **entries}),
        )  # fmt: skip

    def secret(self, namespace: str, name: str) -> dict[str, Any] | None:
        try:
            return dict(json.loads(self.api.read_namespaced_secret(name, namespace, _preload_content=False).data))
        except ApiException as error:
            if error.status == 404:
                return None
            raise

    def docker_config(self, namespace: str, name: str) -> dict[str, Any]:
        """The decoded ``.dockerconfigjson`` of a Secret."""
        found = self.secret(namespace, name)
        assert found is not None, f"there is no Secret {namespace}/{name}"
        return dict(json.loads(base64.b64decode(found["data"][".dockerconfigjson"])))

    def delete_namespace(self, name: str) -> None:
        """Deletes it and waits until it is gone."""
        self.api.delete_namespace(name)
        self.wait_for(lambda: name not in {item.metadata.name for item in self.api.list_namespace().items})

    def wait_for(self, condition: Callable[[], Any], seconds: float = 60.0) -> Any:
        """Waits until the condition holds; an object that isn't there yet counts as not holding."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if result := condition():
                    return result
            except ApiException as error:
                if error.status != 404:
                    raise
            assert time.monotonic() < deadline, "the condition didn't hold in time"
            time.sleep(0.02)


def new_core_api(kubeconfig: Path, context: str) -> client.CoreV1Api:
    return client.CoreV1Api(new_client_from_config(str(kubeconfig), context))
