"""Credentials as the command line gives them: ``api-key:KEY``, ``bearer:TOKEN``, ``basic:USER:PASSWORD``."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Literal, cast

from sandbox.core.errors import InputError

Method = Literal["api-key", "bearer", "basic"]

OPTION = "--auth"
"""Where credentials are given."""


@dataclass(slots=True, frozen=True)
class Auth:
    """Credentials; ``secret`` is the key, the token or ``USER:PASSWORD``."""

    method: Method
    secret: str

    @classmethod
    def parse(cls, text: str, where: str = OPTION) -> Auth:
        """Read ``--auth`` or another option. Raises :class:`InputError`, which does not repeat the secret."""
        method, _, secret = text.partition(":")
        if method not in ("api-key", "bearer", "basic") or not secret:
            raise InputError(
                "no credentials that are understood", where, "write api-key:KEY, bearer:TOKEN or basic:USER:PASSWORD"
            )
        if method == "basic" and ":" not in secret:
            raise InputError("the password is missing", where, "write basic:USER:PASSWORD")
        if not secret.isascii() or any(ord(char) < 33 for char in secret):
            raise InputError("a header can't carry that", where, "use printable ASCII without blanks")
        return cls(cast("Method", method), secret)

    @property
    def header(self) -> tuple[str, str]:
        """Name and value of the header that carries them."""
        if self.method == "api-key":
            return "X-API-Key", self.secret
        if self.method == "bearer":
            return "Authorization", f"Bearer {self.secret}"
        return "Authorization", f"Basic {b64encode(self.secret.encode()).decode()}"

    @property
    def secrets(self) -> list[str]:
        """What must be in no report."""
        return [self.secret, self.header[1].rpartition(" ")[2]]

    def wrong(self) -> Auth:
        """Credentials of the same kind and length that are nobody's."""
        user, colon, password = self.secret.partition(":") if self.method == "basic" else ("", "", self.secret)
        return Auth(self.method, f"{user}{colon}{'x' * len(password)}")


def expect_let_in(status: int, auth: Auth | None) -> None:
    """Raise :class:`InputError` if an answer's status says that nothing can be checked with these credentials."""
    if status != 401:
        return
    if auth is None:
        raise InputError("it wants credentials (401)", OPTION, "write api-key:KEY, bearer:TOKEN or basic:USER:PASSWORD")
    raise InputError(f"the {auth.method} credentials are refused (401)", OPTION, "is the method right, and the secret?")
