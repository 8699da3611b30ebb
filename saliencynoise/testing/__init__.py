"""The conformance kit: what every method and every architecture must hold to, as checks with names.

`conformance` makes tests of pytest of it, `saliencynoise plugins check NAME` runs it from the command line, and
`check_subject` from Python.
"""

from saliencynoise.testing.checks import Check, CheckResult, ContractBroken, NotApplicable
from saliencynoise.testing.decorator import ConformanceTest, conformance, conformance_of
from saliencynoise.testing.subjects import MethodSubject, ModelSubject
from saliencynoise.testing.suite import Report, check_subject, method_checks, model_checks

__all__ = [
    "Check",
    "CheckResult",
    "ConformanceTest",
    "ContractBroken",
    "MethodSubject",
    "ModelSubject",
    "NotApplicable",
    "Report",
    "check_subject",
    "conformance",
    "conformance_of",
    "method_checks",
    "model_checks",
]
