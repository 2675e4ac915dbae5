"""The reconstructed descriptions; a version that has been downloaded since is skipped, for it has its own truth."""

from functools import cache

import pytest
from reconstructed import VERSIONS

from scripts.descriptions import find, load, read_lock


@cache
def _loaded(version):
    return load(find(version))


def described(version):
    """Give the reconstructed description of a version."""
    if read_lock().descriptions[version].origin != "reconstructed":
        pytest.skip(f"{version} has been downloaded")
    return _loaded(version)


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def document(version):
    return described(version)


@pytest.fixture
def describe():
    return described
