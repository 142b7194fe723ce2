"""Figures of the web pages: plain values in, an inline SVG and its table out; one kind of figure a file."""
