"""The campaign page: a view of a campaign in a browser, during and after the run."""
