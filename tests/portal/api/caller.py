"""A script that calls the management API with a personal access token."""

from __future__ import annotations

from typing import Any

from tests.support.cast import Browser, Person


class Script:
    """Sends JSON as somebody. `otp=True` sends a fresh one-time password along."""

    def __init__(self, person: Person) -> None:
        self.person, self.token = person, person.token()
        self._client = Browser()

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(f"/api/{path}", query, headers=self._headers())

    def post(self, path: str, body: Any = None, *, otp: bool = False, code: str = "") -> Any:
        headers = self._headers(self.person.code() if otp else code)
        return self._client.post(f"/api/{path}", body or {}, content_type="application/json", headers=headers)

    def put(self, path: str, body: Any, *, otp: bool = False) -> Any:
        headers = self._headers(self.person.code() if otp else "")
        return self._client.put(f"/api/{path}", body, content_type="application/json", headers=headers)

    def patch(self, path: str, body: Any, *, otp: bool = False) -> Any:
        headers = self._headers(self.person.code() if otp else "")
        return self._client.patch(f"/api/{path}", body, content_type="application/json", headers=headers)

    def delete(self, path: str, *, otp: bool = False) -> Any:
        return self._client.delete(f"/api/{path}", headers=self._headers(self.person.code() if otp else ""))

    def _headers(self, code: str = "") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", **({"X-OTP": code} if code else {})}


def refusal(answer: Any) -> tuple[int, str]:
    """(status, code) of a problem document, whose shape is checked on the way."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"/docs/errors#{problem['code']}"
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["detail"]
    return answer.status_code, problem["code"]
