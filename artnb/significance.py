"""What an interval says of zero: its p, and Holm's correction for several."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import optimize

SMALLEST = 1e-12  # of the p that are told apart
ROUNDING = 1e-12  # what lies nearer to 0 is 0


def p_of(value: float, half_width: Callable[[float], float]) -> float:
    """Two-sided, of `value` being 0: the interval of level 1 - p ends there; `SMALLEST` or more.

    Args:
        half_width: of the interval of level 1 - p, given p; NaN where there is none, and then so is the p.
    """

    def beyond(log_p: float) -> float:
        return abs(value) - half_width(np.exp(log_p))

    least = np.log(SMALLEST)
    if np.isnan(half_width(SMALLEST)):
        return np.nan
    if np.isclose(value, 0, atol=ROUNDING):
        return 1.0
    return SMALLEST if beyond(least) >= 0 else float(np.exp(optimize.brentq(beyond, least, 0)))


def holm(p: pd.Series) -> pd.Series:
    """Corrected for the number of those that are known (Holm, Scandinavian Journal of Statistics 6, 1979); by
    hand, for that of statsmodels collects the whole process's garbage each time."""
    ordered = p.dropna().sort_values()
    stepped = ordered * np.arange(len(ordered), 0, -1)
    return stepped.cummax().clip(upper=1).reindex(p.index)
