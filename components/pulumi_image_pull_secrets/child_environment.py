"""What other programs find in their environment that this one starts."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_PULUMI_CONFIGURATION = ("PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS")
"""In these the engine hands a program its configuration, secrets and all: nothing for another program's eyes."""


def child_environment() -> dict[str, str]:
    """This process's environment, without Pulumi's configuration."""
    return {key: value for key, value in os.environ.items() if key not in _PULUMI_CONFIGURATION}


@contextmanager
def without_configuration() -> Iterator[None]:
    """For a library that starts programs with ``os.environ`` as it is."""
    hidden = {key: os.environ.pop(key) for key in _PULUMI_CONFIGURATION if key in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)
