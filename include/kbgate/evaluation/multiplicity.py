"""p-values of several tests at once."""

from collections.abc import Sequence

import numpy as np


def adjust_holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values, in the order given; those below a are wrong about any at most with chance a.

    With p_(1) <= … <= p_(m): adjusted p_(i) = max over j <= i of min(1, (m - j + 1) p_(j)), whatever the dependence
    between the tests. Source: Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statistics 6, 1979.
    """
    found = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(found, kind="stable")
    stepped = np.maximum.accumulate(found[order] * np.arange(found.size, 0, -1))
    adjusted = np.empty_like(found)
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in adjusted]
