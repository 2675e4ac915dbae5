"""What can be released, and what is done with it before: built twice, installed with lowest and newest, tried.

These modules need Python and git only, so that CI can run them before anything is installed.
"""
