"""The drift gate between two embedding models, whose cosines cannot be compared."""

from typing import Any

from kbgate.drift.measure import DriftInput, measure_across_models
from kbgate.gates.drift_measurements import held, reported, unknown
from kbgate.results import Measurement
from kbgate.sections.drift import DriftSettings

LISTED = 20


def judge_across_models(given: DriftInput, settings: DriftSettings) -> tuple[tuple[Measurement, ...], dict[str, Any]]:
    """Ask whether documents kept their neighbours; measurements and details."""
    found, beside = measure_across_models(given, settings)
    floor = settings.min_neighbour_overlap
    if found.mean is None:
        n_shared = len(set(given.before.doc_ids) & set(given.after.doc_ids))
        message = (
            f"The embedding model changed, and {n_shared} documents in both versions are too few to compare their "
            "neighbours; at least 20 are wanted. Set drift.mode to warn for this change if recall is enough for you."
        )
        measured = unknown("neighbour_overlap", message)
    else:
        message = (
            f"The embedding model changed, so neighbourhoods are compared: documents keep {found.mean:.0%} of their "
            f"{found.neighbours} nearest neighbours (n = {len(found)}; chance gives {found.chance:.0%}); at least {floor:.0%} is wanted."
        )
        measured = held("neighbour_overlap", found.mean, floor, "min", len(found), message)
    others = [
        reported(f"neighbour_overlap@{each.neighbours}", each.mean, len(each), f"Chance gives {each.chance:.0%}.")
        for each in beside
    ]
    lost = [
        {"doc_id": doc_id, "title": given.titles.get(doc_id, ""), "overlap": round(float(overlap), 4)}
        for doc_id, overlap in zip(found.doc_ids[:LISTED], found.overlaps[:LISTED], strict=True)
    ]
    return (measured, *others), {"neighbours_lost": lost}
