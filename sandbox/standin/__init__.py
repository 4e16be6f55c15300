"""A small stand-in for Pulumi's Kubernetes resource plugin, where the official one can't be had.

It talks to the same real API server, with the official client, and keeps to what the official provider does as far
as this project uses it (shared contract: ``tests/integration/test_standin_*.py``). What each part mirrors is named
beside it: paths are in https://github.com/pulumi/pulumi-kubernetes.
"""
