"""Each kind of work, done here without a cluster on what a visitor may bring."""

import numpy as np
import pytest
import torch
from PIL import Image
from rude import jpeg, mp4
from studio_home import furnish

from artnb import anime
from artnb.atelier.domains import pictures
from artnb.errors import ServiceError
from artnb.service import kinds as module
from artnb.service.kinds import kinds
from artnb.style import random_vgg19
from artnb.training import predict


@pytest.fixture
def home(tmp_path, monkeypatch, run):
    monkeypatch.setenv("ARTNB_HOME", str(tmp_path))
    return furnish(tmp_path, run)


@pytest.fixture
def do(tmp_path):
    def do(name: str, data: bytes, medium: str = "picture", second: bytes | None = None, **options):
        upload, out, other = tmp_path / "in", tmp_path / "out", tmp_path / "other"
        upload.write_bytes(data)
        if second:
            other.write_bytes(second)
        out.mkdir(exist_ok=True)
        kind, reports = kinds()[name], []
        chosen = kind.check(medium, options, second is not None)
        results = kind.carry(
            upload, other if second else None, medium, chosen, out, lambda *of: reports.append(of)
        )
        for panel in results.panels:
            assert Image.open(out / panel.before).size == Image.open(out / panel.after).size
        assert (out / results.download).is_file()
        assert reports
        return results, out

    return do


def test_without_networks_kinds_say_how_to_train_them(tmp_path, monkeypatch):
    monkeypatch.setenv("ARTNB_HOME", str(tmp_path))
    known = kinds()
    assert {name for name, kind in known.items() if kind.missing} >= {"artistry", "type", "network-style"}
    assert not known["style"].missing
    with pytest.raises(ServiceError, match="artnb report --preset demo"):
        known["artistry"].check("picture", {}, False)


def test_choices_tell_no_paths_and_take_none(home, tmp_path):
    for kind in kinds().values():
        assert str(tmp_path) not in str(kind.described())
        for choice in () if kind.missing else kind.choices:
            with pytest.raises(ServiceError, match="there is no"):
                kind.check(kind.media[0], {choice.name: "../../etc/passwd"}, False)
    style = kinds()["style"]
    with pytest.raises(ServiceError, match="has no choice"):
        style.check("picture", {"size": "9999"}, False)
    with pytest.raises(ServiceError, match="not a film"):
        style.check("film", {}, False)
    with pytest.raises(ServiceError, match="needs a style picture too"):
        style.check("picture", {"style": "own"}, False)


def test_artistry_says_what_predict_says_and_shows_where(home, do, run, tmp_path):
    known = kinds()["artistry"].choices[0].answers
    assert sorted(known.values()) == ["garden, multi-2", "painting, multi-2"]
    garden = next(key for key, text in known.items() if text.startswith("garden"))
    results, out = do("artistry", jpeg(3), network=garden)
    (tmp_path / "same.jpg").write_bytes(jpeg(3))
    table, _ = predict(run.folder, [tmp_path / "same.jpg"])
    row = table.set_index("field").loc["garden"]
    said = {name: float(share.removesuffix(" %")) / 100 for name, share in results.facts}
    assert said == {
        name: pytest.approx(row[f"probability_{label}"], abs=0.0006)
        for name, label in (("artistic", "artistic"), ("non-artistic", "non_artistic"))
    }
    assert list(said.values()) == sorted(said.values(), reverse=True)
    for panel in results.panels:
        seen, heat = (np.asarray(Image.open(out / file), float) for file in (panel.before, panel.after))
        assert np.abs(seen - heat).mean() > 5


def test_a_map_is_laid_over_the_place_that_it_means():
    heat = np.zeros((8, 8), np.float32)
    heat[2, 6] = 3.0
    over = np.asarray(module.overlaid(Image.new("RGB", (512, 512), "grey"), heat), float)
    y, x = np.unravel_index(over.sum(2).argmax(), (512, 512))
    assert (abs(y - 160), abs(x - 416)) < (40, 40)


def test_style_transfer_of_a_picture_in_one_s_own(home, do, monkeypatch):
    monkeypatch.setattr(module, "EVALUATIONS", 3)
    monkeypatch.setattr(module, "STYLED", 64)
    results, out = do("style", jpeg(1), second=jpeg(2), style="own", strength="1e7")
    before, after = (np.asarray(Image.open(out / name), float) for name in ("before.png", "after.png"))
    assert before.shape == after.shape == (43, 64, 3)
    assert np.abs(before - after).mean() > 1
    assert results.download == "after.png"


@pytest.mark.parametrize("size", [(97, 65), (3000, 40)])
def test_a_network_s_style_of_a_picture_of_any_size(home, do, size):
    _, out = do("network-style", jpeg(1, size))
    before, after = (np.asarray(Image.open(out / name), float) / 255 for name in ("before.png", "after.png"))
    assert max(before.shape) <= 1024
    inside = (before > 0.05) & (before < 0.95)
    wanted = torch.from_numpy(before).logit().add(1).sigmoid().numpy()
    assert np.abs(after - wanted)[inside].max() < 0.01


def test_a_network_s_style_of_a_film(home, do, tmp_path):
    results, out = do("network-style", mp4(tmp_path / "a.mp4", 12, sound=True), "film")
    assert results.film == results.download == "film.mp4"
    assert dict(results.facts) | {} == {
        "frames": "12", "frames a second": "25", "size": "64 × 48", "sound": "copied"
    }  # fmt: skip
    before, after = (np.asarray(Image.open(out / name), float).mean() for name in ("before.png", "after.png"))
    assert after > before + 20


def test_anime_of_a_picture_and_a_film_by_a_finished_run(home, do, tmp_path):
    photos, drawn = (
        torch.from_numpy(pictures(4, 40, domain)).permute(0, 3, 1, 2) for domain in ("photo", "anime")
    )
    config = anime.AnimeConfig(
        layers=("conv2_1",),
        width=4,
        blocks=1,
        judge_width=4,
        crop=32,
        batch_size=2,
        warm_up=1,
        steps=2,
    )
    made = anime.train(photos, drawn, config, features=random_vgg19(0, "conv2_1"))
    assert made.folder.parent == home / "data" / "anime-runs"
    known = kinds()["anime"]
    assert known.missing == ""
    assert set(known.choices[0].answers) == {made.folder.name}

    _, out = do("anime", jpeg(1))
    before, after = (np.asarray(Image.open(out / name)) for name in ("before.png", "after.png"))
    image = torch.from_numpy(before.copy()).permute(2, 0, 1)[None] / 255
    wanted = (anime.load(made.folder)(image)[0].permute(1, 2, 0) * 255).round().byte().numpy()
    assert np.array_equal(after, wanted)
    results, _ = do("anime", mp4(tmp_path / "a.mp4", 5), "film")
    assert dict(results.facts)["frames"] == "5"
