"""What a policy's CEL chooses on the real API server, against what a preflight chooses from the same selection."""

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pulumi_image_pull_secrets import admission, patterns
from pulumi_image_pull_secrets.attachment import EXCLUDE_ANNOTATION, has_opted_out
from pulumi_image_pull_secrets.selection import NamespaceSeen, Selection, choose

from tests.integration.live import LiveCluster

SELECTIONS = 40
PARALLEL = 8
ACCOUNTS = ["main", "builder", "ci-1", "ci-1.x", "ci"]
LABELS: list[dict[str, str]] = [
    {}, {"env": "prod"}, {"env": "dev", "tier": "web"}, {"env": ""}, {"acme.example/n": "7"}, {"acme.example/n": "x"},
    {"acme.example/n": "07", "env": "prod"}, {"acme.example/n": "1764324000123456789"},
]  # fmt: skip


class Everywhere:
    """Namespaces of many names, labels and annotations; none of them is another test's business."""

    def __init__(self, cluster: LiveCluster) -> None:
        self.cluster = cluster
        self.prefix = f"s{secrets.token_hex(3)}"
        self.seen: dict[str, NamespaceSeen] = {}
        names = [f"{self.prefix}-{name}" for name in ("a", "b", "a-b", "a-1", "x", "x-a")]
        for number, name in enumerate([*names, f"kube-{self.prefix}", f"openshift-{self.prefix}-a"]):
            annotations = {EXCLUDE_ANNOTATION: "true" if number == 3 else "false"} if number % 2 else {}
            metadata = {"name": name, "labels": LABELS[number % len(LABELS)], "annotations": annotations}
            made = cluster.api.create_namespace({"metadata": metadata}, _preload_content=False)
            self.seen[name] = NamespaceSeen.parse(json.loads(made.data)["metadata"])

    def would_be(self, namespace: str, account: str, annotations: dict[str, str]) -> dict[str, str]:
        """The annotations of an account after its creation, which is a dry run."""
        metadata = {"name": account, "annotations": annotations}
        made = self.cluster.api.create_namespaced_service_account(namespace, {"metadata": metadata}, dry_run="All")
        return dict(made.metadata.annotations or {})


@pytest.fixture(scope="module")
def everywhere(cluster: LiveCluster) -> Everywhere:
    return Everywhere(cluster)


@pytest.fixture
def policy(cluster: LiveCluster) -> Iterator[str]:
    name = f"s-{secrets.token_hex(5)}"
    yield name
    cluster.kubectl("delete", f"{admission.POLICIES},{admission.BINDINGS}", name)


def put_into_force(everywhere: Everywhere, name: str, expressions: dict[str, str]) -> None:
    """A policy that annotates an account with each key whose expression holds for it."""
    spec = admission.policy_spec(admission.Coverage(f"{admission.GROUP}/v1", "true"), secret_name="s", owner="o")
    add = '[JSONPatch{op: "add", path: "/metadata/annotations", value: {}}]'
    operations = [f"(has(object.metadata.annotations) ? [] : {add})"]
    operations += [
        f'({expression} ? [JSONPatch{{op: "add", path: "/metadata/annotations/{key}", value: "yes"}}] : [])'
        for key, expression in expressions.items()
    ]
    in_this_test = f"request.namespace.contains('{everywhere.prefix}')"
    spec |= {
        "variables": [variable for variable in spec["variables"] if variable["name"] != "chosen"],
        "matchConditions": [{"name": "in-this-test", "expression": in_this_test}],
        # Here an expression that can't be judged is a mistake.
        "failurePolicy": "Fail",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": " + ".join(operations)}}],
    }
    for kind, content in ((admission.POLICY, spec), (admission.BINDING, admission.binding_spec(name))):
        made = {"apiVersion": f"{admission.GROUP}/v1", "kind": kind, "metadata": {"name": name}, "spec": content}
        everywhere.cluster.kubectl("create", "-f", "-", text=json.dumps(made))
    namespace = f"{everywhere.prefix}-a"
    everywhere.cluster.wait_for(lambda: everywhere.would_be(namespace, "probe", {}).get("in-force"))


def is_meant(selection: Selection, seen: dict[str, NamespaceSeen], namespace: str, account: str) -> bool:
    """What the next up attaches to, once the account is there."""
    choices = [each for each in choose(selection, seen).namespaces if each.name == namespace]
    return any(
        patterns.matches(text, account) for choice in choices for entry in choice.entries for text in entry.accounts
    )


def selections(prefix: str) -> st.SearchStrategy[dict[str, Any]]:
    # The fourth has opted out.
    names = st.sampled_from([f"{prefix}-a", f"{prefix}-x", f"kube-{prefix}", f"{prefix}-a-1"])
    globs = st.sampled_from(["*", f"{prefix}-*", f"{prefix}-a*", f"{prefix}-?", "*-a", "kube-*", f"?{prefix[1:]}*-b"])
    labels = st.sampled_from(
        ["env", "!env", "env=prod", "env!=prod", "env in (dev,prod)", "env notin (dev,prod),tier", "env=", "tier=web",
         "acme.example/n>6", "acme.example/n<8,!tier", "", "env=prod,acme.example/n>3"]
    )  # fmt: skip
    accounts = st.lists(st.sampled_from([*ACCOUNTS[:4], "ci-*", "*", "c?", "*.x"]), min_size=1, max_size=4, unique=True)
    chooses = st.builds(lambda name: {"name": name}, names | globs) | st.builds(lambda text: {"selector": text}, labels)
    creates = st.builds(lambda name: {"name": name, "create": True}, names)
    entries = st.builds(
        lambda entry, accounts: {**entry, "service_accounts": accounts, "allow_empty": True},
        chooses | creates,
        accounts,
    )
    return st.fixed_dictionaries(
        {"namespaces": st.lists(entries, min_size=3, max_size=7), "exclude": st.lists(chooses, max_size=2)}
    )


def test_a_policy_chooses_as_a_preflight_does(everywhere: Everywhere, policy: str) -> None:
    generated: list[dict[str, Any]] = []

    @settings(max_examples=SELECTIONS, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(selections(everywhere.prefix))
    def generate(args: dict[str, Any]) -> None:
        generated.append(args)

    generate()
    parsed = {f"case-{number}": Selection.parse(args) for number, args in enumerate(generated)}
    put_into_force(
        everywhere,
        policy,
        {"in-force": "true", **{key: admission.chosen_expression(each) for key, each in parsed.items()}},
    )
    asked = [
        (namespace, account, annotations)
        for namespace in everywhere.seen
        for account in ACCOUNTS
        for annotations in ({}, {EXCLUDE_ANNOTATION: "true"}, {EXCLUDE_ANNOTATION: "false"})
    ]
    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(lambda each: everywhere.would_be(*each), asked))

    different = []
    for (namespace, account, annotations), answer in zip(asked, answers, strict=True):
        opted_out = has_opted_out({"annotations": annotations})
        for key, selection in parsed.items():
            wanted = not opted_out and is_meant(selection, everywhere.seen, namespace, account)
            if (key in answer) != wanted:
                different.append((namespace, account, annotations, generated[int(key.removeprefix("case-"))], wanted))
    assert different == []
    # Neither says always yes, or always no.
    hits = sum(key in answer for answer in answers for key in parsed)
    assert len(asked) * len(parsed) * 0.05 < hits < len(asked) * len(parsed) * 0.95
