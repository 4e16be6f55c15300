"""An observation, indexed: what the rules ask for. Pure."""

import base64
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cached_property
from typing import TypeVar

from ..keyring import Keyring
from ..wording import names
from .content import Content, Login, keyring_of, keyring_of_keys
from .groups import Alike, Group, Listing, cleaned, group_pods, is_of_cron_job
from .observation import AccountSeen, ObjectName, Observation, StackCoverage, WorkloadSeen
from .pull_failures import missing_secrets
from .suspicions import Place

_A = TypeVar("_A", AccountSeen, WorkloadSeen)
_K = TypeVar("_K", bound=Hashable)


class View:
    """One observation, and what follows from it; each thing is computed once, when it is first asked for."""

    def __init__(self, observation: Observation, coverage: StackCoverage | None = None) -> None:
        self.observation = observation
        self.coverage = coverage
        self._keyrings: dict[tuple[str, tuple[str, ...]], Keyring] = {}
        self._logins: dict[tuple[str, tuple[str, ...], str], tuple[Login, ...]] = {}

    @cached_property
    def workloads(self) -> Mapping[Place, WorkloadSeen]:
        """Without the Jobs of CronJobs."""
        found = {(each.namespace, each.kind, each.name): each for each in self.observation.workloads}
        return {place: each for place, each in found.items() if not is_of_cron_job(each, found)}

    @cached_property
    def groups(self) -> list[Group]:
        """Pods that are alike."""
        return group_pods(self.observation.pods, self.observation.accounts, self.workloads, self.passwords_in)

    @cached_property
    def groups_of_account(self) -> Mapping[ObjectName, list[Group]]:
        """By namespace and account."""
        return _index(self.groups, lambda alike: [(alike.namespace, alike.account)])

    @cached_property
    def groups_of_owner(self) -> Mapping[Place, list[Group]]:
        """By namespace, kind and name."""
        return _index(self.groups, lambda alike: [(alike.namespace, *alike.owner)])

    @cached_property
    def groups_naming(self) -> Mapping[ObjectName, list[Group]]:
        """By namespace and Secret, the pods whose list names it."""
        return _index(self.groups, lambda alike: [(alike.namespace, name) for name in alike.pull_secrets])

    @cached_property
    def accounts_naming(self) -> Mapping[ObjectName, list[AccountSeen]]:
        """By namespace and Secret."""
        return _naming(self.observation.accounts.values())

    @cached_property
    def templates_naming(self) -> Mapping[ObjectName, list[WorkloadSeen]]:
        """By namespace and Secret."""
        return _naming(self.workloads.values())

    def is_named(self, secret: ObjectName) -> bool:
        """Whether any list names it."""
        return secret in self.groups_naming or secret in self.accounts_naming or secret in self.templates_naming

    def namers(self, secret: ObjectName) -> str:
        """Who names a Secret, for a message: accounts or, where none does, those who name it themselves."""
        found = {("ServiceAccount", account.name) for account in self.accounts_naming.get(secret, ())}
        if not found:
            found |= {group.alike.owner for group in self.groups_naming.get(secret, ())}
            found |= {(template.kind, template.name) for template in self.templates_naming.get(secret, ())}
        kinds = sorted({kind for kind, _ in found})
        return " and ".join(names(kind, [name for each, name in found if each == kind]) for kind in kinds)

    def knows_secrets(self, namespace: str) -> bool:
        """Whether they were read there."""
        return namespace in self.observation.secrets_known_in

    @cached_property
    def missing(self) -> frozenset[ObjectName]:
        """The Secrets that are named and aren't there; where they weren't read, as far as kubelets say so."""
        named = {*self.groups_naming, *self.accounts_naming, *self.templates_naming}
        said = {(pod.namespace, name) for pod in self.observation.pods for name in missing_secrets(pod)}
        return frozenset(
            secret
            for secret in named
            if (secret not in self.observation.secrets if self.knows_secrets(secret[0]) else secret in said)
        )

    @cached_property
    def contents(self) -> Mapping[ObjectName, Content]:
        """What is in each Secret of the two types that kubelets read."""
        return {name: Content.of(secret) for name, secret in self.observation.secrets.items() if secret.type}

    @cached_property
    def readable_in(self) -> Mapping[str, tuple[str, ...]]:
        """By namespace, the Secrets that fail no pull."""
        index: dict[str, tuple[str, ...]] = defaultdict(tuple)
        for (namespace, name), content in sorted(self.contents.items()):
            if not content.fails:
                index[namespace] += (name,)
        return index

    def logins(self, namespace: str, secrets: tuple[str, ...], image: str) -> tuple[Login, ...]:
        """The logins that a kubelet tries for an image, in its order, with these Secrets in a pod's list.

        Of a list with a Secret that fails every pull, those that it would try without it.
        """
        asked = (namespace, secrets, image)
        if asked not in self._logins:
            found = self._contents_of(namespace, secrets)
            if (namespace, secrets) not in self._keyrings:
                self._keyrings[namespace, secrets] = keyring_of(found.values())
            credentials = self._keyrings[namespace, secrets].lookup(image)
            self._logins[asked] = tuple(found[credential.source].logins[credential] for credential in credentials)
        return self._logins[asked]

    def _contents_of(self, namespace: str, secrets: tuple[str, ...]) -> dict[str, Content]:
        return {name: self.contents[namespace, name] for name in secrets if (namespace, name) in self.contents}

    def works(self, namespace: str, secrets: tuple[str, ...], image: str) -> bool:
        """Whether such a list has a login for the image with which nothing is wrong by its looks."""
        if any(content.fails for content in self._contents_of(namespace, secrets).values()):
            return False
        now = self.observation.now
        return any(
            not login.is_blank and not (login.expiry and login.expiry.is_over(now))
            for login in self.logins(namespace, secrets, image)
        )

    def account_list(self, alike: Alike) -> tuple[str, ...]:
        """What the pods' account names now."""
        account = self.observation.accounts.get((alike.namespace, alike.account))
        return cleaned(account.pull_secrets) if account else ()

    def only_account_works(self, alike: Alike, image: str) -> bool:
        """Whether the pods' account has a working login for the image now, and the pods themselves have none."""
        namespace = alike.namespace
        return not self.works(namespace, alike.pull_secrets, image) and self.works(
            namespace, self.account_list(alike), image
        )

    def may_be_own_list(self, alike: Alike) -> bool:
        """Whether a list that looks like an earlier one of the account may as well be what the pods' manifest names.

        Only a template says which: where none was read, all that is known is that the account has changed since.
        """
        is_template_known = (alike.namespace, *alike.owner) in self.workloads
        return alike.listing is Listing.EARLIER and bool(alike.pull_secrets) and not is_template_known

    @cached_property
    def stack_keyring(self) -> Keyring:
        """What the stack's registries serve; without a stack, or where its registries aren't known, nothing."""
        return keyring_of_keys(self.coverage.keys if self.coverage else ())

    @cached_property
    def passwords_in(self) -> Mapping[str, frozenset[str]]:
        """By namespace, what no message may hold: passwords, and what of them goes over the wire."""
        index: dict[str, set[str]] = defaultdict(set)
        for (namespace, _), content in self.contents.items():
            for credential in (*content.parsed.credentials, *content.parsed.overridden):
                if credential.password:
                    index[namespace] |= _forms(credential.username, credential.password)
        return {namespace: frozenset(passwords) for namespace, passwords in index.items()}


def _forms(username: str, password: str) -> set[str]:
    login, alone = (text.encode(errors="surrogateescape") for text in (f"{username}:{password}", password))
    return {password, *(base64.b64encode(text).decode().rstrip("=") for text in (login, alone))}


def _index(groups: Iterable[Group], keys: Callable[[Alike], Iterable[_K]]) -> Mapping[_K, list[Group]]:
    index: dict[_K, list[Group]] = {}
    for group in groups:
        for key in keys(group.alike):
            index.setdefault(key, []).append(group)
    return index


def _naming(objects: Iterable[_A]) -> Mapping[ObjectName, list[_A]]:
    index: dict[ObjectName, list[_A]] = {}
    for each in objects:
        for name in cleaned(each.pull_secrets):
            index.setdefault((each.namespace, name), []).append(each)
    return index
