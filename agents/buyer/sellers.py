"""The platform's side of AdCP: every request to a sales agent goes through here.

The client negotiates the release, declares accounts, gives each mutating request an idempotency key, and
repeats what failed for a moment with the same key (docs/building/by-layer/L1/security.mdx, L3/error-handling).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from agents.buyer.own_accounts import own_account
from agents.buyer.records import Advertiser, Customer
from sandbox.core.errors import AdcpError
from sandbox.core.time import MINUTE_MS, SECOND_MS, iso
from sandbox.kernel.endpoint import Principal, Reply
from sandbox.kernel.network import DOMAIN, PeerRefused, PeerTimeout, PeerUnreachable
from sandbox.protocol import schemas
from sandbox.protocol.answers import failure as failure_of
from sandbox.protocol.tools import TOOLS
from sandbox.protocol.versions import envelope, from_wire, schema_name, to_wire

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

T = TypeVar("T")
Steps = Generator[Any, Any, T]
Body = dict[str, Any]

RELEASES = ("3.2", "3.1", "3.0")
"""Releases that the platform speaks, the newest first."""

BACKOFF_MS = (2 * SECOND_MS, MINUTE_MS)
"""First and longest wait before a request is repeated (error-handling.mdx); a quarter more or less by chance."""

HTTP_TOO_MANY, HTTP_SERVER_ERROR = 429, 500

NEEDS_CHANGE = ("CONFLICT",)
"""Transient errors after which the same request fails again: the caller has to read and decide anew."""


class SellerClient:
    """Talks to sales agents for one platform."""

    def __init__(self, platform: BuyerPlatform) -> None:
        self._platform = platform
        self._versions: dict[str, str] = {}
        self._capabilities: dict[str, Body] = {}
        self._accounts: dict[tuple[str, str, bool], Body] = {}
        self._bought_on: dict[str, Body] = {}
        """The account of each media buy that was ordered, by the platform's own id."""

    # -- which agents there are --------------------------------------------------------------------------

    def agents(self, customer: Customer, routed: bool) -> list[str]:
        """The sales agents that a campaign of the customer may use, in the order in which they were linked.

        An agent that requires the customer's own credentials is among them while there are active ones (rule 18).
        Of the others a ROUTED campaign sees those for which the customer was authorised from the start (rules
        46 and 121).
        """
        storefronts, credentials = self._platform.storefronts, self._platform.credentials
        authorised = customer.authorised_sellers

        def usable(agent: str) -> bool:
            if storefronts.needs_own(agent):
                return bool(credentials.active(customer.customer_id, agent))
            own = authorised is None or agent in authorised or bool(credentials.active(customer.customer_id, agent))
            return own or not routed

        return [agent for agent in self.known() if usable(agent)]

    def known(self) -> list[str]:
        """All sales agents that the platform may call, in the order in which they were linked."""
        world = self._platform.world
        return [a for a in world.ecosystem.agents_of(self._platform.id) if world.ecosystem.role(a) == "seller"]

    def name(self, seller_id: str) -> str:
        """The name under which an agent is listed."""
        return str(getattr(self._platform.world.actors.get(seller_id), "name", "") or seller_id)

    # -- requests ----------------------------------------------------------------------------------------

    def request(
        self,
        seller_id: str,
        tool: str,
        payload: Body,
        key: str | None = None,
        log: list[Body] | None = None,
        signed: str | None = None,
    ) -> Steps[Body]:
        """Send a request and give the body of the answer; both in the form of release 3.1.

        A mutating request gets ``key`` as its idempotency key, or a new one, in all attempts. ``log`` takes one
        entry for each attempt (rule 76). ``signed`` is the account identifier of the credentials that are used;
        by default those of the account in the payload (rule 26). Raises :class:`AdcpError`: the agent's own, or
        SERVICE_UNAVAILABLE when no answer came.
        """
        version = yield from self._version(seller_id)
        request = {**envelope(version), **payload}
        if TOOLS[tool].mutating:
            request = self.enveloped(payload, version, key or self._platform.ids.uuid("request"))
        if signed is None:
            signed = self._platform.credentials.signature(seller_id, payload.get("account", {}).get("account_id"))
        wire = to_wire(tool, "request", request, version)
        body = yield from self._attempts(seller_id, tool, wire, version, log, signed)
        return from_wire(tool, "answer", body, version)

    def _attempts(
        self, seller_id: str, tool: str, request: Body, version: str, log: list[Body] | None, signed: str = ""
    ) -> Steps[Body]:
        """Send until an answer comes that is not a transient failure, or no attempt is left.

        An answer that breaks its schema is none. An error has all attempts in its ``details``, as ``debugLogs``, and
        ``unclear`` if the agent may have done what was asked, as far as one can tell from here.
        """
        settings, network = self._platform.config.requests, self._platform.world.network
        principal = Principal(self._platform.id, self._platform.role, signed)
        failure: AdcpError | None = None
        failed: list[Body] = []
        unclear = False
        for attempt in range(settings.retries + 1):
            if failure is not None:
                yield self._platform.world.env.timeout(self._wait_ms(attempt, failure))
            reply: Reply | None = None
            try:
                sent = network.call(self._platform.id, seller_id, tool, request, principal, settings.timeout)
                reply = yield from sent
                failure = failure_of(tool, reply, version)
                unclear |= failure is not None and reply.ok
            except (PeerUnreachable, PeerTimeout) as lost:
                failure = _no_answer(lost)
                unclear |= isinstance(lost, PeerTimeout) or getattr(lost, "status", 0) >= HTTP_SERVER_ERROR
            if log is not None or failure is not None:
                failed.append(self._log_entry(seller_id, tool, request, reply, failure))
            if log is not None:
                log.append(failed[-1])
            if failure is None and reply is not None:
                return reply.body
            assert failure is not None
            if failure.recovery != "transient" or failure.code in NEEDS_CHANGE:
                break
        assert failure is not None
        failure.details = {**(failure.details or {}), "debugLogs": failed, **({"unclear": True} if unclear else {})}
        raise failure

    def _wait_ms(self, attempt: int, failure: AdcpError) -> int:
        first, longest = BACKOFF_MS
        wait_ms = min(longest, first << (attempt - 1))
        spread = self._platform.rng("retries").uniform(0.75, 1.25)
        return max(round(wait_ms * spread), (failure.retry_after or 0) * SECOND_MS)

    def _log_entry(
        self, seller_id: str, tool: str, request: Body, reply: Reply | None, failure: AdcpError | None
    ) -> Body:
        """One exchange for debugging; whatever authorises is left out (rule 123)."""
        answer: Body | None = None if reply is None else {"status": reply.status, "body": reply.body}
        entry: Body = {
            "timestamp": iso(self._platform.now),
            "type": "request",
            "request": {
                "method": "POST",
                "url": self._platform.world.network.url(seller_id, tool),
                "headers": {"authorization": "[REDACTED]"},
                "body": redact(request),
            },
            "response": answer,
        }
        if failure is not None:
            entry["error"] = str(failure)
        return entry

    def gather(self, steps: Sequence[Steps[T]]) -> Steps[list[T | AdcpError]]:
        """Do several things at once; gives each one's result, or the error that it ended with."""
        env = self._platform.world.env
        processes = [env.process(_caught(each)) for each in steps]
        yield env.all_of(processes)
        results: list[T | AdcpError] = [process.value for process in processes]  # type: ignore[misc]
        return results

    # -- capabilities and releases -----------------------------------------------------------------------

    def capabilities(self, seller_id: str) -> Steps[Body]:
        """What an agent says it can do; asked once."""
        yield from self._version(seller_id)
        return self._capabilities[seller_id]

    @staticmethod
    def enveloped(payload: Body, version: str, key: str) -> Body:
        """A mutating request as it goes out in a release, in the form of 3.1."""
        return {**envelope(version), **payload, "idempotency_key": key}

    def issues(self, seller_id: str, tool: str, answer: Body) -> list[schemas.SchemaIssue]:
        """What is wrong with an answer that came in another way, such as by webhook, in the release that is spoken."""
        version = self._versions.get(seller_id, self._platform.config.adcp_version)
        return schemas.check_answer(schema_name(tool, version), answer, version)

    def release(self, seller_id: str) -> Steps[str]:
        """The release that is spoken with an agent."""
        return (yield from self._version(seller_id))

    def _version(self, seller_id: str) -> Steps[str]:
        """The release to speak with an agent: the preferred one, or the newest that both know."""
        if seller_id in self._versions:
            return self._versions[seller_id]
        preferred = self._platform.config.adcp_version
        order = [preferred, *(release for release in RELEASES if release != preferred)]
        for release in order:
            request = to_wire("get_adcp_capabilities", "request", envelope(release), release)
            try:
                body = yield from self._attempts(seller_id, "get_adcp_capabilities", request, release, None)
            except AdcpError as error:
                if error.code == "VERSION_UNSUPPORTED" and release != order[-1]:
                    continue
                raise
            spoken = body["adcp"].get("supported_versions", [release])
            self._capabilities[seller_id] = from_wire("get_adcp_capabilities", "answer", body, release)
            self._versions[seller_id] = next((r for r in order if r in spoken), release)
            break
        return self._versions[seller_id]

    # -- accounts ----------------------------------------------------------------------------------------

    def bought_on(self, media_buy_id: str, account: Body) -> None:
        """Note on which account a media buy was ordered: it stays there, whatever is linked afterwards."""
        self._bought_on[media_buy_id] = account

    def account(
        self, seller_id: str, advertiser: Advertiser, routed: bool = False, media_buy_id: str | None = None
    ) -> Steps[Body]:
        """The reference of the account on which an advertiser buys from an agent (rules 26 and 34).

        What concerns a media buy that was ordered goes to the account on which it was. Otherwise a linked account
        comes first. Otherwise the account is declared once with ``sync_accounts``: under the
        platform's own name, or under the customer's for ROUTED campaigns and where the agent requires the
        customer's credentials; as a sandbox account for a sandbox advertiser.
        """
        if media_buy_id in self._bought_on:
            return self._bought_on[media_buy_id]
        for link in advertiser.linked_accounts:
            if link["partnerId"] == seller_id:
                return {"account_id": link["accountId"]}
        key = (seller_id, advertiser.advertiser_id, routed)
        if key not in self._accounts:
            if self._platform.storefronts.needs_own(seller_id):
                row = yield from own_account(self._platform, seller_id, advertiser)
            else:
                row = yield from self.declare(seller_id, advertiser, routed)
            reference = _reference(row, advertiser.sandbox)
            if row["status"] != "active":
                return reference
            self._accounts[key] = reference
        return self._accounts[key]

    def declare(self, seller_id: str, advertiser: Advertiser, routed: bool, signed: str = "") -> Steps[Body]:
        """Declare the account of an advertiser, and give the row of the answer. Raises :class:`AdcpError`."""
        capabilities = yield from self.capabilities(seller_id)
        billings = capabilities.get("account", {}).get("supported_billing", ["operator"])
        wanted = "operator" if routed else "agent"
        entry: Body = {
            "brand": {"domain": advertiser.brand},
            "operator": self.operator(advertiser, routed),
            "billing": wanted if wanted in billings else billings[0],
        }
        if advertiser.sandbox:
            entry["sandbox"] = True
        body = yield from self.request(seller_id, "sync_accounts", {"accounts": [entry]}, signed=signed)
        row: Body = body["accounts"][0]
        if row["action"] == "failed":
            first = (row.get("errors") or [{"code": "ACCOUNT_NOT_FOUND", "message": "the account was refused"}])[0]
            raise AdcpError(first["code"], first["message"], field="account")
        return row

    def operator(self, advertiser: Advertiser, routed: bool) -> str:
        """The domain of whoever buys: the platform, or the customer itself on ROUTED campaigns."""
        if not routed:
            return f"{self._platform.id}.{DOMAIN}"
        return f"{self._platform.customer(advertiser.customer_id).principal}.{DOMAIN}"

    def forget_accounts(self, advertiser: Advertiser) -> None:
        """Declare the advertiser's accounts anew at next use, because its brand changed."""
        for key in [key for key in self._accounts if key[1] == advertiser.advertiser_id]:
            del self._accounts[key]


def _reference(row: Body, sandbox: bool) -> Body:
    if "account_id" in row:
        return {"account_id": row["account_id"]}
    natural: Body = {"brand": row["brand"], "operator": row["operator"]}
    return {**natural, "sandbox": True} if sandbox else natural


def redact(value: Any) -> Any:
    """A copy of a message without credentials and tokens."""
    if isinstance(value, dict):
        return {
            name: "[REDACTED]" if name in ("credentials", "token", "auth_token") else redact(inner)
            for name, inner in value.items()
        }
    return [redact(inner) for inner in value] if isinstance(value, list) else value


def _no_answer(lost: Exception) -> AdcpError:
    """The error for an exchange without an answer; an HTTP status may say how long to wait."""
    if isinstance(lost, PeerRefused):
        code = "RATE_LIMITED" if lost.status == HTTP_TOO_MANY else "SERVICE_UNAVAILABLE"
        return AdcpError(code, str(lost), recovery="transient", retry_after=lost.retry_after_s)
    return AdcpError("SERVICE_UNAVAILABLE", str(lost), recovery="transient")


def _caught(steps: Steps[T]) -> Steps[T | AdcpError]:
    try:
        return (yield from steps)
    except AdcpError as error:
        return error
