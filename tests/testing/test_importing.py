"""Recordings of other tools become cassettes: concealed, in order, without what is not the API's."""

from __future__ import annotations

import base64
import gzip
import json
import zlib

import pytest
from typer.testing import CliRunner

from korus import Korus
from korus.cli.cassettes import app
from korus.testing import cassettes, scanning
from korus.testing.importing import ImportFailed, import_file
from korus.testing.pseudonyms import Pseudonyms
from korus.testing.recording import open_cassette

API = "https://api.korusticket.com"
STORED = "https://files.example.net/tickets/77.png"
CATALOGS = {"@id": "/v1/ticketing/catalogs", "@type": "Collection", "totalItems": 0, "member": []}
ORDER = {
    "customer": {"firstname": "Zyxwabelle", "lastname": "Quorndean"},
    "file": f"{STORED}?Signature=c2lnbmF0dXJl",
}
TOKEN = {"access_token": "opaque-Xk29fjw02kfls93", "expires_in": 1800, "token_type": "Bearer"}
PNG = b"\x89PNG\r\n\x1a\n\x00Zyxwabelle"
FORM = "grant_type=client_credentials&client_id=shop-canary&client_secret=s3cr3t-canary"

# method, address, type and text of the request, type and bytes of the answer, seconds
STORY = [
    ("POST", "https://auth.korusticket.com/token", "application/x-www-form-urlencoded", FORM, "application/json", json.dumps(TOKEN).encode(), 0),
    ("GET", f"{API}/v1/ticketing/catalogs", None, "", "application/ld+json", json.dumps(CATALOGS).encode(), 1),
    ("GET", "https://ads.example.org/pixel?u=zyx", None, "", "text/plain", b"spy", 2),
    ("OPTIONS", f"{API}/v1/ticketing/catalogs", None, "", "text/plain", b"", 3),
    ("GET", f"{API}/v1/booking/orders/Zyxwabelle", None, "", "application/ld+json", json.dumps(ORDER).encode(), 4),
    ("GET", f"{STORED}?Signature=c2lnbmF0dXJl", None, "", "image/png", PNG, 5),
]  # fmt: skip


def moment(seconds):
    return f"2026-11-01T10:00:{seconds:02}+00:00"


def har():
    def entry(method, uri, kind, sent, answer_kind, answer, at):  # noqa: PLR0917 - as the table
        readable = answer_kind != "image/png"
        return {
            "startedDateTime": moment(at),
            "request": {
                "method": method,
                "url": uri,
                "headers": [{"name": "Accept", "value": "*/*"}, {"name": ":authority", "value": "x"}]
                + ([{"name": "Content-Type", "value": kind}] if kind else []),
                **({"postData": {"mimeType": kind, "text": sent}} if kind else {}),
            },
            "response": {
                "status": 200,
                "statusText": "OK",
                "headers": [
                    {"name": "Content-Type", "value": answer_kind},
                    {"name": "Content-Encoding", "value": "br"},
                ],
                "content": {"mimeType": answer_kind, "text": answer.decode()}
                if readable
                else {
                    "mimeType": answer_kind,
                    "encoding": "base64",
                    "text": base64.b64encode(answer).decode(),
                },
            },
        }

    return json.dumps({"log": {"version": "1.2", "entries": [entry(*one) for one in reversed(STORY)]}})


def vcrpy(*, as_json=False):
    def entry(method, uri, kind, sent, answer_kind, answer, at):  # noqa: PLR0917 - as the table
        string = {"base64_string": base64.b64encode(answer).decode()} if as_json else answer
        if answer_kind != "image/png":
            string = {"string": answer.decode()}
        elif not as_json:
            string = {"string": answer}
        headers = {"Content-Type": [answer_kind], "Date": [f"Sun, 01 Nov 2026 10:00:{at:02} GMT"]}
        return {
            "request": {
                "method": method,
                "uri": uri,
                "body": sent,
                "headers": {"Content-Type": [kind]} if kind else {},
            },
            "response": {"status": {"code": 200, "message": "OK"}, "headers": headers, "body": string},
        }

    document = {"version": 1, "interactions": [entry(*one) for one in STORY]}
    if as_json:
        return json.dumps(document)
    import yaml

    return yaml.safe_dump(document)


def cassetter():
    def entry(method, uri, kind, sent, answer_kind, answer, at):  # noqa: PLR0917 - as the table
        if answer_kind == "image/png":
            body = {"type": "binary", "content": answer.hex()}
        elif "json" in answer_kind:
            body = {"type": "json", "content": json.loads(answer)}
        else:
            body = {"type": "text", "content": answer.decode()}
        return {
            "request": {
                "method": method,
                "uri": uri,
                "headers": {"content-type": [kind]} if kind else {},
                "body": {"type": "text", "content": sent} if sent else {"type": "none"},
            },
            "response": {"status": 200, "headers": {"content-type": [answer_kind]}, "body": body},
            "recorded_at": moment(at),
        }

    import yaml

    return yaml.safe_dump(
        {"version": 1, "interactions": [entry(*one) for one in sorted(STORY, key=lambda one: one[1])]}
    )


def cassetter_toml():
    lines = ["version = 1"]
    for method, uri, kind, sent, answer_kind, answer, at in STORY:
        png = answer_kind == "image/png"
        lines += [
            "[[interactions]]", f'recorded_at = "{moment(at)}"', "[interactions.request]", f'method = "{method}"', f'uri = "{uri}"',
            f'body_type = "{"text" if sent else "none"}"', f"body_content = {json.dumps(sent)}", "[interactions.request.headers]",
            *([f'content-type = ["{kind}"]'] if kind else []), "[interactions.response]", "status = 200",
            f'body_type = "{"binary" if png else "json" if "json" in answer_kind else "text"}"',
            f"body_content = {json.dumps(answer.hex() if png else answer.decode())}",
            "[interactions.response.headers]", f'content-type = ["{answer_kind}"]',
        ]  # fmt: skip
    return "\n".join(lines)


FILES = {
    "scenario.har": har,
    "scenario.yaml": vcrpy,
    "scenario.json": lambda: vcrpy(as_json=True),
    "told.yaml": cassetter,
    "told.toml": cassetter_toml,
}


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.mark.parametrize("name", FILES)
def test_a_recording_of_another_tool_is_a_cassette_with_nothing_private_in_it(tmp_path, header, name):
    given = tmp_path / name
    given.write_text(FILES[name]())
    done = run("import", given, "--to", tmp_path / "cassettes")
    assert done.exit_code == 0, done.output
    assert "4 exchanges, 2 with other services left out" in done.stdout
    path = tmp_path / "cassettes" / f"{given.stem}.yaml"
    found = cassettes.read(path)
    assert (found.header.origin, found.header.pseudonyms) == ("imported", "private")
    assert found.header.recorded_at.isoformat().startswith("2026-11-01T10:00:00")
    assert [one.at for one in found.interactions] == [0, 1, 4, 5]
    text = path.read_text()
    assert [one for one in ("Zyxwabelle", "Quorndean", "canary", "opaque-", "c2lnbm") if one in text] == []
    assert scanning.scan([path]) == []
    assert found.interactions[3].response.content.startswith(PNG[:8])
    with open_cassette(path, header=header, record=False) as tape:
        settings = {"base_url": API, "token_url": "https://auth.korusticket.com/token"}
        with Korus(**settings, client_id="any", client_secret="any") as korus:
            assert list(korus.catalogs.list()) == []
        assert len(tape.unplayed) == 2


def test_import_replaces_nothing_by_default(tmp_path):
    given = tmp_path / "scenario.har"
    given.write_text(har())
    assert run("import", given, "--to", tmp_path).exit_code == 0
    before = (tmp_path / "scenario.yaml").read_bytes()
    refused = run("import", given, "--to", tmp_path)
    assert refused.exit_code == 2
    assert "--force replaces it" in refused.output
    assert (tmp_path / "scenario.yaml").read_bytes() == before
    assert run("import", given, "--to", tmp_path, "--force", "--all").exit_code == 0
    assert len(cassettes.read(tmp_path / "scenario.yaml").interactions) == 6


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("hello", 2),
        ("{", 2),
        ("[]", 2),
        ('{"log": 1}', 2),
        ('{"interactions": [1]}', 2),
        ('{"interactions": [{"request": {}}]}', 2),
        ('{"log": {"entries": []}}', 1),
        (json.dumps({"log": {"entries": [json.loads(har())["log"]["entries"][3]]}}), 1),
    ],
)
def test_what_is_no_recording_or_has_nothing_of_the_api_is_refused(tmp_path, content, status):
    given = tmp_path / "odd.json"
    given.write_text(content)
    done = run("import", given, "--to", tmp_path / "out")
    assert done.exit_code == status, done.output
    assert "odd.json" in done.output
    assert not (tmp_path / "out").exists()


ORDERS = f"{API}/v1/booking/orders"
JSON = {"content-type": "application/ld+json"}
SAID = '{"@id": "/v1/booking/orders/1", "customer": {"lastname": "Quorndean"}}'


def entry(url=ORDERS, status=200, posted=None, **content):
    """An entry of a HAR file."""
    request = {"method": "POST" if posted else "GET", "url": url, "headers": [], "postData": posted}
    answer = {"mimeType": "application/ld+json", "text": SAID, **content}
    return {"request": request, "response": {"status": status, "headers": None, "content": answer}}


def exchange(body=SAID, **answer):
    """An exchange of vcrpy."""
    answer = {"status": 200, "headers": JSON, "body": {"string": body}, **answer}
    return {"request": {"method": "GET", "uri": ORDERS, "headers": {}, "body": None}, "response": answer}


def imported(tmp_path, *entries):
    import yaml

    path = tmp_path / "odd.yaml"
    kind = (
        {"log": {"entries": list(entries)}}
        if "postData" in entries[0]["request"]
        else {"interactions": list(entries)}
    )
    path.write_text(yaml.safe_dump(kind))
    found = import_file(path, Pseudonyms())
    cassettes.write(path, found.cassette)
    assert scanning.scan([path]) == []
    return found.left_out, cassettes.read(path).interactions


def packed(encoding, text):
    return exchange(text, headers={**JSON, "content-encoding": encoding})


@pytest.mark.parametrize(
    "other",
    [
        entry(status=0, text=""),  # a request that was aborted
        entry(status=-1, text=""),
        entry("https://[::1/v1/booking/orders"),
        entry("data:image/png;base64,AAAA"),
        entry("https://other.example/x", text=None, size=512),  # not ours, so nobody misses its body
    ],
)
def test_what_is_no_exchange_with_the_api_is_left_out(tmp_path, other):
    left_out, found = imported(tmp_path, entry(), other)
    assert (left_out, len(found)) == (1, 1)


def test_the_type_of_a_har_s_body_counts_where_its_headers_lack_one(tmp_path):
    form = {
        "mimeType": "application/x-www-form-urlencoded",
        "params": [{"name": "grant_type", "value": "x"}, {"name": "y"}],
    }
    binary = {"mimeType": "image/png", "encoding": "base64", "text": base64.b64encode(PNG).decode()}
    _, found = imported(tmp_path, entry(posted=form), entry(posted=binary))
    assert found[0].request.body == {"form": [["grant_type", "x"], ["y", ""]]}
    assert found[1].request.content.startswith(PNG[:8])
    assert {one.request.header("content-type") for one in found} == {form["mimeType"], binary["mimeType"]}


def test_credentials_in_an_address_are_left_out(tmp_path):
    _, found = imported(tmp_path, entry(f"https://ottilie:pw12345@{ORDERS.partition('://')[2]}?page=2#tok"))
    assert found[0].request.uri == f"{ORDERS}?page=2"


@pytest.mark.parametrize(
    "one",
    [
        packed("gzip", gzip.compress(SAID.encode())),
        packed("gzip", SAID),  # undone already
        packed("deflate", zlib.compress(SAID.encode())[2:-4]),
        packed("deflate, gzip", gzip.compress(zlib.compress(SAID.encode()))),
        {
            **exchange(),
            "response": {"status_code": 200, "headers": JSON, "content": SAID},
        },  # as vcrpy 5 wrote it
    ],
)
def test_what_vcrpy_wrote_is_read_in_all_its_forms(tmp_path, one):
    _, found = imported(tmp_path, one)
    assert found[0].response.body["json"]["@id"] == "/v1/booking/orders/1"


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (entry(text=None, size=512), "its 512 bytes are not in the file, save it with content"),
        (packed("gzip", gzip.compress(SAID.encode())[:20]), "it is cut short"),
        (packed("br", b"\x0b\x02\x80abc\xff\x03"), r"it is in br, which needs httpx\[brotli,zstd\]"),
        (exchange(status=None), "cannot be read"),
        ({**exchange(), "response": {}}, "it lacks 'status_code'"),
        ({"request": {"method": "GET", "uri": ORDERS, "body": {"type": "protobuf"}}, "response": {"status": 200}}, "not known"),
    ],
)  # fmt: skip
def test_an_answer_that_could_not_be_replayed_is_refused(tmp_path, one, reason):
    with pytest.raises(ImportFailed, match=reason):
        imported(tmp_path, one)


def test_a_cassette_of_korus_needs_no_import(tmp_path):
    imported(tmp_path, entry())
    with pytest.raises(ImportFailed, match="it is a cassette of korus already"):
        import_file(tmp_path / "odd.yaml", Pseudonyms())


def test_a_file_that_is_nested_too_deeply_is_refused(tmp_path):
    path = tmp_path / "odd.har"
    path.write_text("[" * 100_000)
    with pytest.raises(ImportFailed, match="nested too deeply"):
        import_file(path, Pseudonyms())
