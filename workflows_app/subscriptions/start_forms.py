"""The first page of a start form: which product, or which subscription; with all the rules."""

from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from workflows_app import forms
from workflows_app.definition import Usable
from workflows_app.errors import StartRefused
from workflows_app.forms import Choice, FormPage, SubmitFormPage
from workflows_app.injection import Injection
from workflows_app.lifecycle import ProductLifecycle
from workflows_app.models import Product, Subscription
from workflows_app.pickers.subscriptions import SubscriptionRule
from workflows_app.subscriptions import rules

Form: TypeAlias = Callable[..., Any] | None
Pages: TypeAlias = Generator[Any, Any, dict[str, Any]]
_HIDDEN = Field(json_schema_extra={"format": "hidden"})  # For programs: people see no version.
LISTED = 100  # Subscriptions that a page lists; more than that are searched for.
_CHOICE: Any = Choice  # Typed as if it took no members: Enum's functional API.
ORDERABLE = (ProductLifecycle.ACTIVE, ProductLifecycle.PRE_PRODUCTION)


def wrap_create_initial_input_form(form: Form) -> Callable[..., Pages]:
    """Return ``form`` with a page before it that asks for the product.

    The form may ask for ``product``, its id, and ``product_name``; both go into the state.
    """

    def pages(workflow_name: str, reporter: str, process_id: str, traceparent: str) -> Pages:
        context = _context(workflow_name, reporter, process_id, traceparent)
        rows = Product.objects.filter(workflows__name=workflow_name, status__in=ORDERABLE)
        products = {str(row.pk): row.name for row in rows.order_by("name")}
        if not products:
            raise StartRefused(
                _("no product can be ordered with %(workflow)s") % {"workflow": workflow_name}
            )
        chosen = yield _product_page(workflow_name, products, _base(form))
        product = str(getattr(chosen.product, "value", chosen.product))
        given = {"product": product, "product_name": products[product]}
        return given | (yield from _rest(form, given, context))

    return pages


def wrap_modify_initial_input_form(form: Form, usable: Usable) -> Callable[..., Pages]:
    """Return ``form`` with a page before it that asks for the subscription.

    The form may ask for ``subscription_id`` and, by a parameter that is annotated with its model,
    for ``subscription``. The id goes into the state.
    """

    def pages(workflow_name: str, reporter: str, process_id: str, traceparent: str) -> Pages:
        context = _context(workflow_name, reporter, process_id, traceparent)
        sees = _may_see(reporter)
        chosen = yield _subscription_page(workflow_name, usable, _base(form), lists=sees)
        subscription_id = str(getattr(chosen.subscription_id, "value", chosen.subscription_id))
        named = {"subscription_id": subscription_id}
        shown = named | {"subscription": dict(named)}
        return named | (yield from _rest(form, shown, context))

    return pages


def _rest(form: Form, given: Mapping[str, Any], context: Mapping[str, Any]) -> Pages:
    """Walk the author's form, which is given what the first page asked for."""
    if form is None:
        return {}
    opened = form
    if not isinstance(form, type):
        injection = Injection(form, name=f"{context['workflow_name']} (start form)")
        positional, keywords = injection.arguments(given, {**context, "state": dict(given)})
        opened = partial(_call, form, positional, keywords)
    result = yield from forms.opened(opened, dict(given))
    return forms.plain(result)


def _call(form: Any, positional: Any, keywords: Any, _state: Any) -> Any:
    return form(*positional, **keywords)


def _context(
    workflow_name: str, reporter: str, process_id: str, traceparent: str
) -> Mapping[str, Any]:
    return {
        "workflow_name": workflow_name,
        "reporter": reporter,
        "process_id": process_id,
        "traceparent": traceparent,
    }


def _base(form: Form) -> type[FormPage]:
    """Return what the first page is made of; it is the last one too if the author has no form."""
    return SubmitFormPage if form is None else FormPage


def _product_page(
    workflow_name: str, products: Mapping[str, str], base: type[FormPage]
) -> type[FormPage]:
    def check(value: object) -> object:
        if str(getattr(value, "value", value)) not in products:
            text = _("%(workflow)s is not a workflow of this product.")
            raise ValueError(text % {"workflow": workflow_name})
        return value

    choices: Any = _CHOICE("Products", [(pk, (pk, name)) for pk, name in products.items()])

    class ProductPage(base):  # type: ignore[misc, valid-type]
        model_config = ConfigDict(title=_("Product"))

        product: Annotated[choices, BeforeValidator(check)] = (
            choices(*products) if len(products) == 1 else ...
        )

    return ProductPage


def _may_see(name: str) -> bool:
    """Whether the user of that name may see subscriptions; a program is shown no form."""
    field = get_user_model().USERNAME_FIELD
    user = get_user_model().objects.filter(**{field: name}).first()
    return user is None or user.has_perm("workflows_app.view_subscription")


def _subscription_page(
    workflow_name: str, usable: Usable, base: type[FormPage], *, lists: bool
) -> type[FormPage]:
    seen: dict[str, int | None] = {}

    def note_version(value: int | None) -> int | None:
        seen["version"] = value
        return value

    def check(value: object) -> object:
        row = _row(value)
        if row is None:
            raise ValueError(_("There is no such subscription."))
        if why := rules.refusal(workflow_name, usable, row, version=seen.get("version")):
            raise ValueError(why)
        return value

    listed = _listed(workflow_name, usable) if lists else []
    choices: Any = _CHOICE("Subscriptions", listed) if listed else _picked(workflow_name, usable)

    class SubscriptionPage(base):  # type: ignore[misc, valid-type]
        model_config = ConfigDict(title=_("Subscription"))

        version: Annotated[int | None, AfterValidator(note_version), _HIDDEN] = None
        subscription_id: Annotated[choices, BeforeValidator(check)]

    return SubscriptionPage


def _listed(workflow_name: str, usable: Usable) -> Sequence[tuple[str, tuple[str, str]]]:
    """Return the subscriptions to choose from, if they are few enough for a list."""
    rows = rules.usable(workflow_name, usable).order_by("description", "pk")[: LISTED + 1]
    found = [(str(row.pk), (str(row.pk), f"{row.description} · {row.customer_id}")) for row in rows]
    return found if len(found) <= LISTED else []


def _picked(workflow_name: str, usable: Usable) -> Any:
    """Return the annotation of an id that is searched for among those that may be chosen."""
    rule = SubscriptionRule(
        workflow=workflow_name,
        statuses=tuple(sorted(usable.statuses)),
        insync=None if usable.out_of_sync else True,
    )
    return Annotated[UUID, Field(json_schema_extra=rule.schema())]


def _row(value: object) -> Subscription | None:
    try:
        identity = UUID(str(getattr(value, "value", value)))
    except ValueError:
        return None
    rows = Subscription.objects.select_related("product", "locked_by__workflow")
    return rows.filter(pk=identity).first()
