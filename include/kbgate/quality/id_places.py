"""Where document ids stand in another list of ids."""

from collections.abc import Collection

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def id_places(ids: "Collection[str] | pd.Series[str]", known: "Collection[str] | pd.Series[str]") -> NDArray[np.int64]:
    """Return for each id its place in `known`, -1 where it is not there.

    Arrow's hash table holds the texts once and no Python object for each, which is what a set or a merge would do.
    """
    found = pc.index_in(_texts(ids), value_set=_texts(known))
    return np.asarray(found.cast(pa.int64()).fill_null(-1))


def _texts(ids: "Collection[str] | pd.Series[str]") -> "pa.Array | pa.ChunkedArray":
    return pa.array(ids if isinstance(ids, pd.Series) else list(ids), pa.large_string())
