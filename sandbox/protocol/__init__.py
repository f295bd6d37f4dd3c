"""AdCP on the wire, without sockets: tools, schemas, versions, errors, idempotency, tasks, webhooks."""
