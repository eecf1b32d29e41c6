"""How much one render of a foreign template may do: counted in steps and bytes, never in seconds.

A clock would refuse an honest template on a busy machine and let a hostile one pass on a fast machine. A step is one
node of the template's syntax tree that is evaluated, some 60 nanoseconds; a byte is one byte of a value that the
template makes. Both are weighed before the work is done.
"""

from __future__ import annotations

#: 10,000 rows of a table with 20 values each take a million; the whole budget takes about a third of a second.
STEPS = 4_000_000
#: All that a template makes on its way: a document of 1 MB goes through twenty filters.
BYTES = 24 << 20
#: What all messages of one result hold together.
OUTPUT = 20 << 20
#: Loops make messages too: ten thousand examples are twenty thousand messages.
MESSAGES = 40_000
#: Twenty digits: past that numbers are no quantities, and their hashes can be made to collide.
LARGEST_NUMBER = 10**20
#: Numbers written in more digits than this are refused before they are read: reading them takes quadratic time.
LONGEST_NUMBER = 400
#: Decimal places that anybody can want; `round` computes ten to this power.
MOST_DIGITS = 30
#: Levels of lists and mappings in a value: comparing, joining and tojson go down through all of them.
DEEPEST_VALUE = 64
#: Macros that call macros. Python's own stack holds some hundred.
DEEPEST_MACRO = 16
#: Words and signs in the tags of a foreign template; what takes more is data, and data is given as inputs.
MOST_SIGNS = 6_000
#: Characters of a foreign template with tags; compiling it takes ten times as much memory.
LONGEST_TEMPLATE = 1_500_000
#: `tojson(indent=…)`: wider than anybody reads.
WIDEST_INDENT = 16

# What things weigh.
#: Bytes of a character in a text with the rarest ones.
WIDEST_CHARACTER = 4
#: An item that a list gets, and the small object that may be behind it.
ITEM = 16
#: A text or number of its own: Python keeps about so much for the shortest.
OBJECT = 64
#: What copies or compares memory does a kilobyte in a step.
FAST = 1024
#: What looks at each character by itself does so many in a step.
SLOW = 32
#: What runs Python or a regular expression for each character does so many in a step.
SLOWEST = 2
#: Words are found so many characters in a step.
WORDS = 2
#: Finding the include, filling in defaults, opening its template.
INCLUDE = 800
#: A segment or one of its items begins: what it takes to tell where, and what is kept of it.
MARK = 30
STRETCH = 384
MARKED_ITEM = 128
#: Writing one item of a list by itself, to know how long it is.
WRITTEN = 30
