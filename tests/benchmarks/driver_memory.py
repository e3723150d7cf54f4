"""How much memory the driver takes to place features: its peak, with what it shares with the object store.

    python -m tests.benchmarks.driver_memory --clips 29260

Makes shards of noise (each clip 11.3 s: 562 frames of 80 bands), and places them in processes of their own:
in the object store as a run does it, in the store as one array, as it was done before, and in a file.
"""

import argparse
import multiprocessing
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import ray

from orchestrator.features.feature_set import FeatureSet, Frames, read_clips
from orchestrator.files.store import Store
from orchestrator.training.driver.sweep_inputs import load_frames
from tests.benchmarks.growth import memory
from tests.orchestrator.features.faked_sets import noise, write_clips
from trainable.config import Audio

FRAMES, BANDS = 562, 80
WAYS = ("blocks in the store", "one array in the store", "a file")


def one_array(features: FeatureSet) -> Frames:
    """All frames, read into their places."""
    whole, filled = np.empty((features.manifest.frames, BANDS), np.float16), 0
    for clip in read_clips(features):
        whole[filled : filled + len(clip)] = clip
        filled += len(clip)
    return whole


def peak(features: FeatureSet, way: str, folder: str, answer: Connection) -> None:
    """Bytes before and at the most."""
    room = int(1.2 * features.size) + 2**28
    ray.init(address="local", object_store_memory=room, include_dashboard=False, log_to_driver=False)
    before = memory("self")["VmRSS"]
    if way == "one array in the store":
        ray.put(one_array(features))
    else:
        load_frames(features, Path(folder) if way == "a file" else None)
    answer.send((before, memory("self")["VmHWM"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--clips", type=int, default=29_260)
    clips = noise(parser.parse_args().clips, FRAMES, BANDS)
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        features = write_clips(Store.open(place), clips, Audio(n_mels=BANDS))
        print(f"{features.size / 1e9:.2f} GB of features")
        for way in WAYS:
            here, there = spawn.Pipe(duplex=False)
            process = spawn.Process(target=peak, args=(features, way, place, there))
            process.start()
            there.close()
            before, most = here.recv()
            process.join()
            sizes = f"before {before / 1e9:.2f} GB, peak {most / 1e9:.2f} GB"
            print(f"{way:24} {sizes}: {most / features.size:.2f} x the features", flush=True)


if __name__ == "__main__":
    main()
