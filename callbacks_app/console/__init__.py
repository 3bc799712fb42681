"""The operator's pages about callbacks, beside the console's own inside the admin site."""
