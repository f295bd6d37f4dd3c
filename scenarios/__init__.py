"""The scenarios that ship with the sandbox: YAML files, a folder a subject, and their JSON Schema."""
