"""One content coding is undone piece by piece; nothing else is."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus._http.content_coding import PIECE, Decoder, Undecodable


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    " GZip ": gzip.compress,
    "deflate": zlib.compress,
    "deflate, identity": raw_deflate,
    "identity": bytes,
    "": bytes,
}


def parts(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@given(
    st.binary(max_size=300) | st.integers(0, 300_000).map(lambda size: b"a" * size),
    st.sampled_from(sorted(PACKERS)),
    st.integers(1, 70_000),
)
def test_whatever_was_packed_comes_out_in_small_pieces(data: bytes, coding: str, size: int) -> None:
    decoder = Decoder(coding)
    pieces = [piece for part in parts(PACKERS[coding](data), size) for piece in decoder.pieces(part)]
    decoder.finish()
    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= PIECE for piece in pieces)


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=5), st.integers(1, 60))
def test_all_members_of_a_gzip_file_are_read(members: list[bytes], size: int) -> None:
    decoder = Decoder("gzip")
    packed = b"".join(map(gzip.compress, members))
    assert b"".join(piece for part in parts(packed, size) for piece in decoder.pieces(part)) == b"".join(
        members
    )
    decoder.finish()


@pytest.mark.parametrize("behind", [b"\0" * 9, b"garbage"])
@pytest.mark.parametrize("packer", ["gzip", "deflate"])
def test_content_after_the_end_is_ignored(packer: str, behind: bytes) -> None:
    decoder = Decoder(packer)
    assert b"".join(decoder.pieces(PACKERS[packer](b"text") + behind)) == b"text"
    decoder.finish()


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_is_cut_short_is_an_error(coding: str) -> None:
    packed = PACKERS[coding](b"some text")
    for length in range(1, len(packed)):
        decoder = Decoder(coding)
        with pytest.raises(Undecodable, match="cut short"):  # noqa: PT012
            list(decoder.pieces(packed[:length]))
            decoder.finish()


@pytest.mark.parametrize("coding", ["gzip", "deflate", None])
def test_an_empty_body_is_whole(coding: str | None) -> None:
    decoder = Decoder(coding)
    assert list(decoder.pieces(b"")) == []
    decoder.finish()


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_other_bytes_are_an_error_that_does_not_quote_them(coding: str) -> None:
    with pytest.raises(Undecodable, match="broken") as caught:
        list(Decoder(coding).pieces(b"Lovelace, ada@example.org"))
    assert "ada" not in str(caught.value)


@pytest.mark.parametrize(
    "coding", ["gzip, gzip", "gzip, deflate, identity", "br", "zstd", "gzip;q=1", "\u01c4"]
)
def test_more_than_one_coding_and_others_are_refused(coding: str) -> None:
    with pytest.raises(Undecodable, match="content coding"):
        Decoder(coding)


def test_the_decoder_never_inflates_more_than_it_is_asked_for() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = packer.compress(b" " * 10_000_000) + packer.flush()
    first = next(iter(Decoder("gzip").pieces(packed)))
    assert len(first) == PIECE
