"""Checks of real integrations: what somebody's outcome agent, sales agent or buyer platform must do, seen from outside.

A subject (``SUBJECTS`` in ``subjects.py``) is a package with a ``SUBJECT``; its checks are functions, each named, with
the rule that it tests. ``adcp-sandbox check`` runs them.
"""
