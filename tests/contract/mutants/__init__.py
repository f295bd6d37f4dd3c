"""Deliberately broken services: each breaks one thing that one check is about."""
