"""A throwaway real control plane, a real registry and a real Pulumi engine, for ``make up`` and the tests."""
