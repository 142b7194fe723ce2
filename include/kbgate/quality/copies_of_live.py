"""Which documents of a delta repeat the text of one that live keeps beside them."""

import numpy as np
import pandas as pd

from kbgate.quality.id_places import id_places


def copies_of_live(features: pd.DataFrame, beside: pd.DataFrame) -> "pd.Series[str]":
    """Return for each row the doc_id of live's document with the same text, "" for none.

    `features` has doc_id, text_hash and text_chars; `beside` (doc_id, text_hash) are live's documents that stay. Those that
    the batch delivers itself do not count, nor does a text that stands in live under its own id already.
    """
    stays = beside[id_places(beside["doc_id"], features["doc_id"]) < 0]
    places = id_places(features["text_hash"], stays["text_hash"]).copy()
    own = id_places(features["doc_id"], beside["doc_id"])
    known = np.flatnonzero(own >= 0)
    is_same = features["text_hash"].iloc[known].array == beside["text_hash"].iloc[own[known]].array
    places[known[np.asarray(is_same, dtype=bool)]] = -1
    places[(features["text_chars"] <= 0).to_numpy()] = -1
    names = np.full(len(features), "", dtype=object)
    found = np.flatnonzero(places >= 0)
    names[found] = stays["doc_id"].iloc[places[found]].to_numpy(dtype=object)
    return pd.Series(names, index=features.index, dtype="str")
