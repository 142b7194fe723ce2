"""Versions of a knowledge base, which one is live, and the record that decided it."""
