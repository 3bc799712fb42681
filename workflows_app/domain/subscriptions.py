"""Subscriptions as models: made, loaded, moved through their life, and saved.

Note [Models in steps]
~~~~~~~~~~~~~~~~~~~~~~
A state holds a subscription as JSON, for people to read. A step that asks for a model gets what the
database holds now, found by ``subscription_id``; the rest of the JSON is not believed.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID, uuid4

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)

from workflows_app.domain import graph, saving
from workflows_app.domain.blocks import new_blocks
from workflows_app.domain.building import (
    Build,
    Converted,
    values_for,
)
from workflows_app.domain.products import ProductModel
from workflows_app.domain.saving import Plan, Snapshot
from workflows_app.domain.variants import DomainModel, as_variant
from workflows_app.errors import (
    DomainError,
    ImpossibleLifecycle,
    UnknownProduct,
    UnknownSubscription,
    WrongVariant,
)
from workflows_app.json_values import JSON, JSONObject
from workflows_app.lifecycle import LIFECYCLE_MOVES, ProductLifecycle, SubscriptionLifecycle
from workflows_app.models import Product, Subscription

S = TypeVar("S", bound="SubscriptionModel")
INJECTED = "subscriptions"  # The key of the validation context in which ids become models.


class SubscriptionModel(DomainModel):
    """A customer's instance of a product, with its product blocks and the product's fixed inputs.

    The first class of the chain has ``is_base=True``, its variants ``lifecycle=[...]``. Fields
    that are product blocks are its parts; other fields are fixed inputs, given by the product.
    """

    engine_fields__: ClassVar[frozenset[str]] = frozenset(
        {
            "product", "customer_id", "subscription_id", "description", "status", "insync",
            "start_date", "end_date", "note", "version", "metadata",
        }
    )  # fmt: skip

    product: ProductModel
    customer_id: str
    subscription_id: UUID = Field(default_factory=uuid4)
    description: str = "Initial subscription"
    status: SubscriptionLifecycle = SubscriptionLifecycle.INITIAL
    insync: bool = False
    start_date: datetime | None = None
    end_date: datetime | None = None
    note: str | None = None
    version: int = 1
    metadata: JSONObject = Field(default_factory=dict)

    _stored: Snapshot | None = PrivateAttr(default=None)  # What the database holds, as we read it.
    _read_version: int = PrivateAttr(default=1)

    @classmethod
    def __pydantic_init_subclass__(
        cls,
        *,
        is_base: bool = False,
        lifecycle: Sequence[SubscriptionLifecycle] | None = None,
        **options: Any,
    ) -> None:
        """Note in which statuses the class describes a subscription."""
        super().__pydantic_init_subclass__(**options)
        cls.describe__(is_base=is_base, lifecycle=lifecycle)

    def __init_subclass__(
        cls,
        *,
        is_base: bool = False,
        lifecycle: Sequence[SubscriptionLifecycle] | None = None,
        **options: Any,
    ) -> None:
        """Take the arguments that ``__pydantic_init_subclass__`` reads."""
        super().__init_subclass__(**options)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a field; refuse a fixed input, which only the product can change."""
        if name in self.shape__.values:
            raise DomainError(
                _(
                    "%(name)s is a fixed input of the product %(product)s: it is the same for all "
                    "its subscriptions"
                )
                % {"name": name, "product": self.product.name}
            )
        super().__setattr__(name, value)

    @classmethod
    def from_product_id(
        cls,
        product_id: UUID | str,
        customer_id: str,
        status: SubscriptionLifecycle = SubscriptionLifecycle.INITIAL,
        description: str | None = None,
        **values: Any,
    ) -> Self:
        """Return a new subscription, not saved yet. The blocks that it must have are new, too.

        Args:
            values: product blocks, and whatever else the model has fields for.

        Raises:
            UnknownProduct: there is none, or it is at the end of its life.
            WrongVariant: another class describes that status.
            ValidationError: a fixed input is missing or does not fit, or a value does not.
        """
        product = Product.objects.filter(pk=product_id).first()
        if product is None or product.status == ProductLifecycle.END_OF_LIFE:
            raise UnknownProduct(str(product_id))
        cls._require_variant(status)
        identity = values.pop("subscription_id", None) or uuid4()
        fixed = graph.fixed_inputs([product.pk]).get(product.pk, {})
        return cls(
            product=ProductModel.of(product),
            customer_id=customer_id,
            subscription_id=identity,
            description=description or f"Initial subscription of {product.description}",
            status=status,
            **{name: value for name, value in fixed.items() if name in cls.shape__.values},
            **new_blocks(cls, identity, given=values),
            **values,
        )

    @classmethod
    def from_subscription(cls, subscription_id: UUID | str) -> Self:
        """Return a subscription as it is stored now. At most four statements.

        Raises:
            UnknownSubscription: there is none.
            WrongVariant: its product or its status is not what this class describes.
            ValidationError: what is stored does not fit its model.
        """
        identity = UUID(str(subscription_id))
        loaded = load([identity]).get(identity)
        if loaded is None:
            raise UnknownSubscription(identity)
        if not isinstance(loaded, cls):
            raise WrongVariant(_mismatch(loaded, cls))
        return loaded

    @classmethod
    def from_other_lifecycle(
        cls, other: "SubscriptionModel", status: SubscriptionLifecycle | None = None
    ) -> Self:
        """Return ``other`` as this class, in ``status``: with all that this class demands.

        Args:
            status: may be left out if this class is the variant for one status only.

        Raises:
            WrongVariant: the class is not for that status, or not of that subscription.
            ImpossibleLifecycle: no subscription goes from its status to that one.
            ValidationError: ``other`` lacks what this class demands.
        """
        status = SubscriptionLifecycle(status or _only_status(cls))
        cls._require_variant(status)
        if other.shape__.base is not cls.shape__.base:
            raise WrongVariant(_mismatch(other, cls))
        if status != other.status and status not in LIFECYCLE_MOVES[other.status]:
            raise ImpossibleLifecycle(other.status, status)
        changed = cls(**values_for(other, cls, Converted(other)) | {"status": status})
        return _continuing(changed, other)

    @classmethod
    def from_other_product(
        cls, other: "SubscriptionModel", new_product_id: UUID | str, **new_blocks_: Any
    ) -> Self:
        """Return ``other`` as a subscription of another product, this class's.

        Args:
            new_blocks_: the fields that ``other`` lacks, or that change.

        Raises:
            UnknownProduct: there is none, or it is at the end of its life.
            WrongVariant: the class is not for the status of ``other``.
            ValidationError: something that this class demands is missing.
        """
        blank = cls.from_product_id(
            new_product_id,
            other.customer_id,
            other.status,
            other.description,
            subscription_id=other.subscription_id,
            **{
                name: value
                for name, value in values_for(other, cls, Converted(other)).items()
                if name in cls.shape__.blocks and name not in new_blocks_
            },
            **new_blocks_,
        )
        for name in ("insync", "start_date", "end_date", "note", "metadata"):
            setattr(blank, name, getattr(other, name))
        return _continuing(blank, other)

    @property
    def in_use_by(self) -> QuerySet[Subscription]:
        """The other subscriptions of which an instance uses one of this subscription's."""
        using = Subscription.objects.filter(
            relations__depends_on__subscription=self.subscription_id
        )
        return using.exclude(pk=self.subscription_id).distinct()

    @property
    def depends_on(self) -> QuerySet[Subscription]:
        """The other subscriptions of which this one uses an instance."""
        used = Subscription.objects.filter(instances__incoming__subscription=self.subscription_id)
        return used.exclude(pk=self.subscription_id).distinct()

    def save(self) -> None:
        """Write what changed since it was loaded; nothing, if nothing did.

        Raises:
            StaleDataError: somebody else has changed it meanwhile.
            WrongVariant, ImpossibleLifecycle: its status is not this class's, or out of reach.
            BlockInUse, DuplicateBlock, UnknownProductBlock: its blocks cannot be stored.
            ValidationError: what was changed in place is not what its class demands.
        """
        self.plan_save().execute()

    def plan_save(self) -> Plan:
        """Return what ``save`` would write, and raise the version as it would. Note [Two phases].

        Raises:
            WrongVariant, ImpossibleLifecycle, DuplicateBlock, ValidationError: see ``save``.
        """
        self._require_variant(self.status)
        before = self._stored
        if before is None or self.status != before.columns["status"]:
            self._enter_status(SubscriptionLifecycle(before.columns["status"]) if before else None)
        stored = {pk: kept.values for pk, kept in before.instances.items()} if before else {}
        plan = Plan(self, before, saving.snapshot(self, stored), self._read_version)
        if not plan.is_empty:
            saving.require_valid(self)
            self.version = self._read_version + (before is not None)
        self._stored, self._read_version = plan.after, self.version
        return plan

    def unplan_save(self, plan: Plan) -> None:
        """Take back ``plan_save``: nothing of the plan was written."""
        self.version = self._read_version = plan.version
        self._stored = plan.before

    def _enter_status(self, was: SubscriptionLifecycle | None) -> None:
        """Note when it became active for the first time, and when it ended."""
        if was and self.status not in LIFECYCLE_MOVES[was]:
            raise ImpossibleLifecycle(was, self.status)
        if self.status == SubscriptionLifecycle.ACTIVE and self.start_date is None:
            self.start_date = timezone.now()
        if self.status == SubscriptionLifecycle.TERMINATED and self.end_date is None:
            self.end_date = timezone.now()

    @classmethod
    def diff_product_in_database(cls, product_id: UUID | str) -> dict[str, list[str]]:
        """Return what model and database do not agree on about a product; empty if they do.

        Keys: ``missing_fixed_inputs_in_model``, ``missing_fixed_inputs_in_db``,
        ``missing_product_blocks_in_model``, ``missing_product_blocks_in_db``.

        Raises:
            UnknownProduct: there is none.
        """
        product = Product.objects.filter(pk=product_id).first()
        if product is None:
            raise UnknownProduct(str(product_id))
        stored = set(product.fixed_inputs.values_list("name", flat=True))
        blocks = set(product.product_blocks.values_list("name", flat=True))
        modelled = {
            kind.shape__.name for field in cls.shape__.blocks.values() for kind in field.types
        }
        own = set(cls.shape__.values)
        found = {
            "missing_fixed_inputs_in_model": sorted(stored - own),
            "missing_fixed_inputs_in_db": sorted(own - stored),
            "missing_product_blocks_in_model": sorted(blocks - modelled),
            "missing_product_blocks_in_db": sorted(modelled - blocks),
        }
        return {name: missing for name, missing in found.items() if missing}

    @model_validator(mode="wrap")
    @classmethod
    def _from_reference(
        cls, value: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        """Turn an id into the model, where steps are given their arguments."""
        loaded: Mapping[UUID, SubscriptionModel] | None = (info.context or {}).get(INJECTED)
        if loaded is None:
            return handler(value)
        named = () if isinstance(value, list) else _identities(value)
        model = next((loaded.get(identity) for identity in named), None)
        if model is None:
            raise ValueError(f"there is no subscription {_named(value)}")
        if not isinstance(model, cls):
            raise ValueError(_mismatch(model, cls))  # noqa: TRY004 - pydantic's protocol.
        return model

    @classmethod
    def preload(cls, value: JSON) -> dict[str, Any]:
        """Return the context in which the ids in ``value`` validate as the models they name."""
        return {INJECTED: load(list(_identities(value)))}

    @classmethod
    def _require_variant(cls, status: SubscriptionLifecycle) -> None:
        """Raise WrongVariant unless this class describes subscriptions in ``status``."""
        variant = as_variant(cls, status)
        if not issubclass(cls, variant):
            raise WrongVariant(
                f"a subscription that is {status} is a {variant.__name__}, and this is a "
                f"{cls.__name__}; use {variant.__name__}.from_other_lifecycle"
            )


def load(subscription_ids: Collection[UUID]) -> dict[UUID, SubscriptionModel]:
    """Return the models of those subscriptions that there are. At most four statements.

    Raises:
        DefinitionError: no model is registered for a product.
        ValidationError: what is stored does not fit its model.
    """
    found = graph.read(set(subscription_ids))
    return {pk: Build(found, row).subscription() for pk, row in found.subscriptions.items()}


def _continuing(changed: S, other: SubscriptionModel) -> S:
    """Let ``changed`` be saved over what is stored of ``other``."""
    changed.version = other.version
    changed._stored, changed._read_version = other._stored, other._read_version  # noqa: SLF001
    return changed


def _only_status(cls: type[SubscriptionModel]) -> SubscriptionLifecycle:
    if len(cls.shape__.lifecycle) != 1:
        raise WrongVariant(f"{cls.__name__} is not the variant for one status only: name it")
    return cls.shape__.lifecycle[0]


def _identities(value: JSON) -> Iterator[UUID]:
    """Yield the ids of subscriptions in what a state holds of them."""
    if isinstance(value, SubscriptionModel):
        yield value.subscription_id
    elif isinstance(value, list):
        for item in value:
            yield from _identities(item)
    elif isinstance(value, dict):
        yield from _identities(value.get("subscription_id"))
    elif isinstance(value, str | UUID):
        try:
            yield UUID(str(value))
        except ValueError:
            return


def _named(value: JSON) -> str:
    return str(value.get("subscription_id") if isinstance(value, dict) else value)[:100]


def _mismatch(model: SubscriptionModel, wanted: type[SubscriptionModel]) -> str:
    return (
        f"the subscription {model.subscription_id} is {model.status}, a {type(model).__name__}; "
        f"a {wanted.__name__} is wanted"
    )
