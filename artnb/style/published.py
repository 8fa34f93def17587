"""What Li et al. published, to stand beside what is measured here.

"Neural Network-Based Mapping Mining of Image Style Transfer in Big Data Systems", 2021, Section 4.3: gains in
three metrics against the style picture, without intervals or the number of pictures.

Derived: the gains that are printed in percent are differences times 100, not ratios. For mutual information
L1 less perceptual is 5.4842 - 5.3467 = 0.1375 against Gatys and 0.1956 - 0.0581 = 0.1375 against Ulyanov; as
ratios of means the two would contradict each other (1.001305 and 1.001374). So their mutual information
has another unit than bits; as they say that it lies in [0, 1], ours beside it is the normalised one.
"""

import pandas as pd

GAINS = {
    ("l1", "ulyanov", "ssim"): 0.007591,
    ("perceptual", "ulyanov", "ssim"): 0.004771,
    ("l1", "ulyanov", "cosine"): 0.015414,
    ("perceptual", "ulyanov", "cosine"): 0.016866,
    ("perceptual", "gatys", "cosine"): 0.00087,
    ("l1", "ulyanov", "normalised_mutual_information"): 0.001956,
    ("perceptual", "ulyanov", "normalised_mutual_information"): 0.000581,
    ("l1", "gatys", "normalised_mutual_information"): 0.054842,
    ("perceptual", "gatys", "normalised_mutual_information"): 0.053467,
}


def gains() -> pd.DataFrame:
    """Against the style picture, in the form of `comparison.gains`.

    Returns:
        method ("l1": the content by L1, not MSE; "perceptual": with the perceptual term), baseline ("gatys"
        or "ulyanov"), metric, against, unit, gain.
    """
    rows = pd.DataFrame([*GAINS], columns=["method", "baseline", "metric"])
    return rows.assign(against="style", unit="difference", gain=GAINS.values())
