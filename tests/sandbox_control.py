"""The control routes of a sandbox that runs: have a provider fail, and see what was asked."""

import json
import urllib.request
from typing import Any


class SandboxControl:
    """Speaks to the sandbox of a deployment."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url
        self._token = token

    def fail(self, provider: str, kind: str, **how: Any) -> None:
        """Have a provider fail: ``for_seconds``, ``times``, ``retry_in_seconds``."""
        self._ask("POST", "/sandbox/failures", {"provider": provider, "kind": kind, **how})

    def recover(self) -> None:
        """End every failure."""
        self._ask("DELETE", "/sandbox/failures")

    def forget_calls(self) -> None:
        """Forget the calls by now."""
        self._ask("DELETE", "/sandbox/calls")

    def calls(self, provider: str | None = None, kind: str = "call") -> list[dict[str, Any]]:
        """Return what a provider, or every one, was asked since: ``number``, ``at`` (Unix time), ``status``, ``path``."""
        answer = self._ask("GET", "/sandbox/calls" + (f"?provider={provider}" if provider else ""))
        return [call for call in answer["calls"] if call["kind"] == kind]

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the sandbox on loopback
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"}
            | ({"Authorization": f"Bearer {self._token}"} if self._token else {}),
        )
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - likewise
            text = response.read()
        return json.loads(text) if text else None
