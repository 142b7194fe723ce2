"""From measurements to a verdict, one gate a file."""
