"""Copy a catalogue's offers with dlt into SQLite: what row 12 measures the mirror against.

It runs in an environment of its own (``requirements-dlt.txt``), where there is no korus, as ``python dlt_copy.py API
TOKEN_URL CLIENT SECRET PATH_OF_THE_LIST FOLDER ROUNDS``, and prints how many offers there are, and the seconds of the first
copy and of each later one. The list is merged by ``@id``, which is dlt's own way for a source that says of no row when
it changed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

# nothing is sent anywhere, and nothing is drawn
os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}

import dlt
import httpx


def main() -> None:
    """Copy the list as often as the command line asks for."""
    api, token_url, client, secret, path, folder, rounds = sys.argv[1:]
    said = httpx.post(
        token_url, data={"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    ).json()
    session = httpx.Client(base_url=api, headers={"Authorization": f"Bearer {said['access_token']}"})

    @dlt.resource(name="offers", primary_key="@id", write_disposition="merge")
    def offers() -> object:
        number = 1
        while True:
            page = session.get(path, params={"page": number, "itemsPerPage": 50}).json()
            yield page["member"]
            if "next" not in page.get("view", {}):
                return
            number += 1

    pipeline = dlt.pipeline(
        "korus_bench",
        pipelines_dir=folder,
        dataset_name="main",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{Path(folder, 'dlt.db')}"),
    )
    times: list[float] = []
    for _ in range(int(rounds)):
        started = time.perf_counter()
        pipeline.run(offers())
        times.append(time.perf_counter() - started)
    with (
        pipeline.sql_client() as connection,
        connection.execute_query("SELECT count(*) FROM offers") as found,
    ):
        print(json.dumps({"offers": found.fetchone()[0], "seconds": times}))


if __name__ == "__main__":
    main()
