from importlib import import_module

from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "examples.users"

    def ready(self) -> None:
        import_module("examples.users.products")
