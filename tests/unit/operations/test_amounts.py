"""Amounts of money in bodies: whatever number comes is read or refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sandbox.operations.model import Amount


@pytest.mark.parametrize("value", [10**400, -(10**400), float("inf"), float("nan"), True, "5", None])
def test_what_is_no_amount_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Amount).validate_python(value)
