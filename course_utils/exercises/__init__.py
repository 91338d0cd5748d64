"""The exercises' checks. ``check`` calls what a round's file says; no round imports ``check``."""
