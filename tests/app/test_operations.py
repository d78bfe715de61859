"""Figures of a server with several workers: whichever is asked answers for all."""

import re
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

from tests.servers.web import Client, web_processes

ASKED = 40
COUNTED = re.compile(r'^akiseki_http_requests_total\{endpoint="healthz",.*\} (\S+)$', re.MULTILINE)


def test_whichever_worker_is_asked_counts_for_all(sqlite_url: str, tmp_path: Path) -> None:
    with web_processes(1, sqlite_url, tmp_path) as (port,):
        for _ in range(ASKED):  # a connection each, so that both workers are asked
            with closing(Client(port)) as client:
                assert client.request("GET", "/healthz").status == 200
        found = set()
        for _ in range(10):
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                found |= {float(count) for count in COUNTED.findall(answer.read().decode())}
    assert found == {ASKED}
