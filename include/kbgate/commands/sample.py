"""Write spoilt batches of the sample knowledge base."""

from typing import Annotated

import typer

from kbgate import console
from kbgate.commands.options import JsonOption


def sample(
    fault: Annotated[str, typer.Option("--fault", help="Which spoilt batch to write; see --list.")] = "incident",
    into: Annotated[str, typer.Option("--into", help="Folder to write the batch to.")] = "var/sample",
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same batch.")] = 7,
    list_faults: Annotated[bool, typer.Option("--list", help="List the faults and stop.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a batch of the sample knowledge base with one fault in it."""
    from kbgate.sample import faults

    if list_faults:
        console.show_faults({name: fault.description for name, fault in faults.FAULTS.items()}, as_json)
        return
    console.show_batch(faults.write_batch(fault, into, seed), as_json)
