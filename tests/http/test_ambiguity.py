"""What an error says about whether the request was processed."""

import pytest

from korus._http.ambiguity import (
    is_ambiguous,
    is_from_api,
    is_worth_a_look,
    may_follow_work,
    proves_order,
    redirects_after_work,
    says_already_ordered,
    says_timed_out,
)
from korus._http.error_responses import status_error
from korus.errors import (
    AuthenticationFailed,
    BadRequest,
    Conflict,
    ConnectionFailed,
    ConnectionLost,
    DecodingFailed,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Problem,
    RateLimited,
    ServerError,
    StatusError,
    TimedOut,
    ValidationFailed,
)


@pytest.mark.parametrize(
    ("error", "ambiguous", "follows"),
    [
        (ConnectionFailed("", sent=False), False, False),
        (TimedOut("", sent=False), False, False),
        (TimedOut("", sent=True), True, False),
        (ConnectionLost("", sent=True), True, False),
        (ServerError("", status=500), True, False),
        (ServerError("", status=502), True, False),
        (ServerError("", status=503), True, False),
        (ServerError("", status=504), True, False),
        (ServerError("", status=524), True, False),
        (DecodingFailed(""), True, False),
        (BadRequest("", status=400), False, True),
        (NotFound("", status=404), False, True),
        (Conflict("", status=409), False, True),
        (ValidationFailed("", status=422), False, True),
        (StatusError("", status=303), False, True),
        (AuthenticationFailed("", status=401), False, False),
        (PermissionDenied("", status=403), False, False),
        (RateLimited("", status=429), False, False),
        (StatusError("", status=407), False, True),
        (StatusError("", status=408), True, False),
        (StatusError("", status=460), True, False),
        (StatusError("", status=499), True, False),
        (StatusError("", status=599), False, True),
        (StatusError("", status=600), True, False),
        (AuthenticationFailed("", status=408), False, False),
        (InvalidArgument(""), False, False),
    ],
)
def test_each_error_says_whether_the_work_may_have_been_done(error, ambiguous, follows):
    assert is_ambiguous(error) is ambiguous
    assert may_follow_work(error) is follows


@pytest.mark.parametrize(
    ("error", "looks"),
    [
        (Conflict("", status=409), True),
        (PermissionDenied("", status=403), True),
        (AuthenticationFailed("", status=401), False),
        (RateLimited("", status=429), False),
        (ServerError("", status=500), False),
    ],
)
def test_one_look_is_due_after_what_a_firewall_may_put_in_place_of_an_answer(error, looks):
    assert is_worth_a_look(error) is looks


@pytest.mark.parametrize(
    ("status", "redirects"), [(299, False), (300, True), (303, True), (399, True), (400, False)]
)
def test_redirects_say_nothing_of_the_work(status, redirects):
    assert redirects_after_work(StatusError("", status=status)) is redirects


@pytest.mark.parametrize(
    ("words", "proves"),
    [
        ("The reservation has already been ordered.", True),
        ("ALREADY_ORDERED", True),
        ("reservation-already-booked", True),
        ("already confirmed", True),
        ("Already purchased", True),
        ("It was ordered by somebody.", True),
        ("order already exists", True),
        ("order_already_exists", True),
        ("It cannot be ordered any more.", False),
        ("The order is invalid.", False),
        ("already expired", False),
        ("", False),
    ],
)
def test_words_that_prove_an_order(words, proves):
    assert says_already_ordered(words) is proves
    for problem, body in ((Problem(detail=words), ""), (Problem(title=words), ""), (None, words)):
        assert proves_order(Conflict("no", status=409, problem=problem, body=body)) is proves


def test_words_of_another_error_prove_nothing():
    assert not proves_order(ConnectionLost("already ordered", sent=True))
    assert not proves_order(Conflict("already ordered", status=409, problem=Problem()))


@pytest.mark.parametrize(
    ("problem", "is_api"),
    [
        (Problem(raw={"detail": "Not Found"}), True),
        (Problem(raw={"title": "An error occurred"}), True),
        (Problem(raw={"@type": "hydra:Error"}), True),
        (Problem(raw={"hydra:title": "x"}), True),
        (Problem(raw={"message": "no route"}), False),
        (Problem(raw={}), False),
        (Problem(raw="<html>"), False),
        (Problem(raw=None), False),
        (None, False),
    ],
)
def test_404_is_the_apis_own_only_as_its_problem_document(problem, is_api):
    assert is_from_api(NotFound("", status=404, problem=problem)) is is_api


@pytest.mark.parametrize("kind", ["text/plain", "text/html", "application/problem+json", ""])
@pytest.mark.parametrize(
    ("body", "proves"),
    [
        (b"The reservation of Ada Lovelace is already ordered.", True),
        (b"<html><p>Has been ordered by ada@example.org</html>", True),
        (b"The reservation is not available.", False),
        (b"", False),
    ],
)
def test_words_of_a_plain_text_prove_an_order_and_are_not_quoted(kind, body, proves):
    error = status_error(409, {"content-type": kind}, body, operation="bulk_create_orders")
    assert proves_order(error) is proves
    assert not {"Ada", "Lovelace", "ada@example.org"} & set(f"{error} {error.body}".split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("The issuer's system timed out.", True),
        ("ISSUER_TIMEOUT", True),
        ("time-out", True),
        ("bad gateway", True),
        ("sold out", False),
        ("not at this time", False),
        ("", False),
    ],
)
def test_words_of_a_wait_that_was_given_up(words, says):
    assert says_timed_out(words) is says
