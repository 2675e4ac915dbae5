# Written by `python -m scripts.sync` from korus/_async/resources/catalogs.py; edit that file instead.
"""Catalogues: what one ticket issuer sells, as far as it was opened to the caller."""

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
    """`Korus.catalogs`: the catalogues that were opened to this service account."""

    def list(
        self,
        *,
        sort: Direction | None = None,
        page_size: int | None = None,
        prefetch: int = 0,
        order: Direction | None = None,
    ) -> Pages[Catalog]:
        """List the catalogues.

        An empty list means that none was opened to the account yet; the API's people do that.

        Args:
            sort: By creation, ``asc`` (oldest first) or ``desc``.
            page_size: Items per request, from 1; the API's default when left out.
            prefetch: Pages to fetch ahead.
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
