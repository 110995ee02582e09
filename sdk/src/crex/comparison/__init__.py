"""What one demand costs under several price plans, as a function of how long it lasts.

    courses = [Course(plan, demanded, setting) for plan in plans]
    courses[0].cost(hours(730))           # Cost(exact=Fraction(…), billed=Fraction(…), …)
    crossings(courses[0], courses[1], lengths)

There is no second price formula here: a demand is a lease that nobody signed, and each of its billing periods
is priced by the engine of `crex.rating`. What is shown is rounded; what is compared is exact.
"""

from crex.comparison.costing import Cost, Course, Setting
from crex.comparison.crossing import Crossing, crossings
from crex.comparison.demanded import Demanded
from crex.comparison.table import Compared, Comparison, compare

__all__ = [
    "Compared",
    "Comparison",
    "Cost",
    "Course",
    "Crossing",
    "Demanded",
    "Setting",
    "compare",
    "crossings",
]
