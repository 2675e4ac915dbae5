"""The descriptions are valid, say what they are, and are those that the lock names."""

import re

import pytest
from openapi_spec_validator import validate
from reconstructed import copy_reconstructed
from ruamel.yaml import YAML

from scripts.descriptions import FOLDER, Description, descriptions, find, load, read_lock, sha256, write_lock
from scripts.descriptions.__main__ import main


def everything(node):
    yield node
    for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from everything(one)


@pytest.mark.parametrize("path", descriptions().values(), ids=lambda path: path.name)
def test_every_description_is_a_valid_openapi_document(path):
    validate(load(path))


class TestLock:
    @pytest.fixture
    def folder(self, tmp_path):
        return copy_reconstructed(tmp_path / "openapi")

    def test_description_edited_by_hand_is_stale_until_it_is_locked(self, folder, capsys):
        assert main(["--check", "--folder", str(folder)]) == 0
        before = (folder / "lock.toml").read_bytes()
        with (folder / "1.0.38.yaml").open("a", encoding="utf-8") as file:
            file.write("# edited\n")
        assert main(["--check", "--folder", str(folder)]) == 1
        assert "1.0.38.yaml: edited; run `make generate`" in capsys.readouterr().out
        assert (folder / "lock.toml").read_bytes() == before
        assert main(["--folder", str(folder)]) == 0
        assert "updated in the lock: 1.0.38" in capsys.readouterr().out
        assert main(["--check", "--folder", str(folder)]) == 0
        assert read_lock(folder).current == "release"

    def test_downloaded_description_is_not_edited(self, folder, capsys):
        entry = Description("1.0.7.yaml", sha256(b"theirs"), "downloaded", url="https://a", fetched="t")
        write_lock(read_lock(folder).with_description("1.0.7", entry, current=True), folder)
        for arguments in (["--check"], []):
            assert main([*arguments, "--folder", str(folder)]) == 1
            assert "1.0.7.yaml: edited after its download" in capsys.readouterr().out
        assert read_lock(folder).descriptions["1.0.7"] == entry

    @pytest.mark.parametrize("name", ["lock.toml", "1.0.4.yaml"])
    def test_missing_file_is_named(self, folder, capsys, name):
        (folder / name).unlink()
        assert main(["--folder", str(folder)]) == 1
        assert f"{name}: No such file" in capsys.readouterr().err


def test_the_lock_names_the_bytes_of_every_file():
    lock = read_lock()
    assert lock.current in lock.descriptions
    assert (lock.generator.name, lock.generator.version) == ("openapi-python-client", "0.29.1")
    assert {entry.file for entry in lock.descriptions.values()} == {
        path.name for path in descriptions().values()
    }
    for entry in lock.descriptions.values():
        assert sha256((FOLDER / entry.file).read_bytes()) == entry.sha256


def test_reconstructed_description_is_marked(document):
    provenance = document["info"]["x-provenance"]
    assert provenance["origin"] == "reconstructed"
    assert "API Platform" in provenance["from"]
    assert "Not a download" in provenance["note"]


def test_every_evidence_mark_is_inferred(document):
    marks = [
        node["x-evidence"] for node in everything(document) if isinstance(node, dict) and "x-evidence" in node
    ]
    assert set(marks) == {"inferred"}
    assert len(marks) > 100


def test_marks_stand_where_the_reference_has_only_inferred(describe):
    def operation(version, method, path):
        return describe(version)["paths"][path][method]

    prices = "/v1/ticketing/catalogs/{catalogId}/offers/{id}/price"
    options = "/v1/ticketing/catalogs/{catalogId}/product_bases/{productBaseId}/options"
    assert "x-evidence" not in operation("1.0.7", "get", prices)
    assert operation("release", "get", prices)["x-evidence"] == "inferred"
    assert operation("release", "get", options)["x-evidence"] == "inferred"
    tags = {tag["name"]: tag.get("x-evidence") for tag in describe("release")["tags"]}
    assert {name for name, mark in tags.items() if mark is None} == {
        "BookingOrder",
        "TicketingOffer",
        "TicketingProductBase",
    }
    bulk = operation("1.0.7", "post", "/v1/booking/reservations/_bulk")
    assert "x-evidence" not in bulk
    assert bulk["responses"]["200"]["x-evidence"] == "inferred"
    assert "x-evidence" not in operation("1.0.7", "post", "/v1/booking/orders/_bulk")["responses"]["200"]
    schemas = describe("1.0.7")["components"]["schemas"]
    reservation = schemas["BookingReservation.jsonld-v1.reservation.read"]
    assert "x-evidence" not in reservation
    assert "x-evidence" not in reservation["properties"]["seatsArrangement"]
    assert (
        schemas["BookingOrder.jsonld-v1.order.read"]["properties"]["reservation"]["x-evidence"] == "inferred"
    )
    later = describe("1.0.19")["components"]["schemas"]
    (own,) = [
        part
        for part in later["BookingReservation.jsonld-v1.reservation.read"]["allOf"]
        if "properties" in part
    ]
    assert own["properties"]["seatsArrangement"]["x-evidence"] == "inferred"
    item = later["BookingReservation.BulkReservationInput-v1.reservation.bulk_write"]["properties"]["items"][
        "items"
    ]
    form_data = item["properties"]["ticketSessions"]["items"]["properties"]["formData"]
    assert form_data["x-evidence"] == "inferred"


def test_no_schema_is_there_in_vain_and_none_is_missing(document):
    used = {
        node["$ref"].rpartition("/")[2]
        for node in everything(document)
        if isinstance(node, dict) and "$ref" in node
    }
    assert used == set(document["components"]["schemas"])


def test_other_yaml_readers_read_the_same_values(version, document):
    assert YAML(typ="safe", pure=True).load(find(version)) == document


def test_no_reconstructed_file_names_a_place_outside_the_api(version, document):
    hosts = set(re.findall(r"https?://([\w.-]+)", find(version).read_text(encoding="utf-8")))
    assert hosts == {"api.demo.korusticket.com", "api.korusticket.com", "example.com", "www.w3.org"}
    assert document["info"]["version"] == version
