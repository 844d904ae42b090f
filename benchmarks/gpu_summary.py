"""`summary.md` of a GPU report: the headline first, then what failed, then each section."""

from benchmarks.gpu_sections import SECTIONS
from benchmarks.gpu_tables import NO_FIGURE, TOLD, Figures, as_ms, networks_floor_us
from benchmarks.machine import markdown

FORMS = {
    "ours": "ours, recorded",
    "ours, launched": "ours, launched one by one",
    "eager": "torch eager",
    "eager, recorded": "torch eager, recorded",
    "compiled": "torch.compile, recorded",
}


def summary(results: Figures) -> str:
    """All sections that have come so far."""
    found = results["sections"]
    ceilings = figures_of(found, "machine").get("ceilings", {})
    parts = ["# GPU report", *_about(results), *_headline(found, ceilings), *_failures(found)]
    networks = figures_of(found, "networks")
    for name, told in TOLD.items():
        figures = found.get(name, {}).get("figures")
        if figures:
            parts += [f"## {name}", *told(figures, ceilings, networks)]
    return "\n\n".join([*parts, *_times(results)]) + "\n"


def figures_of(found: Figures, name: str) -> Figures:
    """Of a section; none where it failed or has not come."""
    figures: Figures = found.get(name, {}).get("figures") or {}
    return figures


def timelines(profiled: Figures) -> str:
    """`profile.txt`: every kernel of a frame in its order."""
    parts = []
    for mode, run in profiled.items():
        lines = [f"{mode}: {run['source']}", "", "   start us        us  name"]
        lines += [f"{p['start_us']:11.1f} {p['us']:9.2f}  {p['name']}" for p in run["pieces"]]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _about(results: Figures) -> list[str]:
    machine = figures_of(results["sections"], "machine")
    gpu, clocks = machine.get("gpu", {}), machine.get("clocks", {})
    lines = [f"`{results['command']}`, {results['began']}"]
    if results["rehearsal"]:
        lines.insert(0, "**A rehearsal on the CPU: the times mean nothing.**")
    if machine:
        packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
        lines.append(
            f"Commit {machine['commit']}; {gpu.get('name', 'no GPU')}; {machine['system']}, "
            f"{machine['cores']} cores; CUDA {machine['torch']['cuda']}, cuDNN "
            f"{machine['torch']['cudnn']}; {packages}."
        )
        lines.append("\n".join(f"- {name}: {told}" for name, told in clocks.items()))
    return lines


def _headline(found: Figures, ceilings: Figures) -> list[str]:
    networks = figures_of(found, "networks")
    compiled = figures_of(found, "torch.compile").get("recorded")
    if not networks:
        return ["## Headline", "None: the networks were not measured."]
    rows = []
    for mode, figures in networks.items():
        floor = networks_floor_us(networks, mode, ceilings)
        of_mode = dict(figures)
        if compiled and mode == "expression":
            of_mode["compiled"] = compiled
        for form, told in FORMS.items():
            times = of_mode.get(form)
            if times is None:
                rows.append([mode, told, as_ms(floor), *[NO_FIGURE] * 5])
                continue
            share = f"{times['p50'] * 1e3 / floor:.1f}" if floor else NO_FIGURE
            cells = [f"{times[name]:.3f}" for name in ("p50", "p95", "p99")]
            rows.append([mode, told, as_ms(floor), *cells, share, f"{times['runs']:.0f}"])
    head = ["DPE's networks", "form", "floor ms", "p50 ms", "p95", "p99", "times the floor", "runs"]
    differences = [
        f"{mode} {figures['difference']:.1e}"
        for mode, figures in networks.items()
        if "difference" in figures
    ]
    return [
        "## Headline",
        markdown(head, rows),
        "Batch 1, half precision, channels last; read and generate, in mode both with encode and "
        "the second generator. Ours differ from torch eager by, in the norm: "
        f"{', '.join(differences) or NO_FIGURE}.",
    ]


def _failures(found: Figures) -> list[str]:
    failed = [f"- {name}: {one['failed']}" for name, one in found.items() if "failed" in one]
    if not failed:
        return []
    return ["## Failed", "\n".join(failed), "Tracebacks are in `results.json`."]


def _times(results: Figures) -> list[str]:
    """What the budget of `gpu_sections.py` is corrected by."""
    rows = []
    for section in SECTIONS:
        took = results["sections"].get(section.name, {}).get("took_s")
        told = NO_FIGURE if took is None else f"{took:.1f}"
        rows.append([section.name, told, f"{section.expected_s:.0f}", f"{section.limit_s:.0f}"])
    starts = ", ".join(f"{s:.1f} s" for s in results.get("starts_s", [])) or NO_FIGURE
    head = ["section", "took s", "expected", "limit"]
    return ["## Time", f"Starts of a process: {starts}.", markdown(head, rows)]
