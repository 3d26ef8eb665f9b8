"""The campaign page: what a campaign does, in a browser, while it runs and after it has ended."""
