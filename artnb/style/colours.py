"""A picture's lightness with another's colours."""

import torch
from torch import Tensor

YCBCR = torch.tensor(  # ITU-R BT.601, full range, as in JPEG
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)


def with_colours_of(image: Tensor, content: Tensor) -> Tensor:
    """B 3 H W in [0, 1]: the luma of `image` and the chroma of `content`, of the same size.

    Gatys et al.: "Preserving Color in Neural Artistic Style Transfer" (2016), Section 4, whose style transfer
    sees luminance alone; here it sees colours, and only the result gives them up.
    """
    to = YCBCR.to(image)
    luma = torch.einsum("kc,bchw->bkhw", to[:1], image)
    chroma = torch.einsum("kc,bchw->bkhw", to[1:], content)
    both = torch.cat([luma, chroma], 1)
    return torch.einsum("kc,bchw->bkhw", torch.linalg.inv(to), both).clamp(0, 1)
