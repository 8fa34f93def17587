"""Small tables and arrays of the forms that figures take."""

import numpy as np
import pandas as pd
import pytest

FIELDS = ("painting", "architecture", "sculpture", "garden")
METHODS = ("single", "multi-2")


@pytest.fixture
def estimates():
    """Accuracies of two methods on four fields and their mean; serves as gains too."""
    rows = [
        {"method": method, "field": field, "accuracy": 0.6 + 0.03 * i + 0.05 * j}
        for i, method in enumerate(METHODS)
        for j, field in enumerate((*FIELDS, "mean"))
    ]
    table = pd.DataFrame(rows)
    table["low"], table["high"] = table["accuracy"] - 0.07, table["accuracy"] + 0.05
    return table.assign(gain=table["accuracy"] - 0.7, seeds=3, images=80, groups=60)


@pytest.fixture
def history():
    rng = np.random.default_rng(0)
    keys = [
        (method, seed, field, epoch, split)
        for method in METHODS
        for seed in range(3)
        for field in FIELDS
        for epoch in range(1, 6)
        for split in ("train", "validation")
    ]
    table = pd.DataFrame(keys, columns=["method", "seed", "field", "epoch", "split"])
    return table.assign(accuracy=rng.uniform(0.5, 0.9, len(table)), loss=rng.uniform(0.3, 0.7, len(table)))


@pytest.fixture
def predictions():
    rng = np.random.default_rng(1)
    keys = [
        (method, seed, field, i)
        for method in METHODS
        for seed in (0, 1)
        for field in FIELDS
        for i in range(40)
    ]
    table = pd.DataFrame(keys, columns=["method", "seed", "field", "id"])
    probability = rng.uniform(0, 1, len(table))
    return table.assign(
        probability=probability, target=(rng.uniform(0, 1, len(table)) < probability).astype(int)
    )


@pytest.fixture
def class_predictions():
    """Three classes; the comics of seed 0 are all known, of seed 1 half are called sketches."""
    rows = [
        ("fusenet", seed, f"{target}{image}", target, 2 if (seed, target) == (1, 0) and image % 2 else target)
        for seed in (0, 1)
        for target in range(3)
        for image in range(4 + target)
    ]
    table = pd.DataFrame(rows, columns=["method", "seed", "id", "target", "prediction"])
    table = pd.concat([table, table.assign(method="dkse(branches=('1x1', '5x5'))", prediction=1)])
    confidence = np.linspace(0.5, 0.99, len(table))
    return table.assign(field="art_types", group="g" + table["id"].str[0], confidence=confidence)


@pytest.fixture
def converging(history):
    """Two methods from three seeds on original and augmented images; each is within 0.02 at epoch 3 or 4."""
    rises = {1: 0.3, 2: 0.5, 3: 0.785, 4: 0.8, 5: 0.75}
    table = history[history["field"] == "painting"].copy()
    table["accuracy"] = table["epoch"].map(rises)
    late = (table["seed"] == 2) & (table["epoch"] == 3)
    tables = [table.assign(set="original"), table.assign(set="augmented", accuracy=table["accuracy"] + 0.1)]
    tables[0].loc[late, "accuracy"] = 0.6
    return pd.concat(tables, ignore_index=True)


@pytest.fixture
def overfitted():
    methods = ("s-cnn", "dkse(branches=('1x1', '5x5'))")
    rows = [
        {"method": method, "set": learnt, "training": 0.9 + 0.02 * i, "accuracy": 0.7 + 0.05 * i + 0.1 * j}
        for i, method in enumerate(methods)
        for j, learnt in enumerate(("original", "augmented"))
    ]
    table = pd.DataFrame(rows).assign(seeds=3, images=80, groups=60)
    table["gap"] = table["training"] - table["accuracy"]
    limits = {"low": -0.05, "high": 0.04}
    limits = {name: table["accuracy"] + by for name, by in limits.items()}
    return table.assign(**limits, gap_low=table["gap"] - 0.06, gap_high=table["gap"] + 0.05)


@pytest.fixture
def ablated():
    rows = [("layer", "6"), ("layer", "9"), ("branches", "1x1+5x5"), ("r", "8")]
    table = pd.DataFrame(rows, columns=["question", "variant"]).assign(gain=[0.02, -0.03, 0.01, 0.04])
    return table.assign(low=table["gain"] - 0.02, high=table["gain"] + 0.03, seeds=3, images=80, groups=60)


@pytest.fixture
def by_modules():
    """Accuracies at numbers of modules, out of order, and gains over the first."""
    table = pd.DataFrame({"modules": [16, 0, 3], "accuracy": [0.8, 0.7, 0.75]})
    table = table.assign(low=table["accuracy"] - 0.05, high=table["accuracy"] + 0.04)
    table = table.assign(seeds=3, images=80, groups=60)
    gains = pd.DataFrame({"modules": [3, 16], "gain": [0.05, 0.1], "low": [-0.01, 0.04], "high": [0.09, 0.2]})
    return table, gains


@pytest.fixture
def layers():
    """Of one picture: 12 channels, the later the stronger, and three that are nowhere positive."""
    strong = np.random.default_rng(5).uniform(0, 1, (12, 6, 6)) + np.arange(12)[:, None, None]
    return {"stem": strong, "layer1.0.conv2": -1 - np.zeros((3, 2, 4))}


@pytest.fixture
def catalogue():
    """Of each field 3, 2 and 1 artistic and 5, 2 and 1 non-artistic images, the first two in one group."""
    numbers = {"artistic": (3, 2, 1), "non_artistic": (5, 2, 1)}
    rows = [
        {"field": field, "label": label, "split": split, "group": f"{field}-{label}-{split}-{max(i, 1)}"}
        for field in FIELDS
        for label, of_label in numbers.items()
        for split, number in zip(("train", "validation", "test"), of_label, strict=True)
        for i in range(number)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def images():
    return np.random.default_rng(2).integers(0, 256, (8, 16, 16, 3), dtype=np.uint8)


@pytest.fixture
def masks():
    masks = np.zeros((8, 16, 16), dtype=bool)
    masks[::2, 4:9, 10:] = True
    return masks


@pytest.fixture
def maps():
    rng = np.random.default_rng(3)
    return {
        name: rng.normal(size=(8, 16, 16)) for name in ("single", "multi-2, individual", "multi-2, common")
    }


@pytest.fixture
def overlap(maps):
    rows = [{"field": field, "map": name} for field in FIELDS for name in maps]
    table = pd.DataFrame(rows).assign(overlap=np.linspace(0.2, 0.6, 12), images=20, chance=0.1)
    return table.assign(low=table["overlap"] - 0.1, high=table["overlap"] + 0.1)


@pytest.fixture
def audited(catalogue):
    """A row per image, as an audit measures them."""
    rng = np.random.default_rng(0)
    table = catalogue.assign(source=["met", "commons"] * 28, licence="CC0 1.0", type="JPEG")
    return table.assign(
        width=rng.integers(200, 1000, 56),
        aspect=rng.uniform(0.5, 2, 56),
        bytes_per_pixel=rng.uniform(0.1, 0.5, 56),
    )


@pytest.fixture
def found():
    rows = [
        {"field": field, "feature": feature, "accuracy": 0.4 + 0.1 * place, "chance": chance}
        for field, chance in (("painting", 1 / 2), ("types", 1 / 4))
        for place, feature in enumerate(("source", "resolution", "border", "file", "colour", "all together"))
    ]
    table = pd.DataFrame(rows).assign(images=80, groups=60, reason="")
    table["limit"] = table["chance"] + 0.2 * (1 - table["chance"])
    return table.assign(low=table["accuracy"] - 0.07, high=table["accuracy"] + 0.05)


@pytest.fixture
def shown():
    cells = [(feature, label) for feature in ("border", "file") for label in ("artistic", "non_artistic")]
    rows = [
        {
            "field": "painting",
            "feature": feature,
            "label": label,
            "id": f"{cell}{place}",
            "words": "even grey",
        }
        for cell, (feature, label) in enumerate(cells)
        for place in range(3)
    ]
    return pd.DataFrame(rows).assign(field="painting", words="even grey")


@pytest.fixture
def pictures(shown):
    """Of other heights and widths."""
    rng = np.random.default_rng(1)
    return {
        id: rng.integers(0, 256, (10 + place, 30 - place, 3), dtype=np.uint8)
        for place, id in enumerate(shown["id"])
    }


@pytest.fixture
def agreements():
    rows = [
        ("garden", "ana, ben", "Cohen's kappa", 0.4, ""),
        ("garden", "ana, ben, cleo", "Fleiss' kappa", 0.3, ""),
        ("painting", "ana, ben", "Cohen's kappa", np.nan, "all labels are artistic"),
    ]
    table = pd.DataFrame(rows, columns=["field", "annotators", "measure", "kappa", "reason"])
    return table.assign(
        low=table["kappa"] - 0.1, high=table["kappa"] + 0.2, agreement=0.7, images=40, groups=30
    )


@pytest.fixture
def confused():
    names = ("artistic", "non_artistic")
    rows = [
        (field, "ana", second, a, b, 10 * n + 2 * i + j)
        for field, second, n in (("garden", "ben", 1), ("garden", "cleo", 2), ("painting", "ben", 3))
        for i, a in enumerate(names)
        for j, b in enumerate(names)
    ]
    return pd.DataFrame(rows, columns=["field", "first", "second", "label_first", "label_second", "images"])


@pytest.fixture
def claims():
    """What two protocols claim, what is true, and by how much the first exceeds the second."""
    rows = [
        (protocol, quantity, value)
        for protocol, claimed in (
            ("augment_then_split", 0.9),
            ("split_then_augment", 0.6),
            ("difference", 0.3),
        )
        for quantity, value in (("claimed", claimed), ("true", 0.6), ("pretended", claimed - 0.6))
    ]
    table = pd.DataFrame(rows, columns=["protocol", "quantity", "value"])
    return table.assign(low=table["value"] - 0.1, high=table["value"] + 0.05, seeds=3, images=50, groups=40)


@pytest.fixture
def exchanged() -> pd.DataFrame:
    """Every network knows its own field, that of painting garden too; all else is by chance."""
    fields = ("painting", "sculpture", "garden")
    rows = [
        {"field": field, "partner": partner, "auroc": 0.9 if field == partner else 0.52}
        for field in fields
        for partner in fields
    ]
    table = pd.DataFrame(rows)
    table.loc[(table["field"] == "garden") & (table["partner"] == "painting"), "auroc"] = 0.8
    limits = {"low": table["auroc"] - 0.1, "high": table["auroc"] + 0.1}
    return table.assign(**limits, seeds=5, images=300, groups=250)


@pytest.fixture
def added() -> pd.DataFrame:
    """Painting gives 0.06 to garden, surely, and takes 0.03 from sculpture, surely; all else is unsure."""
    fields = ("painting", "sculpture", "garden")
    rows = [
        {"field": field, "partner": partner, "gain": 0.01, "low": -0.02, "high": 0.04}
        for field in fields
        for partner in (*fields, "together")
        if field != partner
    ]
    table = pd.DataFrame(rows).set_index(["field", "partner"])
    table.loc[("garden", "painting")] = 0.06, 0.02, 0.1
    table.loc[("sculpture", "painting")] = -0.03, -0.05, -0.01
    return table.reset_index().assign(seeds=5, images=300, groups=250)


@pytest.fixture
def near(added):
    """Affinities from two seeds; CKA of branches is of a field with all others."""
    methods = ("lookahead", "gradient cosine", "CKA of branches", "CKA of networks", "transfer")
    rows = [
        {"seed": seed, "method": method, "field": row.field, "partner": row.partner}
        for seed in (0, 1)
        for method in methods
        for row in added.itertuples()
        if (method == "CKA of branches") == (row.partner == "together")
    ]
    table = pd.DataFrame(rows)
    scale = np.where(table["method"] == "lookahead", 1e-5, 1)
    return table.assign(affinity=scale * np.random.default_rng(4).uniform(-0.2, 0.9, len(table)))


@pytest.fixture
def ranked(near):
    table = near.groupby("method", sort=False).size().div(2).astype(int).rename("pairs").reset_index()
    table = table.assign(correlation=-0.5, low=-0.84, high=0.1, seconds=90.0, cost=0.045)
    table.loc[2, ["correlation", "low", "high", "cost"]] = np.nan, np.nan, np.nan, 2.2
    return table


@pytest.fixture
def differing():
    names = ("multi-2 − single", "multi-2: common − individual", "single: artistic − not")
    rows = [
        {"measure": measure, "comparison": name, "pair": name, "field": field}
        for measure in ("area", "foci")
        for name in names
        for field in ("painting", "garden", "mean")
    ]
    table = pd.DataFrame(rows).assign(difference=np.linspace(-0.2, 0.3, 18), floor=np.linspace(0.01, 0.2, 18))
    table = table.assign(low=table["difference"] - 0.05, high=table["difference"] + 0.07, evidence=True)
    return table.assign(seeds=3, images=80, groups=60, empty=np.linspace(0.1, 0.4, 18))


@pytest.fixture
def outcomes():
    """At commonality 0 two of painting's intervals and one of the mean's exclude 0, of garden's none."""
    at_nil = {
        "painting": (-0.06, 0, 0.01, 0.07),
        "garden": (0.03, 0.01, 0.02, 0),
        "mean": (0, 0.01, 0.02, 0.06),
    }
    rows = [
        {"planted": planted, "atelier": atelier, "field": field, "gain": gain + 0.08 * planted}
        for planted in (0, 0.5, 1)
        for field, gains in at_nil.items()
        for atelier, gain in enumerate(gains)
    ]
    table = pd.DataFrame(rows).assign(seeds=3, images=200, groups=195)
    table.loc[table["field"] == "mean", ["images", "groups"]] = 400, 390
    return table.assign(low=table["gain"] - 0.05, high=table["gain"] + 0.05)


@pytest.fixture
def fit():
    places = [("slope", np.nan), ("intercept", 0), *[(q, c) for q in ("line", "mean") for c in (0, 0.5, 1)]]
    table = pd.DataFrame(places, columns=["quantity", "planted"]).assign(n=4)
    table["estimate"] = 0.08 * table["planted"].fillna(1)
    return table.assign(low=table["estimate"] - 0.03, high=table["estimate"] + 0.03)


@pytest.fixture
def curves():
    rows = [
        {"planted": planted, "seeds": seeds, "images": images, "gain": 0.08 * planted}
        for planted in (0, 0.5, 1)
        for seeds in (2, 5)
        for images in (25, 50, 100, 200, 400, 1600)
    ]
    table = pd.DataFrame(rows)
    power = 0.02 + 0.15 * table["planted"] * np.log(table["images"] / 20)
    return table.assign(power=power, low=power / 2, high=power * 1.3)


@pytest.fixture
def by_works(estimates):
    """Gains that fall and accuracies that rise with the labelled works."""
    tables = [
        estimates.assign(
            works=works,
            **{name: estimates[name] + 0.03 * place - 0.1 for name in ("accuracy", "low", "high")},
        )
        for place, works in enumerate((20, 40, 80, 160))
    ]
    accuracies = pd.concat(tables, ignore_index=True).drop(columns="gain")
    gains = accuracies[accuracies["method"] == "multi-2"].drop(columns="accuracy")
    gains["gain"] = 0.05 - gains["works"] / 4000
    return gains.assign(low=gains["gain"] - 0.03, high=gains["gain"] + 0.02), accuracies


@pytest.fixture
def profiles():
    """Six channels: two shared, painting's, two of garden, and one that nobody uses."""
    users = ["garden", "shared", "unused", "painting", "shared", "garden"]
    used = {"painting": [0.1, 0.2, 0, 0.4, 0.25, 0.05], "garden": [0.3, 0.2, 0, 0.1, 0.2, 0.2]}
    tables = [
        pd.DataFrame({"field": field, "channel": range(6), "share": shares, "user": users})
        for field, shares in used.items()
    ]
    names = {"method": "multi-2", "seed": 1, "network": "trained"}
    return pd.concat(tables, ignore_index=True).assign(**names, images=50, groups=40)


@pytest.fixture
def branch_shares(estimates):
    table = estimates[["method", "field", "seeds", "images", "groups"]]
    table = table.assign(share=np.linspace(0.2, 0.7, len(table)), start=0.5, other_heads=0.45)
    return table.assign(low=table["share"] - 0.1, high=table["share"] + 0.15)


@pytest.fixture
def blurred_effects(maps):
    rows = [{"field": field, "map": name} for field in (*FIELDS, "mean") for name in maps]
    table = pd.DataFrame(rows).assign(deciding=np.linspace(-0.4, 0.05, 15), random=np.linspace(-0.1, 0, 15))
    for side in ("deciding", "random"):
        table = table.assign(**{f"{side}_low": table[side] - 0.05, f"{side}_high": table[side] + 0.06})
    return table.assign(area=0.3, seeds=3, images=80, groups=60, empty=0.2)


@pytest.fixture
def transferred():
    """Pictures of two pairs, of other proportions; the second lacks one method."""
    rng = np.random.default_rng(7)
    sides = {"a street, a wave": (12, 16), "a cat, a starry night": (20, 10)}
    pairs = {
        pair: {name: rng.integers(0, 256, (*side, 3), dtype=np.uint8) for name in ("content", "style", "l1")}
        for pair, side in sides.items()
    }
    del pairs["a cat, a starry night"]["l1"]
    return pairs


@pytest.fixture
def falling():
    """Terms of two methods that sum to the total; one has no perceptual term."""
    evaluation = np.arange(1, 21)
    table = pd.DataFrame(
        {"evaluation": evaluation, "content": 3 - 2 / evaluation, "style": 50.0 / evaluation}
    )
    tables = [table.assign(method="l1", perceptual=np.nan), table.assign(method="both", perceptual=0.5)]
    both = pd.concat(tables, ignore_index=True)
    return both.assign(total=both[["content", "style", "perceptual"]].sum(axis=1))


@pytest.fixture
def alike():
    """Of two methods and two controls in three metrics, against the style."""
    rows = [
        {"method": method, "metric": metric, "value": 0.1 + 0.2 * place}
        for metric in ("ssim", "cosine", "lpips")
        for place, method in enumerate(("blend", "gatys", "l1", "style itself"))
    ]
    table = pd.DataFrame(rows).assign(against="style", images=12, contents=4, styles=3)
    return table.assign(low=table["value"] - 0.05, high=table["value"] + 0.04)


@pytest.fixture
def gained():
    rows = [
        {"method": method, "baseline": baseline, "metric": metric, "gain": 0.01 * place - 0.01}
        for metric in ("ssim", "mutual_information")
        for baseline in ("gatys", "ulyanov")
        for place, method in enumerate(("l1", "both"))
    ]
    table = pd.DataFrame(rows).assign(against="style", unit="difference", images=12, contents=4, styles=3)
    return table.assign(low=table["gain"] - 0.02, high=table["gain"] + 0.03)


@pytest.fixture
def innovating():
    """Rates of two settings, out of order, and two controls."""
    rows = [
        {"setting": setting, "evaluations": evaluations, "measure": measure, "rate": rate * evaluations / 300}
        for setting in ("l1", "both")
        for evaluations in (300, 50, 100)
        for measure, rate in (("heritage", 0.8), ("innovation", 0.5))
    ]
    table = pd.DataFrame(rows).assign(images=12, contents=4, styles=3)
    kinds = [("photographs", 0.25), ("unseen images of the type", 0.9)]
    controls = [(kind, measure, rate) for kind, rate in kinds for measure in ("heritage", "innovation")]
    controls = pd.DataFrame(controls, columns=["kind", "measure", "rate"]).assign(images=20)
    return tuple(of.assign(low=of["rate"] - 0.02, high=of["rate"] + 0.1) for of in (table, controls))


@pytest.fixture
def spectral():
    """The profiles of two domains, and their planes."""
    frequency = np.linspace(0, 0.5, 17)
    tables = [
        pd.DataFrame({"frequency": frequency, "level": level - 4 * frequency}).assign(domain=domain, images=8)
        for domain, level in (("photo", 5.0), ("anime", 4.0))
    ]
    both = pd.concat(tables, ignore_index=True)
    planes = {"photo": np.full((8, 8), 2.0), "anime": np.full((8, 8), 1.0)}
    planes["photo"][4, 4] = 6.0
    return both.assign(low=both["level"] - 0.1, high=both["level"] + 0.1), planes


@pytest.fixture
def learning():
    """Terms of a training; the first steps without discriminators."""
    step = np.arange(1, 41)
    judged = np.where(step > 5, 0.5, np.nan)
    return pd.DataFrame(
        {
            "step": step, "content": 1 / step, "adversarial": judged, "spectral": judged,
            "colour_block": judged, "judge": judged / 2, "spectrum_judge": judged / 3,
        }
    )  # fmt: skip


@pytest.fixture
def nearer():
    """What one objective gains over five and the photograph, in three metrics."""
    others = ("without spectral", "without boundary", "without colour block", "cartoongan", "photograph")
    rows = [
        {"objective": "fsgan", "over": other, "metric": metric, "gain": scale * (place - 2)}
        for metric, scale in (("kernel distance", 8.0), ("spectrum distance", 0.1), ("content distance", 1.0))
        for place, other in enumerate(others)
    ]
    table = pd.DataFrame(rows)
    return table.assign(low=table["gain"] - 1, high=table["gain"] + 1, seeds=3, images=24)
