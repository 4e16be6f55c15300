"""What pod templates say of Secrets. Pure."""

from collections.abc import Iterator

from ..wording import names
from . import checks
from .account_rules import is_overridden
from .groups import cleaned
from .suspicions import Suspicion
from .view import View


def suspicions(view: View) -> Iterator[Suspicion]:
    """Templates whose list hides entries of their account."""

    for place, template in sorted(view.workloads.items()):
        account = view.observation.accounts.get((template.namespace, template.account))
        if account is None:
            continue
        own, hidden = cleaned(template.pull_secrets), cleaned(account.pull_secrets)
        if own and not set(hidden) <= set(own):
            what = f"its template names {names('Secret', own)}, which hides its account's {names('Secret', hidden)}"
            # Of an account whose entries reach no pod that is told, with all its owners.
            is_told = not is_overridden(view, (account.namespace, account.name))
            yield Suspicion(
                checks.CONTROLLER_OVERRIDES_ACCOUNT,
                place,
                what,
                explains=view.only_account_works,
                hit=view.groups_of_owner.get(place, ()),
                quiet="" if is_told else None,
            )
