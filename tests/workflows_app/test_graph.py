"""The drawing of a workflow: what is where, for three steps and for sixty. No database."""

import re
from io import StringIO
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command
from django.template.loader import render_to_string

from tests.engine import define
from workflows_app import begin, conditional, step, step_group
from workflows_app.console.graph import MEDIUM, NARROW, WIDE, Spot, draw, drawings, planned
from workflows_app.definition import WorkflowDefinition, complete_chain

GRIDS = [WIDE, MEDIUM, NARROW]


def spots(number: int, **extra) -> list[Spot]:
    return [Spot(f"Step {n}", f"Step {n}", **extra) for n in range(number)]


def numbers(path: str) -> list[int]:
    return [int(number) for number in re.findall(r"-?\d+", path.split("m")[0])]


def named(name: str):
    return step(name)(lambda: None)


def data(chain):
    return WorkflowDefinition(name="w", description="", steps=complete_chain(chain)).snapshot()


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.name)
@pytest.mark.parametrize("number", [1, 3, 8, 9, 60])
def test_steps_stand_in_reading_order_inside_the_drawing_and_apart(grid, number):
    drawing = draw([spots(number)], grid)

    corners = [(node.y, node.x) for node in drawing.nodes]
    assert corners == sorted(corners)
    assert len(drawing.nodes) == number
    for one, other in combinations(drawing.nodes, 2):
        apart = one.right < other.x or other.right < one.x
        assert apart or one.bottom < other.y or other.bottom < one.y
    for node in drawing.nodes:
        assert node.x >= 0
        assert node.right <= drawing.width
        assert node.bottom <= drawing.height


def test_sixty_steps_wrap_into_rows_and_three_take_the_room_of_three():
    rows = {node.y for node in draw([spots(60)], WIDE).nodes}
    small = draw([spots(3)], WIDE)

    assert len(rows) == 8
    assert len({node.y for node in small.nodes}) == 1
    assert small.width < draw([spots(8)], WIDE).width


def test_on_one_column_the_chain_runs_downwards():
    nodes = draw([spots(5)], NARROW).nodes

    assert len({node.x for node in nodes}) == 1
    assert all(one.bottom < other.y for one, other in pairwise(nodes))
    assert draw([spots(5)], NARROW).width <= 358  # What a telephone has room for.


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.name)
def test_every_step_leads_to_the_next_and_nothing_leads_out_of_the_drawing(grid):
    drawing = draw([spots(20)], grid)

    assert len(drawing.edges) == 19
    for edge in drawing.edges:
        assert min(numbers(edge.path)) >= 0
        assert max(numbers(edge.path)) <= max(drawing.width, drawing.height)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.name)
def test_a_group_is_a_box_around_its_steps_and_no_others(grid):
    both = begin >> named("B") >> step_group("In", named("C") >> named("D"))
    chain = named("A") >> step_group("Out", both) >> named("E")

    drawing = draw([planned(data(chain))], grid)

    boxes = {box.label: box for box in drawing.boxes if box.label}
    assert list(boxes) == ["Out", "In"]
    inside = {name: box_holds(box, drawing) for name, box in boxes.items()}
    assert inside["Out"][:3] == ["B", "C", "D"][: len(inside["Out"])]
    assert set(inside["In"]) <= {"C", "D"}
    outer, inner = boxes["Out"], boxes["In"]
    if inner.y + inner.height <= outer.y + outer.height:
        assert outer.x < inner.x
        assert inner.x + inner.width < outer.x + outer.width


def box_holds(box, drawing) -> list[str]:
    return [
        node.spot.name
        for node in drawing.nodes
        if box.x < node.x < node.right < box.x + box.width
        and box.y < node.y < node.bottom < box.y + box.height
    ]


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.name)
def test_a_group_over_several_rows_is_named_once_and_holds_all_its_steps(grid):
    chain = step_group("Many", begin >> named("S0") >> sum_of(f"S{n}" for n in range(1, 20)))

    drawing = draw([planned(data(chain))], grid)

    assert [box.label for box in drawing.boxes if box.label] == ["Many"]
    held = [name for box in drawing.boxes for name in box_holds(box, drawing)]
    assert held == [f"S{n}" for n in range(20)]


def sum_of(names):
    chain = begin
    for name in names:
        chain = chain >> named(name)
    return chain


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.name)
@pytest.mark.parametrize("guarded", [1, 12])
def test_a_condition_has_a_dashed_line_past_what_it_guards(grid, guarded):
    chain = conditional(lambda _state: True, name="new")(sum_of(map(str, range(guarded))))
    drawing = draw([planned(data(chain >> named("After")))], grid)

    (skip,) = [edge for edge in drawing.edges if edge.kind == "skip"]

    after = next(node for node in drawing.nodes if node.spot.name == "After")
    choice = next(node for node in drawing.nodes if node.spot.kind == "condition")
    start, *_between, end = numbers(skip.path)
    if grid.vertical:
        assert (start, end) == (choice.right, after.right)
    else:
        assert (start, end) == (choice.centre, after.bottom)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.name)
def test_the_line_that_was_taken_is_the_one_that_stands_out(grid):
    chain = [
        Spot("If", "If", kind="condition", until="B", state="done"),
        Spot("A", "A", state="skipped"),
        Spot("B", "B", state="skipped"),
        Spot("C", "C", state="done"),
        Spot("D", "D", state="done"),
        Spot("E", "E"),
    ]

    kinds = [edge.kind for edge in draw([chain], grid).edges]

    assert kinds == ["rest", "rest", "rest", "done", "rest", "taken"]


def test_conditions_inside_each_other_have_lanes_of_their_own():
    inner = conditional(lambda _state: True, name="inner")(named("B"))
    chain = conditional(lambda _state: True, name="outer")(named("A") >> inner >> named("C"))
    drawing = draw([planned(data(chain >> named("D")))], WIDE)

    outer, inner_one = [numbers(e.path) for e in drawing.edges if e.kind == "skip"]

    assert outer[2] > inner_one[2]


def test_a_definition_that_was_kept_before_conditions_had_an_end_is_drawn_without_their_lines():
    old = [{"path": "If x", "name": "If x", "kind": "condition", "assignee": ""}, *data(begin)]

    assert [edge.kind for edge in draw([planned(old)], WIDE).edges] == ["rest", "rest"]


def test_what_follows_an_abort_stands_apart():
    drawing = draw([spots(3), [Spot("Clean-up/Undo", "Undo", groups=("Clean-up",))]], WIDE)

    undo = drawing.nodes[-1]
    assert undo.y > drawing.nodes[0].bottom
    assert undo.x == drawing.nodes[0].x
    assert len(drawing.edges) == 2


def test_each_kind_of_step_has_a_shape_of_its_own():
    kinds = ["step", "start", "input", "callback", "timer", "condition"]
    outlines = [draw([spots(1, kind=kind)], WIDE).nodes[0].outline for kind in kinds]

    assert len(set(outlines)) == len(kinds)


def test_a_long_name_is_cut_and_the_whole_one_is_said():
    name = "Configure the pseudowire between the two ends of the circuit"
    (node,) = draw([[Spot(name, name, says=name)]], WIDE).nodes
    (wide,) = draw([[Spot("w", "回線を設定する回線を設定する回線を設定する")]], WIDE).nodes

    assert len(node.lines) == 2
    assert all(len(text) <= WIDE.letters for _y, text in node.lines)
    assert node.lines[-1][1].endswith("…")
    assert node.spot.says == name
    assert all(len(text) <= WIDE.letters // 2 + 1 for _y, text in wide.lines)


def test_nothing_is_drawn_of_nothing():
    assert [drawing.nodes for drawing in drawings([], [])] == [[], [], []]


def test_a_workflow_without_a_process_is_a_picture_with_a_name():
    chain = named("<b>A</b>") >> step_group("G", named("B"))
    context = {"drawings": drawings(planned(data(chain))), "position": "Four steps"}

    html = render_to_string("workflows/graph.html", context)

    pictures = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(pictures) == 3
    for picture in pictures:
        root = ElementTree.fromstring(picture)
        assert (root.get("role"), root.get("aria-label")) == ("img", "Four steps")
        titles = [title.text for title in root.iter("title")]
        assert titles == ["Start", "<b>A</b>", "B", "Done"]
    assert "<a " not in html
    assert "style=" not in html


# In the languages of other tools, and as a file.


@pytest.fixture
def defined():
    chain = named('Say "hi" <b>') >> step_group("Out", step_group("In", named("B")) >> named("C"))
    chain = chain >> conditional(lambda _state: True, name="new")(named("D")) >> named("E")
    return define(chain, name="drawn", cleanup=named("Undo"))


def printed(name: str, language: str) -> str:
    output = StringIO()
    call_command("workflow_graph", name, "--format", language, stdout=output)
    return output.getvalue()


@pytest.mark.django_db
def test_a_workflow_is_drawn_for_mermaid(defined):
    source = printed(defined, "mermaid")

    assert source.startswith("flowchart LR\n")
    assert '  s0_1["Say #quot;hi#quot; #lt;b#gt;"]' in source
    assert source.count("subgraph") == source.count("\n  end") + source.count("\n    end") == 3
    assert "  s0_4 -.-> s0_6\n" in source
    assert '  s0_4{{"If new: D"}}' in source
    assert "s1_0" in source


@pytest.mark.django_db
def test_a_workflow_is_drawn_for_graphviz(defined):
    source = printed(defined, "dot")

    assert '  s0_1 [label="Say \\"hi\\" <b>", shape=box];' in source
    assert source.count("{") == source.count("}")
    assert "  s0_4 -> s0_6 [style=dashed];" in source


@pytest.mark.django_db
def test_a_workflow_is_drawn_as_a_file(defined):
    root = ElementTree.fromstring(printed(defined, "svg"))

    names = [title.text for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert names[1] == 'Say "hi" <b>'
    assert names[-1] == "Undo"


def test_there_is_no_drawing_of_an_unknown_workflow():
    with pytest.raises(CommandError, match="no workflow 'nowhere'"):
        printed("nowhere", "svg")
