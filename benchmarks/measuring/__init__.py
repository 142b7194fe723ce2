"""What the benchmarks share: parts run apart, derived documents, the printed table."""
