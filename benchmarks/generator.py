"""How many made-up documents a second the generator gives, by noise and language, and in files of words.

python benchmarks/generator.py [--count 3000]
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from workbench.samples.generator import generate
from workbench.samples.locales import LANGUAGES
from workbench.samples.write import write_samples, write_words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3000)
    count = parser.parse_args().count
    figures: dict[str, float] = {}
    for name, languages, noise in (
        ("noise 0", LANGUAGES, 0.0),
        ("noise 1", LANGUAGES, 1.0),
        *((x, (x,), 1.0) for x in LANGUAGES),
    ):
        start, cpu = time.perf_counter(), time.process_time()
        words = sum(len(sample.words) for sample in generate(1, count, languages, noise=noise))
        seconds, busy = time.perf_counter() - start, time.process_time() - cpu
        rates = f"{count / seconds:7.0f} documents/s ({count / busy:.0f} a second of one core)"
        print(f"{name:8} {rates}, {words / count:.0f} words each")
        figures[f"documents_per_second {name}"] = round(count / seconds, 1)
        figures[f"documents_per_core_second {name}"] = round(count / busy, 1)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write_words(Path(folder) / "words", count, 1, ("en", "de", "zh"))
        figures["words_only_documents_per_second"] = round(count / (time.perf_counter() - start), 1)
        start = time.perf_counter()
        write_samples(Path(folder) / "files", 40, 1, ("en", "de", "zh"))
        figures["seconds_for_40_files"] = round(time.perf_counter() - start, 2)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
