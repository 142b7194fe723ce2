"""Quality, drift and recall gates for knowledge-base ingests."""
