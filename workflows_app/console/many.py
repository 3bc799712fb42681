"""One act on many processes: what will happen to each, then the act, then what became of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast, get_args
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from workflows_app import bulk, keyset, policy
from workflows_app.bulk import Verb, Wanted
from workflows_app.console.consequences import consequence
from workflows_app.console.filters import Filters
from workflows_app.console.listing import parts
from workflows_app.console.pages import console_view, page, posted, refused, sentence
from workflows_app.console.sentences import LOOKS, Look
from workflows_app.console.subjects import Subject, subjects
from workflows_app.console.unsent import post_only
from workflows_app.models import BulkAction, Process
from workflows_app.patience import patience
from workflows_app.search import sees_subscriptions
from workflows_app.selection import STATUSES

FOLLOWED = timedelta(minutes=10)  # An act that has not ended by then was interrupted.
TITLES: dict[Verb, Promise] = {
    "retry": gettext_lazy("Retry processes"),
    "abort": gettext_lazy("Abort processes"),
    "resume": gettext_lazy("Let processes go on now"),
}


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A process, and what will happen to it or why nothing will."""

    process: Process
    look: Look
    sentences: list[str]
    refusal: str
    subject: Subject | None


@console_view
@post_only
def preview(request: HttpRequest) -> HttpResponse:
    """Say what the act will do to each of the chosen processes. Nothing is done."""
    verb = _verb(request)
    chosen, more = _chosen(request)
    return _preview(request, verb, chosen, more=more)


@console_view
@post_only
def act(request: HttpRequest) -> HttpResponse:
    """Act on each process that was shown, once, and lead to what became of them."""
    verb, wanted, key = _verb(request), _wanted(request), _uuid(request.POST.get("key", ""))
    reason = posted(request, "reason")
    if key is None or not wanted:
        return refused(request, _("nothing was chosen"), status=400)
    if not request.user.has_perm(policy.PERMISSIONS[verb]):
        return refused(request, _("you may not do this"), status=403)
    if verb == "abort" and not reason:
        trouble = _("A reason is needed: it is kept in the action log.")
        return _preview(request, verb, [one.process_id for one in wanted], trouble=trouble)
    bulk.once(key, request.user, verb, wanted, reason=reason)
    query = Filters.of(QueryDict(request.POST.get("query", "").lstrip("?"))).address()
    return redirect(reverse("workflows:many_done", args=[key]) + query)


@console_view
@require_GET
def done(request: HttpRequest, *, act_id: UUID) -> HttpResponse:
    """Show what became of each process."""
    act = BulkAction.objects.filter(pk=act_id).first()
    if act is None:
        raise Http404("There is no such act.")
    processes = _with_workflows(UUID(result["id"]) for result in act.results)
    lines = [result | {"process": processes.get(UUID(result["id"]))} for result in act.results]
    context = {
        "title": TITLES[cast("Verb", act.action)],
        "act": act,
        "live": act.finished_at is None and timezone.now() - act.created_at < FOLLOWED,
        "lines": sorted(lines, key=lambda line: line["done"]),
        "count": sum(line["done"] for line in lines),
        "untried": " ".join(line["id"] for line in lines if line["code"] == "NotTried"),
        "query": Filters.of(request.GET).address(),
    }
    return page(request, "workflows/many_done.html", context)


def _preview(
    request: HttpRequest, verb: Verb, ids: list[UUID], *, more: bool = False, trouble: str = ""
) -> HttpResponse:
    foreseen = _foresee(request.user, verb, ids)
    fitting = [one for one in foreseen if not one.refusal]
    context = {
        "title": TITLES[verb],
        "verb": verb,
        "fitting": fitting,
        "refused": [one for one in foreseen if one.refusal],
        "wanted": " ".join(f"{one.process.pk}:{bulk.stamp(one.process)}" for one in fitting),
        "key": uuid4(),
        "query": Filters.of(QueryDict(request.POST.get("query", "").lstrip("?"))).address(),
        "more": more,
        "most": bulk.MOST,
        "trouble": trouble,
        "button": _button(verb, len(fitting)),
    }
    return page(request, "workflows/many.html", context, status=400 if trouble else 200)


def _foresee(user: Any, verb: Verb, ids: Iterable[UUID]) -> list[Foreseen]:
    """Say what will happen to each. As many queries for two hundred as for two."""
    rows = Process.objects.select_related("workflow").prefetch_related("locks")
    found = rows.in_bulk(list(ids))
    about = subjects(found) if sees_subscriptions(user) else {}
    return [
        Foreseen(found[pk], LOOKS[found[pk].status], *_saying(user, verb, found[pk]), about.get(pk))
        for pk in ids
        if pk in found
    ]


def _saying(user: Any, verb: Verb, process: Process) -> tuple[list[str], str]:
    """Return what will happen to the process, or why nothing will."""
    if error := bulk.refusal(user, verb, process):
        return [], sentence(error)
    foreseen = consequence(verb, process)
    if foreseen.choices:
        return [], _("Its step is no longer in the code: choose on its page where it continues.")
    return foreseen.sentences, ""


def _button(verb: Verb, count: int) -> str:
    """Return what the button that does it says."""
    texts = {
        "retry": ngettext("Retry %(count)s process", "Retry %(count)s processes", count),
        "abort": ngettext("Abort %(count)s process", "Abort %(count)s processes", count),
        "resume": ngettext(
            "Let %(count)s process go on now", "Let %(count)s processes go on now", count
        ),
    }
    return texts[verb] % {"count": count}


def _chosen(request: HttpRequest) -> tuple[list[UUID], bool]:
    """Return the processes that were chosen, in the list's order, and whether there are more."""
    if request.POST.get("all"):
        filters = Filters.of(QueryDict(request.POST.get("query", "").lstrip("?")))
        with patience():
            rows = filters.rows(request.user)
            found = parts(rows, filters.sort, STATUSES[filters.status])
            first = keyset.page(found, by="created_at", size=bulk.MOST)
        return [key.pk for key in first.rows], first.next is not None
    ids = [one.process_id for one in _wanted(request)]
    ids += filter(None, map(_uuid, request.POST.getlist("process")))
    return list(dict.fromkeys(ids))[: bulk.MOST], len(ids) > bulk.MOST


def _wanted(request: HttpRequest) -> list[Wanted]:
    """Return the processes as they were shown: ``id:stamp``, with blanks between them."""
    found = {}
    for text in request.POST.get("wanted", "").split()[: bulk.MOST]:
        identity, _colon, stamp = text.partition(":")
        if process_id := _uuid(identity):
            found[process_id] = Wanted(process_id, stamp)
    return list(found.values())


def _verb(request: HttpRequest) -> Verb:
    verb = request.POST.get("action", "")
    if verb not in get_args(Verb):
        raise Http404("There is no such act.")
    return cast("Verb", verb)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _with_workflows(ids: Iterable[UUID]) -> dict[UUID, Process]:
    return Process.objects.select_related("workflow").in_bulk(list(ids))
