"""Every answer of the callback endpoints: what it means, and what its receiver should do.

The OpenAPI documents and the table of ``docs/callbacks.md`` are made of this one.
"""

from typing import Literal, NamedTuple, TypeAlias

Do: TypeAlias = Literal["nothing", "stop", "mend", "retry"]

WORDS: dict[Do, str] = {
    "nothing": "nothing more",
    "stop": "stop: it will not be taken",
    "mend": "mend the request; the callback is still open",
    "retry": "send the same again later, after `Retry-After` seconds",
}


class Advice(NamedTuple):
    """One answer. ``code`` is in its body; ``means`` is the end of a sentence."""

    status: int
    code: str
    means: str
    do: Do


ANSWERS = (
    Advice(200, "accepted", "taken; the process goes on", "nothing"),
    Advice(200, "replayed", "this very answer was taken before", "nothing"),
    Advice(202, "stored_early", "taken, before the process began to wait for it", "nothing"),
    Advice(202, "held", "taken; acted on when the engine's pause ends", "nothing"),
    Advice(400, "malformed_json", "not strict JSON, or not a complete CloudEvent", "mend"),
    Advice(400, "malformed_key", "an idempotency key that is too long or not printable", "mend"),
    Advice(401, "bad_signature", "the step wants signed requests, and this is not one", "mend"),
    Advice(403, "not_permitted", "a token for progress only, or no extension is allowed", "mend"),
    Advice(404, "not_found", "no such process, callback or token: which, is not told", "stop"),
    Advice(405, "method_not_allowed", "`Allow` names the methods there are", "mend"),
    Advice(409, "already_answered", "another answer came first; the first one counts", "stop"),
    Advice(410, "expired", "nobody answered in time, or was heard of for too long", "stop"),
    Advice(410, "cancelled", "the callback was withdrawn", "stop"),
    Advice(410, "superseded", "a retry of the step has handed out another address", "stop"),
    Advice(410, "process_finished", "the process is over", "stop"),
    Advice(410, "finished", "progress or a heartbeat, but the answer was given", "stop"),
    Advice(413, "too_large", "longer than `CALLBACK_MAX_BYTES`", "mend"),
    Advice(415, "unsupported_type", "a media type that is not in `Accept-Post`", "mend"),
    Advice(422, "invalid_payload", "not what the step expects; `errors` says where", "mend"),
    Advice(422, "idempotency_key_reused", "the key was used for another body", "stop"),
    Advice(429, "throttled", "too many requests", "retry"),
    Advice(503, "unavailable", "the database is away", "retry"),
)


def description(status: int) -> str:
    """Return what an answer with that status can mean, as Markdown."""
    rows = [answer for answer in ANSWERS if answer.status == status]
    return "\n".join(f"- `{row.code}`: {row.means}. Do: {WORDS[row.do]}." for row in rows)
