"""The campaign loop: propose, simulate, record, learn."""
