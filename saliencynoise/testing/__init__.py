"""The conformance kit: what methods, architectures and aggregators must hold to, as checks with names.

`conformance` makes tests of pytest of it, `saliencynoise plugins check NAME` runs it from the command line, and
`check_subject` from Python.
"""

from saliencynoise.testing.checks import Check, CheckResult, ContractBroken, NotApplicable
from saliencynoise.testing.decorator import ConformanceTest, conformance, conformance_of
from saliencynoise.testing.subjects import AggregatorSubject, MethodSubject, ModelSubject
from saliencynoise.testing.suite import Report, aggregator_checks, check_subject, method_checks, model_checks

__all__ = [
    "AggregatorSubject",
    "Check",
    "CheckResult",
    "ConformanceTest",
    "ContractBroken",
    "MethodSubject",
    "ModelSubject",
    "NotApplicable",
    "Report",
    "aggregator_checks",
    "check_subject",
    "conformance",
    "conformance_of",
    "method_checks",
    "model_checks",
]
