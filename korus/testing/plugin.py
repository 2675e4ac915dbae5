"""The pytest plugin that comes with korus: fixtures and options for testing with recorded traffic.

pytest loads this module in every run of an environment where korus is installed, whether or not the
extra ``korus[testing]`` is, so nothing heavy and nothing optional is imported at its top.
"""
