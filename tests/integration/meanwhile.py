"""What somebody does in the seconds between the program's read of the accounts and the engine's apply."""

from collections.abc import Callable
from typing import Any

import pytest
from pulumi_image_pull_secrets import cluster as clusters

After = Callable[[Callable[[], Any]], None]


@pytest.fixture
def after_the_read(monkeypatch: pytest.MonkeyPatch) -> After:
    """Has something done once, in the next run of the program, when its preflight has just read the cluster."""

    def arrange(act: Callable[[], Any]) -> None:
        read = clusters.preflight

        def preflight(*args: Any, **kwargs: Any) -> Any:
            monkeypatch.setattr(clusters, "preflight", read)
            found = read(*args, **kwargs)
            act()
            return found

        monkeypatch.setattr(clusters, "preflight", preflight)

    return arrange
