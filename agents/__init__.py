"""The actors of the sandbox, a folder a kind. `sandbox` finds them through entry points."""
