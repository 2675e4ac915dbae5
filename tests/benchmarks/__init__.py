"""What korus costs, measured beside what a user would pick instead: ``make bench``.

One module per row of the table; `measuring` times, `peers` builds what is compared with, `report` writes the
table and the page. These are no tests: nothing here has a time limit. What does not vary (modules, requests,
bytes, calls) is asserted in ``tests/speed``.
"""
