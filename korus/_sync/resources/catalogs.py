# Written by `python -m scripts.sync` from korus/_async/resources/catalogs.py; edit that file instead.
"""Catalogues: the products of one ticket issuer that the caller can access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus._http.query import Direction, direction_filter
from korus._sync.resources._resource import Resource
from korus_api import models

if TYPE_CHECKING:
    from korus._sync.http.pages import Pages
    from korus.models import Catalog

__all__ = ["Catalogs"]


class Catalogs(Resource):
    """`Korus.catalogs`: the catalogues that this service account can access."""

    def list(
        self,
        *,
        sort: Direction | None = None,
        page_size: int | None = None,
        prefetch: int = 0,
        order: Direction | None = None,
    ) -> Pages[Catalog]:
        """List the catalogues.

        An empty list means that the account has no access to a catalogue yet; the operator of the API grants it.

        Args:
            sort: By creation, ``asc`` (oldest first) or ``desc``.
            page_size: Items per request, at least 1; by default the API's own.
            prefetch: The number of pages to prefetch.
            order: Deprecated name of ``sort``.

        Raises:
            InvalidArgument: An argument is invalid.

        Reference: 3.13.
        """
        return self._list(
            "list_catalogs",
            lambda: models.Catalog,
            page_size=page_size,
            prefetch=prefetch,
            order_created_at=direction_filter(sort, order),
        )
