"""The knowledge base that ships with the project, its golden set, and batches with faults in them."""
