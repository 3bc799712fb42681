"""The operator's pages, inside the admin site. The top layer: nothing imports it."""
