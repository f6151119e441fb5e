"""`herwa doctor`: check machine, settings and this copy, and suggest fixes. Changes nothing."""
