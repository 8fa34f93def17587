"""The explorer: one image at a time, and where each network looks in it. For JupyterLab and Voilà."""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import anywidget
import traitlets
from anywidget.experimental import command

from artnb.attention.looking import Look, Looker
from artnb.attention.occlusion import Occlusion
from artnb.errors import ArtnbError
from artnb.figures.heatmap import OPACITY
from artnb.figures.occlusion import Blurred, Sight, exploration
from artnb.figures.palette import readable
from artnb.training import Run, TrainingData

DPI = 180  # 1,296 px wide: sharp, and quick enough to draw
LAYERS = ("last block", "the block before", "two blocks before", "three blocks before")
PREDICTION, OWN = "its own prediction", "the image's label"
HELD = "held"  # scaling: the brightest colour stays what it was, so that images can be compared
SCALINGS = {"all": "largest of all shown", "each": "each map's largest", HELD: "held as it is now"}


class Explorer(anywidget.AnyWidget):
    """Shows an image, the maps of the single-task and of a multi-task network over it, and what each answers.

    Below each map its deciding region is blurred, and the same area at a random place; the changes of
    probability stand below (see `artnb.attention.occlusion`). What is seen is computed when it is asked for
    and kept. All controls work by the keyboard; ← and → on the picture go to other images.

    Args:
        runs: finished runs of any seeds and models, one of each for a field.
        data: the images; those of `split` are shown.

    Raises:
        RelevanceError: see `Looker`.
        RunError: a run's folder cannot be read.
    """

    _esm = Path(__file__).with_name("explorer.js")
    _css = Path(__file__).with_name("explorer.css")
    choices = traitlets.Dict().tag(sync=True)  # control -> [value, how it is shown]
    images = traitlets.Dict().tag(sync=True)  # field -> label -> number of images
    opacity = traitlets.Float(OPACITY).tag(sync=True)  # at the start

    def __init__(self, runs: Iterable[Run], data: TrainingData, split: str = "test") -> None:
        self._looker = looker = Looker(runs, data, split)
        partners = [method for method in looker.methods if method != "single"] or looker.methods
        options = {
            "field": {field: field for field in looker.fields},
            "label": {label: readable(label) for label in data.classes},
            "method": {method: method for method in partners},
            "seed": {seed: str(seed) for seed in looker.seeds},
            "back": dict(enumerate(LAYERS[: looker.depth])),
            "own": {False: PREDICTION, True: OWN},
            "scaling": SCALINGS,
        }
        super().__init__(
            choices={name: list(map(list, of_name.items())) for name, of_name in options.items()},
            images={
                field: {label: looker.images(field, label) for label in data.classes}
                for field in looker.fields
            },
        )

    @command
    def _draw(self, asked: Mapping, buffers: list[bytes]) -> tuple[dict, list[bytes]]:
        """The picture of what is asked for, as a PNG, and the same in words; or what went wrong.

        `asked` has a value of every control, the image's `place` from 0, and for the scaling "held" the
        `limit` that an earlier answer gave: the largest value of its maps, 0 where nothing was positive.
        """
        named = ("field", "label", "place", "method", "seed", "back", "own")
        scaling = (asked["limit"] or "all") if asked["scaling"] == HELD else asked["scaling"]
        classes = self._looker.data.classes
        try:
            look = self._looker.look(**{name: asked[name] for name in named})
            figure = exploration(
                look.image,
                sights(look, classes),
                {name: dict(zip(classes, said.probabilities[0].tolist(), strict=True))
                 for name, said in look.answers.items()},
                scaling,
                asked["opacity"],
                f"labelled {readable(look.label)}",
                f"{asked['field']}, seed {asked['seed']}: where the networks look",
            )  # fmt: skip
        except (ArtnbError, OSError) as error:
            return {"wrong": f"This cannot be shown: {error}"}, []
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI)
        limit = max(float(item.maps.max()) for item in look.occlusions.values())
        answer = {"wrong": "", "said": in_words(look, classes), "limit": max(limit, 0.0)}
        return answer, [buffer.getvalue()]


def sights(look: Look, classes: tuple[str, ...]) -> dict[str, Sight]:
    """The columns of the figure, by kind of map."""
    columns = {}
    for said in look.answers.values():
        target = int(said.targets[0])
        before = float(said.probabilities[0, target])
        for kind, item in said.occlusions.items():
            after = [before + float(item.deciding[0]), before + float(item.random[0, 0])]
            words = captions(item, before, *after)
            columns[kind] = Sight(
                item.maps[0].numpy(),
                f"for {readable(classes[target])}",
                Blurred(look.blurred[kind], item.regions[0].numpy(), words[0]),
                Blurred(look.elsewhere[kind], item.elsewhere[0].numpy(), words[1]),
            )
    return columns


def captions(item: Occlusion, before: float, region: float, elsewhere: float) -> tuple[str, str]:
    if not item.regions.any():
        return "no region: nothing is blurred", ""
    mean = f"mean of {len(item.random)} places: {float(item.random.mean()):+.2f}"
    return (
        f"P {before:.2f} → {region:.2f} ({float(item.deciding[0]):+.2f})".replace("-", "−"),
        f"P {before:.2f} → {elsewhere:.2f}\n{mean}".replace("-", "−"),
    )


def in_words(look: Look, classes: tuple[str, ...]) -> str:
    """The picture for those who do not see it."""
    parts = [f"An image labelled {readable(look.label)}."]
    for name, said in look.answers.items():
        best = int(said.probabilities[0].argmax())
        parts.append(
            f"{name} answers {readable(classes[best])}, P = {float(said.probabilities[0, best]):.2f}."
        )
        for kind, item in said.occlusions.items():
            if item.regions.any():
                parts.append(
                    f"Blurring the region of {kind} changes it by {float(item.deciding[0]):+.2f}, "
                    f"the same area elsewhere by {float(item.random.mean()):+.2f}."
                )
            else:
                parts.append(f"The map {kind} has nothing positive.")
    return " ".join(parts).replace("+-", "−")
