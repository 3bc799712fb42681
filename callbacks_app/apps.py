from django.apps import AppConfig


class CallbacksConfig(AppConfig):
    name = "callbacks_app"
    verbose_name = "Callbacks"
