"""Who a ticket is for: what is needed, what is refused before it is sent, and rows of a CSV file."""

import io
from datetime import UTC, date, datetime, timedelta
from types import ModuleType

import pytest
from korus_api.models import PatchOrderItemTicketInputBeneficiary

from korus._booking import beneficiary_rows, issued_tickets
from korus._booking.beneficiaries import assign, check_beneficiary, requirement
from korus._booking.beneficiary_rows import BeneficiaryRow, read_rows
from korus._booking.issued_tickets import IssuedTicketFacts, order_tickets, read_order_tickets
from korus.errors import BeneficiaryInvalid, InvalidArgument

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
IRI = "/v1/booking/orders/o/items/i/tickets/t"


def ticket(**more):
    return {
        "@id": IRI,
        "requiredBeneficiaryFields": ["firstname", "lastname"],
        "beneficiary": None,
        "beneficiaryDesignationDeadline": "2026-04-10T22:00:00Z",
        "beneficiaryAmendable": True,
        "status": "waiting_beneficiary_data",
        **more,
    }


def facts(ticket_):
    return IssuedTicketFacts.read(ticket_)


def problems(ticket_, given):
    with pytest.raises(BeneficiaryInvalid) as caught:
        check_beneficiary(facts(ticket_), given, now=NOW)
    return [(problem.field, problem.reason) for problem in caught.value.problems]


class TestRequirement:
    def test_it_says_which_fields_are_missing_and_until_when(self):
        given = {"firstname": "Ada"}
        need = requirement(
            facts(ticket(requiredBeneficiaryFields=["firstname", "dateOfBirth"], beneficiary=given))
        )
        assert need.missing == ("dateOfBirth",)
        assert need.deadline == datetime(2026, 4, 10, 22, tzinfo=UTC)
        assert need.ticket == IRI
        assert need

    def test_a_ticket_that_needs_nothing_is_false(self):
        assert not requirement(facts(ticket(requiredBeneficiaryFields=[])))
        assert not requirement(facts({}))
        assert requirement(facts({})).deadline is None

    @pytest.mark.parametrize(
        "odd", [None, 7, "text", {"beneficiaryDesignationDeadline": "soon"}, {"beneficiary": "/iri"}]
    )
    def test_whatever_the_api_says_of_a_ticket_can_be_read(self, odd):
        assert requirement(facts(odd)).missing == ()

    def test_tickets_are_found_in_an_order_if_shown(self):
        first, second = ticket(), ticket()
        order = {"items": [{"tickets": [first, second]}, {"tickets": None}, None, "/iri"]}
        assert order_tickets(order) == (first, second)


class TestCheck:
    def test_only_what_was_given_is_sent_and_null_is_not_absent(self):
        given = {
            "firstname": "Ada",
            "lastname": "Lovelace",
            "phone": None,
            "date_of_birth": date(1991, 6, 23),
        }
        assert check_beneficiary(facts(ticket()), given, now=NOW) == {
            "firstname": "Ada",
            "lastname": "Lovelace",
            "phone": None,
            "dateOfBirth": "1991-06-23",
        }

    def test_a_model_gives_what_was_set_in_it(self):
        given = PatchOrderItemTicketInputBeneficiary(firstname="Ada", lastname="Lovelace", email=None)
        assert check_beneficiary(facts(ticket()), given, now=NOW) == {
            "firstname": "Ada",
            "lastname": "Lovelace",
            "email": None,
        }

    def test_all_problems_are_named_at_once_and_no_value_is(self):
        given = {
            "lastname": " ",
            "title": "dr",
            "nationality": "Portugal",
            "dateOfBirth": "1991-13-01",
            "email": "secret-ada",
            "shoe": 4,
        }
        found = problems(ticket(requiredBeneficiaryFields=["placeOfBirth"]), given)
        assert [name for name, _ in found] == [
            "lastname",
            "title",
            "nationality",
            "dateOfBirth",
            "email",
            "shoe",
            "firstname",
            "placeOfBirth",
        ]
        assert "secret-ada" not in repr(found)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("firstname", ""),
            ("firstname", None),
            ("firstname", 4),
            ("firstname", "A\nB"),
            ("title", "Mr"),
            ("nationality", "pt"),
            ("nationality", "P1"),
            ("nationality", "PRT"),
            ("dateOfBirth", "23/06/1991"),
            ("dateOfBirth", "1991-02-30"),
            ("dateOfBirth", "19910623"),
            ("dateOfBirth", datetime(1991, 6, 23, tzinfo=UTC)),
            ("dateOfBirth", NOW.date() + timedelta(days=2)),
            ("email", "ada"),
        ],
    )
    def test_a_value_that_the_api_would_refuse_is_refused_here(self, field, value):
        found = problems(ticket(), {"firstname": "Ada", "lastname": "Lovelace", field: value})
        assert [name for name, _ in found] == [field]

    def test_a_required_field_may_be_known_already_but_not_be_cleared(self):
        known = ticket(
            requiredBeneficiaryFields=["email"], beneficiary={"firstname": "Ada", "email": "ada@example.org"}
        )
        name = {"firstname": "Ada", "lastname": "Lovelace"}
        assert check_beneficiary(facts(known), name, now=NOW) == name
        assert problems(known, {**name, "email": None}) == [("email", "required")]

    def test_first_and_last_name_have_to_be_in_every_update(self):
        known = ticket(beneficiary={"firstname": "Ada", "lastname": "Lovelace"})
        assert problems(known, {"email": "ada@example.org"}) == [
            ("firstname", "required"),
            ("lastname", "required"),
        ]

    def test_after_the_deadline_nothing_is_sent(self):
        late = ticket(beneficiaryDesignationDeadline="2026-02-28T22:00:00+00:00")
        ((field, reason),) = problems(late, {"firstname": "Ada", "lastname": "Lovelace"})
        assert field is None
        assert "deadline" in reason

    def test_unamendable_beneficiary_can_be_set_once(self):
        name = {"firstname": "Ada", "lastname": "Lovelace"}
        assert check_beneficiary(facts(ticket(beneficiaryAmendable=False)), name, now=NOW) == name
        named = ticket(beneficiaryAmendable=False, beneficiary={"firstname": "Bob", "lastname": "Vega"})
        assert problems(named, name) == [(None, "this ticket's beneficiary can no longer be changed")]

    @pytest.mark.parametrize("given", [None, "Ada", 4, ["Ada"]])
    def test_what_is_no_beneficiary_is_refused(self, given):
        assert problems(ticket(), given)[0] == (None, "must be a Beneficiary or a mapping")


class TestRows:
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_only_the_ends_of_lines_end_a_row_of_a_csv_file(self, tmp_path, end):
        path = tmp_path / "guests.csv"
        odd = "Ada\u2028Maria\x85\x0bAugusta"
        path.write_text(f"firstname,lastname{end}{odd},Lovelace{end}Grace,Hopper{end}", "utf-8", newline="")
        assert [row.beneficiary for row in read_rows(path)] == [
            {"firstname": odd, "lastname": "Lovelace"},
            {"firstname": "Grace", "lastname": "Hopper"},
        ]

    def test_a_csv_file_gives_a_row_for_each_filled_line(self, tmp_path):
        path = tmp_path / "people.csv"
        path.write_text(
            "\ufeffTicket,First name,lastname,Date of Birth\n"
            f"{IRI},Ada,Lovelace,\n"
            "\n"
            ',"Éva, ""Evi""",Vega,1991-06-23\n',
            encoding="utf-8",
        )
        first, second = read_rows(path)
        assert (first.number, first.ticket) == (1, IRI)
        assert first.beneficiary == {"firstname": "Ada", "lastname": "Lovelace"}
        assert (second.number, second.ticket) == (2, None)
        assert second.beneficiary == {
            "firstname": 'Éva, "Evi"',
            "lastname": "Vega",
            "dateOfBirth": "1991-06-23",
        }

    def test_semicolons_and_open_files_are_read_too(self):
        (row,) = read_rows(io.StringIO("firstname;lastname\r\nAda;Lovelace, Countess\r\n"))
        assert row.beneficiary == {"firstname": "Ada", "lastname": "Lovelace, Countess"}

    def test_mappings_models_and_pairs_are_rows(self):
        model = PatchOrderItemTicketInputBeneficiary(firstname="Ada", lastname="Lovelace")
        rows = read_rows([{"ticket": "t1", "firstname": "Ada"}, model, ({"@id": IRI}, model), "nonsense"])
        assert [row.ticket for row in rows] == ["t1", None, IRI, None]
        assert rows[0].beneficiary == {"firstname": "Ada"}
        assert rows[1].beneficiary == rows[2].beneficiary == {"firstname": "Ada", "lastname": "Lovelace"}
        assert [bool(row.problems) for row in rows] == [False, False, False, True]

    def test_a_row_with_more_cells_than_headings_has_a_problem(self):
        (row,) = read_rows(io.StringIO("firstname,lastname\nAda,Lovelace,extra\n"))
        assert row.problems[0].reason == "3 cells for 2 columns"

    @pytest.mark.parametrize(
        "content",
        ["", "\n", "firstname,hat\nAda,L\n", "firstname,First Name\nAda,Ada\n", 'firstname\n"Ada\n'],
    )
    def test_what_is_no_such_file_is_refused_as_a_whole(self, content):
        with pytest.raises(InvalidArgument):
            read_rows(io.StringIO(content))

    @pytest.mark.parametrize(
        "text",
        [
            "firstname,lastname,,\nAda,Lovelace,,\nGrace,Hopper,,\n,,,\n",
            "firstname;lastname;;;\r\nAda;Lovelace;;;\r\nGrace;Hopper\r\n;;;;\r\n",
            "sep=;\r\nfirstname;lastname\r\nAda;Lovelace\r\nGrace;Hopper\r\n",
            "SEP=,\nfirstname,lastname\nAda,Lovelace\nGrace,Hopper\n",
            '"sep=;"\nfirstname;lastname\nAda;Lovelace\nGrace;Hopper\n',
            "sep=\t\nfirstname\tlastname\nAda\tLovelace\nGrace\tHopper\n",
            "sep=|\nfirstname|lastname\nAda|Lovelace\nGrace|Hopper\n",
            "firstname\tlastname\nAda\tLovelace\nGrace\tHopper\n",
            "\n\nfirstname,lastname\n\nAda,Lovelace\n\nGrace,Hopper",
            ",,\nfirstname,lastname,\nAda,Lovelace,\nGrace,Hopper,\n",
            "firstname,,lastname\nAda,,Lovelace\nGrace,,Hopper\n",
            '"firstname","lastname"\n"Ada","Lovelace"\n"Grace","Hopper"\n',
            '"First;name;",lastname\nAda,Lovelace\nGrace,Hopper\n',
        ],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_what_spreadsheets_write_is_read(self, tmp_path, text, encoding):
        path = tmp_path / "people.csv"
        path.write_text(text, encoding=encoding, newline="")
        people = [{"firstname": "Ada", "lastname": "Lovelace"}, {"firstname": "Grace", "lastname": "Hopper"}]
        assert [row.beneficiary for row in read_rows(path)] == people
        with path.open("rb") as file:
            assert [row.beneficiary for row in read_rows(file)] == people

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ('firstname,lastname\nAda,Lovelace\n"Grace" M,Hopper\n', 3),
            ('firstname,lastname\n\nAda,"Love"lace\n', 3),
            ('sep=;\nfirstname;lastname\n"Ada;Lovelace\nGrace;Hopper\n', 3),
            ('firstname,lastname\n"A\nd\na",Lovelace\n"Grace,Hopper\nx,y\n', 5),
            ("firstname,lastname\n" + "x" * 200_000 + ",L\n", 2),
        ],
    )
    def test_a_stray_quote_is_refused_with_its_line(self, text, line):
        with pytest.raises(InvalidArgument, match=f"line {line} cannot be read"):
            read_rows(io.StringIO(text))

    def test_a_quote_inside_a_cell_is_a_part_of_it(self):
        (row,) = read_rows(io.StringIO('firstname,lastname\nAda "the first",Lovelace\n'))
        assert row.beneficiary["firstname"] == 'Ada "the first"'

    def test_a_cell_under_an_empty_heading_is_a_problem_of_its_row(self):
        rows = read_rows(io.StringIO("firstname,,lastname\nAda,,Lovelace\nGrace,B.,Hopper\n"))
        assert [[problem.reason for problem in row.problems] for row in rows] == [
            [],
            ["a cell in a column without a name"],
        ]

    def test_many_columns_take_no_longer_than_their_number(self):
        with pytest.raises(InvalidArgument, match="unknown or repeated"):
            read_rows(io.StringIO(",".join(["firstname"] * 100_000) + "\n"))

    def test_a_text_file_in_another_encoding_is_refused(self, tmp_path):
        path = tmp_path / "people.csv"
        path.write_bytes("firstname,lastname\nÉva,Vega\n".encode("cp1252"))
        with path.open("rb") as raw, path.open(encoding="utf-8") as text:
            for source in (path, raw, text):
                with pytest.raises(InvalidArgument, match="cannot be read"):
                    read_rows(source)

    def test_a_file_that_is_not_there_or_no_text_is_refused(self, tmp_path):
        with pytest.raises(InvalidArgument, match="cannot be read"):
            read_rows(tmp_path / "none.csv")
        (tmp_path / "bytes.csv").write_bytes(b"firstname\n\xff\xfe\n")
        with pytest.raises(InvalidArgument, match="cannot be read"):
            read_rows(tmp_path / "bytes.csv")

    @pytest.mark.parametrize("source", [None, 4, {"firstname": "Ada"}])
    def test_what_is_no_list_of_rows_is_refused(self, source):
        with pytest.raises(InvalidArgument):
            read_rows(source)


def counted(
    monkeypatch: pytest.MonkeyPatch, name: str, module: ModuleType = beneficiary_rows
) -> list[object]:
    calls: list[object] = []
    plain = getattr(module, name)
    monkeypatch.setattr(module, name, lambda given: calls.append(given) or plain(given))
    return calls


@pytest.mark.parametrize("heading", ["x{}", "first name"])
def test_the_columns_of_a_file_are_each_looked_at_once(heading: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch, "_column")
    columns = [heading.format(number) for number in range(8000)]
    with pytest.raises(InvalidArgument, match="unknown or repeated columns") as caught:
        read_rows(io.StringIO(",".join(columns) + "\n"))
    assert len(calls) == 8000
    assert len(str(caught.value)) < 500


def test_the_cells_of_a_file_ask_for_no_column_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch, "_column")
    rows = read_rows(io.StringIO("firstname,lastname\n" + "Ada,Lovelace\n" * 1000))
    assert (len(rows), len(calls)) == (1000, 2)


def test_tickets_are_found_without_looking_through_all_for_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch, "iri_of", issued_tickets)
    tickets = [{"@id": f"/t/{number}", "id": str(number)} for number in range(1000)]
    rows = [BeneficiaryRow(number, f"/t/{number}", {}) for number in range(1000)]
    assigned = assign(read_order_tickets({"items": [{"tickets": tickets}]}), rows)
    assert [entry.ticket.raw for entry in assigned] == tickets
    assert len(calls) <= 3000


def test_a_name_that_two_tickets_have_names_neither() -> None:
    tickets = [{"@id": "/t/1", "voucher": "V"}, {"@id": "/t/2", "voucher": "V"}, {"@id": "/t/3", "id": "V"}]
    rows = [BeneficiaryRow(1, "V", {}), BeneficiaryRow(2, "/t/2", {})]
    assigned = assign(read_order_tickets({"items": [{"tickets": tickets}]}), rows)
    assert [entry.ticket and entry.ticket.raw for entry in assigned] == [None, tickets[1]]
