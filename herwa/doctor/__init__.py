"""`herwa doctor`: check machine, settings and this copy, and say how to fix what is wrong. It changes nothing."""
