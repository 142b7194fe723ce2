"""How well a version answers the golden set: metrics, their uncertainty, and the comparison with live."""
