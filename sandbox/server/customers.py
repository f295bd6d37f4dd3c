"""The customers of the platform, and what the edges ask of it besides its operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Customer(Protocol):
    """A customer of the platform, as the edge needs it."""

    customer_id: int
    name: str
    principal: str


class User(Protocol):
    """A person, as the edge needs it."""

    email: str


class Directory(Protocol):
    """Who holds which API key, and who may act for whom."""

    def user_of(self, api_key: str) -> tuple[User, Customer] | None:
        """The person and customer of a key, compared in constant time; None if it is nobody's."""
        ...

    def may_switch(self, email: str, customer_id: int) -> bool:
        """True if the person has an active membership there, or is SUPER_ADMIN (rule 12)."""
        ...

    def keys(self) -> Mapping[str, str]:
        """One API key for each customer's principal, for the ready line of a local sandbox."""
        ...


class Platform(Protocol):
    """What the edge asks of the buyer platform besides its operations."""

    customers: dict[str, Customer]
    directory: Directory

    def unread_text(self, customer_id: int) -> str:
        """The section about unread notifications (rule 14)."""
        ...

    def concerns(self, payload: dict[str, Any]) -> bool:
        """True if a public request that changes something is about a thing in this world."""
        ...


def seat(customer: Customer, keys: Mapping[str, str]) -> dict[str, Any]:
    """A customer as services are told about it: ``{seatId, name, apiKey}``."""
    return {"seatId": str(customer.customer_id), "name": customer.name, "apiKey": keys[customer.principal]}
