"""What is in a batch: one row of features a document, the rules over them, the suites that limit them, the profile."""
