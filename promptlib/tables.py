"""How a table begins that a notebook shows."""

#: A notebook's own style may leave no room between cells: this one has some.
TABLE = "<table style='border-collapse:separate;border-spacing:.8em .2em'>"
