"""Fill a function's parameters by name from the state, converted to their annotations.

Values in a state are JSON; pydantic turns them into what the annotation asks for (``UUID``,
``datetime``, ``Decimal``, enums, addresses, dataclasses, models, lists of them). The function
gets copies, so changing an argument changes nothing unless it is returned.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import NoneType, UnionType
from typing import Any, Protocol, Union, get_args, get_origin

from pydantic import SecretStr, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation

from workflows_app.errors import DefinitionError, MissingParameter, WrongParameter
from workflows_app.json_values import JSON
from workflows_app.secret_values import opened

_IGNORED = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}


class Preloadable(Protocol):
    """A class whose objects are found by what a state says of them, all in one go."""

    def preload(self, value: JSON, /) -> dict[str, Any]:
        """Return the validation context in which ``value`` becomes objects."""
        ...


@dataclass(frozen=True)
class Parameter:
    """One parameter of an author's function."""

    name: str
    annotation: Any
    default: Any
    positional_only: bool

    @property
    def optional(self) -> bool:
        """Whether the annotation admits None."""
        origin = get_origin(self.annotation)
        return origin in (Union, UnionType) and NoneType in get_args(self.annotation)

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.annotation)

    @cached_property
    def preloadable(self) -> Preloadable | None:
        """The class in the annotation whose objects are not in the state, but named there."""
        return next((leaf for leaf in _leaves(self.annotation) if hasattr(leaf, "preload")), None)

    @property
    def is_list_of_preloadable(self) -> bool:
        """Whether it asks for a list of such objects; then none named means none."""
        return get_origin(self.annotation) is list and self.preloadable is not None


class Injection:
    """The parameters of one function, read once, at the first use.

    Reading late lets annotations name what is defined further down the module.
    """

    def __init__(self, function: Callable[..., Any], *, name: str) -> None:
        self.function = function
        self.name = name

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters to fill.

        Raises:
            DefinitionError: an annotation cannot be resolved or cannot be made from JSON.
        """
        try:
            signature = inspect.signature(
                self.function, eval_str=True, locals=_enclosing(self.function)
            )
            found = tuple(map(_parameter, signature.parameters.values()))
            parameters = tuple(parameter for parameter in found if parameter is not None)
            for parameter in parameters:
                _ = parameter.adapter
        except (NameError, PydanticUndefinedAnnotation, ValueError) as error:  # As of builtins.
            raise DefinitionError(f"step '{self.name}': {error}") from error
        except PydanticSchemaGenerationError as error:
            raise DefinitionError(
                f"step '{self.name}': an annotation cannot be made from JSON: {error.message}"
            ) from error
        return parameters

    @property
    def names(self) -> frozenset[str]:
        """The names of the parameters."""
        return frozenset(parameter.name for parameter in self.parameters)

    def arguments(
        self, state: Mapping[str, JSON], given: Mapping[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return positional and keyword arguments; ``given`` goes before ``state``.

        Raises:
            MissingParameter: a required name is in neither.
            WrongParameter: a value does not fit its annotation.
            SealBroken: a value is a secret that the site cannot open.
        """
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        for parameter in self.parameters:
            if parameter.name == "state":
                value = given["state"]  # The object itself: a form's generator shares it.
            elif parameter.name in given:
                value = self._converted(parameter, given[parameter.name])
            elif parameter.name in state:
                value = self._converted(parameter, opened(state[parameter.name]))
            else:
                value = self._for_absent(parameter, state)
            if parameter.positional_only:
                positional.append(value)
            else:
                keywords[parameter.name] = value
        return positional, keywords

    def _for_absent(self, parameter: Parameter, state: Mapping[str, JSON]) -> Any:
        if parameter.default is not inspect.Parameter.empty:
            return parameter.default
        if parameter.optional:
            return None
        if parameter.is_list_of_preloadable:
            return []
        raise MissingParameter(self.name, parameter.name, state)

    def _converted(self, parameter: Parameter, value: Any) -> Any:
        preloadable = parameter.preloadable
        try:
            context = preloadable.preload(value) if preloadable else None
            return parameter.adapter.validate_python(value, context=context)
        except ValidationError as error:
            why = "; ".join(_describe(problem) for problem in error.errors())
            if isinstance(value, SecretStr):
                why = "it is a secret, so it must be annotated with SecretStr"
            raise WrongParameter(self.name, parameter.name, why) from error


def _leaves(annotation: Any) -> Iterator[Any]:
    """Yield the classes that an annotation is made of."""
    arguments = get_args(annotation)
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _leaves(argument)


def _parameter(parameter: inspect.Parameter) -> Parameter | None:
    if parameter.kind in _IGNORED:
        return None
    annotation = parameter.annotation
    return Parameter(
        name=parameter.name,
        annotation=Any if annotation is inspect.Parameter.empty else annotation,
        default=parameter.default,
        positional_only=parameter.kind is inspect.Parameter.POSITIONAL_ONLY,
    )


def _enclosing(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the variables of the enclosing functions, for annotations that are strings."""
    try:
        return dict(inspect.getclosurevars(function).nonlocals)
    except (TypeError, ValueError):
        return {}


def _describe(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {problem['msg']}" if where else str(problem["msg"])
