"""The page on which a person allows the platform to use an account with a sales agent (rule 20).

Browsers open it by the link that ``register_source_credentials`` gives for OAUTH agents. It stands for the sales
agent's own page: the whole exchange of codes and tokens behind it is left out. The ``state`` of the link is what
authorises the request, so no API key is needed, and it works once.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Literal

from pydantic import Field
from typing_extensions import TypedDict

from agents.buyer.context import platform_of
from sandbox.operations import Body, Group, Request

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context

operation: Group = Group("authorization")


class Page(TypedDict):
    """A page for a browser; the HTTP edge serves the text as what it is."""

    contentType: str
    text: str
    trusted: bool


class Authorize(Body):
    """Query of the page (RFC 6749, section 4.1.1)."""

    state: str = Field(min_length=1)
    client_id: str | None = Field(default=None, alias="client_id")
    response_type: Literal["code"] | None = Field(default=None, alias="response_type")


class Answer(Body):
    """What the form of the page sends."""

    state: str = Field(min_length=1)
    decision: Literal["allow", "deny"]


@operation("get_authorization_page", "GET", "/oauth/authorize", params=Authorize, answer=Page, mcp=False, public=True)
def get_authorization_page(ctx: Context, request: Request) -> Page:
    """The page that asks a person whether the platform may use an account with a sales agent."""
    platform = platform_of(ctx)
    waiting = platform.credentials.waiting(request.params.state)
    name = escape(platform.sellers.name(waiting.agent_id))
    return _page(
        f"Connect {name}",
        f"<p>Allow the buyer platform to use your account <b>{escape(waiting.account_identifier)}</b> with {name}?</p>"
        '<form method="post" action="/oauth/authorize">'
        f'<input type="hidden" name="state" value="{escape(request.params.state)}">'
        '<button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button>'
        "</form>",
    )


@operation(
    "authorize_credentials",
    "POST",
    "/oauth/authorize",
    body=Answer,
    answer=Page,
    mcp=False,
    public=True,
    rules=(20,),
)
def authorize_credentials(ctx: Context, request: Request) -> Page:
    """Allow or deny the access; works once for each link."""
    platform, allowed = platform_of(ctx), request.body.decision == "allow"
    waiting = platform.credentials.waiting(request.body.state)
    platform.credentials.decide(waiting, allowed)
    name = escape(platform.sellers.name(waiting.agent_id))
    if allowed:
        return _page(f"{name} is connected", "<p>You can close this window.</p>")
    return _page(f"{name} is not connected", "<p>To try again, register the credentials once more.</p>")


def _page(title: str, content: str) -> Page:
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f'<body style="font-family: sans-serif; margin: 4em"><h1>{title}</h1>{content}</body></html>'
    )
    return {"contentType": "text/html", "text": text, "trusted": True}
