"""The stages of a run, one file and one function each: read files, call the pure part, write files.

A stage may run again: it overwrites what it wrote and nothing else. It returns a `StageResult`; a gate that holds the promotion
is a result, not an error. `kbgate.pipeline` knows their order.
"""
