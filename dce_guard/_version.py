"""The version, kept here so that `--version` needs no package metadata (importlib.metadata costs 40 ms)."""

__version__ = "0.1.0"
