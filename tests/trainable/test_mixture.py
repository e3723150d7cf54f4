"""Two Gaussians over losses, against scikit-learn's and Bayes' rule."""

import numpy as np
import torch
from scipy.stats import norm
from sklearn.mixture import GaussianMixture

from trainable.mixture import _quartiles, _shares, lower_probability


def test_the_posterior_is_bayes_rule() -> None:
    x, mean, variance, weight = np.array([0.5, 2.0]), [0.0, 3.0], [1.0, 4.0], [0.3, 0.7]
    joint = np.stack([w * norm.pdf(x, m, v**0.5) for w, m, v in zip(weight, mean, variance, strict=True)], 1)
    found = _shares(*(torch.tensor(value, dtype=torch.float64) for value in (x, mean, variance, weight)))
    np.testing.assert_allclose(found, joint / joint.sum(1, keepdims=True))


def test_quartiles_are_numpys_of_what_is_finite() -> None:
    rng = np.random.default_rng(0)
    for count in range(1, 12):
        values = rng.normal(size=count)
        with_gaps = np.insert(values, rng.integers(0, count + 1, 3), np.nan)
        np.testing.assert_allclose(_quartiles(torch.from_numpy(with_gaps)), np.quantile(values, [0.25, 0.75]))


def test_many_steps_find_scikit_learns_mixture() -> None:
    rng = np.random.default_rng(1)
    losses = np.concatenate([rng.normal(1, 0.4, 300), rng.normal(3, 0.8, 200)])
    asked = np.linspace(0, 5, 50)
    model = GaussianMixture(2, tol=1e-10, max_iter=5000, reg_covar=0, random_state=0).fit(losses[:, None])
    expected = model.predict_proba(asked[:, None])[:, model.means_[:, 0].argmin()]
    gaps = torch.from_numpy(np.insert(losses, 7, [np.nan] * 5))
    np.testing.assert_allclose(lower_probability(gaps, torch.from_numpy(asked), 3000), expected, atol=1e-4)
