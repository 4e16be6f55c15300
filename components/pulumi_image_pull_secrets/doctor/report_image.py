"""Which logins serve an image, as reports tell it. Pure."""

from typing import Any

from ..wording import count, key_text, listed, user_text
from .content import Login
from .image_scope import ImageAnswer, ServedAccount


def title(answer: ImageAnswer) -> str:
    """Such as ``image ghcr.io/acme/web``."""
    return f"image {answer.image}"


def summary(answer: ImageAnswer) -> str:
    """Such as ``2 ServiceAccounts have a login for it, 7 pods use it``."""
    serving = sum(bool(account.logins) for account in answer.accounts)
    pods = sum(account.pods for account in answer.accounts)
    have, use = ("has" if serving == 1 else "have"), ("uses" if pods == 1 else "use")
    return f"{count(serving, 'ServiceAccount')} {have} a login for it, {count(pods, 'pod')} {use} it"


def lines(answer: ImageAnswer) -> list[str]:
    """One for each way in which accounts serve it, with the accounts; those whose pods lack a login first."""
    alike: dict[tuple[bool, str], list[ServedAccount]] = {}
    for account in answer.accounts:
        alike.setdefault((bool(account.logins), _said(account)), []).append(account)
    return [f"{said}: {_accounts(accounts)}" for (_, said), accounts in sorted(alike.items())]


def content(answer: ImageAnswer) -> dict[str, Any]:
    """All of it, for programs."""
    return {
        "name": str(answer.image),
        "accounts": [
            {
                "namespace": account.namespace,
                "name": account.name,
                "pods": account.pods,
                "problem": account.problem,
                "logins": [
                    {
                        "secret": login.secret,
                        "key": _unquoted(key_text(login.key)),
                        "user": _unquoted(user_text(login.credential.username)),
                    }
                    for login in account.logins
                ],
            }
            for account in answer.accounts
        ],
    }


def login_text(login: Login) -> str:
    """Such as ``user 'bot' of key 'ghcr.io' in Secret regcred``."""
    return f"user {user_text(login.credential.username)} of key {key_text(login.key)} in Secret {login.secret}"


def _unquoted(text: str) -> str:
    return text[1:-1] if text[:1] in ("'", '"') else text


def _said(account: ServedAccount) -> str:
    said = ", then ".join(map(login_text, account.logins)) or "no login"
    return f"{said} ({account.problem})" if account.problem else said


def _accounts(accounts: list[ServedAccount]) -> str:
    names = f"ServiceAccount{'s' if len(accounts) > 1 else ''} "
    names += listed(f"{account.namespace}/{account.name}" for account in accounts)
    return f"{names}, {count(sum(account.pods for account in accounts), 'pod')}"
