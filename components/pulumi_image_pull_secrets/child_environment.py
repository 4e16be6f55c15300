"""What other programs find in their environment that this one starts. Pure but for reading its own.

The engine hands a program its configuration in two variables, secrets and all: nothing for another program's eyes.
"""

import copy
import os
from collections.abc import Mapping
from typing import Any

_PULUMI_CONFIGURATION = ("PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS")


def child_environment() -> dict[str, str]:
    """This process's environment, without Pulumi's configuration."""
    return {key: value for key, value in os.environ.items() if key not in _PULUMI_CONFIGURATION}


def with_plugins_kept_from_it(kubeconfig: Mapping[str, Any]) -> dict[str, Any]:
    """The same kubeconfig, whose credential plugins find these variables empty.

    The official client starts a plugin with all of ``os.environ``, whenever a token is about to end, and over it what
    the kubeconfig has for it.
    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
    """
    content = copy.deepcopy(dict(kubeconfig))
    for entry in content.get("users") or []:
        if plugin := (entry.get("user") or {}).get("exec"):
            hidden = [{"name": name, "value": ""} for name in _PULUMI_CONFIGURATION]
            plugin["env"] = [*(plugin.get("env") or []), *hidden]
    return content
