"""What is wrong with Secrets. Pure."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import timezone

from ..attachment import OWNER_ANNOTATION
from ..token_expiry import Expiry
from ..wording import key_text, listed, user_text
from . import checks
from .content import Content, Login, registry_of, server
from .findings import Check
from .groups import Alike
from .observation import ObjectName
from .parsing import LEGACY
from .suspicions import Explains, Suspicion, always
from .view import View


def suspicions(view: View) -> Iterator[Suspicion]:
    """Everything that is wrong with a Secret, or with its absence."""
    for name in sorted(view.missing):
        what = f"{view.namers(name)} names it, and it isn't there"
        place = (name[0], "Secret", name[1])
        yield Suspicion(checks.SECRET_MISSING, place, what, explains=_unserved(view), quiet=None)
    for name, secret in sorted(view.observation.secrets.items()):
        if secret.type:
            yield from _of_content(_Seen(view, name), view.contents[name])
        elif view.is_named(name):
            what = f"{view.namers(name)} names it, and it is of a type that a kubelet passes over"
            yield _Seen(view, name).suspicion(checks.SECRET_WRONG_TYPE, what, _unserved(view))


def replacing(view: View, name: ObjectName) -> tuple[str, str]:
    """How a Secret is written anew by what it is, where not as its checks say; and the component that made it.

    None of it loses a login that is still good, is refused, or is undone by a stack's next up.
    """
    if owner := view.observation.secrets[name].annotations.get(OWNER_ANNOTATION, ""):
        return checks.REPLACE_OWNED, owner
    is_legacy = view.observation.secrets[name].type == LEGACY
    if name in view.contents and view.contents[name].may_have_several:
        return checks.REPLACE_WHOLE_LEGACY if is_legacy else checks.REPLACE_WHOLE, ""
    return checks.REPLACE_LEGACY if is_legacy else "", ""


@dataclass(frozen=True)
class _Seen:
    """A Secret that is there."""

    view: View
    name: ObjectName

    def suspicion(
        self, check: Check, what: str, explains: Explains, *, is_sure: bool = False, registry: str = "REGISTRY"
    ) -> Suspicion:
        """``is_sure`` is what can't work, whether a pod fails because of it by now or not."""
        namespace, name = self.name
        groups = self.view.groups_naming.get(self.name, [])
        is_known = namespace in self.view.observation.accounts_known_in
        is_named = self.view.is_named(self.name) or not is_known
        command, owner = replacing(self.view, self.name)
        return Suspicion(
            check,
            (namespace, "Secret", name),
            what,
            fix={"registry": registry, "owner": owner},
            command=command,
            explains=explains,
            hit=groups,
            quiet="" if is_named else "nothing names it",
            is_milder=not (is_sure and is_named),
        )

    def of(self, logins: Collection[Login]) -> Explains:
        """Explains pods for which the kubelet tries one of these logins of the Secret."""
        keys = {login.key for login in logins}
        view, name = self.view, self.name[1]

        def explains(alike: Alike, image: str) -> bool:
            tried = view.logins(alike.namespace, alike.pull_secrets, image)
            return any(login.secret == name and login.key in keys for login in tried)

        return explains


def _of_content(secret: _Seen, content: Content) -> Iterator[Suspicion]:
    if content.fails:
        yield secret.suspicion(content.fails, content.problem, always, is_sure=True)
        return
    if content.problem:
        yield secret.suspicion(checks.SECRET_EMPTY, content.problem, _unserved(secret.view))
    if blank := [login for login in content.logins.values() if login.is_blank]:
        what = f"{_keys(blank)} has no user name, or no password"
        yield secret.suspicion(checks.SECRET_EMPTY, what, secret.of(blank))
    if disagreeing := content.disagreeing:
        what = f"the auth of {_logins(disagreeing)} is another login than the username and password beside it"
        yield secret.suspicion(checks.SECRET_AUTH_DISAGREES, what, secret.of(disagreeing))
    if shadowed := content.shadowed:
        what = f"more than one entry, with different logins, for {_keys(shadowed)}"
        yield secret.suspicion(checks.SECRET_ENTRY_SHADOWED, what, secret.of(shadowed))
    for dead in content.dead_keys:
        what = f"the key {key_text(dead.key)} {dead.why}"
        explains = _unserved(secret.view, dead.registry)
        yield secret.suspicion(checks.SECRET_KEY_NEVER_MATCHES, what, explains, registry=server(dead.registry))
    yield from _expiries(secret, content)


def _expiries(secret: _Seen, content: Content) -> Iterator[Suspicion]:
    now = secret.view.observation.now
    ending = [(login, login.expiry) for login in content.logins.values() if login.expiry]
    if over := {login: expiry for login, expiry in ending if expiry.is_over(now)}:
        what = f"the token of {_logins(over)} expired on {_first(over.values())}"
        yield secret.suspicion(checks.SECRET_TOKEN_EXPIRED, what, secret.of(over), is_sure=True)
    if near := {login: expiry for login, expiry in ending if expiry.is_near(now)}:
        what = f"the token of {_logins(near)} expires on {_first(near.values())}"
        yield secret.suspicion(checks.SECRET_TOKEN_EXPIRING, what, always, is_sure=True)


def _unserved(view: View, registry: str | None = None) -> Explains:
    """Explains pods whose list has no login for the image, which is of ``registry`` where one is given."""

    def explains(alike: Alike, image: str) -> bool:
        is_meant = registry is None or registry_of(image) == registry
        return is_meant and not view.logins(alike.namespace, alike.pull_secrets, image)

    return explains


def _keys(logins: Collection[Login]) -> str:
    return listed(key_text(login.key) for login in logins)


def _logins(logins: Collection[Login]) -> str:
    return listed(f"{key_text(login.key)} (user {user_text(login.credential.username)})" for login in logins)


def _first(expiries: Iterable[Expiry]) -> str:
    return f"{min(expiry.at for expiry in expiries).astimezone(timezone.utc):%Y-%m-%d at %H:%M} UTC"
