"""`make bench`: every ratio of the design, floors measured in the same run. Words given choose modules."""

from __future__ import annotations

import sys

from . import (
    bench_budgets,
    bench_bundles,
    bench_fairness,
    bench_history,
    bench_lineage,
    bench_lint,
    bench_mcp,
    bench_merge,
    bench_relevance,
    bench_rendering,
    bench_rows,
    bench_runs,
    bench_search,
    bench_shelf,
    bench_site,
    bench_size,
    bench_starting,
    bench_store,
    bench_time,
    bench_tokens,
    bench_vary,
    bench_writers,
)

MODULES = {
    "starting": bench_starting,
    "rendering": bench_rendering,
    "rows": bench_rows,
    "store": bench_store,
    "history": bench_history,
    "lineage": bench_lineage,
    "lint": bench_lint,
    "fairness": bench_fairness,
    "vary": bench_vary,
    "merge": bench_merge,
    "mcp": bench_mcp,
    "size": bench_size,
    "time": bench_time,
    "tokens": bench_tokens,
    "budgets": bench_budgets,
    "writers": bench_writers,
    "runs": bench_runs,
    "bundles": bench_bundles,
    "search": bench_search,
    "site": bench_site,
    "relevance": bench_relevance,
    "shelf": bench_shelf,
}


def main(chosen: list[str]) -> None:
    """Print a row as soon as it is measured; a `<` marks one that misses its reach."""
    print(f"{'what':<58} {'floor':<40} {'reach':>6} {'ratio':>8} middle half")
    for name in chosen or MODULES:
        for figure in MODULES[name].figures():
            print(figure, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
