"""The sections of a knowledge base's settings, one file each; the tree is kbgate.settings."""
