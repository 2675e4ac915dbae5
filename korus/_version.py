"""The version of korus."""

__version__ = "0.1.0"
