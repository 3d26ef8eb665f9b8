"""Chemical language models of repeat units: vocabulary, grammar, n-gram and neural models.

The neural model needs torch, so nothing is imported here; import from the modules or from `generators`.
"""
