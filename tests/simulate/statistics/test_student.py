"""Student's t: against published tables, closed forms and its own symmetry."""

from __future__ import annotations

from math import inf, isclose, nan, pi, sqrt, tan
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gputlb.simulate.statistics import StatisticsError, student_t_quantile

probabilities = st.floats(0.001, 0.999)
degrees = st.integers(1, 5000)

# NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2: upper critical values of Student's t.
PUBLISHED = [
    (0.90, 1, 3.078),
    (0.95, 2, 2.920),
    (0.975, 4, 2.776),
    (0.975, 9, 2.262),
    (0.99, 10, 2.764),
    (0.995, 15, 2.947),
    (0.999, 5, 5.893),
    (0.975, 19, 2.093),
    (0.995, 29, 2.756),
    (0.95, 100, 1.660),
]


@pytest.mark.parametrize(("probability", "degrees_of_freedom", "published"), PUBLISHED)
def test_quantiles_are_the_published_ones(probability: float, degrees_of_freedom: int, published: float):
    assert published == round(student_t_quantile(probability, degrees_of_freedom), 3)


@given(probabilities)
def test_with_one_degree_of_freedom_it_is_cauchy_s(probability: float):
    assert isclose(tan(pi * (probability - 0.5)), student_t_quantile(probability, 1), rel_tol=1e-9, abs_tol=1e-9)


@given(probabilities)
def test_with_two_degrees_of_freedom_it_is_algebraic(probability: float):
    exact = (2 * probability - 1) * sqrt(2 / (4 * probability * (1 - probability)))

    assert isclose(exact, student_t_quantile(probability, 2), rel_tol=1e-9, abs_tol=1e-9)


@given(probabilities)
@settings(deadline=None)
def test_with_very_many_degrees_of_freedom_it_is_normal(probability: float):
    assert isclose(NormalDist().inv_cdf(probability), student_t_quantile(probability, 1e7), rel_tol=1e-5, abs_tol=1e-6)


@given(st.floats(0.5, 0.999), degrees)
def test_it_is_symmetric_and_wider_than_the_normal(probability: float, degrees_of_freedom: int):
    quantile = student_t_quantile(probability, degrees_of_freedom)

    assert isclose(-quantile, student_t_quantile(1 - probability, degrees_of_freedom), rel_tol=1e-9, abs_tol=1e-12)
    assert quantile >= NormalDist().inv_cdf(probability) - 1e-9


@given(st.floats(0.51, 0.999), degrees)
def test_more_degrees_of_freedom_narrow_it(probability: float, degrees_of_freedom: int):
    assert student_t_quantile(probability, degrees_of_freedom + 1) < student_t_quantile(probability, degrees_of_freedom)


@pytest.mark.parametrize(
    ("probability", "degrees_of_freedom", "sentence"),
    [
        (0.0, 3, "a probability must lie between 0 and 1, not be 0"),
        (1.0, 3, "a probability must lie between 0 and 1, not be 1"),
        (nan, 3, "a probability must lie between 0 and 1, not be nan"),
        (0.9, 0, "degrees of freedom must be more than 0, not 0"),
        (0.9, inf, "degrees of freedom must be more than 0, not inf"),
    ],
)
def test_what_has_no_quantile_is_refused(probability: float, degrees_of_freedom: float, sentence: str):
    with pytest.raises(StatisticsError) as caught:
        student_t_quantile(probability, degrees_of_freedom)
    assert sentence == str(caught.value)
