"""Never ends to be imported."""

from itertools import count

for _ in count():
    pass
