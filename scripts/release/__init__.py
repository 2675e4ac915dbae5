"""Releases: built twice, installed with lowest and newest, tried.

These modules need Python and git only, so that CI can run them before anything is installed.
"""
