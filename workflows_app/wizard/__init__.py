"""Forms in a browser: pages from page models, with widgets, errors, a way back and a review."""

from workflows_app.wizard.answers import Answer, Finished, Page
from workflows_app.wizard.draft import FormChanged, PagesExpired, PagesRefused
from workflows_app.wizard.page import PageForm, page_form, page_inputs
from workflows_app.wizard.review import Review
from workflows_app.wizard.walkthrough import Wizard

__all__ = [
    "Answer",
    "Finished",
    "FormChanged",
    "Page",
    "PageForm",
    "PagesExpired",
    "PagesRefused",
    "Review",
    "Wizard",
    "page_form",
    "page_inputs",
]
