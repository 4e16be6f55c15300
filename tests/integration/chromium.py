"""A real Chromium without a window, driven through ChromeDriver (https://www.w3.org/TR/webdriver2/)."""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key of an element's id, as the standard has it."""


def missing() -> str:
    """Why there is no browser here; empty where there is one."""
    programs = {"chromium": "chromium", "chromedriver": "chromium-driver"}
    lacking = [package for program, package in programs.items() if not shutil.which(program)]
    return f"this machine has no Chromium to open the page in; install: {' '.join(lacking)}" if lacking else ""


class Browser:
    """One window."""

    def __init__(self, driver: httpx.Client, profile: Path) -> None:
        self._driver = driver
        options = {
            # A container has no sandbox to give to root, and little shared memory.
            "args": [
                "--headless=new",
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                f"--user-data-dir={profile}",
            ],
            "perfLoggingPrefs": {"enableNetwork": True},
        }
        logs = {"browser": "ALL", "performance": "ALL"}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logs}
        session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{session['sessionId']}"

    def open(self, page: Path) -> None:
        self._ask("POST", f"{self._session}/url", {"url": page.as_uri()})

    def run(self, script: str, *arguments: object) -> Any:
        """What a script returns; it gets past the page's policy, as an extension's does."""
        return self._ask("POST", f"{self._session}/execute/sync", {"script": script, "args": arguments})

    def click(self, selector: str) -> None:
        """A click where a mouse would click; fails where something else lies on top."""
        self._ask("POST", f"{self._element(selector)}/click", {})

    def role(self, selector: str) -> Any:
        """What a screen reader is told that the element is."""
        return self._ask("GET", f"{self._element(selector)}/computedrole")

    def has(self, *, width: int, height: int = 900, scheme: str = "light", scripts: bool = True) -> None:
        """Sets the screen's size, the colour scheme that is preferred, and whether pages may run scripts."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self._devtools("Emulation.setDeviceMetricsOverride", screen)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._devtools("Emulation.setEmulatedMedia", {"features": features})
        self._devtools("Emulation.setScriptExecutionDisabled", {"value": not scripts})

    def screenshot(self, path: Path) -> Path:
        """The whole page, also what one would have to scroll to."""
        picture = self._devtools("Page.captureScreenshot", {"captureBeyondViewport": True})
        path.write_bytes(base64.b64decode(picture["data"]))
        return path

    def console(self) -> list[str]:
        """What the page, or the browser about the page, has told since the last time."""
        return [entry["message"] for entry in self._log("browser")]

    def requested(self, page: Path) -> list[str]:
        """The addresses that a page, with its own, has asked for since the last time."""
        messages = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        sent = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
        return [params["request"]["url"] for params in sent if params["documentURL"] == page.as_uri()]

    def quit(self) -> None:
        self._ask("DELETE", self._session)

    def _element(self, selector: str) -> str:
        found = self._ask("POST", f"{self._session}/element", {"using": "css selector", "value": selector})
        return f"{self._session}/element/{found[ELEMENT]}"

    def _log(self, kind: str) -> Any:
        return self._ask("POST", f"{self._session}/se/log", {"type": kind})

    def _devtools(self, command: str, parameters: Mapping[str, object]) -> Any:
        return self._ask("POST", f"{self._session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _ask(self, method: str, path: str, content: Mapping[str, object] | None = None) -> Any:
        answer = self._driver.request(method, path, json=content)
        assert answer.is_success, answer.text
        return answer.json()["value"]


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser of its own, which is gone afterwards."""
    command = ["chromedriver", "--port=0", f"--log-path={folder / 'chromedriver.log'}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ports = (re.search(r"started successfully on port (\d+)", line) for line in process.stdout)
            port = next(found[1] for found in ports if found)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as driver:
                window = Browser(driver, folder / "profile")
                try:
                    yield window
                finally:
                    window.quit()
        finally:
            process.terminate()
