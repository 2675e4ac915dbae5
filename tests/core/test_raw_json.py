"""Reading of raw JSON, from models and from mappings."""

from korus._core.raw_json import iri_of, json_object
from korus.iri import parse_iri
from korus.models import Customer, Offer

IRI = "/v1/catalogs/c/offers/o"


class Unwritable(Offer):
    def to_dict(self):
        raise AssertionError("nothing has to be written to know an IRI")


def test_the_iri_of_a_model_is_read_without_writing_it():
    assert iri_of(Unwritable.from_dict({"@id": IRI})) == IRI
    assert iri_of(Unwritable.from_dict({"id": "o"})) is None


def test_models_mappings_references_and_texts_have_iris():
    assert iri_of({"@id": IRI}) == iri_of(IRI) == IRI
    reference = parse_iri("/v1/forms/019c1a00-0000-7000-8000-000000000001")
    assert iri_of(reference) == reference.iri
    assert iri_of(Customer(firstname="Ada", lastname="B", email="a@b.example")) is None
    for nothing in (None, 7, "", {"@id": 7}, {"@id": "/v1/.well-known/genid/1"[3:]}, Offer()):
        assert iri_of(nothing) is None


def test_a_class_is_not_the_object_that_it_makes():
    assert json_object(Offer) is None
    assert json_object(Offer.from_dict({"id": "o"})) == {"id": "o"}
