"""The errors of the sandbox.

::

    SandboxError
    ├── InputError        a user's mistake: a wrong scenario, option or file (exit code 2)
    ├── ScenarioFailure   an expectation or a checker did not hold (exit code 1)
    ├── AdcpError         a protocol error that an agent answers with (specification, error-code.json)
    └── ApiError          an error of the buyer platform's REST interface (rules 3 and 4)

SimPy raises a failing process again as ``type(exc)(*exc.args)``, so every class here can be built anew
from its positional ``args``.
"""

from __future__ import annotations

from typing import Any, Literal

Recovery = Literal["transient", "correctable", "terminal"]

API_STATUS = {
    "VALIDATION_ERROR": 400,
    "UNAUTHORIZED": 401,
    "ACCESS_DENIED": 403,
    "NOT_FOUND": 404,
    "CONFLICT": 409,
    "RATE_LIMITED": 429,
    "INVALID_STATE": 400,
    "INTERNAL_ERROR": 500,
}
"""HTTP status of each error code of the buyer platform (rule 4)."""


class SandboxError(Exception):
    """Base of all errors that the sandbox raises on purpose."""


class InputError(SandboxError):
    """A mistake in what the user gave us.

    ``where`` names the place (``file.yaml:12``, ``--seed``), ``hint`` what would be right.
    """

    def __init__(self, message: str, where: str = "", hint: str = "") -> None:
        super().__init__(message, where, hint)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message}" + (f"\n  hint: {self.hint}" if self.hint else "")


class ScenarioFailure(SandboxError):
    """A run that did not hold what its scenario promised."""


class AdcpError(SandboxError):
    """An error that an AdCP agent answers with.

    ``code`` is one of the specification's error codes; ``field`` a JSON path into the request such as
    ``packages[0].budget``; ``recovery`` is filled in from the code's registry entry when it is left out;
    ``retry_after`` is in seconds.
    """

    def __init__(
        self,
        code: str,
        message: str,
        field: str | None = None,
        recovery: Recovery | None = None,
        suggestion: str | None = None,
        retry_after: int | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(code, message, field, recovery, suggestion, retry_after, details)
        self.code = code
        self.message = message
        self.field = field
        self.recovery = recovery
        self.suggestion = suggestion
        self.retry_after = retry_after
        self.details = details

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" (at {self.field})" if self.field else "")


class ApiError(SandboxError):
    """An error of the buyer platform's REST interface, with its HTTP status (rules 3 and 4)."""

    def __init__(
        self,
        code: str,
        message: str,
        field: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(code, message, field, details)
        self.code = code
        self.message = message
        self.field = field
        self.details = details

    @property
    def status(self) -> int:
        """The HTTP status that belongs to the code."""
        return API_STATUS[self.code]

    def body(self) -> dict[str, Any]:
        """The JSON body that the edge answers with (rule 3)."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.field is not None:
            error["field"] = self.field
        if self.details is not None:
            error["details"] = self.details
        return {"data": None, "error": error}

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" (at {self.field})" if self.field else "")
