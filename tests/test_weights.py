"""Published weights are taken key by key, from whatever file, or refused with the reason."""

import hashlib
import os
import pickle
from collections import OrderedDict
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from artnb import weights
from artnb.errors import ModelError

NAME = "squeezenet1_1"
CACHED = "squeezenet1_1-b8a52dc0.pth"  # as torchvision's hub calls it
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "weights"


@pytest.fixture(autouse=True)
def no_variable(monkeypatch):
    monkeypatch.delenv(weights.VARIABLE, raising=False)


@pytest.fixture(scope="module")
def published() -> dict[str, torch.Tensor]:
    return models.get_model(NAME, weights=None).state_dict()


def part() -> nn.Module:
    """Without its classifier."""
    return nn.Sequential(OrderedDict(features=models.get_model(NAME, weights=None).features))


def written(tensors: dict[str, torch.Tensor], file: Path) -> Path:
    save_file(tensors, file) if file.suffix == ".safetensors" else torch.save(tensors, file)
    return file


def test_one_set_of_numbers_has_one_hash_from_whatever_file(published, tmp_path):
    of_features = {key: tensor for key, tensor in published.items() if key.startswith("features.")}
    files = [
        written(published, tmp_path / "whole.safetensors"),
        written(published, tmp_path / "whole.pth"),
        written(of_features, tmp_path / "features.safetensors"),
    ]
    networks = [part() for _ in files]
    assert len({weights.load_weights(*job) for job in zip(networks, [NAME] * 3, files, strict=True)}) == 1
    for network in networks:
        assert all(torch.equal(tensor, published[key]) for key, tensor in network.state_dict().items())

    of_features["features.0.bias"] = of_features["features.0.bias"] + 1
    other = weights.load_weights(part(), NAME, written(of_features, tmp_path / "other.pth"))
    assert other != weights.fingerprint(networks[0])


def test_a_count_of_batches_is_no_weight():
    network = nn.Sequential(nn.BatchNorm2d(2))
    before = weights.fingerprint(network)
    network[0].num_batches_tracked += 1
    assert weights.fingerprint(network) == before
    network[0].running_mean += 1
    assert weights.fingerprint(network) != before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"features.0.bias": None}, r"lacks features\.0\.bias: give"),
        ({f"features.{n}.squeeze.bias": None for n in (3, 4, 6, 7)}, r"squeeze\.bias and 1 more"),
        ({"features.99.bias": torch.zeros(1)}, r"has features\.99\.bias, which no squeezenet1_1 has"),
        ({"features.0.bias": torch.zeros(3)}, r"does not fit squeezenet1_1: .*features\.0\.bias.*\[3\]"),
    ],
)
def test_what_does_not_fit_is_named(published, tmp_path, change, said):
    changed = {key: tensor for key, tensor in (published | change).items() if tensor is not None}
    with pytest.raises(ModelError, match=said):
        weights.load_weights(part(), NAME, written(changed, tmp_path / "changed.pth"))


class RunsCode:
    def __reduce__(self):
        return Path.touch, (Path("ran"),)


@pytest.mark.parametrize("content", [pickle.dumps(RunsCode(), protocol=2), b"", b"no weights at all"])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_file_that_holds_no_tensors_is_refused_and_not_run(content, suffix, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / f"file{suffix}"
    file.write_bytes(content)
    with pytest.raises(ModelError, match="cannot be read"):
        weights.load_weights(part(), NAME, file)
    assert not (tmp_path / "ran").exists()


def test_a_pickle_of_code_inside_torchs_own_format_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"features.0.bias": RunsCode()}, "file.pth")
    with pytest.raises(ModelError, match="besides tensors"):
        weights.load_weights(part(), NAME, "file.pth")
    assert not Path("ran").exists()


def test_absent_files_other_tensors_and_unknown_names_are_refused(tmp_path):
    with pytest.raises(ModelError, match=r"absent\.pth cannot be read"):
        weights.load_weights(part(), NAME, tmp_path / "absent.pth")
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    with pytest.raises(ModelError, match="holds no state dict"):
        weights.load_weights(part(), NAME, tmp_path / "list.pth")
    with pytest.raises(ModelError, match="did you mean 'squeezenet1_1'"):
        weights.load_weights(part(), "squeezenet11")


def test_the_hub_is_asked_for_checked_tensors_alone(published, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    asked = []

    def unreachable(url: str, file: str, hash_prefix: str | None, progress: bool) -> None:
        asked.append((Path(url).name, hash_prefix))
        raise URLError("no route")

    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    with pytest.raises(ModelError, match=r"hub \(.*no route.*\): name a file or a folder"):
        weights.load_weights(part(), NAME)
    assert asked == [(CACHED, "b8a52dc0")]

    checkpoints = tmp_path / "hub" / "checkpoints"
    written(published, checkpoints / CACHED)
    network = part()
    weights.load_weights(network, NAME)
    assert torch.equal(network.features[0].weight, published["features.0.weight"])

    torch.save({"features.0.bias": RunsCode()}, checkpoints / CACHED)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"hub .*besides tensors"):
        weights.load_weights(part(), NAME)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("file", [f"{NAME}.safetensors", f"{NAME}.pth", f"{NAME}.pt", CACHED])
def test_a_folder_and_the_variable_name_files(file, published, tmp_path, monkeypatch):
    written(published, tmp_path / file)
    written({}, tmp_path / "squeezenet1_10.pth")  # of another name
    found = weights.load_weights(part(), NAME, tmp_path)
    for named in (tmp_path, tmp_path / file):
        monkeypatch.setenv(weights.VARIABLE, str(named))
        assert weights.load_weights(part(), NAME) == found
    monkeypatch.setenv(weights.VARIABLE, "absent")
    assert weights.load_weights(part(), NAME, tmp_path) == found  # what is named goes before


def test_a_folder_without_the_file_is_no_way_to_the_hub(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "from_hub", lambda name: pytest.fail("the hub was asked"))
    with pytest.raises(ModelError, match=rf"{tmp_path} has no weights of {NAME}: put {NAME}\.safetensors"):
        weights.load_weights(part(), NAME, tmp_path)
    monkeypatch.setenv(weights.VARIABLE, str(tmp_path))
    with pytest.raises(ModelError, match=rf"{tmp_path}, which {weights.VARIABLE} names, has no weights"):
        weights.load_weights(part(), NAME)


def test_weights_are_known_by_their_file_or_by_the_hubs_name_of_it(published, tmp_path, monkeypatch):
    assert weights.origin(NAME) == CACHED
    file = written(published, tmp_path / f"{NAME}.safetensors")
    monkeypatch.setenv(weights.VARIABLE, str(tmp_path))
    assert weights.origin(NAME) == hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    before = weights.origin(NAME)
    published = published | {"features.0.bias": published["features.0.bias"] + 1}
    written(published, file)
    assert weights.origin(NAME) != before
    monkeypatch.setenv(weights.VARIABLE, str(tmp_path / "absent.pth"))
    with pytest.raises(ModelError, match=r"absent\.pth cannot be read \(No such file"):
        weights.origin(NAME)


def test_a_notebooks_choice_of_weights(published, tmp_path, monkeypatch):
    monkeypatch.setenv("ARTNB_HOME", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_, **__: unreachable())
    monkeypatch.setenv(weights.VARIABLE, "")
    assert weights.choose(NAME, "") == (
        f"Published weights of {NAME} were not asked for: it starts from random numbers."
    )
    assert "hub (<urlopen error no route>)" in weights.choose(NAME, weights.HUB)
    assert not os.environ[weights.VARIABLE]

    (tmp_path / "mine").mkdir()
    said = weights.choose(NAME, "mine")
    assert said.startswith("It starts from random numbers, for ")
    assert f"has no weights of {NAME}" in said

    written(published, tmp_path / "mine" / f"{NAME}.pth")
    assert weights.choose(NAME, "mine") == ""
    weights.load_weights(part(), NAME)
    assert weights.choose(NAME, weights.HUB) == ""  # which the variable goes before


def unreachable() -> None:
    raise URLError("no route")


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs real weights in ../shared/data/weights")
@pytest.mark.parametrize(
    ("name", "file", "network"),
    [
        ("mobilenet_v2", "mobilenet_v2", lambda: models.get_model("mobilenet_v2", weights=None)),
        ("squeezenet1_0", "squeezenet1_0", lambda: models.get_model("squeezenet1_0", weights=None)),
        (NAME, "squeezenet1_1_features", part),
    ],
)
def test_real_weights_fit(name, file, network):
    network = network()
    before = weights.fingerprint(network)
    assert weights.load_weights(network, name, SHARED / f"{file}.safetensors") != before
