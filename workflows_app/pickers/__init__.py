"""Inputs of forms for something that is looked up: a subscription, a customer.

``CustomerId`` and ``subscription_id(…)`` annotate the fields of a page. They validate wherever the
form is answered, and in the console they are pickers that search as one types.
"""

from workflows_app.pickers.customers import CustomerId
from workflows_app.pickers.subscriptions import SubscriptionId, subscription_id

__all__ = ["CustomerId", "SubscriptionId", "subscription_id"]
