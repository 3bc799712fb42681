from importlib import import_module

from django.apps import AppConfig


class NodesConfig(AppConfig):
    name = "examples.nodes"

    def ready(self) -> None:
        import_module("examples.nodes.products")
