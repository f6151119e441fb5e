"""`herwa doctor`: what is wrong here, and how to mend it. It changes nothing."""

from herwa.doctor.checkup import checkup
from herwa.doctor.finding import Finding, Grade

__all__ = ["Finding", "Grade", "checkup"]
