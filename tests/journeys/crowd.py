"""Many clients at once: what they post to callbacks, and what they are told.

A client opens a connection for each post, and repeats it only if the connection was refused.
"""

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from tests.cluster.processes import PATIENCE_SECONDS

Addresses = Mapping[str, str]  # The callback's path, by process.


@dataclass(frozen=True, slots=True)
class Post:
    """One request of one client."""

    process: str
    path: str
    body: Any
    forged: bool = False
    start_line: threading.Barrier | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Told:
    """What came back."""

    post: Post
    status: int
    text: str

    @property
    def code(self) -> str:
        """The stable code in the body, or what is there instead."""
        try:
            return str(json.loads(self.text)["code"])
        except (ValueError, TypeError, KeyError):
            return self.text[:200]


def answers_for(addresses: Addresses, dice: random.Random) -> dict[str, dict[str, Any]]:
    """Return an answer for each process; no two are the same."""
    numbers = dice.sample(range(10**9), len(addresses))
    return {
        process: {"number": number, "output": [f"ok: {dice.randbytes(100).hex()}"], "unit": "µs"}
        for process, number in zip(sorted(addresses), numbers, strict=True)
    }


def posts_for(addresses: Addresses, answers: Mapping[str, Any], dice: random.Random) -> list[Post]:
    """Return each answer once, a tenth of them twice, and a tenth as many forgeries, shuffled.

    Every second duplicate is sent at the same moment as the answer, the others at some later one.
    """
    tenth = len(addresses) // 10
    placed: list[tuple[float, Post]] = []
    duplicated = set(dice.sample(sorted(addresses), tenth))
    for process, path in sorted(addresses.items()):
        place = dice.random()
        together = process in duplicated and dice.random() < 0.5
        start_line = threading.Barrier(2, timeout=PATIENCE_SECONDS) if together else None
        post = Post(process, path, answers[process], start_line=start_line)
        placed.append((place, post))
        if process in duplicated:
            placed.append((place if together else dice.uniform(place, 1), post))
    for process in dice.sample(sorted(addresses), tenth):
        forged = Post(process, forge(process, addresses, dice), {"number": -1}, forged=True)
        placed.append((dice.random(), forged))
    placed.sort(key=lambda item: item[0])
    return [post for _place, post in placed]


def forge(process: str, addresses: Addresses, dice: random.Random) -> str:
    """Return a path that looks like that of the process, and must not open anything."""
    path = addresses[process]
    token = path.rpartition("/")[2]
    head, dot, mac = token.rpartition(".")
    at = dice.randrange(len(mac))
    other_letter = dice.choice(sorted(set("abcXYZ019-_") - {mac[at]}))
    other_process = dice.choice(sorted(addresses.keys() - {process}))
    kind = dice.choice(["letter", "process", "garbage"])
    if kind == "letter":
        return path.replace(token, f"{head}{dot}{mac[:at]}{other_letter}{mac[at + 1 :]}")
    if kind == "process":
        return path.replace(process, other_process)
    return path.replace(token, dice.choice(["x", "a.b.c.d", f"{head}.", mac, "%00", "%C3%A9"]))


class Crowd:
    """Clients of one site that work at once."""

    def __init__(self, address: str, *, clients: int) -> None:
        self._host = urlsplit(address).netloc
        self._clients = clients

    @contextlib.contextmanager
    def posting(self, posts: Iterable[Post]) -> Iterator[list[Future[Told]]]:
        """Send the posts, begun in this order, while the block runs; all are sent at its end."""
        with ThreadPoolExecutor(self._clients) as pool:
            yield [pool.submit(self._post, post) for post in posts]

    def start_all(self, path: str, bodies: Iterable[Any], *, authorization: str) -> list[str]:
        """Start a process with each body, and return their ids."""

        def start(body: Any) -> str:
            status, answer = self._send(path, body, Authorization=authorization)
            assert status == 201, answer
            return str(json.loads(answer)["id"])

        with ThreadPoolExecutor(self._clients) as pool:
            return list(pool.map(start, bodies))

    def _post(self, post: Post) -> Told:
        if post.start_line:
            post.start_line.wait()
        return Told(post, *self._send(post.path, post.body))

    def _send(self, path: str, body: Any, **headers: str) -> tuple[int, str]:
        connection = self._connection()
        headers["Content-Type"] = "application/json"
        try:
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            connection = HTTPConnection(self._host, timeout=PATIENCE_SECONDS)
            try:
                connection.connect()
            except ConnectionRefusedError:
                assert time.monotonic() < ends_at, "nobody listens"
                time.sleep(0.1)
            else:
                return connection


def wait_for_all(count: Callable[[], int], total: int, what: str) -> None:
    """Wait until that many are counted, for as long as they become more."""
    counted, ends_at = -1, 0.0
    while (now := count()) < total:
        if now > counted:
            counted, ends_at = now, time.monotonic() + PATIENCE_SECONDS
        assert time.monotonic() < ends_at, f"no more than {counted} of {total} {what}"
        time.sleep(0.1)
