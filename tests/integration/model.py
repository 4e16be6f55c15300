"""What people and two stacks make of a few accounts: a model in plain Python, in the terms of docs/promises.md.

It names a namespace, an account and an owner by short names of its own. Where the documents promise less than one
outcome, the account ``may`` be something else as well, and what is seen of it decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

Names = tuple[str, ...]
Note = frozenset[str] | None
"""The names in an owner's annotation; None where it isn't there."""
Place = tuple[str, str]
"""Namespace and account."""


@dataclass
class Account:
    """One ServiceAccount, as it has to be."""

    names: Names = ()
    notes: dict[str, Note] = field(default_factory=dict)
    """By owner."""
    others_hold: set[str] = field(default_factory=set)
    """The owners for whom somebody else wrote the list too since they changed it: it outlives their patch."""
    shared: set[str] = field(default_factory=set)
    """The owners whose annotation somebody else wrote too, so that leaving takes more than one up."""
    strange: set[str] = field(default_factory=set)
    """The owners whose annotation one other manager applied: only an up that attaches makes it theirs again."""
    may_be: list[Names] = field(default_factory=list)
    may_note: dict[str, list[Note]] = field(default_factory=dict)
    may_be_blank: bool = False
    """Whether an entry without a name may be on it."""

    def write(self, names: Names, *, applied: bool) -> None:
        """What somebody with kubectl does."""
        if applied or names != self.names:
            self.others_hold = {"one", "two"}
        self.names = names
        self.may_be_blank = False

    def see(self, names: Names, notes: dict[str, Note], *, blank: bool) -> None:
        """Holds it to what is on the account now."""
        assert names in [self.names, *self.may_be], f"{names} instead of {self.names}"
        assert not blank or self.may_be_blank, "there is an entry without a name"
        for owner, note in notes.items():
            expected = self.notes.get(owner)
            allowed = [expected, *self.may_note.get(owner, [])]
            assert note in allowed, f"{owner}'s annotation has {note} instead of {expected}"
        self.names, self.notes = names, {owner: note for owner, note in notes.items() if note is not None}
        # Nobody holds what isn't there.
        self.shared &= set(self.notes)
        self.strange &= set(self.notes)
        self.may_be, self.may_note, self.may_be_blank = [], {}, blank


@dataclass
class Secret:
    made_by: str | None
    """None is somebody with kubectl."""
    password: str


@dataclass
class Owner:
    """One stack: its configuration, and what its state holds."""

    name: str
    secret_name: str
    listed: dict[str, list[str]]
    created: frozenset[str] = frozenset()
    """The namespaces with ``create: true``, where they are listed."""
    retired: list[str] = field(default_factory=list)
    detach: bool = False
    adopt: bool = False
    password: str = ""

    patches: dict[Place, bool] = field(default_factory=dict)
    """Whether each was retained: somebody else's entries were on the account at the last up."""
    secrets: set[tuple[str, str]] = field(default_factory=set)
    namespaces: set[str] = field(default_factory=set)
    attached_before: frozenset[str] = frozenset()
    """The names that counted as its own at the last up."""

    @property
    def secret_names(self) -> Names:
        return (self.secret_name, *self.retired)

    def lists(self, place: Place) -> bool:
        return place[1] in self.listed.get(place[0], [])


@dataclass
class World:
    owners: dict[str, Owner]
    namespaces: dict[str, dict[str, Account]] = field(default_factory=dict)
    made_by: dict[str, str] = field(default_factory=dict)
    """Which owner made a namespace."""
    secrets: dict[tuple[str, str], Secret] = field(default_factory=dict)

    def accounts(self) -> Iterator[tuple[Place, Account]]:
        for namespace, accounts in self.namespaces.items():
            for name, account in accounts.items():
                yield (namespace, name), account

    def obstacles(self, owner: Owner) -> set[tuple[str, ...]]:
        """What a preview and an up have to name: what it is, and where."""
        found: set[tuple[str, ...]] = set()
        for namespace, accounts in owner.listed.items():
            if namespace not in self.namespaces:
                found |= set() if namespace in owner.created else {("no namespace", namespace)}
                continue
            if namespace not in owner.created:
                missing = set(accounts) - set(self.namespaces[namespace])
                found |= {("no account", namespace, account) for account in missing}
            elif self.made_by.get(namespace) != owner.name:
                found.add(("namespace in the way", namespace))
            for name in owner.secret_names:
                secret = self.secrets.get((namespace, name))
                if secret and secret.made_by != owner.name and not owner.adopt:
                    found.add(("secret in the way", namespace, name))
        return found

    def up(self, owner: Owner) -> bool:
        """Says whether the documents let a preview after it be anything but empty."""
        for namespace in owner.listed:
            if namespace not in self.namespaces:
                self.namespaces[namespace] = {"default": Account()}
                self.made_by[namespace] = owner.name
            if namespace in owner.created:
                owner.namespaces.add(namespace)
                for name in owner.listed[namespace]:
                    self.namespaces[namespace].setdefault(name, Account())
        needs_more = False
        for place, account in self.accounts():
            if owner.lists(place) or account.notes.get(owner.name) is not None:
                needs_more |= self._merge(owner, place, account)
            elif place in owner.patches:
                self._remove_patch(owner, place, account)
        owner.attached_before = frozenset(owner.secret_names)
        wanted = {(namespace, name) for namespace in owner.listed for name in owner.secret_names}
        self._remove_secrets(owner.secrets - wanted)
        self.secrets |= {key: Secret(owner.name, owner.password) for key in wanted}
        owner.secrets = wanted
        for namespace in owner.namespaces - set(owner.listed):
            self.remove_namespace(namespace)
        owner.namespaces &= set(owner.listed)
        return needs_more

    def destroy(self, owner: Owner) -> None:
        for place, account in self.accounts():
            if place not in owner.patches:
                continue
            if owner.patches[place]:
                # List and annotation stay as they are, and nobody of this stack holds them any more.
                account.strange.add(owner.name)
                continue
            note = account.notes.pop(owner.name, None)
            if note is not None and owner.name in account.shared | account.strange:
                account.may_note[owner.name] = [note]
                account.strange.add(owner.name)
            self._remove_patch(owner, place, account, note or frozenset())
        owner.patches = {}
        self._remove_secrets(owner.secrets)
        owner.secrets = set()
        for namespace in owner.namespaces:
            self.remove_namespace(namespace)
        owner.namespaces = set()

    def remove_account(self, place: Place) -> None:
        del self.namespaces[place[0]][place[1]]
        for owner in self.owners.values():
            owner.patches.pop(place, None)

    def remove_namespace(self, namespace: str) -> None:
        for name in list(self.namespaces.get(namespace, {})):
            self.remove_account((namespace, name))
        self.namespaces.pop(namespace, None)
        self.made_by.pop(namespace, None)
        self.secrets = {key: secret for key, secret in self.secrets.items() if key[0] != namespace}

    def _merge(self, owner: Owner, place: Place, account: Account) -> bool:
        """Takes the owner's names off, and puts the wanted one on where the account is listed."""
        name, is_new = owner.name, place not in owner.patches
        note = account.notes.get(name)
        wanted = (owner.secret_name,) if owner.lists(place) and not owner.detach else ()
        ours = (note or frozenset()).union(owner.secret_names)
        before = tuple(dict.fromkeys(account.names))
        foreign = [entry for entry in before if entry not in ours]
        kept = tuple(entry for entry in before if entry in wanted or entry not in ours)
        after = (*kept, *(entry for entry in wanted if entry not in kept))

        if is_new and not after and account.names:
            # Nobody's fields are written down before the first apply, which then only finds out who holds them.
            account.may_be = [account.names]
        is_changed = after != account.names
        is_cut = bool(after) and set(after) < set(account.names) and account.names[: len(after)] == after
        account.others_hold |= {other for other in self.owners if other != name} if after else set()
        # Who may hold the list, as far as the annotation's managers tell.
        is_doubtful = note is None or name in account.others_hold | account.shared | account.strange
        if is_changed:
            account.others_hold.discard(name)
        elif is_new:
            account.others_hold.add(name)
        account.names = after
        owner.patches[place] = bool(foreign)
        if wanted:
            account.notes[name] = frozenset(wanted)
            account.shared.discard(name)
            if note != frozenset(wanted):
                account.strange.discard(name)
            elif is_new and name in account.strange:
                account.strange.discard(name)
                account.shared.add(name)
            return name in account.shared
        account.notes.pop(name, None)
        account.may_be_blank = is_doubtful and is_changed and not after
        needs_more = name in account.shared | account.strange or account.may_be_blank
        if name in account.shared | account.strange:
            account.may_note[name] = [frozenset()]
        if name in account.strange:
            account.may_note[name].append(note)
        account.shared.discard(name)
        if note is None and is_cut:
            # The provider doesn't see an entry go from the end, so that an annotation without names makes it look.
            account.notes[name] = frozenset()
            needs_more = True
        return needs_more or (not owner.lists(place) and bool(foreign))

    def _remove_patch(self, owner: Owner, place: Place, account: Account, note: frozenset[str] = frozenset()) -> None:
        if owner.patches.pop(place) or not account.names:
            return
        if owner.name in account.others_hold:
            if set(account.names) <= owner.attached_before | note:
                account.may_be = [()]
        else:
            account.names = ()

    def _remove_secrets(self, keys: set[tuple[str, str]]) -> None:
        for key in keys:
            self.secrets.pop(key, None)
