"""A simulation sandbox of the AdCP (Ad Context Protocol) advertising ecosystem."""

__version__ = "0.1.0"
