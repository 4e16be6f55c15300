"""The chain from a pod, or from an account, to the logins that are tried; and how it is told."""

from dataclasses import replace

import pytest
from pulumi_image_pull_secrets.doctor import chain, chain_text
from pulumi_image_pull_secrets.doctor.image_scope import WantedImage
from pulumi_image_pull_secrets.doctor.observation import AccountSeen, ContainerSeen, PodSeen, SecretSeen, WorkloadSeen
from pulumi_image_pull_secrets.keyring import Credential

from tests.unit.doctor.observed import (
    DAY,
    NOW,
    UNAUTHORIZED,
    account,
    auth,
    config,
    container,
    deployment,
    login,
    observe,
    pod,
    secret,
)

Objects = SecretSeen | AccountSeen | WorkloadSeen
NO_LOGIN = "No login serves the image: the kubelet pulls without one, unless the node has one of its own."


def told(of: PodSeen, *objects: Objects, ask: chain.Ask = chain.nobody, **others: object) -> list[str]:
    """The lines of a pod's explanation, without their indentation."""
    seen = observe(of, *objects, **others)
    return [line.strip() for line in chain_text.of_pod(chain.of_pod(seen, of, ask)).splitlines()]


@pytest.mark.parametrize(
    ("of", "objects", "said"),
    [
        (pod(), [account()], "The pod names no Secret, since its account had none to give when it was created."),
        (
            pod(pull_secrets=["regcred"]),
            [account("regcred")],
            "The pod names Secret regcred: the API server copied its account's list into it when it was created.",
        ),
        (
            pod(),
            [account("regcred")],
            "The pod names no Secret, as its account named none when the pod was created. The account's list is "
            "another by now, which only new pods get: recreate this one.",
        ),
        (
            pod(pull_secrets=["old"]),
            [account("regcred", changed=NOW)],
            "The pod names Secret old, as its account did when the pod was created. The account's list is another by "
            "now, which only new pods get: recreate this one.",
        ),
        (
            pod(pull_secrets=["own"], owner=None),
            [account("regcred", changed=NOW - 9 * DAY)],
            "The pod names Secret own. That list is in its own manifest, not from its account, which is therefore not "
            "used.",
        ),
        (
            pod(pull_secrets=["own"]),
            [account(), deployment(pull_secrets=["own"])],
            "The pod names Secret own. That list is in what Deployment web creates it from, not from its account, "
            "which has none.",
        ),
        (pod(pull_secrets=["a", "b"]), [], "The pod names Secrets a, b."),
    ],
)  # fmt: skip
def test_where_the_list_is_from(of: PodSeen, objects: list[Objects], said: str) -> None:
    assert told(of, *objects)[3] == said


def test_what_an_account_is() -> None:
    assert told(pod(), account("b", "a", "b"))[2] == "It runs as ServiceAccount default, which names Secrets a, b."
    assert told(pod())[2] == "It runs as ServiceAccount default, which isn't there or couldn't be read."
    mirror = "It has no ServiceAccount: it is the mirror of a static pod, whose list is in a file on the node."
    assert told(pod(account=""))[2] == mirror


BOTH_KEYS = config(**{"ghcr.io/acme": login("team"), "ghcr.io": login(), "quay.io": login(), "http://x:y/z": login()})


def test_each_key_of_each_secret_is_held_against_the_image() -> None:
    objects: list[Objects] = [
        account("regcred", "gone", "opaque", "nothing"),
        secret(content=BOTH_KEYS),
        secret("opaque", type_=""),
    ]
    objects += [secret("nothing", b"{}")]
    lines = told(pod(pull_secrets=["regcred", "gone", "opaque", "nothing"]), *objects)
    assert lines[5:] == [
        "Container main",
        "Image ghcr.io/acme/web:1",
        "Secret regcred:",
        "key 'ghcr.io/acme', user 'team': serves the image, tried first",
        "key 'ghcr.io', user 'bot': serves the image, tried second",
        "key 'quay.io', user 'bot': doesn't serve the image",
        lines[11],
        "Secret gone isn't there, so the kubelet passes it over.",
        "Secret opaque is of a type that no kubelet pulls with, so it is passed over.",
        "Secret nothing holds no login: there is no registry in it.",
        "The kubelet first tries user 'team' of key 'ghcr.io/acme' in Secret regcred.",
        "The kubelet then tries user 'bot' of key 'ghcr.io' in Secret regcred.",
        "Its policy is IfNotPresent: a node that has the image doesn't pull it again.",
    ]
    assert lines[11].startswith("key 'http://x:y/z', user 'bot': doesn't serve the image; it serves no image: ")


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"username": "bot", "password": ""}, "it has no user name, or no password"),
        ({**login(), "auth": auth("bot", "other")}, "it has an auth, which counts, that is another login than the"),
        (login("bot", "eyJhbGciOiJub25lIn0.eyJleHAiOjB9.x"), "it expired on 1970-01-01 at 00:00 UTC"),
    ],
)
def test_what_is_wrong_with_a_key_is_told(entry: dict[str, str], problem: str) -> None:
    lines = told(pod(pull_secrets=["regcred"]), account("regcred"), secret(content=config(**{"ghcr.io": entry})))
    assert any(f"serves the image, tried first; {problem}" in line for line in lines)


def test_a_secret_that_fails_every_pull_hides_what_the_others_hold() -> None:
    lines = told(pod(pull_secrets=["regcred", "bad"]), secret(), secret("bad", b"{"))
    assert "Secret bad can't be used: it is not JSON." in lines
    assert "Every pull with this list fails because of Secret bad, whatever the others hold." in lines
    assert not [line for line in lines if "first tries" in line]


def test_what_was_not_read_is_not_guessed() -> None:
    lines = told(pod(pull_secrets=["regcred"]), account("regcred"), secrets_known_in=frozenset())
    assert lines[7:9] == [
        "Secret regcred couldn't be read.",
        "Which login is tried isn't known, since the Secrets couldn't be read.",
    ]


def test_short_names_are_written_out_and_what_is_no_name_is_told() -> None:
    lines = told(pod(container("nginx"), container("Nginx", name="other", waiting_reason="InvalidImageName")))
    assert "Image nginx, which is docker.io/library/nginx in full" in lines
    assert "Why it doesn't pull:" in lines
    assert "No kubelet pulls it: the repository holds capital letters, which no registry takes." in lines
    assert "What is known of the failure: not a name that can be pulled" in lines


def test_an_image_of_two_containers_is_explained_once() -> None:
    lines = told(pod(container(), container(name="again")), account())
    assert lines.count(NO_LOGIN) == 1
    assert lines[lines.index("Container again") + 2] == "The same as above."


def test_a_failure_ends_with_the_cause_that_the_doctor_tells() -> None:
    failing = pod(container(said=UNAUTHORIZED), name="web-1")
    other = pod(container(said=UNAUTHORIZED), name="other", namespace="other")
    observation = observe(failing, other, account("regcred"), account(namespace="other"), secret())
    text = chain_text.of_pod(chain.of_pod(observation, failing))
    assert text.endswith(
        "\n\nWhy it doesn't pull:\n"
        "  ReplicaSet web-5d8f: created before ServiceAccount default got Secret regcred: failed to resolve reference: "
        "pull access denied: insufficient_scope: authorization failed [pod-predates-account]\n"
        "    pull-secrets restart -n shop\n"
    ), text


def test_a_registry_is_asked_for_each_login_that_is_tried() -> None:
    asked: list[tuple[str, str | None]] = []

    def ask(image: str, credential: Credential | None) -> str:
        asked.append((image, credential.password if credential else None))
        return "denied" if credential else "pulls"

    lines = told(pod(pull_secrets=["regcred"]), account("regcred"), secret(), ask=ask)
    said = "The kubelet first tries user 'bot' of key 'ghcr.io' in Secret regcred. The registry's answer: denied."
    assert said in lines
    assert asked == [("ghcr.io/acme/web:1", "made-up-by-the-test")]
    assert f"{NO_LOGIN[:-1]}. The registry's answer: pulls." in told(pod(), account(), ask=ask)
    assert asked[1:] == [("ghcr.io/acme/web:1", None)]


def test_nothing_that_others_have_named_acts() -> None:
    hostile = replace(pod(pull_secrets=["\x1b[2J", "a\nb"]), name="x\x1b]0;y\x07")
    image = ContainerSeen("main", "\u202enginx", "Always", "ImagePullBackOff", "\x1b[31m denied")
    text = chain_text.of_pod(chain.of_pod(observe(hostile), replace(hostile, containers=(image,))))
    assert text.replace("\n", "").isprintable()
    assert "\u202e" not in text


def test_accounts_with_the_same_list_are_told_together() -> None:
    seen = observe(
        account("regcred"),
        account("regcred", name="builder"),
        account(name="poor"),
        account("regcred", namespace="other"),
        secret(),
        pod(),
        pod(account="builder", name="b", pull_secrets=["regcred"]),
    )
    wanted = WantedImage.parse("ghcr.io/acme/web")
    assert chain_text.of_image("shop", wanted, chain.of_image(seen, "shop", wanted)).splitlines() == [
        "Image ghcr.io/acme/web in namespace shop",
        "",
        "ServiceAccounts builder, default name Secret regcred; 2 pods use the image.",
        "  Secret regcred:",
        "    key 'ghcr.io', user 'bot': serves the image, tried first",
        "  The kubelet first tries user 'bot' of key 'ghcr.io' in Secret regcred.",
        "",
        "ServiceAccount poor names no Secret.",
        f"  {NO_LOGIN}",
    ]
    assert chain_text.of_image("none", wanted, chain.of_image(seen, "none", wanted)).splitlines()[2] == (
        "There is no ServiceAccount in the namespace, or none that could be read."
    )
