"""The addresses of callbacks in the console, inside the admin site's."""

from django.urls import path

from callbacks_app.console import actions, address, callback_page, export, listing
from callbacks_app.console.consequences import WORDS

app_name = "callback_console"
_ONE = "callbacks/<str:callback_id>"
urlpatterns = [
    path("processes/<uuid:process_id>/export.json", export.export, name="export"),
    path("callbacks/", listing.callbacks, name="callbacks"),
    path(f"{_ONE}/", callback_page.callback, name="callback"),
    path(f"{_ONE}/live/", callback_page.live, name="live"),
    path(f"{_ONE}/panel/", callback_page.panel, name="panel"),
    path(f"{_ONE}/output/", callback_page.output, name="output"),
    path(f"{_ONE}/reveal/", address.reveal, name="reveal"),
    path(f"{_ONE}/adopt/<int:attempt_id>/", actions.adopt, name="adopt"),
    *(
        path(f"{_ONE}/{verb}/", actions.act, {"verb": verb}, name=verb)
        for verb in WORDS
        if verb != "adopt"
    ),
]
