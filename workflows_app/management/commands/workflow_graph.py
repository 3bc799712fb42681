"""Draw a workflow, for a manual or a wiki."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.loader import render_to_string

from workflows_app import registry
from workflows_app.console.graph import WIDE, Spot, draw, planned
from workflows_app.console.graph.sources import dot, mermaid
from workflows_app.errors import UnknownWorkflow


class Command(BaseCommand):
    help = "Draw a workflow as SVG, or in the language of Mermaid or Graphviz."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the name, and the format."""
        parser.add_argument("workflow", help="The name of the workflow.")
        parser.add_argument("--format", choices=["svg", "mermaid", "dot"], default="svg")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the drawing."""
        try:
            definition = registry.get(options["workflow"])
        except UnknownWorkflow as error:
            raise CommandError(str(error)) from error
        chains = planned(definition.snapshot()), planned(definition.cleanup_snapshot())
        formats = {"svg": _svg, "mermaid": mermaid, "dot": dot}
        self.stdout.write(formats[options["format"]](*chains))


def _svg(*chains: list[Spot]) -> str:
    names = ", ".join(spot.name for chain in chains for spot in chain)
    context = {"drawing": draw(chains, WIDE), "position": names}
    return render_to_string("workflows/graph.svg", context)
