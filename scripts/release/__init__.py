"""Release checks: reproducible builds, and smoke tests with the lowest and the newest dependencies.

These modules need Python and git only, so that CI can run them before anything is installed.
"""
