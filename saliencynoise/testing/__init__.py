"""The conformance kit: named checks of the contracts that everything from a plugin must keep.

`conformance` makes tests of pytest of it, `saliencynoise plugins check NAME` runs it from the command line, and
`check_subject` from Python.
"""

from saliencynoise.testing.checks import Check, CheckResult, ContractBroken, NotApplicable
from saliencynoise.testing.decorator import ConformanceTest, conformance, conformance_of
from saliencynoise.testing.subjects import (
    AggregatorSubject,
    DatasetSubject,
    MethodSubject,
    ModelSubject,
    SamplerSubject,
)
from saliencynoise.testing.suite import (
    Report,
    aggregator_checks,
    check_subject,
    dataset_checks,
    method_checks,
    model_checks,
    sampler_checks,
)

__all__ = [
    "AggregatorSubject",
    "Check",
    "CheckResult",
    "ConformanceTest",
    "ContractBroken",
    "DatasetSubject",
    "MethodSubject",
    "ModelSubject",
    "NotApplicable",
    "Report",
    "SamplerSubject",
    "aggregator_checks",
    "check_subject",
    "conformance",
    "conformance_of",
    "dataset_checks",
    "method_checks",
    "model_checks",
    "sampler_checks",
]
