"""P4: through rename, rotation and a move to another registry no attached name is ever without its Secret."""

from tests.integration.live import LiveCluster
from tests.integration.program import PASSWORD_ENV, ProgramStack
from tests.integration.watching import History, watching


def assert_no_gap(history: History, theirs: list[str]) -> None:
    seen = 0
    for secrets, accounts in history.states():
        if "default" not in accounts:
            continue
        names = [entry["name"] for entry in accounts["default"].get("imagePullSecrets", [])]
        assert [name for name in names if name in theirs] == theirs
        for name in names:
            assert name in theirs or name in secrets, f"{name} is attached and its Secret isn't there"
            seen += name not in theirs
    assert seen, "nothing was seen attached"


def uids(history: History, name: str) -> set[str]:
    return {secrets[name]["metadata"]["uid"] for secrets, _ in history.states() if name in secrets}


def test_at_no_event_is_a_name_without_its_secret(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    theirs = ["z-theirs", "a-theirs"]
    cluster.set_pull_secrets(namespace, "default", *theirs)
    stack.config["namespaces"] = [{"name": namespace}]
    with watching(cluster, namespace) as history:
        stack.up()
        stack.password += "-rotated"
        stack.up()
        stack.config["registries"] = [{"server": "quay.io", "username": "bot", "passwordEnv": PASSWORD_ENV}]
        stack.up()
        stack.config |= {"secretName": "regcred-2", "retiredSecretNames": ["regcred"]}
        stack.up()
        stack.config |= {"retiredSecretNames": []}
        stack.up()

    assert_no_gap(history, theirs)
    assert len(uids(history, "regcred")) == len(uids(history, "regcred-2")) == 1
    assert cluster.secret(namespace, "regcred") is None
    assert list(cluster.docker_config(namespace, "regcred-2")["auths"]) == ["quay.io"]


def test_a_retired_secret_stays_current_and_unattached(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]
    stack.up()
    stack.config |= {"secretName": "regcred-2", "retiredSecretNames": ["regcred"]}
    stack.up()

    stack.password += "-rotated"
    stack.up()

    assert cluster.pull_secrets(namespace) == ["regcred-2"]
    for name in ("regcred", "regcred-2"):
        assert cluster.docker_config(namespace, name)["auths"]["ghcr.io"]["password"] == stack.password
