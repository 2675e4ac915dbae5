# Written by `python -m scripts.sync` from korus/_async/resources/forms.py; edit that file instead.
"""Forms: additional data that an issuer requires with a reservation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus._sync.resources._resource import Resource
from korus.iri import FORM, Reference
from korus_api import models

if TYPE_CHECKING:
    from korus.models import Form

__all__ = ["Forms"]


class Forms(Resource):
    """`Korus.forms`: forms that must be answered with a reservation."""

    def get(self, form: Form | Reference | str) -> Form:
        """Read a form with its fields and choices.

        Args:
            form: The form, its IRI (an offer ticket names it) or its id.

        Raises:
            NotFound: The form does not exist.
            OperationUnavailable: The API's version has no forms.
            KorusError: The request failed; see `korus.errors`.

        Reference: 3.12, 4.17.
        """
        return self._get("get_form", lambda: models.Form, id=self._reference(form, FORM).id)
