"""The program: one registry credential in every namespace of this stack, attached to its ServiceAccounts."""

import asyncio
import sys
from pathlib import Path

import pulumi

sys.path.insert(0, str(Path(__file__).parent / "components"))

from pulumi_image_pull_secrets import ImagePullSecrets, ImagePullSecretsError, cluster_provider
from pulumi_image_pull_secrets.cluster import preflight
from pulumi_image_pull_secrets.component import owner
from pulumi_image_pull_secrets.passwords.obtaining import obtain
from pulumi_image_pull_secrets.registry.stack_logins import verify
from pulumi_image_pull_secrets.settings import load

NAME = "pulls"


def main() -> None:
    """Settings -> passwords -> logins -> preflight -> provider -> component -> outputs."""
    obtained = obtain(load(), owner=owner(NAME))
    settings = obtained.settings
    logins = verify(settings)
    if logins.warning:
        pulumi.warn(logins.warning)
    resolved = preflight(
        settings.args(expires=obtained.expires, expiring=obtained.expiring),
        owner=owner(NAME),
        context=settings.context,
        kubeconfig=settings.kubeconfig,
        refusals=logins.refusals,
    )
    if resolved.notes:
        pulumi.info("\n".join(resolved.notes))
    # The preflight has refused what isn't ours; what is ours may be what an up left that was killed.
    cluster = cluster_provider(
        "cluster", context=settings.context, kubeconfig=settings.kubeconfig, adopt=True, cluster=resolved.cluster
    )
    opts = pulumi.ResourceOptions(provider=cluster)
    pulls = ImagePullSecrets(
        NAME, resolved.args, opts, live_accounts=resolved.live_accounts, coverage=resolved.coverage
    )
    pulumi.export("secrets", pulls.secrets)
    pulumi.export("attached", pulls.attached)


try:
    main()
except ImagePullSecretsError as error:
    # Pulumi prints a RunError as it is, without a traceback.
    raise pulumi.RunError(str(error)) from None


async def begin() -> None:
    """Lets the registrations begin, which are tasks of the event loop.

    The SDK awaits those one by one that have begun. Of the others it awaits every property, all of them again as often
    as one is there: with a thousand namespaces that takes longer than all else.
    """
    await asyncio.sleep(0)


if hasattr(pulumi, "run"):  # since 3.254
    pulumi.run(begin)
