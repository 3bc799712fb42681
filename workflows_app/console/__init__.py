"""The operator's pages, inside the admin site. Other apps' pages build on it."""
