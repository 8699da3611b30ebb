"""Names of timm that cannot be built, each with its reason; one that builds after all fails the test."""

EXPECTED_FAILURES: dict[str, str] = {}
