"""Wu & Chen's module against its equations and the derived numbers of its parameters."""

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models.resnet import Bottleneck, conv1x1

from artnb.errors import ModelError
from artnb.models import create
from artnb.models.recalibration import Recalibrated
from artnb.models.torchvision_networks import trunk
from artnb.weights import VARIABLE

NAME = "recalibrated-resnet50"
PLAIN = 23_516_228  # ResNet-50 with 4 classes


def on_meta(**options):
    with torch.device("meta"):
        return create(NAME, ("art",), 224, 4, **options)


@pytest.mark.parametrize(
    ("modules", "r", "overhead"),
    [
        (0, 16, 0),
        (1, 16, 1_572_864),
        (3, 16, 4_718_592),
        (9, 16, 7_077_888),
        (13, 16, 7_471_104),
        (16, 16, 7_544_832),
        (16, 4, 15_089_664),
    ],
)
def test_overheads_are_those_derived(modules, r, overhead):
    model = on_meta(modules=modules, r=r)
    assert sum(p.numel() for p in model.parameters()) == PLAIN + overhead


def test_the_deepest_bottlenecks_come_first():
    def changed(modules: int) -> list[str]:
        backbone = on_meta(modules=modules).backbone
        return [name for name, module in backbone.named_modules() if isinstance(module, Recalibrated)]

    assert changed(4) == ["layer3.5", "layer4.0", "layer4.1", "layer4.2"]
    assert len(changed(16)) == 16


def test_a_seed_starts_the_layers_of_resnet50_alike():
    """However many modules there are; without any it is the same network."""
    torch.manual_seed(3)
    plain = create("resnet50", ("art",), 32).state_dict()
    for modules in (0, 2):
        torch.manual_seed(3)
        ours = create(NAME, ("art",), 32, modules=modules).state_dict()
        assert len(ours) == len(plain) + 3 * modules
        assert all(torch.equal(ours[name], plain[name]) for name in plain)


@pytest.mark.parametrize("stride", [1, 2])
def test_the_module_is_figure_5(stride):
    torch.manual_seed(0)
    projection = conv1x1(8, 16, stride) if stride > 1 else None
    plain = Bottleneck(8 if projection else 16, 4, stride, projection).double()
    block = Recalibrated(plain, 4).double().eval()
    x = torch.randn(2, 8 if projection else 16, 6, 6).double()

    def normalised(maps, norm):
        return maps / (1 + norm.eps) ** 0.5  # fresh statistics: means of 0, variances of 1

    a1 = normalised(plain.conv1(x), plain.bn1).clamp(min=0)
    a2 = normalised(plain.conv2(a1), plain.bn2).clamp(min=0)
    a3 = normalised(plain.conv3(a2), plain.bn3)
    g1, g2, g3 = (torch.stack([a.flatten(2).sum(2) / a[0, 0].numel()])[0] for a in (a1, a2, a3))
    e = (g1 + g2) @ block.up.weight.T + g3
    w2, w3 = block.reduce.weight, block.expand.weight
    assert (w2.shape, w3.shape) == ((4, 16), (16, 4))
    scale = 1 / (1 + (-((e @ w2.T).clamp(min=0) @ w3.T)).exp())
    expected = scale[:, :, None, None] * a3 + (projection(x) if projection else x)
    torch.testing.assert_close(block(x), expected.clamp(min=0))
    assert not torch.allclose(block(x), plain.eval()(x))


def test_published_weights_of_resnet50_fit(tmp_path, monkeypatch):
    torch.manual_seed(1)
    published = trunk("resnet50").state_dict()
    published["fc.weight"], published["fc.bias"] = torch.zeros(1000, 2048), torch.zeros(1000)
    save_file(published, tmp_path / "resnet50.safetensors")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    model = create(NAME, ("art",), 32, modules=3, pretrained=True)
    found = model.backbone.state_dict()
    new = [name for name in found if name not in published]
    assert sorted({name.rpartition(".")[0].rpartition(".")[2] for name in new}) == ["expand", "reduce", "up"]
    assert len(new) == 9
    assert all(torch.equal(found[name], published[name]) for name in found.keys() & published.keys())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"modules": 17}, "from 0 to 16, not 17"),
        ({"modules": -1}, "from 0 to 16"),
        ({"modules": 3.0}, "from 0 to 16"),
        ({"r": 3}, "power of 2 from 1 to 64, not 3"),
        ({"rate": 4}, "no option 'rate'"),
    ],
)
def test_unusable_options_are_named(options, message):
    with pytest.raises(ModelError, match=message):
        on_meta(**options)
