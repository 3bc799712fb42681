"""A small service that runs Ansible playbooks for whoever POSTs to it.

It stands for the remote system of the callback documents: it knows nothing of the orchestrator but
the callback URL in each order. It shares no code with the orchestrator's apps, and runs as a
process of its own.
"""
