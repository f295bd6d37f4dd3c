"""The thin edges of a served sandbox: REST, MCP and control. Everything they do goes through one pump."""
