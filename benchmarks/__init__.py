"""How fast the sandbox is, each figure next to a baseline of the same run; see docs/performance.md."""
