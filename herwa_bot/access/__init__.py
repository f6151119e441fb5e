"""Access control of commands: guard, invocations, rate limit, refusals and access requests."""
