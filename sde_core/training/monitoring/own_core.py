"""A thread that computes on one core, beside a training that keeps all of its threads."""

import threading

import torch


def keep_to_one_core() -> None:
    """Have torch compute on one core in the thread that calls this, and in no other; for a thread that has just begun.

    torch's number of threads belongs to the thread that sets it (OpenMP's and MKL's both), and is what threads begin
    with that compute for the first time later. So another thread, which then ends, sets that back.
    """
    before = torch.get_num_threads()
    if before == 1 or "ATen parallel backend: OpenMP" not in torch.__config__.parallel_info():
        return  # without OpenMP there is one number for all threads, which is the trainer's
    torch.set_num_threads(1)
    later = threading.Thread(target=torch.set_num_threads, args=(before,))
    later.start()
    later.join()
