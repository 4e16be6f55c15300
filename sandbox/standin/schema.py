"""What programs in YAML are checked against: the provider's own settings, spelled and typed as the official one's.

No kind of Kubernetes is in it. A program in YAML that makes such resources by itself needs the official plugin.
"""

import json

_TEXTS = ("cluster", "context", "kubeconfig", "namespace")
_SWITCHES = ("deleteUnreachable", "enablePatchForce", "enableSecretMutable", "upsertExistingObjects")


def schema(version: str) -> str:
    """A Pulumi package schema, as JSON."""
    properties = {name: {"type": "string"} for name in _TEXTS} | {name: {"type": "boolean"} for name in _SWITCHES}
    return json.dumps({"name": "kubernetes", "version": version, "provider": {"inputProperties": properties}})
