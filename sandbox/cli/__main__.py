"""``python -m sandbox.cli``: the same as ``adcp-sandbox``."""

from sandbox.cli.main import main

main()
