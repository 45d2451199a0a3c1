"""Draws build/bench-ceph/queries.json: a row for each link, a panel for each figure."""

import json

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend is chosen first)

from testbed import results_file  # noqa: E402

FIGURES = {"ms": "milliseconds", "megabytes": "MB to the client", "client_cpu_s": "CPU s, client",
           "storage_cpu_s": "CPU s, OSDs"}
COLOURS = {"push": "#1b7837", "pull": "#762a83", "auto": "#222222", "duckdb": "#e08214", "polars": "#3690c0"}
NAMES = {"push": "pushed", "pull": "pulled", "auto": "auto", "duckdb": "DuckDB over RGW", "polars": "Polars over RGW"}


def draw(panel, queries: dict, figure: str) -> None:
    width = 0.8 / len(COLOURS)
    for i, (engine, colour) in enumerate(COLOURS.items()):
        values = [max(of_query[engine][figure], 1e-3) for of_query in queries.values()]
        panel.bar([x + (i - 2) * width for x in range(len(queries))], values, width, color=colour, label=NAMES[engine])
    panel.set_yscale("log")
    panel.set_xticks(range(len(queries)), queries)
    panel.grid(axis="y", alpha=0.3)


def main() -> None:
    results = json.loads(results_file("queries.json").read_text())
    figure, panels = plt.subplots(len(results), len(FIGURES), figsize=(19, 4 * len(results)), squeeze=False,
                                  layout="constrained")
    for row, (link, queries) in zip(panels, results.items()):
        for panel, (name, title) in zip(row, FIGURES.items()):
            draw(panel, queries, name)
            panel.set_title(f"{title}, link: {link}")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    figure.savefig(results_file("queries.png"), dpi=80)


if __name__ == "__main__":
    main()
