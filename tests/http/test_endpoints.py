"""From the hand-written layer to generated operations that a description has, has changed, or has not."""

from types import SimpleNamespace

import pytest
from korus_api import models

from korus._http.endpoints import endpoint, is_paged, model_of, request_for
from korus.errors import OperationUnavailable


def operation(build_request):
    return SimpleNamespace(OPERATION=SimpleNamespace(name="list_things"), build_request=build_request)


def given(**arguments):
    return arguments


def test_what_is_none_is_not_given():
    module = operation(
        lambda *, catalog_id, page=None, **more: given(catalog_id=catalog_id, page=page, **more)
    )
    assert request_for(module, catalog_id="c", page=None, session=None) == {"catalog_id": "c", "page": None}


def test_newly_required_parameter_is_sent_with_its_neutral_value():
    def build_request(*, catalog_id, with_disabled, page, items_per_page=None):
        return given(
            catalog_id=catalog_id, with_disabled=with_disabled, page=page, items_per_page=items_per_page
        )

    module = operation(build_request)
    expected = {"catalog_id": "c", "with_disabled": False, "page": 1, "items_per_page": None}
    assert request_for(module, catalog_id="c", with_disabled=None, page=None) == expected
    assert request_for(module, catalog_id="c", with_disabled=True, page=3) == {
        **expected,
        "with_disabled": True,
        "page": 3,
    }
    assert is_paged(module)


def test_removed_and_unguessable_parameters_are_named():
    def build_request(*, catalog_id, zone, with_disabled):
        return given(catalog_id=catalog_id, zone=zone, with_disabled=with_disabled)

    with pytest.raises(
        OperationUnavailable, match=r"list_things: it cannot be called without zone in version"
    ):
        request_for(operation(build_request), catalog_id="c")
    with pytest.raises(OperationUnavailable, match="list_things: it does not take session in version"):
        request_for(operation(build_request), catalog_id="c", zone="z", session="s")


def test_missing_operation_differs_from_renamed_model():
    with pytest.raises(OperationUnavailable, match="list_moons: there is no such operation in version"):
        endpoint("list_moons")
    with pytest.raises(OperationUnavailable, match="list_offers: its model does not exist"):
        model_of("list_offers", lambda: models.Moon)
    assert model_of("list_offers", lambda: models.Offer) is models.Offer
