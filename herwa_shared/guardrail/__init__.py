"""Access control: decide whether an invocation is allowed, and why. Pure, no I/O.

The evaluation order is `steps.STEPS`; docs/guardrail.md describes it.
"""
