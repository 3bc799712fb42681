from importlib import import_module

from django.apps import AppConfig


class L2vpnConfig(AppConfig):
    name = "examples.l2vpn"

    def ready(self) -> None:
        import_module("examples.l2vpn.products")
