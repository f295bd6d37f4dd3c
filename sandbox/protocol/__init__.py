"""AdCP on the wire, without sockets: versions, schemas, errors, idempotency, tasks, webhooks.

:class:`~sandbox.protocol.dialect.AdcpDialect` puts them together behind the kernel's one door.
"""
