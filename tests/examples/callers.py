"""What a caller of the runner sends."""

import requests


def order(receiver=None, **changes):
    callback = receiver.url if receiver else "http://127.0.0.1:9/callback/token"
    fields = {"playbook_name": "quick.yml", "inventory": "node-a\n", "extra_vars": {}}
    return fields | {"callback": callback} | changes


def post(service, body, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(f"{service}/api/playbook/", json=body, headers=named, timeout=30)
