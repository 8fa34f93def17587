"""FSGAN: a generator taught what anime looks like, in the picture and in its spectrum (Wu & Chen, 2022).

First the content loss alone, so that it begins by keeping what is there (CartoonGAN's initialisation phase);
then generator and discriminators in turns. Other weights of the terms give other objectives (see `config`).
"""

from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from artnb.anime import losses
from artnb.anime.blocks import edge_blurred
from artnb.anime.config import FSGAN, AnimeConfig
from artnb.anime.discriminators import Patches, SpectrumPatches
from artnb.anime.generator import Generator
from artnb.anime.runs import FOLDER, Run, fingerprint
from artnb.anime.spectra import grey, standard
from artnb.anime.training import MEASURED, batch, carry_out, in_bytes
from artnb.paths import resolve
from artnb.processes import threads
from artnb.seeding import derive
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
        self.both = torch.cat([anime, blurred(anime)], 1) if config.boundary else anime
        self.watched = photos[:MEASURED].float() / 255
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(config.seed, "fsgan"))
            self.generator = Generator(config.width, config.blocks, config.upsampling)
            self.judge = Patches(3, config.judge_width)
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
        crops = [self.batch(images, STATISTICS, "statistics") for images in (self.photos, self.anime)]
        return standard(torch.cat(crops))

    def batch(self, images: Tensor, size: int, *names: object) -> Tensor:
        crops, _ = batch(images, size, self.config.crop, self.config.seed, *names)
        return crops.contiguous(memory_format=torch.channels_last)

    def step(self, number: int) -> dict[str, float]:
        config = self.config
        photos = self.batch(self.photos, config.batch_size, "photos", number)
        if number <= config.warm_up:
            terms = self.teach(photos, None)
        else:
            anime, *smoothed = self.batch(self.both, config.batch_size, "anime", number).split(3, 1)
            terms = self.teach(photos, anime) | self.teach_judges(photos, anime, *smoothed)
        self.average.update_parameters(self.generator)
        if number == config.warm_up:  # what the mean forgets slowly is not the untaught network
            self.average.module.load_state_dict(self.generator.state_dict())
        return {term: value.item() for term, value in terms.items()}

    def teach(self, photos: Tensor, anime: Tensor | None) -> dict[str, Tensor]:
        """A step of the generator; without `anime` by the content alone."""
        terms = self.terms(photos, self.generator(photos), anime)
        weights = self.config.weights
        objective = sum(weights[term] * value for term, value in terms.items())
        self.optimizer.zero_grad()
        objective.backward()
        self.optimizer.step()
        return terms

    def terms(self, photos: Tensor, made: Tensor, anime: Tensor | None) -> dict[str, Tensor]:
        """Those of the generator that have a weight, and of the warm-up the content's."""
        config, warm = self.config, anime is None
        terms = {}
        found = self.features(made, config.layers) if config.content or config.colour_block or warm else {}
        if config.content or warm:
            with torch.no_grad():
                wanted = self.features(photos, config.layers)
            terms["content"] = losses.apart(found, wanted)
        if warm:
            return terms
        if config.adversarial:
            terms["adversarial"] = losses.judged(self.judge(made), 1)
        if config.spectral:
            terms["spectral"] = losses.judged(self.spectrum(made), 1)
        if config.colour_block:
            terms["colour_block"] = losses.colour_block(made, found, self.features, config.segments)
        if config.style:
            terms["style"] = losses.style(made, anime, self.features, config.layers[-1])
        if config.colour:
            terms["colour"] = losses.colour(made, photos)
        return terms

    def teach_judges(
        self, photos: Tensor, anime: Tensor, smoothed: Tensor | None = None
    ) -> dict[str, Tensor]:
        """A step of the discriminators, as far as there are any."""
        config, terms = self.config, {}
        with torch.no_grad():
            made = self.generator(photos)
        if config.adversarial:
            false = [(1.0, self.judge(made))]
            if smoothed is not None:
                false.append((config.boundary, self.judge(smoothed)))
            if config.grey:
                false.append((config.grey, self.judge(grey(anime).expand(-1, 3, -1, -1))))
            terms["judge"] = losses.discriminated(self.judge(anime), false)
        if config.spectral:
            terms["spectrum_judge"] = losses.discriminated(self.spectrum(anime), [(1.0, self.spectrum(made))])
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


def blurred(anime: Tensor) -> Tensor:
    """N 3 H W uint8, along edges."""
    return (edge_blurred(anime.float() / 255) * 255).round().byte()
