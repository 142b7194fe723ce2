"""The parts of the gate-power bench: collections, faults, natural changes, trials, and what they add up to."""
