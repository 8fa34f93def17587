"""What Sato et al. published, to stand beside what is measured here.

Sato, Sakaue, Sato: "Seeing the Differences in Artistry among Art Fields by using Multi-task Learning",
Tables 2 to 4. The accuracies are the highest of 150 epochs on the test images, one training each, without
intervals, of 2,000 originals per field that were augmented before they were split; ours are those of the
epoch that the validation images chose. They are references, not targets.
"""

import pandas as pd

from artnb.relevance.gains import MEAN

FIELDS = ("painting", "architecture", "sculpture", "garden")
ACCURACIES = {
    "single": (0.6834, 0.8353, 0.7280, 0.8825),
    "multi-1": (0.7128, 0.8518, 0.7482, 0.9295),
    "multi-2": (0.6957, 0.8650, 0.7820, 0.9314),
    "multi-3": (0.7086, 0.8482, 0.7490, 0.9167),
}
SOURCE = "Sato et al., Table 4"  # as figures name it
PARAMETERS = {"single": 9_700_722, "multi-1": 26_699_634, "multi-2": 9_184_626, "multi-3": 4_694_898}


def table_2() -> pd.DataFrame:
    """Accuracies of single- and multi-task learning (1): one row per method, one column per field."""
    return table_4().head(2)


def table_3() -> pd.DataFrame:
    """Parameters that one image passes through: method, parameters."""
    return pd.DataFrame({"method": PARAMETERS.keys(), "parameters": PARAMETERS.values()})


def table_4() -> pd.DataFrame:
    """Accuracies of all four networks: one row per method, one column per field."""
    table = pd.DataFrame.from_dict(ACCURACIES, orient="index", columns=list(FIELDS))
    return table.rename_axis("method").reset_index()


def accuracies() -> pd.DataFrame:
    """Table 4 in the form of `relevance.accuracy`: method, field (and mean), accuracy, source."""
    return _with_mean().melt("method", var_name="field", value_name="accuracy").assign(source=SOURCE)


def gains() -> pd.DataFrame:
    """Table 4 in the form of `relevance.gain`, over single-task: method, field (and mean), gain, source."""
    table = _with_mean().set_index("method")
    gains = (table - table.loc["single"]).drop(index="single")
    gains = gains.reset_index().melt("method", var_name="field", value_name="gain")
    return gains.assign(source=SOURCE)


def side_by_side(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Table 4 (its first two methods are Table 2) with the rows measured here under the published ones.

    Args:
        accuracy: the table of `relevance.accuracy`; methods are named as in `ACCURACIES`.

    Returns:
        method, source ("published", "here", "here, low", "here, high"), then one column per field of
        `accuracy`; the methods of `accuracy` first, then the paper's others. A published value is NaN
        where the paper has no such field, and so is then its mean.
    """
    fields = accuracy["field"].unique().tolist()
    paper = table_4().set_index("method").reindex(columns=fields)
    paper[MEAN] = paper.drop(columns=MEAN).mean(axis=1, skipna=False)
    sources = {"published": paper.dropna(how="all")}
    for source, column in {"here": "accuracy", "here, low": "low", "here, high": "high"}.items():
        sources[source] = accuracy.pivot_table(column, "method", "field")[fields]
    table = pd.concat(sources, names=["source"]).reset_index()
    order = list(dict.fromkeys([*accuracy["method"], *ACCURACIES]))
    table = table.sort_values("method", key=lambda methods: methods.map(order.index), kind="stable")
    return table[["method", "source", *fields]].reset_index(drop=True)


def _with_mean() -> pd.DataFrame:
    table = table_4()
    return table.assign(**{MEAN: table[list(FIELDS)].mean(axis=1)})
