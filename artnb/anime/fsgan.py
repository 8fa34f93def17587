"""FSGAN: a generator taught what anime looks like, in the picture and in its spectrum (Wu & Chen, 2022).

First by what compares with the photograph alone, so that it begins by keeping what is there (CartoonGAN's
initialisation phase, there by the content alone); then generator and discriminators in turns. Other weights
of the terms give other objectives (see `config`).
"""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from artnb.anime import losses
from artnb.anime.blocks import colour_blocks, edge_blurred
from artnb.anime.config import FSGAN, GREY, AnimeConfig
from artnb.anime.discriminators import Patches, SpectrumPatches, under_grain
from artnb.anime.generator import Generator
from artnb.anime.runs import FOLDER, Run, fingerprint
from artnb.anime.spectra import grey, standard
from artnb.anime.training import MEASURED, batch, carry_out, in_bytes
from artnb.paths import resolve
from artnb.processes import threads
from artnb.seeding import derive
from artnb.style.config import HALF
from artnb.style.features import Features, published_or_random

BETAS = (0.5, 0.999)  # of Adam
STATISTICS = 128  # crops of each domain that spectra are standardised by


def train(
    photos: Tensor,
    anime: Tensor,
    config: AnimeConfig = FSGAN,
    folder: str | Path = FOLDER,
    features: Features | None = None,
) -> Run:
    """The run of `config` on two domains, found in `folder` or trained there; a stopped one goes on.

    Args:
        photos, anime: N 3 H W in [0, 1] or uint8; they show nothing in common.
        folder: of all runs; a relative one below `paths.home()`.
        features: what content and colour blocks are compared by; by default those of VGG-19 with published
            weights, or where they cannot be had with random ones.

    Returns:
        The finished run; `artnb.anime.load(run.folder)` converts pictures.

    Raises:
        AnimeError: images of another form, or a term is not finite.
        StyleError: the features have no such layer.
        TrainingError: the disk refuses.
    """
    photos, anime = in_bytes("photos", photos, config.crop), in_bytes("anime", anime, config.crop)
    features = features or published_or_random()[0]
    features.check(config.layers)
    run = Run(resolve(folder) / fingerprint("fsgan", config, photos, anime, features.weights))
    if not run.finished:
        with threads(config.threads):
            carry_out(run, Fsgan(photos, anime, config, features))
    return run


class Fsgan:
    """A `Learner`: the networks, their optimizers, and what one step does to them."""

    def __init__(self, photos: Tensor, anime: Tensor, config: AnimeConfig, features: Features):
        self.photos, self.anime, self.config, self.features = photos, anime, config, features
        self.steps = config.steps
        self.both = changed_too(anime, edge_blurred) if config.boundary else anime
        blocks = partial(colour_blocks, scale=config.block_scale)
        self.sources = changed_too(photos, blocks) if config.colour_block else photos
        self.grain = torch.Generator()
        self.watched = photos[:MEASURED].float() / 255
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(config.seed, "fsgan"))
            self.generator = Generator(config.width, config.blocks, config.upsampling)
            self.judge = Patches(1 if config.sight == GREY else 3, config.judge_width)
            self.spectrum = SpectrumPatches(*self.statistics(), config.judge_width)
        for network in (self.generator, self.judge, self.spectrum):
            network.to(memory_format=torch.channels_last).train()
        self.average = AveragedModel(
            self.generator, multi_avg_fn=get_ema_multi_avg_fn(config.averaging), use_buffers=True
        )
        judges = [*self.judge.parameters(), *self.spectrum.parameters()]
        self.optimizer = torch.optim.Adam(self.generator.parameters(), config.learning_rate, BETAS)
        self.judge_optimizer = torch.optim.Adam(judges, config.judge_learning_rate, BETAS)
        self.parts = {
            "generator": self.generator,
            "average": self.average,
            "judge": self.judge,
            "spectrum": self.spectrum,
            "optimizer": self.optimizer,
            "judge_optimizer": self.judge_optimizer,
        }

    @property
    def kept(self) -> nn.Module:
        return self.average.module

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Of the log spectra of both domains under grain."""
        self.grain.manual_seed(derive(self.config.seed, "grain"))
        crops = [self.batch(images, STATISTICS, "statistics") for images in (self.photos, self.anime)]
        return standard(under_grain(torch.cat(crops), self.config.grain, self.grain))

    def batch(self, images: Tensor, size: int, *names: object) -> Tensor:
        crops, _ = batch(images, size, self.config.crop, self.config.seed, *names)
        return crops.contiguous(memory_format=torch.channels_last)

    def step(self, number: int) -> dict[str, float]:
        config = self.config
        photos, *blocks = self.batch(self.sources, config.batch_size, "photos", number).split(3, 1)
        self.grain.manual_seed(derive(config.seed, "grain", number))
        with torch.autocast("cpu", torch.bfloat16, enabled=config.precision == HALF):
            made = self.generator(photos)
            terms = self.kept_terms(made, photos, *blocks)
            if number <= config.warm_up:
                self.teach(terms)
            else:
                anime, *smoothed = self.batch(self.both, config.batch_size, "anime", number).split(3, 1)
                terms |= self.style_terms(made, anime)
                self.teach(terms)
                terms |= self.teach_judges(made.detach(), anime, *smoothed)
        self.average.update_parameters(self.generator)
        if number == config.warm_up:  # what the mean forgets slowly is not the untaught network
            self.average.module.load_state_dict(self.generator.state_dict())
        return {term: value.item() for term, value in terms.items()}

    def teach(self, terms: dict[str, Tensor]) -> None:
        """A step of the generator."""
        objective = sum(self.config.weights[term] * value for term, value in terms.items())
        self.optimizer.zero_grad()
        objective.backward()
        self.optimizer.step()

    def kept_terms(self, made: Tensor, photos: Tensor, blocks: Tensor | None = None) -> dict[str, Tensor]:
        """Those with a weight that compare with the photograph."""
        config, terms = self.config, {}
        found = self.features(made, config.layers) if config.content or config.colour_block else {}
        if config.content:
            terms["content"] = losses.apart_from(photos, found, self.features)
        if config.colour_block:
            terms["colour_block"] = losses.apart_from(blocks, found, self.features)
        if config.colour:
            terms["colour"] = losses.colour(made, photos)
        return terms

    def style_terms(self, made: Tensor, anime: Tensor) -> dict[str, Tensor]:
        """Those with a weight that compare with anime."""
        config, terms = self.config, {}
        if config.adversarial:
            terms["adversarial"] = losses.judged(self.by_picture(made), 1)
        if config.spectral:
            terms["spectral"] = losses.judged(self.by_spectrum(made), 1)
        if config.style:
            terms["style"] = losses.style(made, anime, self.features, config.layers[-1])
        return terms

    def by_picture(self, images: Tensor) -> Tensor:
        """The image discriminator's judgements."""
        view = grey(images) if self.config.sight == GREY else images
        return self.judge(2 * under_grain(view, self.config.grain, self.grain) - 1)

    def by_spectrum(self, images: Tensor) -> Tensor:
        return self.spectrum(under_grain(images, self.config.grain, self.grain))

    def teach_judges(self, made: Tensor, anime: Tensor, smoothed: Tensor | None = None) -> dict[str, Tensor]:
        """A step of the discriminators, as far as there are any."""
        config, terms = self.config, {}
        if config.adversarial:
            false = [(1.0, made)]
            if smoothed is not None:
                false.append((config.boundary, smoothed))
            if config.grey:
                false.append((config.grey, grey(anime).expand(-1, 3, -1, -1)))
            judgements = [(share, self.by_picture(images)) for share, images in false]
            terms["judge"] = losses.discriminated(self.by_picture(anime), judgements)
        if config.spectral:
            false = [(1.0, self.by_spectrum(made))]
            terms["spectrum_judge"] = losses.discriminated(self.by_spectrum(anime), false)
        if terms:
            self.judge_optimizer.zero_grad()
            sum(terms.values()).backward()
            self.judge_optimizer.step()
        return terms

    def describe(self) -> dict[str, object]:
        config = self.config
        return {
            "kind": "fsgan",
            "options": {"width": config.width, "blocks": config.blocks, "upsampling": config.upsampling},
            "config": asdict(config),
            "photos": len(self.photos),
            "anime": len(self.anime),
            "features": {"origin": self.features.origin, "weights": self.features.weights},
        }


def changed_too(images: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """N 3 H W uint8 -> N 6 H W: the pictures, and what `change` makes of them, that crops keep together."""
    made = torch.cat([(change(few.float() / 255) * 255).round().byte() for few in images.split(16)])
    return torch.cat([images, made], 1)
