"""Known costs and few evaluations → the next candidate, for any Optuna study.

features      levels → what candidates have in common
process       rows with values → a Gaussian process
belief        evaluations → beliefs about the errors of candidates
improvement   beliefs and known costs → expected hypervolume improvement
coding        distributions and known objectives → codes
pool          codes → candidates worth asking about
engine        codes told → the next code
sampler       the same as an Optuna sampler
"""

from nas.search.pareto_sampler.sampler import ParetoSampler

__all__ = ["ParetoSampler"]
