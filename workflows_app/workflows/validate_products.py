"""Check that products, workflows and models agree between code and database."""

from collections.abc import Iterator

from workflows_app import State, StepList, begin, registration, step, task
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY, ProductLifecycle
from workflows_app.errors import InconsistentData
from workflows_app.localized import marked
from workflows_app.models import Product

NOTE = "modify_note"


@step(marked("Check workflows"))
def check_workflows() -> State:
    found = registration.difference()
    problems = [
        *(f"{name} is not in the database" for name in found.missing),
        *(f"{name} is described differently in the database" for name in found.changed),
        *(f"{name} has left the code" for name in found.gone),
    ]
    _require_none("Workflows", problems)
    return {"check_workflows": "OK"}


@step(marked("Check products"))
def check_products() -> State:
    living = Product.objects.exclude(status=ProductLifecycle.END_OF_LIFE).order_by("name")
    problems = [problem for row in living for problem in _problems(row)]
    _require_none("Products", problems)
    return {"check_products": "OK"}


@task(marked("Validate products"))
def task_validate_products() -> StepList:
    return begin >> check_workflows >> check_products


def _problems(product: Product) -> Iterator[str]:
    if not product.workflows.filter(name=NOTE).exists():
        yield f"{product.name} lacks the workflow {NOTE}"
    model = SUBSCRIPTION_MODEL_REGISTRY.get(product.name)
    if model is None:
        yield f"{product.name} has no model in SUBSCRIPTION_MODEL_REGISTRY"
        return
    for what, names in model.diff_product_in_database(product.pk).items():
        yield f"{product.name}: {what.replace('_', ' ')}: {', '.join(names)}"


def _require_none(what: str, problems: list[str]) -> None:
    if problems:
        raise InconsistentData(
            f"{what}: code and database differ in {len(problems)} ways", details=problems
        )
