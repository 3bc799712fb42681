"""Forms in a browser: pages from page models, with widgets, errors and a way back."""

from workflows_app.wizard.page import PageForm, page_form, page_inputs
from workflows_app.wizard.walkthrough import (
    Finished,
    FormChanged,
    Page,
    PagesExpired,
    PagesRefused,
    Wizard,
)

__all__ = [
    "Finished",
    "FormChanged",
    "Page",
    "PageForm",
    "PagesExpired",
    "PagesRefused",
    "Wizard",
    "page_form",
    "page_inputs",
]
