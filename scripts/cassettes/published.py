"""Cassettes built from the published sample shapes: `python -m scripts.cassettes.published`.

The samples in ``tests/openapi/samples`` have the keys, order and types of the documentation's examples; they are not
recorded, and the header of these cassettes says so (``origin: published``). They are the only evidence of the versions
that the sandbox does not support. One table assigns the samples to requests; building twice gives the same bytes.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from typing import TYPE_CHECKING, Any

from attrs import frozen

from korus._version import __version__
from korus.testing import cassettes
from korus.testing.privacy import Exchange
from korus.testing.pseudonyms import Pseudonyms
from korus.testing.recording import interactions_of
from scripts.descriptions import FOLDER, read_lock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["FOLDER_OF_CASSETTES", "PUBLISHED", "Published", "Sample", "build", "main", "write_all"]

ROOT = FOLDER.parent
SAMPLES = ROOT / "tests" / "openapi" / "samples"
FOLDER_OF_CASSETTES = ROOT / "tests" / "cassettes" / "recorded" / "test_published"
# the day after the samples' orders, so that their deadlines are not over
_BUILT_AT = dt.datetime(2026, 2, 4, tzinfo=dt.UTC)
_API = "https://api.sandbox.test"
_TOKEN = "https://auth.sandbox.test/realms/korusticket/protocol/openid-connect/token"  # noqa: S105 - an address
_JSON_LD = "application/ld+json"
_MERGE_PATCH = "application/merge-patch+json"


@frozen(kw_only=True)
class Sample:
    """Request and the sample that answers it.

    Attributes:
        answer: The file of the answer's body.
        method: The HTTP method.
        path: The path and query; None for the address that the answer names itself.
        request: The file of the request's body, None for none.
        media_type: The media type of the request's body.
    """

    answer: str
    method: str = "GET"
    path: str | None = None
    request: str | None = None
    media_type: str = _JSON_LD


@frozen(kw_only=True)
class Published:
    """Cassette to build.

    Attributes:
        name: Its test.
        api_version: The version whose documentation printed the samples, or the nearest described one.
        purpose: The behaviour that it shows.
        samples: Its exchanges after the token.
    """

    name: str
    api_version: str
    purpose: str
    samples: tuple[Sample, ...]


_GET_TICKET = Sample(answer="ticket-get.json")
_PATCH_TICKET = Sample(
    answer="ticket-get.json", method="PATCH", request="ticket-patch-request.json", media_type=_MERGE_PATCH
)

PUBLISHED: tuple[Published, ...] = (
    *(
        Published(
            name=f"test_a_ticket_as_version_{version.replace('.', '_')}_printed_it_is_read_and_its_beneficiary_set",
            api_version=version,
            purpose=f"The ticket and its beneficiary as the documentation of {version} prints them.",
            samples=(_GET_TICKET, _PATCH_TICKET),
        )
        for version in ("1.0.4", "1.0.7")
    ),
    Published(
        name="test_a_ticket_as_version_1_0_19_printed_it_is_read",
        api_version="1.0.19",
        purpose="The ticket as the documentation of 1.0.19 prints it: no event, a status, an empty seating.",
        samples=(Sample(answer="ticket-get.1.0.19.json"),),
    ),
    Published(
        name="test_the_reservation_pages_of_version_1_0_7_are_read",
        api_version="1.0.7",
        purpose="A reservation and the list of them as the documentation of 1.0.7 prints them.",
        samples=(
            Sample(answer="reservation-get.json"),
            Sample(answer="reservations-list.documented-example.json", path="/v1/booking/reservations"),
        ),
    ),
    Published(
        name="test_the_reservation_pages_of_version_1_0_4_are_read",
        api_version="1.0.4",
        purpose="The same pages under 1.0.4, whose own were never seen; the fields are those of 1.0.7.",
        samples=(
            Sample(answer="reservation-get.json"),
            Sample(answer="reservations-list.documented-example.json", path="/v1/booking/reservations"),
        ),
    ),
    Published(
        name="test_the_order_of_the_guide_is_read",
        api_version="1.0.7",
        purpose="An order as the guide of July 2025 prints it, with its reservation, totals and embedded ticket.",
        samples=(Sample(answer="order-get.json"),),
    ),
    Published(
        name="test_the_catalogue_pages_of_the_guides_are_read",
        api_version="release",
        purpose="Catalogues and product bases as the newest guides print them.",
        samples=(
            Sample(answer="catalogs-list.json", path="/v1/ticketing/catalogs"),
            Sample(answer="product-bases-list.json"),
        ),
    ),
    Published(
        name="test_price_and_availability_of_the_guides_are_read",
        api_version="release",
        purpose="Price and availability as the guides print them: the currency in capitals, text in JSON-LD keys.",
        samples=(Sample(answer="offer-price.json"), Sample(answer="offer-availability.json")),
    ),
    Published(
        name="test_the_availability_of_the_time_of_events_is_read",
        api_version="1.0.7",
        purpose="An availability whose sessions still lie below events.",
        samples=(Sample(answer="offer-availability.event-era.json"),),
    ),
    Published(
        name="test_the_documents_of_version_1_0_19_are_listed_and_addressed",
        api_version="1.0.19",
        purpose="The list of documents of 1.0.19 and the guide's temporary address of one.",
        samples=(
            Sample(
                answer="order-documents-list.documented-example.json",
                path="/v1/booking/orders/019c23d2-3a50-7c4c-9160-d5fa5b460249/documents",
            ),
            Sample(
                answer="document-patch-response.json",
                method="PATCH",
                request="document-patch-request.json",
                media_type=_MERGE_PATCH,
            ),
        ),
    ),
)
"""Every published cassette."""


def _content(name: str) -> bytes:
    return json.dumps(
        json.loads((SAMPLES / name).read_bytes()), ensure_ascii=False, separators=(",", ":")
    ).encode()


def _token() -> Exchange:
    return Exchange(
        method="POST",
        uri=_TOKEN,
        request_headers={"content-type": ("application/x-www-form-urlencoded",)},
        request_body=b"grant_type=client_credentials&client_id=published&client_secret=published",
        status=200,
        reason="OK",
        response_headers={"content-type": ("application/json",)},
        response_body=_content("token-response.json"),
    )


def _exchange(sample: Sample) -> Exchange:
    answer: dict[str, Any] = json.loads((SAMPLES / sample.answer).read_bytes())
    return Exchange(
        method=sample.method,
        uri=_API + (sample.path or str(answer["@id"])),
        request_headers={
            "accept": (_JSON_LD,),
            "authorization": ("Bearer published",),
            **({"content-type": (sample.media_type,)} if sample.request else {}),
        },
        request_body=_content(sample.request) if sample.request else b"",
        status=200,
        reason="OK",
        response_headers={"content-type": (f"{_JSON_LD}; charset=utf-8",)},
        response_body=_content(sample.answer),
    )


def build(published: Published) -> cassettes.Cassette:
    """Build one cassette; the same samples give the same cassette."""
    known = read_lock().descriptions.get(published.api_version)
    exchanges = [_token(), *(_exchange(sample) for sample in published.samples)]
    return cassettes.Cassette(
        header=cassettes.Header(
            origin="published",
            api_version=published.api_version,
            description_sha256=known.sha256 if known else "",
            recorded_at=_BUILT_AT,
            korus_version=__version__,
            purpose=published.purpose,
        ),
        interactions=interactions_of(exchanges, Pseudonyms()),
    )


def write_all(folder: Path = FOLDER_OF_CASSETTES) -> int:
    """Build all cassettes; return their number."""
    for published in PUBLISHED:
        cassettes.write(folder / f"{published.name}.yaml", build(published))
    return len(PUBLISHED)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write all cassettes, or with ``--check`` list those that are out of date."""
    parser = argparse.ArgumentParser(prog="python -m scripts.cassettes.published", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 if a cassette is out of date"
    )
    if not parser.parse_args(arguments).check:
        print(f"{write_all()} cassettes written to {FOLDER_OF_CASSETTES.relative_to(ROOT)}")
        return 0
    stale = [one.name for one in PUBLISHED if not _is_fresh(one)]
    for name in stale:
        print(
            f"{name}.yaml is out of date; run `python -m scripts.cassettes.published`",
            file=sys.stderr,
        )
    return 1 if stale else 0


def _is_fresh(published: Published) -> bool:
    path = FOLDER_OF_CASSETTES / f"{published.name}.yaml"
    return path.exists() and cassettes.read(path) == build(published)


if __name__ == "__main__":
    raise SystemExit(main())
