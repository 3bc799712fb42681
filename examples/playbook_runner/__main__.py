"""Start the service: ``python -m examples.playbook_runner --bind 127.0.0.1:8080``."""

import argparse
import logging
import signal
from collections.abc import Sequence
from pathlib import Path

from examples.playbook_runner.runner import Runner
from examples.playbook_runner.service import PlaybookServer

PLAYBOOKS = Path(__file__).parent / "playbooks"


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then end every job and leave."""
    options = _parse(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    runner = Runner(workers=options.workers)
    try:
        with PlaybookServer(options.bind, runner=runner, playbooks=options.playbooks) as server:
            host, port = server.server_address[:2]
            print(f"Listening on http://{host!s}:{port}", flush=True)  # noqa: T201 - for scripts.
            server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # Once is enough; the end takes bounded time.
        runner.stop()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="playbook_runner", description=__doc__)
    parser.add_argument("--bind", type=_address, default=("127.0.0.1", 8080), metavar="HOST:PORT")
    parser.add_argument("--playbooks", type=_directory, default=PLAYBOOKS, metavar="DIR")
    parser.add_argument("--workers", type=_positive, default=2, metavar="N")
    return parser.parse_args(arguments)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError("expected HOST:PORT")
    return host or "127.0.0.1", int(port)


def _directory(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError("expected a directory")
    return path


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("expected a number above 0")
    return int(text)


if __name__ == "__main__":
    main()
