"""One test over every model there is, what each costs, and names that are wrong."""

from copy import deepcopy

import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from artnb.attention.gradcam import grad_cam
from artnb.attention.randomisation import reinitialised
from artnb.errors import ModelError
from artnb.models import create, describe, named, names

TASKS = ("painting", "landscape.garden", "庭園")
TASK = "landscape.garden"
OPTIONS = {"transfer": {"backbone": "mobilenet_v2"}}
"""What is asked of a model besides: weights that are there."""
LONG = ("resnet152", "efficientnet_b0", "mobilenet_v3_large", "shufflenet_v2_x1_0")
"""Large, or many small layers of torchvision's: `make test` only sees that they take images."""


def made(name: str, size: int, tasks=TASKS) -> nn.Module:
    return create(name, tasks, size, **OPTIONS.get(name, {}))


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in names()],
)
def model(request) -> nn.Module:
    """Each in turn, of 64 pixels, in evaluation mode; its running statistics are those of some images."""
    torch.manual_seed(0)
    network = made(request.param, 64)
    with torch.no_grad():
        for task in TASKS:
            network(torch.randn(4, 3, 64, 64), task)
    return network.eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def test_every_model_learns(model, images):
    """Each parameter that is to learn does, on its own path alone."""
    learner = deepcopy(model).train()
    logits = learner(images, TASK)
    assert logits.shape == (4, 2)
    assert logits.isfinite().all()
    logits.logsumexp(1).sum().backward()

    path = [p for p in learner.path_parameters(TASK) if p.requires_grad]
    assert path
    assert all(p.grad is not None and p.grad.isfinite().all() and p.grad.any() for p in path)
    elsewhere = {id(p) for p in learner.parameters()} - {id(p) for p in path}
    assert elsewhere
    assert all(p.grad is None for p in learner.parameters() if id(p) in elsewhere)


def test_parameters_are_shared_by_all_paths_or_of_one(model):
    paths = [set(map(id, model.path_parameters(task))) for task in TASKS]
    everything = set(map(id, model.parameters()))
    assert set.union(*paths) == everything
    assert set.intersection(*paths) == set(map(id, model.shared_parameters()))
    decayed = list(map(id, model.decayed_parameters()))
    assert decayed
    assert len(set(decayed)) == len(decayed)
    assert everything.issuperset(decayed)


@torch.no_grad()
def test_every_model_answers_alike(model, images):
    """However many images are asked about at once, whatever their memory format, before and after saving."""
    model, images = deepcopy(model).double(), images.double()
    answers = model(images, TASK)
    assert answers.isfinite().all()
    assert answers.std(0).min() > 0
    torch.testing.assert_close(model(images[1:2], TASK), answers[1:2])
    torch.testing.assert_close(model(images[1:3], TASK), answers[1:3])

    with torch.device("meta"):
        twin = deepcopy(model).to("meta").double().eval()
    twin.load_state_dict(load(save(model.state_dict())), assign=True)
    assert torch.equal(twin(images, TASK), answers)

    model.to(memory_format=torch.channels_last)
    channels_last = model(images.contiguous(memory_format=torch.channels_last), TASK)
    torch.testing.assert_close(channels_last, answers)


def test_every_model_can_be_explained(model, images):
    maps = grad_cam(model, images, 1, TASK)
    assert list(maps) == list(model.attention_layers(TASK))
    for of_layer in maps.values():
        assert of_layer.shape == (4, 64, 64)
        assert of_layer.isfinite().all()
        assert (of_layer.flatten(1).std(1) > 0).all()
    assert not any(module._forward_hooks for module in model.modules())
    assert all(p.grad is None for p in model.parameters())


def test_every_model_can_be_drawn_anew(model, images):
    with torch.no_grad():
        assert not torch.equal(reinitialised(model, 0)(images, TASK), model(images, TASK))


def test_every_model_can_be_exported(model, images):
    program = torch.export.export(model, (images, TASK))
    torch.testing.assert_close(program.module()(images, TASK), model(images, TASK))


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("size", [32, 160])
def test_sizes_off_the_usual(name, size):
    with torch.device("meta"):
        network = made(name, size)
        assert network(torch.empty(2, 3, size, size), "painting").shape == (2, 2)
        with pytest.raises(ModelError, match=f"B 3 {size} {size}"):
            network(torch.empty(2, 3, size + 32, size + 32), "painting")
        with pytest.raises(ModelError, match="knows painting, landscape"):
            network(torch.empty(2, 3, size, size), "gardens")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, object]]:
    return describe()


def test_macs_are_those_computed_by_hand(rows):
    """A 3 x 3 convolution costs 9 c c' per output pixel; a block has c c' + c' c' of them."""

    def block(side, c_in, c):
        return side**2 * 9 * (c_in * c + c * c)

    def head(features):
        return features * 512 + 512 * 256 + 256 * 2

    stem = block(256, 3, 16) + block(128, 16, 32) + block(64, 32, 64)
    long = block(32, 64, 128) + block(16, 128, 256)
    assert (stem, long, head(16_384)) == (632_291_328, 452_984_832, 8_520_192)
    macs = {row["name"]: row["macs"] for row in rows if row["name"].startswith("artistry-")}
    assert macs == {
        "artistry-single": stem + long + head(16_384),
        "artistry-multi-1": stem + long + block(32, 64, 128) + head(16_384 + 32_768),
        "artistry-multi-2": stem + 2 * (block(32, 64, 64) + block(16, 64, 128)) + head(16_384),
        "artistry-multi-3": stem + 2 * (block(32, 64, 64) + block(16, 64, 64)) + head(8_192),
    }


SIZES = {
    "artistry-single": (9_700_722, 38_802_888),
    "artistry-multi-1": (26_699_634, 106_133_448),
    "artistry-multi-2": (9_184_626, 35_851_464),
    "artistry-multi-3": (4_694_898, 18_335_688),
    "dkse": (2_703_173, 2_703_173),
    "separable-se": (2_145_605, 2_145_605),
    "separable-sk": (2_137_253 + 22_336, 2_137_253 + 22_336),  # branches 9,728, excitation 12,608
    "recalibrated-resnet50": (23_516_228 + 7_544_832, 23_516_228 + 7_544_832),
    "s-cnn": (3_452_740, 3_452_740),
    "lenet-s": (5_406_776, 5_406_776),
    "fusenet": (1_935_379, 1_935_379),
    "transfer": (23_516_228, 23_516_228),
    "googlenet": (5_604_004, 5_604_004),
    "resnet50": (23_516_228, 23_516_228),
    "resnet152": (58_152_004, 58_152_004),
}
"""Parameters of a path and of the whole network, published or derived, of all that no library holds."""


def test_description_has_the_published_counts(rows):
    assert [row["name"] for row in rows] == names()
    found = {row["name"]: (row["path_parameters"], row["total_parameters"]) for row in rows}
    assert {name: found[name] for name in SIZES} == SIZES
    assert all(row["macs"] > row["path_parameters"] for row in rows)
    sizes = {row["paper"].partition(":")[0]: row["image_size"] for row in rows}
    assert sizes == {"Sato, Sakaue & Sato": 256, "Ruan": 299, "Wu & Chen": 224, "Wu": 224, "none": 224}


def test_initialisation_follows_torchs_seed():
    first, second, third = (seeded(seed) for seed in (1, 1, 2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], third[name]) for name in first)


def seeded(seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return create("artistry-multi-3", ("a", "b"), 32).state_dict()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("artistry-mutli-2", {}, "did you mean 'artistry-multi-2'"),
        ("vgg", {}, "known are artistry-single, artistry-multi-1"),
        ("artistry-multi-1", {"longer_brunch": "common"}, "did you mean 'longer_branch'"),
        ("artistry-multi-1", {"longer_branch": "shared"}, "'individual' or 'common', not 'shared'"),
        ("artistry-multi-2", {"longer_branch": "common"}, "it takes none"),
    ],
)
def test_wrong_names_meet_the_nearest_right_one(name, options, message):
    with pytest.raises(ModelError, match=message):
        create(name, TASKS, 32, **options)


@pytest.mark.parametrize(
    ("model", "options", "name"),
    [
        ("dkse", {}, "dkse"),
        ("dkse", {"r": 4, "positions": [6]}, "dkse"),
        ("dkse", {"r": 16, "positions": [9]}, "dkse(positions=(9,), r=16)"),
        ("separable-se", {"dropout": 0.25}, "separable-se(dropout=0.25)"),
        ("artistry-multi-1", {"longer_branch": "common"}, "artistry-multi-1(longer_branch='common')"),
        ("recalibrated-resnet50", {"modules": 3, "pretrained": False}, "recalibrated-resnet50(modules=3)"),
    ],
)
def test_a_model_with_options_has_one_name(model, options, name):
    assert named(model, **options) == name
    with torch.device("meta"):
        by_name = create(name, TASKS, 64).state_dict()
        by_options = create(model, TASKS, 64, **options).state_dict()
    assert {key: value.shape for key, value in by_name.items()} == {
        key: value.shape for key, value in by_options.items()
    }


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dkse(r=4)", "dkse\\(r=4\\) must be written dkse:"),
        ("dkse(r=16, positions=[9])", r"written dkse\(positions=\(9,\), r=16\)"),
        ("dkse(16)", "must be written dkse:"),
        ("dkse(r=16", "cannot be read"),
        ("dkse(r=open('x'))", "cannot be read"),
        ("dkse(r=16) + 1", "cannot be read"),
        ("dkse()", "must be written dkse:"),
        ("dkes(r=16)", "did you mean 'dkse'"),
        ("dkse(q=16)", "no option 'q'"),
    ],
)
def test_other_names_are_refused(name, message):
    with torch.device("meta"), pytest.raises(ModelError, match=message):
        create(name, TASKS, 64)
