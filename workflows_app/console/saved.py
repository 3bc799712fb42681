"""Filters under a name: somebody's own, and those that are shared with everybody."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from workflows_app.console.filters import Filters
from workflows_app.console.pages import console_view, posted
from workflows_app.console.unsent import post_only
from workflows_app.models import SavedFilter

SHARE = "workflows_app.share_filter"
MOST = 50  # Of one person: more than anybody reads.


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved filter as a chip."""

    id: int
    name: str
    url: str
    on: bool
    shared_by: str
    deletable: bool


def listed(user: Any, filters: Filters) -> list[Saved]:
    """Return the saved filters that ``user`` sees, by name. One query."""
    rows = SavedFilter.objects.filter(Q(user=user) | Q(shared=True)).select_related("user")
    here = filters.address()
    may_share = user.has_perm(SHARE)
    return [
        Saved(
            id=row.pk,
            name=row.name,
            url=row.query or "?",
            on=row.query == here,
            shared_by=row.user.get_username() if row.user_id != user.pk else "",
            deletable=row.user_id == user.pk or may_share,
        )
        for row in rows.order_by("name", "pk")[: 2 * MOST]
    ]


@console_view
@post_only
def save(request: HttpRequest) -> HttpResponse:
    """Keep the filters of an address under a name; a name that is taken gets the new filters."""
    name = posted(request, "name", longest=60)
    query = Filters.of(QueryDict(request.POST.get("query", "").lstrip("?"))).address()
    target = reverse("workflows:processes") + query
    user: Any = request.user
    mine = SavedFilter.objects.filter(user=user)
    if not name:
        messages.error(request, _("A saved filter needs a name."))
    elif mine.exclude(name=name).count() >= MOST:
        messages.error(
            request, _("You have %(most)s saved filters; delete one first.") % {"most": MOST}
        )
    else:
        shared = bool(request.POST.get("shared")) and user.has_perm(SHARE)
        mine.update_or_create(
            user=user, name=name, defaults={"query": query[:2000], "shared": shared}
        )
        messages.success(request, _("The filter “%(name)s” is saved.") % {"name": name})
    return redirect(target)


@console_view
@post_only
def delete(request: HttpRequest, *, filter_id: int) -> HttpResponse:
    """Delete a saved filter: one's own, or a shared one if one may share."""
    rows = SavedFilter.objects.filter(pk=filter_id)
    own = Q(user_id=request.user.pk)
    rows = rows.filter(own | Q(shared=True)) if request.user.has_perm(SHARE) else rows.filter(own)
    if rows.delete()[0]:
        messages.success(request, _("The saved filter is deleted."))
    else:
        messages.error(request, _("There is no such filter of yours."))
    return redirect("workflows:processes")
