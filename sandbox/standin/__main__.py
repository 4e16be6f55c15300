"""Started by the engine as ``pulumi-resource-kubernetes``."""

from .plugin import main

main()
