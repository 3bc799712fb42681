"""A workflow's graph in the languages of other tools: Mermaid and Graphviz.

Source: mermaid.js.org/syntax/flowchart.html; graphviz.org/doc/info/lang.html.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from workflows_app.console.graph.lines import pairs
from workflows_app.console.graph.parts import Spot, shared

_MERMAID = {
    "start": '(["{}"])',
    "end": '(["{}"])',
    "input": '[/"{}"/]',
    "callback": '[["{}"]]',
    "timer": '("{}")',
    "condition": '{{{{"{}"}}}}',
}
_DOT = {
    "start": "ellipse",
    "end": "ellipse",
    "input": "parallelogram",
    "callback": "component",
    "timer": "cds",
    "condition": "hexagon",
}
_ENTITIES = str.maketrans({'"': "#quot;", "<": "#lt;", ">": "#gt;", "#": "#35;", "\n": " "})


def mermaid(*chains: Sequence[Spot]) -> str:
    """Return the chains as a Mermaid flowchart."""

    def node(name: str, spot: Spot) -> str:
        return name + _MERMAID.get(spot.kind, '["{}"]').format(spot.name.translate(_ENTITIES))

    def group(name: str, label: str) -> str:
        return f'subgraph {name}["{label.translate(_ENTITIES)}"]'

    lines = ["flowchart LR"]
    for number, chain in enumerate(filter(None, chains)):
        lines += _nodes(chain, number, node, group, end="end")
        lines += [f"  {one} --> {other}" for one, other in _following(chain, number)]
        lines += [f"  {one} -.-> {other}" for one, other in _skipping(chain, number)]
    return "\n".join(lines) + "\n"


def dot(*chains: Sequence[Spot]) -> str:
    """Return the chains in the language of Graphviz."""

    def node(name: str, spot: Spot) -> str:
        return f"{name} [label={_quoted(spot.name)}, shape={_DOT.get(spot.kind, 'box')}];"

    def group(name: str, label: str) -> str:
        return f"subgraph cluster_{name} {{ label={_quoted(label)};"

    lines = ["digraph workflow {", "  rankdir=LR;"]
    for number, chain in enumerate(filter(None, chains)):
        lines += _nodes(chain, number, node, group, end="}")
        lines += [f"  {one} -> {other};" for one, other in _following(chain, number)]
        lines += [f"  {one} -> {other} [style=dashed];" for one, other in _skipping(chain, number)]
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _name(chain: int, at: int) -> str:
    return f"s{chain}_{at}"


def _nodes(
    chain: Sequence[Spot],
    number: int,
    node: Callable[[str, Spot], str],
    group: Callable[[str, str], str],
    *,
    end: str,
) -> Iterator[str]:
    """Yield the steps, each in its groups."""
    opened: tuple[str, ...] = ()
    for at, spot in enumerate(chain):
        common = shared(opened, spot.groups)
        for depth in range(len(opened), common, -1):
            yield "  " * depth + end
        for depth in range(common, len(spot.groups)):
            yield "  " * (depth + 1) + group(f"g{number}_{at}_{depth}", spot.groups[depth])
        opened = spot.groups
        yield "  " * (len(opened) + 1) + node(_name(number, at), spot)
    for depth in range(len(opened), 0, -1):
        yield "  " * depth + end


def _following(chain: Sequence[Spot], number: int) -> Iterator[tuple[str, str]]:
    return (
        (_name(number, one), _name(number, other)) for one, other in pairwise(range(len(chain)))
    )


def _skipping(chain: Sequence[Spot], number: int) -> Iterator[tuple[str, str]]:
    return ((_name(number, start), _name(number, end)) for start, end, _lane in pairs(chain))
