"""AFGAN: portraits made anime, there and back, with attention and a mask; `portraits` says what is published.

The losses are U-GAT-IT's: adversarial, cycle, identity and attention (Eqs. 3 to 6), and beside them one that
teaches the mask where the head is, without which it closes or opens altogether.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
import torch
from scipy.stats import ttest_1samp
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from artnb.anime import losses
from artnb.anime.config import SMALLEST
from artnb.anime.discriminators import Patches, under_grain
from artnb.anime.fsgan import BETAS
from artnb.anime.portraits import PortraitGenerator
from artnb.anime.runs import FOLDER, Run, fingerprint
from artnb.anime.training import MEASURED, batch, carry_out, in_bytes
from artnb.errors import AnimeError
from artnb.paths import resolve
from artnb.processes import threads
from artnb.seeding import derive


@dataclass(frozen=True)
class PortraitConfig:
    """All numbers are this project's; U-GAT-IT's are of full-sized trainings.

    Raises:
        AnimeError: a value that no training can start with, named.
    """

    adversarial: float = 10.0
    cycle: float = 5.0
    identity: float = 5.0
    attention: float = 1.0
    mask: float = 10.0  # cross-entropy of the mask with the head
    grain: float = 0.1  # deviation of the noise under which the discriminators see pictures
    blend: bool = True  # whether the mask keeps the photograph where it is 0
    width: int = 16
    blocks: int = 2
    judge_width: int = 16
    crop: int = 64  # px
    batch_size: int = 4
    steps: int = 2000
    learning_rate: float = 4e-4
    judge_learning_rate: float = 4e-4
    averaging: float = 0.99
    seed: int = 0
    threads: int = 1  # the last digits depend on it: never taken from the machine

    def __post_init__(self) -> None:
        for name in ("adversarial", "cycle", "identity", "attention", "mask", "grain"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise AnimeError(f"{name} is {getattr(self, name)!r}; give a number of 0 or more")
        least = {"width": 4, "blocks": 1, "crop": SMALLEST, "batch_size": 1, "steps": 1, "threads": 1}
        for name, smallest in least.items():
            if not getattr(self, name) >= smallest:
                raise AnimeError(
                    f"{name} is {getattr(self, name)!r}; give a whole number of {smallest} or more"
                )
        if self.crop % 4:
            raise AnimeError(f"crop is {self.crop}; give a multiple of 4")


def train_portraits(
    photos: Tensor,
    anime: Tensor,
    config: PortraitConfig | None = None,
    folder: str | Path = FOLDER,
    *,
    heads: Tensor,
    anime_heads: Tensor | None = None,
) -> Run:
    """The run of `config` on portraits, found in `folder` or trained there; a stopped one goes on.

    Args:
        photos, anime: N 3 H W in [0, 1] or uint8.
        heads: N H W bool, where the heads of `photos` are; `artnb.anime.faces.heads` finds frontal ones.
        anime_heads: the same of `anime`; without it the way back draws all of the picture.

    Raises:
        AnimeError: images of another form, or a term is not finite.
        TrainingError: the disk refuses.
    """
    config = config or PortraitConfig()
    photos, anime = in_bytes("photos", photos, config.crop), in_bytes("anime", anime, config.crop)
    if anime_heads is None:
        anime_heads = torch.ones(len(anime), *anime.shape[-2:], dtype=torch.bool)
    both = []
    for name, images, covered in (("heads", photos, heads), ("anime_heads", anime, anime_heads)):
        if covered.shape != (len(images), *images.shape[-2:]):
            raise AnimeError(f"{name} are {tuple(covered.shape)}; give N H W as the pictures are")
        both.append(torch.cat([images, 255 * covered[:, None].byte()], 1))
    run = Run(resolve(folder) / fingerprint("afgan", config, *both))
    if not run.finished:
        with threads(config.threads):
            carry_out(run, Afgan(*both, config))
    return run


class Afgan:
    """A `Learner`: to anime, and back.

    Args:
        photos, anime: N 4 H W uint8, the last channel 255 where the head is.
    """

    def __init__(self, photos: Tensor, anime: Tensor, config: PortraitConfig):
        self.photos, self.anime, self.config, self.steps = photos, anime, config, config.steps
        self.of_heads = not bool((anime[:, 3] == 255).all())
        self.grain = torch.Generator()
        self.watched = photos[:MEASURED, :3].float() / 255
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(config.seed, "afgan"))
            self.there, self.back = (
                PortraitGenerator(config.width, config.blocks, config.blend) for _ in range(2)
            )
            self.judges = nn.ModuleList(Patches(3, config.judge_width) for _ in range(2))
        self.average = AveragedModel(self.there, multi_avg_fn=get_ema_multi_avg_fn(config.averaging))
        both = [*self.there.parameters(), *self.back.parameters()]
        self.optimizer = torch.optim.Adam(both, config.learning_rate, BETAS)
        self.judge_optimizer = torch.optim.Adam(self.judges.parameters(), config.judge_learning_rate, BETAS)
        self.parts = {
            "there": self.there,
            "back": self.back,
            "average": self.average,
            "judges": self.judges,
            "optimizer": self.optimizer,
            "judge_optimizer": self.judge_optimizer,
        }

    @property
    def kept(self) -> nn.Module:
        return self.average.module

    def step(self, number: int) -> dict[str, float]:
        config = self.config
        (photos, heads), (anime, anime_heads) = (
            batch(images, config.batch_size, config.crop, config.seed, name, number)[0].split([3, 1], 1)
            for name, images in (("photos", self.photos), ("anime", self.anime))
        )
        self.grain.manual_seed(derive(config.seed, "grain", number))
        terms, (drawn, taken) = self.teach(photos, heads, anime, anime_heads)
        terms["judge"] = self.teach_judges(
            (self.seen(anime, anime_heads), self.seen(drawn, heads)),
            (self.seen(photos, heads), self.seen(taken, anime_heads)),
        )
        self.average.update_parameters(self.there)
        return {term: value.item() for term, value in terms.items()}

    def teach(
        self, photos: Tensor, heads: Tensor, anime: Tensor, anime_heads: Tensor
    ) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor]]:
        """A step of both generators; returns the terms, and the anime and the photographs that were made."""
        (drawn, mask, here), (taken, back_mask, away) = self.there.parts(photos), self.back.parts(anime)
        (same_anime, _, anime_there), (same_photos, _, photos_back) = (
            self.there.parts(anime),
            self.back.parts(photos),
        )
        judge_anime, judge_photos = self.judges
        terms = {
            "adversarial": losses.judged(judge_anime(self.seen(drawn, heads)), 1)
            + losses.judged(judge_photos(self.seen(taken, anime_heads)), 1),
            "cycle": F.l1_loss(self.back(drawn), photos) + F.l1_loss(self.there(taken), anime),
            "identity": F.l1_loss(same_anime, anime) + F.l1_loss(same_photos, photos),
            "attention": told_apart(here, anime_there) + told_apart(away, photos_back),
            "mask": F.binary_cross_entropy(mask, heads) + F.binary_cross_entropy(back_mask, anime_heads),
        }
        objective = sum(getattr(self.config, term) * value for term, value in terms.items())
        self.optimizer.zero_grad()
        objective.backward()
        self.optimizer.step()
        return terms, (drawn.detach(), taken.detach())

    def seen(self, images: Tensor, heads: Tensor) -> Tensor:
        """What a discriminator sees of pictures, under grain: the heads, if those of both domains are known.

        What lies around them is the photograph's on purpose, and would give it away.
        """
        view = images * heads + (1 - heads) / 2 if self.of_heads else images
        return 2 * under_grain(view, self.config.grain, self.grain) - 1

    def teach_judges(self, *sides: tuple[Tensor, Tensor]) -> Tensor:
        """A step of both discriminators, each by what is true and what is false."""
        loss = sum(
            losses.discriminated(judge(true), [(1.0, judge(false))])
            for judge, (true, false) in zip(self.judges, sides, strict=True)
        )
        self.judge_optimizer.zero_grad()
        loss.backward()
        self.judge_optimizer.step()
        return loss.detach()

    def describe(self) -> dict[str, object]:
        config = self.config
        return {
            "kind": "afgan",
            "options": {"width": config.width, "blocks": config.blocks, "blend": config.blend},
            "config": asdict(config),
            "photos": len(self.photos),
            "anime": len(self.anime),
        }


def told_apart(source: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of the attention's logits: what is still to be changed is 1, what is there already 0."""
    return F.binary_cross_entropy_with_logits(
        source, torch.ones_like(source)
    ) + F.binary_cross_entropy_with_logits(target, torch.zeros_like(target))


def background_change(made: Tensor, photos: Tensor, heads: Tensor) -> Tensor:
    """How much pictures differ from their photographs outside the heads: B, the mean absolute difference.

    Args:
        made, photos: B 3 H W in [0, 1].
        heads: B H W bool.
    """
    outside = ~heads[:, None]
    change = (made - photos).abs() * outside
    return change.sum((1, 2, 3)) / (3 * outside.sum((1, 2, 3)).clamp(min=1))


def kept(made: Tensor, photos: Tensor, heads: Tensor) -> pd.DataFrame:
    """How much more pictures differ from their photographs on the heads than around them.

    Returns:
        measure ("head", "background", "head minus background"), change (mean absolute difference, in [0, 1]),
        low, high (95 %, Student's t over pictures), images.
    """
    around = background_change(made, photos, heads).double().numpy()
    within = background_change(made, photos, ~heads).double().numpy()
    rows = []
    measures = {"head": within, "background": around, "head minus background": within - around}
    for measure, values in measures.items():
        low, high = ttest_1samp(values, 0).confidence_interval(0.95)
        rows.append({"measure": measure, "change": values.mean(), "low": low, "high": high})
    return pd.DataFrame(rows).assign(images=len(made))
