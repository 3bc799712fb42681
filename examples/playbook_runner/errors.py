"""What can go wrong with a request to this service, as its caller sees it.

RunnerError
├── BadOrder          the body is not an order that can be run
├── UnknownPlaybook   no such file among the playbooks
├── UnknownJob        no such job, or one forgotten since
├── UnknownPage       no such address
├── WrongMethod       the address exists, the method does not
├── NoLength          the body's length is not declared
├── BodyTooLarge      the body is over the limit
├── NotJson           the body's type is not JSON
├── KeyReused         the idempotency key came with another body before
├── QueueFull         too many jobs wait already
└── Stopping          the service is being stopped
"""


class RunnerError(Exception):
    """The request is refused."""


class BadOrder(RunnerError):
    """The order cannot be run as it is."""


class UnknownPlaybook(RunnerError):
    """There is no such playbook."""


class UnknownJob(RunnerError):
    """There is no such job."""


class UnknownPage(RunnerError):
    """There is nothing at this address."""


class WrongMethod(RunnerError):
    """This address does not take this method."""

    def __init__(self, allowed: str) -> None:
        super().__init__(f"This address takes {allowed}.")
        self.allowed = allowed


class NoLength(RunnerError):
    """Send the body with a Content-Length, not in chunks."""


class BodyTooLarge(RunnerError):
    """The body is too large."""


class NotJson(RunnerError):
    """Send the body as application/json."""


class KeyReused(RunnerError):
    """This Idempotency-Key came with another body before."""


class QueueFull(RunnerError):
    """Too many jobs are waiting; try again later."""


class Stopping(RunnerError):
    """The runner was stopped before the playbook ended."""
