"""The lasting form of a run: its trace as a file, and the digest of such a file."""
