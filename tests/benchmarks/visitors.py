"""Twenty visitors at once before the studio on this machine: is anything lost, and how long does what take?

    python tests/benchmarks/visitors.py [--visitors 20] [--jobs 2] [--pictures FOLDER]

Each visitor opens the page, uploads photographs, asks for a job of each, watches as the page's script does,
and fetches the results, which are compared with what the same network makes of the same photograph here. The
photographs are parts of those that ship with scikit-image and scikit-learn, or those of a folder.
"""

import argparse
import asyncio
import io
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
import numpy as np
import torch
from PIL import Image

sys.path += [str(Path(__file__).parents[1] / room) for room in ("page", "service")]
from studio_home import furnish
from studio_site import free_port, served

from artnb.images import decode
from artnb.style import load_network
from artnb.style.pictures import image_of, tensor_of
from artnb.style.samples import SHIPPED

PAUSE = 1.0  # seconds between two looks, as the page's script has it
PATIENCE = 600.0  # seconds until a job counts as lost
SIDE = 240  # px


def photographs(number: int, folder: Path | None) -> list[bytes]:
    """JPEGs, no two of them alike."""
    if folder is not None:
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
        if len(files) < number:
            raise SystemExit(f"{folder} has {len(files)} pictures; {number} are needed")
        return [path.read_bytes() for path in files[:number]]
    shipped, rng, made = [make() for make in SHIPPED.values()], np.random.default_rng(0), []
    for place in range(number):
        whole = shipped[place % len(shipped)]
        top, left = (int(rng.integers(0, side - SIDE)) for side in whole.shape[:2])
        data = io.BytesIO()
        Image.fromarray(whole[top : top + SIDE, left : left + SIDE]).save(data, "JPEG", quality=92)
        made.append(data.getvalue())
    return made


class Watch:
    """How long each kind of request took, in seconds."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = defaultdict(list)

    async def ask(self, what: str, answer) -> httpx.Response:
        begun = time.perf_counter()
        got = await answer
        self.times[what].append(time.perf_counter() - begun)
        got.raise_for_status()
        return got

    def table(self) -> str:
        lines = [f"{'':24}{'times':>6}{'median':>10}{'95 %':>10}{'longest':>10}   seconds"]
        for what, times in self.times.items():
            ordered = sorted(times)
            late = ordered[min(int(0.95 * len(ordered)), len(ordered) - 1)]
            numbers = f"{median(ordered):10.3f}{late:10.3f}{ordered[-1]:10.3f}"
            lines.append(f"{what:24}{len(ordered):6}{numbers}")
        return "\n".join(lines)


async def visitor(address: str, pictures: list[bytes], watch: Watch) -> list[tuple[bytes, bytes]]:
    """Each picture with its result; what is lost raises."""
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        await watch.ask("open the page", client.get("/"))
        asked: dict[str, bytes] = {}
        begun = time.perf_counter()
        for place, picture in enumerate(pictures):
            headers = {"x-file-name": f"{place}.jpg"}
            upload = await watch.ask("upload", client.post("/uploads", content=picture, headers=headers))
            question = {"kind": "network-style", "upload": upload.json()["id"]}
            job = await watch.ask("ask for a job", client.post("/jobs", json=question))
            asked[job.json()["id"]] = picture
        results = []
        waiting = dict(asked)
        while waiting:
            await asyncio.sleep(PAUSE)
            jobs = (await watch.ask("look at the jobs", client.get("/jobs"))).json()
            if {job["id"] for job in jobs} != asked.keys():
                raise AssertionError("a visitor sees other jobs than those asked for")
            for job in jobs:
                if job["state"] in ("failed", "cancelled"):
                    raise AssertionError(f"a job {job['state']}: {job['message']}")
                if job["state"] == "done" and job["id"] in waiting:
                    watch.times["from asking to done"].append(time.perf_counter() - begun)
                    address_ = f"/jobs/{job['id']}/results/after.png"
                    got = await watch.ask("fetch a result", client.get(address_))
                    results.append((waiting.pop(job["id"]), got.content))
            if time.perf_counter() - begun > PATIENCE:
                raise AssertionError(f"{len(waiting)} jobs were not done within {PATIENCE:g} s")
        return results


def wrong(results: Iterable[tuple[bytes, bytes]], network: torch.nn.Module, folder: Path) -> int:
    """How many results are not what the network makes of their picture, to a step of 8 bits."""
    number = 0
    for picture, result in results:
        (folder / "picture").write_bytes(picture)
        with torch.inference_mode():
            wanted = image_of(network(tensor_of(decode(folder / "picture"))))
        found = Image.open(io.BytesIO(result))
        if wanted.size != found.size or apart(wanted, found) > 1:
            number += 1
    return number


def apart(one: Image.Image, other: Image.Image) -> int:
    return int(np.abs(np.asarray(one, int) - np.asarray(other, int)).max())


def load_test(visitors: int, jobs: int, folder: Path | None = None) -> tuple[int, int, float, str]:
    """Results, wrong ones among them, seconds in all, and the table of times."""
    pictures = photographs(visitors * jobs, folder)
    with TemporaryDirectory() as place:
        home = furnish(Path(place))
        port, watch = free_port(), Watch()

        async def all_at_once() -> list[list[tuple[bytes, bytes]]]:
            address = f"http://127.0.0.1:{port}"
            mine = [pictures[number * jobs : (number + 1) * jobs] for number in range(visitors)]
            return await asyncio.gather(*(visitor(address, of_one, watch) for of_one in mine))

        with served(home, port):
            begun = time.perf_counter()
            results = [pair for of_one in asyncio.run(all_at_once()) for pair in of_one]
            seconds = time.perf_counter() - begun
        network = load_network(home / "data" / "styles" / "lighter.safetensors")
        return len(results), wrong(results, network, home), seconds, watch.table()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2, help="of each visitor")
    parser.add_argument("--pictures", type=Path, help="a folder of photographs, in place of those shipped")
    given = parser.parse_args()
    done, bad, seconds, table = load_test(given.visitors, given.jobs, given.pictures)
    print(
        f"{given.visitors} visitors, {given.jobs} jobs each: {done} results, {bad} wrong, {seconds:.1f} s\n"
    )
    print(table)
    raise SystemExit(bad > 0 or done < given.visitors * given.jobs)


if __name__ == "__main__":
    main()
