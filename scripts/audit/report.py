"""x."""
from attrs import define, field
@define
class Report:
    missing: list = field(factory=list)
    def text(self): return "audit"
def audit(*a): return Report()
