"""Stored rows → views as plain values → figures."""
