"""Started by the engine as ``pulumi-resource-kubernetes``."""

import importlib.util
import os
import signal
import sys
import types

# The engine interrupts its plugins when it is done with them, which ends the official one without a word.
signal.signal(signal.SIGINT, signal.SIG_DFL)

# Before the imports that take long: an engine that is killed meanwhile is no longer our parent after them.
_ENGINE = os.getppid()


def _spare_the_sdk() -> None:
    """Lets Pulumi's protocol be imported without the SDK around it, which takes longer than the plugin itself."""
    spec = importlib.util.find_spec("pulumi")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    folder = spec.submodule_search_locations[0]
    for name, subfolder in (("pulumi", ""), ("pulumi.runtime", "runtime"), ("pulumi.runtime.proto", "runtime/proto")):
        package = types.ModuleType(name)
        package.__path__ = [os.path.join(folder, subfolder)]  # noqa: PTH118
        sys.modules[name] = package


if __name__ == "__main__":
    _spare_the_sdk()
    from .server import main

    main(_ENGINE)
